//! Ticks: events at every full 5 seconds, minute and hour of the wall clock.
//!
//! A tick is emitted when the slice of wall-clock time differs from the one seen last. Slices that passed unseen are skipped,
//! and a clock that was set back gives an earlier `when`. A timer runs to the next slice border and is set again when the clock
//! is set; only for periods that a pool subscribes to.

use crate::snapshot::codec::{codec_enum, codec_struct};
use crate::{EventKind, Moment};
use std::time::Duration;

/// How far ticks of a kind are apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Period {
    Seconds5,
    Minute,
    Hour,
}

codec_enum!(Period { 0 => Seconds5, 1 => Minute, 2 => Hour });

impl Period {
    /// Every period, in the order in which ticks of the same instant are sent.
    pub(crate) const ALL: [Self; 3] = [Self::Seconds5, Self::Minute, Self::Hour];

    /// The event sent.
    pub(crate) const fn kind(self) -> EventKind {
        match self {
            Self::Seconds5 => EventKind::Tick5,
            Self::Minute => EventKind::Tick60,
            Self::Hour => EventKind::Tick3600,
        }
    }

    const fn seconds(self) -> i64 {
        match self {
            Self::Seconds5 => 5,
            Self::Minute => 60,
            Self::Hour => 3600,
        }
    }

    /// The beginning of the slice that holds `now`, in seconds since the epoch.
    fn slice(self, now: Moment) -> i64 {
        let seconds = now.wall.seconds();
        seconds - seconds.rem_euclid(self.seconds())
    }

    /// When the next slice begins if the wall clock goes on as it does.
    fn next_border(self, now: Moment) -> Duration {
        let length = self.seconds() * 1_000_000;
        let left = length - now.wall.micros.rem_euclid(length);
        now.monotonic.saturating_add(Duration::from_micros(left.unsigned_abs()))
    }
}

/// The slice of each period seen last; `None` for periods without a subscriber.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ticks {
    pub(crate) last: [Option<i64>; 3],
}

codec_struct!(Ticks { last });

impl Ticks {
    /// Subscribes to a period or unsubscribes. Returns when its timer must fire.
    pub(crate) fn subscribe(&mut self, period: Period, wanted: bool, now: Moment) -> Option<Duration> {
        let last = &mut self.last[period as usize];
        *last = wanted.then(|| last.unwrap_or_else(|| period.slice(now)));
        wanted.then(|| period.next_border(now))
    }

    /// Reads the wall clock. Returns the `when` of the tick to emit, if a new slice has begun, and when the timer must fire
    /// next.
    pub(crate) fn look(&mut self, period: Period, now: Moment) -> (Option<i64>, Option<Duration>) {
        let Some(last) = &mut self.last[period as usize] else { return (None, None) };
        let slice = period.slice(now);
        let begun = (slice != *last).then_some(slice);
        *last = slice;
        (begun, Some(period.next_border(now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Wall;

    fn moment(monotonic: u64, wall_micros: i64) -> Moment {
        Moment { monotonic: Duration::from_secs(monotonic), wall: Wall { micros: wall_micros } }
    }

    /// EVT-10.
    #[test]
    fn ticks_come_at_multiples_of_their_period_and_not_in_the_first_partial_slice() {
        let mut ticks = Ticks::default();
        let first = ticks.subscribe(Period::Seconds5, true, moment(100, 1_003_250_000));
        assert_eq!(first, Some(Duration::from_millis(101_750)));
        assert_eq!(ticks.look(Period::Seconds5, moment(101, 1_004_250_000)).0, None);
        let (when, next) = ticks.look(Period::Seconds5, moment(102, 1_005_250_000));
        assert_eq!(when, Some(1005));
        assert_eq!(next, Some(Duration::from_millis(106_750)));
    }

    #[test]
    fn missed_slices_are_skipped_and_a_clock_set_back_gives_an_earlier_tick() {
        let mut ticks = Ticks::default();
        ticks.subscribe(Period::Minute, true, moment(0, 60_000_000));
        assert_eq!(ticks.look(Period::Minute, moment(1, 600_000_000)).0, Some(600));
        assert_eq!(ticks.look(Period::Minute, moment(2, 121_000_000)).0, Some(120));
        assert_eq!(ticks.look(Period::Minute, moment(3, 122_000_000)).0, None);
    }

    #[test]
    fn a_period_nobody_wants_needs_no_look() {
        let mut ticks = Ticks::default();
        assert_eq!(ticks.subscribe(Period::Hour, false, moment(0, 0)), None);
        assert_eq!(ticks.look(Period::Hour, moment(9999, 9_999_000_000)), (None, None));
    }
}
