//! When the loop has to wake: the core's deadline, and its own beside that.

use crate::children::{Children, DRAIN_PATIENCE};
use std::time::Duration;
use supervisor_core::Supervisor;

/// The loop's deadlines. The kernel's timer is the timeout of the poll.
#[derive(Debug, Default)]
pub(super) struct Timers {
    /// The deadline the loop's thread sleeps until, if it does.
    sleeps_until: Option<Duration>,
}

impl Timers {
    /// When the core needs its `Input::Deadline`. While a child is known to have ended but is not reaped, that waits a little,
    /// so that no process is reported to have stayed up that has not.
    pub(super) fn core_deadline(core: &Supervisor, children: &Children) -> Option<Duration> {
        let grace = if children.any_draining() { DRAIN_PATIENCE } else { Duration::ZERO };
        core.next_deadline().map(|at| at.saturating_add(grace))
    }

    /// The next deadline of all.
    pub(super) fn next(core: &Supervisor, children: &Children) -> Option<Duration> {
        [Self::core_deadline(core, children), children.next_deadline()].into_iter().flatten().min()
    }

    /// Takes note of how long the loop's thread will sleep.
    pub(super) fn sleep_until(&mut self, deadline: Option<Duration>) {
        self.sleeps_until = deadline;
    }

    /// Whether the loop's thread would sleep past this deadline.
    pub(super) fn would_miss(&self, deadline: Option<Duration>) -> bool {
        match (deadline, self.sleeps_until) {
            (Some(due), Some(until)) => due < until,
            (Some(_), None) => true,
            (None, _) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_that_came_up_during_the_sleep_is_not_missed() {
        let at = |seconds| Some(Duration::from_secs(seconds));
        let mut timers = Timers::default();
        assert!(timers.would_miss(at(5)));
        timers.sleep_until(at(3));
        assert!(timers.would_miss(at(2)));
        assert!(!timers.would_miss(at(3)));
        assert!(!timers.would_miss(None));
    }
}
