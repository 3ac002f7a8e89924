//! Injects a panic, for the tests of what a panic costs.

use std::sync::Mutex;
use supervisor_core::Input;

/// The message of the panic.
pub(crate) const MESSAGE: &str = "expected in this test";

type Condition = fn(&Input) -> bool;

static CONDITION: Mutex<Option<Condition>> = Mutex::new(None);

/// From now on [`check`] panics for an input for which `condition` holds.
pub(crate) fn inject_on(condition: Condition) {
    *CONDITION.lock().unwrap() = Some(condition);
}

/// Panics if a panic was injected for this input.
pub(crate) fn check(input: &Input) {
    let condition = *CONDITION.lock().unwrap();
    assert!(!condition.is_some_and(|condition| condition(input)), "{MESSAGE}");
}
