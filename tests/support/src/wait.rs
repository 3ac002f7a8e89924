//! Waiting for a condition, with a deadline.

use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a condition may take before the test fails. Far above what any condition needs, so that a loaded
/// machine does not fail a correct daemon.
pub const PATIENCE: Duration = Duration::from_secs(120);

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
        thread::sleep(LOOK_AGAIN);
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
        thread::sleep(LOOK_AGAIN);
    }
}

/// One step of a [`Stopwatch`].
const STEP: Duration = Duration::from_millis(5);

/// Measures how long something takes of the time in which this machine runs programs: for claims that something does not
/// wait. It counts the naps of a thread. A machine that stands still for seconds takes no nap meanwhile, and on one with
/// too much to do each takes longer, but a program that waits by itself has it go on.
#[derive(Debug)]
pub struct Stopwatch {
    begin: u64,
}

impl Stopwatch {
    /// Starts it.
    pub fn start() -> Self {
        Self { begin: naps() }
    }

    /// The time since its start.
    pub fn elapsed(&self) -> Duration {
        STEP * u32::try_from(naps() - self.begin).expect("no test takes so long")
    }
}

/// How many naps were taken in this process so far.
fn naps() -> u64 {
    static TAKEN: AtomicU64 = AtomicU64::new(0);
    static SLEEPER: Once = Once::new();
    SLEEPER.call_once(|| {
        thread::spawn(|| {
            loop {
                thread::sleep(STEP);
                TAKEN.fetch_add(1, Ordering::Relaxed);
            }
        });
    });
    TAKEN.load(Ordering::Relaxed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopwatch_advances_while_the_process_waits_and_is_never_ahead() {
        let (stopwatch, begin) = (Stopwatch::start(), Instant::now());
        wait_until("some steps of the stopwatch", || stopwatch.elapsed() >= 20 * STEP);
        // The nap under way at the start counts as a whole one.
        assert!(begin.elapsed() > 19 * STEP);
    }
}
