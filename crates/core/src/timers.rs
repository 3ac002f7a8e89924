//! Every deadline of the supervisor, in one queue.
//!
//! A timer has one entry at most: setting it again replaces the entry, clearing it removes the entry.
//! All operations take logarithmic time in the number of pending timers.

use crate::events::tick::Period;
use crate::snapshot::codec::codec_enum;
use crate::{GroupId, ProcessId};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// What a deadline is for. Timers due at the same instant fire in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Timer {
    /// The deadline of a process' state: `startsecs`, back-off, SIGKILL or restart limit.
    Process(ProcessId),
    /// Repeats the log line about a client that waits for this process to stop.
    StopReport(ProcessId),
    /// Repeats the log line about the processes that a shutdown waits for.
    ShutdownReport,
    /// Ends the time that listeners have to drain their events.
    DrainLimit,
    /// Redelivers the rejected event of a pool.
    Redelivery(GroupId),
    /// Emits a tick event.
    Tick(Period),
}

codec_enum!(Timer {
    0 => Process(process),
    1 => StopReport(process),
    2 => ShutdownReport,
    3 => Redelivery(group),
    4 => Tick(period),
    5 => DrainLimit,
});

/// The pending timers, earliest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct TimerQueue {
    queue: BTreeSet<(Duration, Timer)>,
    due: BTreeMap<Timer, Duration>,
}

impl TimerQueue {
    /// Sets `timer` to fire at `at`, instead of any time set before; clears it if that is `None` or beyond what the clock can
    /// show.
    pub(crate) fn set(&mut self, timer: Timer, at: Option<Duration>) {
        let at = at.filter(|at| *at != Duration::MAX);
        let before = match at {
            Some(at) => self.due.insert(timer, at),
            None => self.due.remove(&timer),
        };
        if before != at {
            if let Some(before) = before {
                self.queue.remove(&(before, timer));
            }
            if let Some(at) = at {
                self.queue.insert((at, timer));
            }
        }
    }

    /// Every timer that is set, with its time.
    pub(crate) fn pending(&self) -> &BTreeMap<Timer, Duration> {
        &self.due
    }

    /// The earliest deadline.
    pub(crate) fn next(&self) -> Option<Duration> {
        self.queue.first().map(|&(at, _)| at)
    }

    /// Takes out the earliest timer if it is due.
    pub(crate) fn take_due(&mut self, now: Duration) -> Option<Timer> {
        let &(at, timer) = self.queue.first().filter(|(at, _)| *at <= now)?;
        self.queue.remove(&(at, timer));
        self.due.remove(&timer);
        Some(timer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn timers_fire_in_order_of_time() {
        let mut timers = TimerQueue::default();
        timers.set(Timer::Process(ProcessId(1)), Some(seconds(3)));
        timers.set(Timer::Process(ProcessId(2)), Some(seconds(1)));
        timers.set(Timer::ShutdownReport, Some(seconds(1)));
        assert_eq!(timers.next(), Some(seconds(1)));
        assert_eq!(timers.take_due(Duration::ZERO), None);
        assert_eq!(timers.take_due(seconds(2)), Some(Timer::Process(ProcessId(2))));
        assert_eq!(timers.take_due(seconds(2)), Some(Timer::ShutdownReport));
        assert_eq!(timers.take_due(seconds(2)), None);
        assert_eq!(timers.next(), Some(seconds(3)));
    }

    #[test]
    fn a_timer_set_again_fires_at_its_last_time_only() {
        let mut timers = TimerQueue::default();
        timers.set(Timer::ShutdownReport, Some(seconds(1)));
        timers.set(Timer::ShutdownReport, Some(seconds(5)));
        assert_eq!(timers.take_due(seconds(4)), None);
        assert_eq!(timers.take_due(seconds(5)), Some(Timer::ShutdownReport));
        assert_eq!(timers.next(), None);
    }

    #[test]
    fn a_cleared_timer_never_fires() {
        let mut timers = TimerQueue::default();
        timers.set(Timer::ShutdownReport, Some(seconds(1)));
        timers.set(Timer::ShutdownReport, None);
        assert_eq!(timers.next(), None);
        timers.set(Timer::ShutdownReport, Some(Duration::MAX));
        assert_eq!(timers.next(), None);
    }
}
