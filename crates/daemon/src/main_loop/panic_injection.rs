//! A panic on order, for the tests of what a panic costs.

use std::sync::Mutex;
use supervisor_core::Input;

/// What the panic says.
pub(crate) const MESSAGE: &str = "expected in this test";

type Condition = fn(&Input) -> bool;

static CONDITION: Mutex<Option<Condition>> = Mutex::new(None);

/// From now on an input for which `condition` holds panics half way.
pub(crate) fn arm(condition: Condition) {
    *CONDITION.lock().unwrap() = Some(condition);
}

/// Panics if this is the input.
pub(crate) fn strike(input: &Input) {
    let condition = *CONDITION.lock().unwrap();
    assert!(!condition.is_some_and(|condition| condition(input)), "{MESSAGE}");
}
