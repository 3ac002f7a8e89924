//! Waiting for pipes, targets and wishes; and the coalescing pause.
//!
//! There are two pollers, one inside the other. The bulk lane is everything; the urgent lane, which is
//! watched by the bulk poller as a whole, holds what must not wait: wake-ups, blocked targets, pipes whose
//! bytes somebody waits for. Usually the pump sleeps in the bulk lane. While it gathers it sleeps in the
//! urgent lane only, so that many small writes of many children become one wake-up without delaying a
//! follower or an event listener.
//!
//! The pollers report edges; the pump reads a pipe until it is empty or remembers that it is not, which comes
//! to the same as levels and costs no call more.

pub(in crate::pump) mod registration;

use crate::pump::channels::report::PipeFill;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const WAKE: Token = Token(usize::MAX);
const URGENT_LANE: Token = Token(usize::MAX - 1);

/// Events taken at once.
const BATCH: usize = 1024;

/// Whether a descriptor may have to wait for the end of a coalescing pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pump) enum Lane {
    Bulk,
    Urgent,
}

/// Something that happened to a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pump) struct Event {
    pub(in crate::pump) slot: usize,
    /// The far end of its pipe is closed.
    pub(in crate::pump) is_hang_up: bool,
}

/// The pollers; registering and waking need no lock.
#[derive(Debug)]
pub(in crate::pump) struct Poller {
    lanes: Mutex<Lanes>,
    bulk: Registry,
    urgent: Registry,
    waker: Waker,
    descriptors: [RawFd; 4],
}

#[derive(Debug)]
struct Lanes {
    bulk: Poll,
    urgent: Poll,
    events: Events,
}

impl Poller {
    pub(in crate::pump) fn new() -> io::Result<Self> {
        let (bulk, urgent) = (Poll::new()?, Poll::new()?);
        let (bulk_registry, urgent_registry) = (bulk.registry().try_clone()?, urgent.registry().try_clone()?);
        let descriptors =
            [bulk.as_raw_fd(), urgent.as_raw_fd(), bulk_registry.as_raw_fd(), urgent_registry.as_raw_fd()];
        bulk.registry().register(&mut SourceFd(&urgent.as_raw_fd()), URGENT_LANE, Interest::READABLE)?;
        let waker = Waker::new(urgent.registry(), WAKE)?;
        Ok(Self {
            bulk: bulk_registry,
            urgent: urgent_registry,
            waker,
            descriptors,
            lanes: Mutex::new(Lanes { bulk, urgent, events: Events::with_capacity(BATCH) }),
        })
    }

    pub(in crate::pump) fn wake(&self) {
        // It fails only if the poller itself is broken, which the waiting thread meets as well.
        let _ = self.waker.wake();
    }

    /// Waits for anything at all.
    pub(in crate::pump) fn wait(&self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.take(Lane::Bulk, timeout, events)? {
            while lanes.take(Lane::Urgent, Some(Duration::ZERO), events)? {}
        }
        Ok(())
    }

    /// Waits for what must not wait.
    pub(in crate::pump) fn wait_urgent(&self, timeout: Duration, events: &mut Vec<Event>) -> io::Result<()> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut timeout = timeout;
        while lanes.take(Lane::Urgent, Some(timeout), events)? {
            timeout = Duration::ZERO;
        }
        Ok(())
    }

    pub(in crate::pump) fn register_pipe(&self, lane: Lane, slot: usize, fd: RawFd) -> io::Result<()> {
        self.registry(lane).register(&mut SourceFd(&fd), Token(2 * slot), Interest::READABLE)
    }

    pub(in crate::pump) fn register_sink(&self, slot: usize, fd: RawFd) -> io::Result<()> {
        self.urgent.register(&mut SourceFd(&fd), Token(2 * slot + 1), Interest::WRITABLE)
    }

    pub(in crate::pump) fn deregister(&self, lane: Lane, fd: RawFd) {
        // It can only be gone already.
        let _ = self.registry(lane).deregister(&mut SourceFd(&fd));
    }

    /// The descriptors of the pollers and their registries; the waker keeps its own to itself.
    pub(in crate::pump) fn descriptors(&self) -> [RawFd; 4] {
        self.descriptors
    }

    fn registry(&self, lane: Lane) -> &Registry {
        match lane {
            Lane::Bulk => &self.bulk,
            Lane::Urgent => &self.urgent,
        }
    }
}

impl Lanes {
    /// Waits in one lane; whether the other lane has to be asked (bulk), or there may be more in this one
    /// (urgent).
    fn take(&mut self, lane: Lane, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<bool> {
        let poll = match lane {
            Lane::Bulk => &mut self.bulk,
            Lane::Urgent => &mut self.urgent,
        };
        let timeout = match timeout {
            Some(short) if !short.is_zero() && short < FINE_TIMEOUT => {
                supervisor_sys::fd::wait_readable(poll, short)?;
                Some(Duration::ZERO)
            }
            timeout => timeout,
        };
        match poll.poll(&mut self.events, timeout) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(false),
            outcome => outcome?,
        }
        let mut count = 0;
        let mut has_urgent = false;
        for event in &self.events {
            count += 1;
            match event.token() {
                WAKE => {}
                URGENT_LANE => has_urgent = true,
                Token(token) => {
                    let is_hang_up = token % 2 == 0 && event.is_read_closed();
                    events.push(Event { slot: token / 2, is_hang_up });
                }
            }
        }
        Ok(match lane {
            Lane::Bulk => has_urgent,
            Lane::Urgent => count == BATCH,
        })
    }
}

/// When the previous round was this short a time ago, writes come so fast that coalescing pays.
const BUSY_GAP: Duration = Duration::from_millis(5);

/// How long after a round the next one may be put off.
pub(in crate::pump) const MAX_PAUSE: Duration = Duration::from_millis(40);

/// No pause for so long after a pipe was found full: a pause had made that child wait, or would.
const FLOOD_MEMORY: Duration = Duration::from_millis(250);

/// The longest pause within a flood: too short for lines to fill a pipe that has the room of one that was found full
/// before, long enough to make hundreds of them one read.
const MAX_FLOOD_PAUSE: Duration = Duration::from_millis(1);

/// The shortest pause within a flood, for a child that fills such a pipe several times in a millisecond. Also the first
/// pause after quiet, as nobody knows yet whether a flood begins: in 40 ms a child could have written a hundred times what
/// its pipe takes.
const MIN_PAUSE: Duration = Duration::from_micros(100);

/// A poller waits for whole milliseconds, which for a time of few of them is not good enough.
const FINE_TIMEOUT: Duration = Duration::from_millis(5);

/// Decides when to gather. The first line after quiet is never delayed, the next ones by little, and a child that writes
/// more than its pipe bridges is slowed down by one pause in a quarter of a second at most.
#[derive(Debug)]
pub(in crate::pump) struct Coalescing {
    /// When the last round, or the pause after it, was over.
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
    /// How much of a pause is left.
    pub(in crate::pump) fn remaining(&self, now: Instant) -> Option<Duration> {
        self.paused_until.and_then(|until| until.checked_duration_since(now)).filter(|left| !left.is_zero())
    }

    /// A round that began at `began` has moved children's bytes; the fullest pipe was that full.
    pub(in crate::pump) fn moved(&mut self, began: Instant, fill: PipeFill, now: Instant) {
        if self.remaining(now).is_some() {
            // Urgent business within a pause changes nothing for the others.
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
        // A pipe that was full is looked at again at once: its child has just been let go on.
        self.paused_until = (is_busy && !was_full).then(|| began + self.pause).filter(|until| *until > now);
        self.free_since = self.paused_until.or(Some(now));
        self.was_flood_pause = is_flood && self.paused_until.is_some();
        if is_busy && !is_flood {
            self.pause = (2 * self.pause).min(MAX_PAUSE);
        }
    }

    /// Fits the pause to what was found after one: a pipe should have filled by a good part, but not made its child wait.
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
            coalescing.moved(at, PipeFill::Low, at);
            assert_eq!(coalescing.remaining(at), None);
        }
    }

    /// The pauses after rounds that follow each other at once, each with this fill.
    fn pauses(coalescing: &mut Coalescing, now: &mut Instant, fills: &[PipeFill]) -> Vec<Duration> {
        let mut pause = |&fill| {
            coalescing.moved(*now, fill, *now);
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
    fn fast_lines_are_gathered_in_pauses_that_grow() {
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
    fn a_pause_within_a_flood_is_fitted_to_how_full_the_pipe_was_after_it() {
        let (mut coalescing, mut now) = (Coalescing::default(), Instant::now());
        pauses(&mut coalescing, &mut now, &[PipeFill::Low; 11]);
        let mut flood_pause_after = |fill| {
            // What is found at once after a full pipe says nothing.
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
    fn urgent_business_within_a_pause_does_not_prolong_it() {
        let (mut coalescing, mut now) = (Coalescing::default(), Instant::now());
        pauses(&mut coalescing, &mut now, &[PipeFill::Low; 10]);
        coalescing.moved(now, PipeFill::Low, now);
        let end = now + MAX_PAUSE;
        now += 10 * MAX_FLOOD_PAUSE;
        coalescing.moved(now, PipeFill::Low, now);
        assert_eq!(coalescing.remaining(now), Some(end - now));
        now = end;
        assert_eq!(pauses(&mut coalescing, &mut now, &[PipeFill::Low]), [MAX_PAUSE]);
    }

    #[test]
    fn the_urgent_lane_wakes_a_sleeper_in_the_bulk_lane() {
        let poller = Poller::new().unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
        poller.register_pipe(Lane::Urgent, 7, reader.as_raw_fd()).unwrap();
        let mut events = Vec::new();
        poller.wait(Some(Duration::ZERO), &mut events).unwrap();
        assert_eq!(events, []);
        for _ in 0..3 {
            io::Write::write_all(&mut writer, b"x").unwrap();
            poller.wait(Some(Duration::from_secs(10)), &mut events).unwrap();
            assert_eq!(events, [Event { slot: 7, is_hang_up: false }]);
            events.clear();
        }
        drop(writer);
        poller.wait(Some(Duration::from_secs(10)), &mut events).unwrap();
        assert_eq!(events, [Event { slot: 7, is_hang_up: true }]);
    }

    #[test]
    fn a_pause_hears_the_urgent_lane_only() {
        let poller = Poller::new().unwrap();
        let (bulk, mut bulk_writer) = io::pipe().unwrap();
        let (urgent, mut urgent_writer) = io::pipe().unwrap();
        poller.register_pipe(Lane::Bulk, 1, bulk.as_raw_fd()).unwrap();
        poller.register_pipe(Lane::Urgent, 2, urgent.as_raw_fd()).unwrap();
        io::Write::write_all(&mut bulk_writer, b"x").unwrap();
        io::Write::write_all(&mut urgent_writer, b"x").unwrap();
        let mut events = Vec::new();
        poller.wait_urgent(Duration::from_secs(10), &mut events).unwrap();
        assert_eq!(events, [Event { slot: 2, is_hang_up: false }]);
        events.clear();
        poller.wait(Some(Duration::from_secs(10)), &mut events).unwrap();
        assert_eq!(events, [Event { slot: 1, is_hang_up: false }]);
    }
}
