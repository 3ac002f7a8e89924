//! Waiting for a condition, with a deadline.

use std::time::{Duration, Instant};

/// How long a condition may take before the test fails. Far above what any condition needs, so that a loaded
/// machine does not fail a correct daemon.
pub const PATIENCE: Duration = Duration::from_secs(40);

/// The pause between two looks at a condition.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Calls `probe` until it answers `Some`, and returns the answer.
///
/// # Panics
/// When [`PATIENCE`] runs out; the message names `what` was waited for.
pub fn wait_for<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = probe() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {what}");
        std::thread::sleep(LOOK_AGAIN);
    }
}

/// Waits until `condition` holds; see [`wait_for`].
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    wait_for(what, || condition().then_some(()));
}

/// Checks that `condition` holds over a whole stretch of time: for claims that something does *not* happen.
///
/// # Panics
/// As soon as it does not hold.
pub fn stays_true_for(stretch: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + stretch;
    while Instant::now() < end {
        assert!(condition(), "no longer true: {what}");
        std::thread::sleep(LOOK_AGAIN);
    }
}
