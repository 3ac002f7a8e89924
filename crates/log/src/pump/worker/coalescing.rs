//! Coalescing: when to delay reading so that many small writes become one wake-up.
//!
//! After quiet the first line is never delayed and the next ones by little: the first pause is 0.1 ms, and each is twice the one
//! before, up to 40 ms. A child that fills its pipe is delayed by one pause in a quarter of a second at most; within such a flood
//! the pauses are short and adapt to how full they let the pipe become.

use crate::pump::channels::report::PipeFill;
use std::time::{Duration, Instant};

/// When the gap between two rounds is no longer than this, writes come so fast that coalescing pays.
const BUSY_GAP: Duration = Duration::from_millis(5);

/// The longest pause.
pub(crate) const MAX_PAUSE: Duration = Duration::from_millis(40);

/// After a pipe was found full, no long pause for this time: it would make the child wait.
const FLOOD_MEMORY: Duration = Duration::from_millis(250);

/// The longest pause within a flood: too short for lines to fill a pipe of raised capacity, long enough to make hundreds of
/// them one read.
const MAX_FLOOD_PAUSE: Duration = Duration::from_millis(1);

/// The shortest pause within a flood, for a child that fills such a pipe several times in a millisecond. Also the first pause
/// after quiet, when a flood may be about to begin: in 40 ms a child could write a hundred times what its pipe takes.
const MIN_PAUSE: Duration = Duration::from_micros(100);

/// See the module.
#[derive(Debug)]
pub(crate) struct Coalescing {
    /// When the last round, or the pause after it, ended.
    free_since: Option<Instant>,
    paused_until: Option<Instant>,
    flood_until: Option<Instant>,
    /// The length of the next pause.
    pause: Duration,
    /// The last pause was one within a flood.
    was_flood_pause: bool,
}

impl Default for Coalescing {
    fn default() -> Self {
        Self {
            free_since: None,
            paused_until: None,
            flood_until: None,
            pause: MIN_PAUSE,
            was_flood_pause: false,
        }
    }
}

impl Coalescing {
    /// In the middle of a pause.
    #[cfg(all(test, loom))]
    pub(crate) fn paused_for(pause: Duration) -> Self {
        Self { paused_until: Some(Instant::now() + pause), ..Self::default() }
    }

    /// How much of a pause remains.
    pub(crate) fn remaining(&self, now: Instant) -> Option<Duration> {
        self.paused_until.and_then(|until| until.checked_duration_since(now)).filter(|left| !left.is_zero())
    }

    /// A round that began at `began` moved bytes of children; `fill` is that of the fullest pipe.
    pub(crate) fn record_round(&mut self, began: Instant, fill: PipeFill, now: Instant) {
        if self.remaining(now).is_some() {
            // An urgent event within a pause changes nothing for the others.
            return;
        }
        if self.was_flood_pause {
            self.adapt_flood_pause(fill);
        }
        let was_full = fill > PipeFill::Low;
        if was_full {
            self.flood_until = Some(now + FLOOD_MEMORY);
        }
        let is_flood = self.flood_until.is_some_and(|until| now < until);
        let is_busy = self.free_since.is_some_and(|free| began.saturating_duration_since(free) < BUSY_GAP);
        if !is_busy {
            self.pause = MIN_PAUSE;
        } else if is_flood {
            self.pause = self.pause.min(MAX_FLOOD_PAUSE);
        }
        // A pipe that was full is read again at once: its child can write on from this moment.
        self.paused_until = (is_busy && !was_full).then(|| began + self.pause).filter(|until| *until > now);
        self.free_since = self.paused_until.or(Some(now));
        self.was_flood_pause = is_flood && self.paused_until.is_some();
        if is_busy && !is_flood {
            self.pause = (2 * self.pause).min(MAX_PAUSE);
        }
    }

    /// After a pause a pipe should be filled well, but not have made its child wait.
    fn adapt_flood_pause(&mut self, fill: PipeFill) {
        self.pause = match fill {
            PipeFill::NearlyFull => self.pause / 2,
            PipeFill::High => self.pause,
            PipeFill::Moderate | PipeFill::Low => self.pause * 5 / 4,
        };
        self.pause = self.pause.clamp(MIN_PAUSE, MAX_FLOOD_PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(start: Instant, milliseconds: u64) -> Instant {
        start + Duration::from_millis(milliseconds)
    }

    #[test]
    fn the_first_line_after_quiet_and_slow_lines_are_never_delayed() {
        let start = Instant::now();
        let mut coalescing = Coalescing::default();
        for line in 0..10 {
            let at = after(start, 10 * line);
            coalescing.record_round(at, PipeFill::Low, at);
            assert_eq!(coalescing.remaining(at), None);
        }
    }

    /// The pauses after rounds that follow each other at once, each with this fill.
    fn pauses(coalescing: &mut Coalescing, now: &mut Instant, fills: &[PipeFill]) -> Vec<Duration> {
        let mut pause = |&fill| {
            coalescing.record_round(*now, fill, *now);
            let pause = coalescing.remaining(*now).unwrap_or_default();
            *now += pause;
            pause
        };
        fills.iter().map(&mut pause).collect()
    }

    fn microseconds(values: &[u64]) -> Vec<Duration> {
        values.iter().copied().map(Duration::from_micros).collect()
    }

    #[test]
    fn fast_lines_are_coalesced_in_growing_pauses() {
        let (mut coalescing, mut now) = (Coalescing::default(), Instant::now());
        let lengths = pauses(&mut coalescing, &mut now, &[PipeFill::Low; 12]);
        let growing = [0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 40_000, 40_000];
        assert_eq!(lengths, microseconds(&growing));
        // Straight after a pause the next round finds data: the load goes on, and so does coalescing.
        assert_eq!(coalescing.remaining(now), None);
        now += 2 * BUSY_GAP;
        assert_eq!(
            pauses(&mut coalescing, &mut now, &[PipeFill::Low; 3]),
            microseconds(&[0, 100, 200]),
            "after quiet"
        );
    }

    #[test]
    fn a_full_pipe_shortens_the_pauses_for_a_while() {
        let (mut coalescing, mut now) = (Coalescing::default(), Instant::now());
        pauses(&mut coalescing, &mut now, &[PipeFill::Low; 11]);
        let full = now;
        assert_eq!(pauses(&mut coalescing, &mut now, &[PipeFill::High]), [Duration::ZERO]);
        while now < full + FLOOD_MEMORY {
            assert_eq!(pauses(&mut coalescing, &mut now, &[PipeFill::Low]), [MAX_FLOOD_PAUSE]);
        }
        assert_eq!(pauses(&mut coalescing, &mut now, &[PipeFill::Low; 3]), microseconds(&[1000, 2000, 4000]));
    }

    #[test]
    fn a_pause_within_a_flood_adapts_to_how_full_the_pipe_was_after_it() {
        let (mut coalescing, mut now) = (Coalescing::default(), Instant::now());
        pauses(&mut coalescing, &mut now, &[PipeFill::Low; 11]);
        let mut flood_pause_after = |fill| {
            // What is read right after a full pipe proves nothing.
            pauses(&mut coalescing, &mut now, &[fill, PipeFill::Low])[1]
        };
        assert_eq!(flood_pause_after(PipeFill::High), MAX_FLOOD_PAUSE);
        assert_eq!(flood_pause_after(PipeFill::NearlyFull), MAX_FLOOD_PAUSE / 2);
        assert_eq!(flood_pause_after(PipeFill::High), MAX_FLOOD_PAUSE / 2);
        assert_eq!(flood_pause_after(PipeFill::Moderate), MAX_FLOOD_PAUSE / 2 * 5 / 4);
        for _ in 0..9 {
            flood_pause_after(PipeFill::NearlyFull);
        }
        assert_eq!(flood_pause_after(PipeFill::NearlyFull), MIN_PAUSE);
        assert_eq!(flood_pause_after(PipeFill::Moderate), MIN_PAUSE * 5 / 4);
        for _ in 0..20 {
            flood_pause_after(PipeFill::Moderate);
        }
        assert_eq!(flood_pause_after(PipeFill::Moderate), MAX_FLOOD_PAUSE);
    }

    #[test]
    fn an_urgent_event_within_a_pause_does_not_prolong_it() {
        let (mut coalescing, mut now) = (Coalescing::default(), Instant::now());
        pauses(&mut coalescing, &mut now, &[PipeFill::Low; 10]);
        coalescing.record_round(now, PipeFill::Low, now);
        let end = now + MAX_PAUSE;
        now += 10 * MAX_FLOOD_PAUSE;
        coalescing.record_round(now, PipeFill::Low, now);
        assert_eq!(coalescing.remaining(now), Some(end - now));
        now = end;
        assert_eq!(pauses(&mut coalescing, &mut now, &[PipeFill::Low]), [MAX_PAUSE]);
    }
}
