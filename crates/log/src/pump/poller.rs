//! Waiting for pipes, targets and wishes; and the gathering pause.
//!
//! There are two pollers, one inside the other. The bulk lane is everything; the urgent lane, which is
//! watched by the bulk poller as a whole, holds what must not wait: wake-ups, blocked targets, pipes whose
//! bytes somebody waits for. Usually the pump sleeps in the bulk lane. While it gathers it sleeps in the
//! urgent lane only, so that many small writes of many children become one wake-up without delaying a
//! follower or an event listener.
//!
//! The pollers report edges; the pump reads a pipe until it is empty or remembers that it is not, which comes
//! to the same as levels and costs no call more.

use super::service_report::Fill;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const WAKE: Token = Token(usize::MAX);
const URGENT: Token = Token(usize::MAX - 1);

/// Events taken at once.
const BATCH: usize = 1024;

/// Whether a descriptor may have to wait for the end of a gathering pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    Bulk,
    Urgent,
}

/// Something that happened to a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) slot: usize,
    /// The far end of its pipe is closed.
    pub(super) is_hang_up: bool,
}

/// The pollers; registering and waking need no lock.
#[derive(Debug)]
pub(super) struct Waiter {
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

impl Waiter {
    pub(super) fn new() -> io::Result<Self> {
        let (bulk, urgent) = (Poll::new()?, Poll::new()?);
        let (bulk_registry, urgent_registry) = (bulk.registry().try_clone()?, urgent.registry().try_clone()?);
        let descriptors =
            [bulk.as_raw_fd(), urgent.as_raw_fd(), bulk_registry.as_raw_fd(), urgent_registry.as_raw_fd()];
        bulk.registry().register(&mut SourceFd(&urgent.as_raw_fd()), URGENT, Interest::READABLE)?;
        let waker = Waker::new(urgent.registry(), WAKE)?;
        Ok(Self {
            bulk: bulk_registry,
            urgent: urgent_registry,
            waker,
            descriptors,
            lanes: Mutex::new(Lanes { bulk, urgent, events: Events::with_capacity(BATCH) }),
        })
    }

    pub(super) fn wake(&self) {
        // It fails only if the poller itself is broken, which the waiting thread meets as well.
        let _ = self.waker.wake();
    }

    /// Waits for anything at all.
    pub(super) fn wait(&self, timeout: Option<Duration>, happened: &mut Vec<Event>) -> io::Result<()> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.take(Lane::Bulk, timeout, happened)? {
            while lanes.take(Lane::Urgent, Some(Duration::ZERO), happened)? {}
        }
        Ok(())
    }

    /// Waits for what must not wait.
    pub(super) fn wait_urgent(&self, timeout: Duration, happened: &mut Vec<Event>) -> io::Result<()> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut timeout = timeout;
        while lanes.take(Lane::Urgent, Some(timeout), happened)? {
            timeout = Duration::ZERO;
        }
        Ok(())
    }

    pub(super) fn watch_pipe(&self, lane: Lane, slot: usize, fd: RawFd) -> io::Result<()> {
        self.registry(lane).register(&mut SourceFd(&fd), Token(2 * slot), Interest::READABLE)
    }

    pub(super) fn watch_target(&self, slot: usize, fd: RawFd) -> io::Result<()> {
        self.urgent.register(&mut SourceFd(&fd), Token(2 * slot + 1), Interest::WRITABLE)
    }

    pub(super) fn forget(&self, lane: Lane, fd: RawFd) {
        // It can only be gone already.
        let _ = self.registry(lane).deregister(&mut SourceFd(&fd));
    }

    /// The descriptors of the pollers and their registries; the waker keeps its own to itself.
    pub(super) fn descriptors(&self) -> [RawFd; 4] {
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
    fn take(&mut self, lane: Lane, timeout: Option<Duration>, happened: &mut Vec<Event>) -> io::Result<bool> {
        let poll = match lane {
            Lane::Bulk => &mut self.bulk,
            Lane::Urgent => &mut self.urgent,
        };
        let timeout = match timeout {
            Some(short) if !short.is_zero() && short < FINE => {
                supervisor_sys::fd::wait_readable(poll.as_raw_fd(), short)?;
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
                URGENT => has_urgent = true,
                Token(token) => {
                    let is_hang_up = token % 2 == 0 && event.is_read_closed();
                    happened.push(Event { slot: token / 2, is_hang_up });
                }
            }
        }
        Ok(match lane {
            Lane::Bulk => has_urgent,
            Lane::Urgent => count == BATCH,
        })
    }
}

/// When the previous round was this short a time ago, writes come so fast that gathering pays.
const BUSY: Duration = Duration::from_millis(5);

/// How long after a round the next one may be put off.
pub(super) const PAUSE: Duration = Duration::from_millis(40);

/// No pause for so long after a pipe was found full: a pause had made that child wait, or would.
const FLOOD: Duration = Duration::from_millis(250);

/// The longest pause within a flood: too short for lines to fill a pipe that has the room of one that was found full
/// before, long enough to make hundreds of them one read.
const BREATH: Duration = Duration::from_millis(1);

/// The shortest pause within a flood, for a child that fills such a pipe several times in a millisecond. Also the first
/// pause after quiet, as nobody knows yet whether a flood begins: in 40 ms a child could have written a hundred times what
/// its pipe takes.
const LEAST_BREATH: Duration = Duration::from_micros(100);

/// A poller waits for whole milliseconds, which for a time of few of them is not good enough.
const FINE: Duration = Duration::from_millis(5);

/// Decides when to gather. The first line after quiet is never delayed, the next ones by little, and a child that writes
/// more than its pipe bridges is slowed down by one pause in a quarter of a second at most.
#[derive(Debug)]
pub(super) struct Gathering {
    /// When the last round, or the pause after it, was over.
    free_since: Option<Instant>,
    paused_until: Option<Instant>,
    flood_until: Option<Instant>,
    /// The length of the next pause.
    pause: Duration,
    /// The last pause was one within a flood.
    was_breath: bool,
}

impl Default for Gathering {
    fn default() -> Self {
        Self {
            free_since: None,
            paused_until: None,
            flood_until: None,
            pause: LEAST_BREATH,
            was_breath: false,
        }
    }
}

impl Gathering {
    /// How much of a pause is left.
    pub(super) fn remaining(&self, now: Instant) -> Option<Duration> {
        self.paused_until.and_then(|until| until.checked_duration_since(now)).filter(|left| !left.is_zero())
    }

    /// A round that began at `began` has moved children's bytes; the fullest pipe was that full.
    pub(super) fn moved(&mut self, began: Instant, fill: Fill, now: Instant) {
        if self.remaining(now).is_some() {
            // Urgent business within a pause changes nothing for the others.
            return;
        }
        if self.was_breath {
            self.breathe_as(fill);
        }
        let was_full = fill > Fill::Low;
        if was_full {
            self.flood_until = Some(now + FLOOD);
        }
        let is_flood = self.flood_until.is_some_and(|until| now < until);
        let is_busy = self.free_since.is_some_and(|free| began.saturating_duration_since(free) < BUSY);
        if !is_busy {
            self.pause = LEAST_BREATH;
        } else if is_flood {
            self.pause = self.pause.min(BREATH);
        }
        // A pipe that was full is looked at again at once: its child has just been let go on.
        self.paused_until = (is_busy && !was_full).then(|| began + self.pause).filter(|until| *until > now);
        self.free_since = self.paused_until.or(Some(now));
        self.was_breath = is_flood && self.paused_until.is_some();
        if is_busy && !is_flood {
            self.pause = (2 * self.pause).min(PAUSE);
        }
    }

    /// Fits the pause to what was found after one: a pipe should have filled by a good part, but not made its child wait.
    fn breathe_as(&mut self, fill: Fill) {
        self.pause = match fill {
            Fill::Brimming => self.pause / 2,
            Fill::High => self.pause,
            Fill::Roomy | Fill::Low => self.pause * 5 / 4,
        };
        self.pause = self.pause.clamp(LEAST_BREATH, BREATH);
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
        let mut gathering = Gathering::default();
        for line in 0..10 {
            let at = after(start, 10 * line);
            gathering.moved(at, Fill::Low, at);
            assert_eq!(gathering.remaining(at), None);
        }
    }

    /// The pauses after rounds that follow each other at once, each with this fill.
    fn pauses(gathering: &mut Gathering, now: &mut Instant, fills: &[Fill]) -> Vec<Duration> {
        let mut pause = |&fill| {
            gathering.moved(*now, fill, *now);
            let pause = gathering.remaining(*now).unwrap_or_default();
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
        let (mut gathering, mut now) = (Gathering::default(), Instant::now());
        let lengths = pauses(&mut gathering, &mut now, &[Fill::Low; 12]);
        let growing = [0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 40_000, 40_000];
        assert_eq!(lengths, microseconds(&growing));
        // Straight after a pause the next round finds data: the load goes on, and so does gathering.
        assert_eq!(gathering.remaining(now), None);
        now += 2 * BUSY;
        assert_eq!(
            pauses(&mut gathering, &mut now, &[Fill::Low; 3]),
            microseconds(&[0, 100, 200]),
            "after quiet"
        );
    }

    #[test]
    fn a_full_pipe_shortens_the_pauses_for_a_while() {
        let (mut gathering, mut now) = (Gathering::default(), Instant::now());
        pauses(&mut gathering, &mut now, &[Fill::Low; 11]);
        let full = now;
        assert_eq!(pauses(&mut gathering, &mut now, &[Fill::High]), [Duration::ZERO]);
        while now < full + FLOOD {
            assert_eq!(pauses(&mut gathering, &mut now, &[Fill::Low]), [BREATH]);
        }
        assert_eq!(pauses(&mut gathering, &mut now, &[Fill::Low; 3]), microseconds(&[1000, 2000, 4000]));
    }

    #[test]
    fn a_pause_within_a_flood_is_fitted_to_how_full_the_pipe_was_after_it() {
        let (mut gathering, mut now) = (Gathering::default(), Instant::now());
        pauses(&mut gathering, &mut now, &[Fill::Low; 11]);
        let mut breath_after = |fill| {
            // What is found at once after a full pipe says nothing.
            pauses(&mut gathering, &mut now, &[fill, Fill::Low])[1]
        };
        assert_eq!(breath_after(Fill::High), BREATH);
        assert_eq!(breath_after(Fill::Brimming), BREATH / 2);
        assert_eq!(breath_after(Fill::High), BREATH / 2);
        assert_eq!(breath_after(Fill::Roomy), BREATH / 2 * 5 / 4);
        for _ in 0..9 {
            breath_after(Fill::Brimming);
        }
        assert_eq!(breath_after(Fill::Brimming), LEAST_BREATH);
        assert_eq!(breath_after(Fill::Roomy), LEAST_BREATH * 5 / 4);
        for _ in 0..20 {
            breath_after(Fill::Roomy);
        }
        assert_eq!(breath_after(Fill::Roomy), BREATH);
    }

    #[test]
    fn urgent_business_within_a_pause_does_not_prolong_it() {
        let (mut gathering, mut now) = (Gathering::default(), Instant::now());
        pauses(&mut gathering, &mut now, &[Fill::Low; 10]);
        gathering.moved(now, Fill::Low, now);
        let end = now + PAUSE;
        now += 10 * BREATH;
        gathering.moved(now, Fill::Low, now);
        assert_eq!(gathering.remaining(now), Some(end - now));
        now = end;
        assert_eq!(pauses(&mut gathering, &mut now, &[Fill::Low]), [PAUSE]);
    }

    #[test]
    fn the_urgent_lane_wakes_a_sleeper_in_the_bulk_lane() {
        let waiter = Waiter::new().unwrap();
        let (reader, mut writer) = io::pipe().unwrap();
        waiter.watch_pipe(Lane::Urgent, 7, reader.as_raw_fd()).unwrap();
        let mut happened = Vec::new();
        waiter.wait(Some(Duration::ZERO), &mut happened).unwrap();
        assert_eq!(happened, []);
        for _ in 0..3 {
            io::Write::write_all(&mut writer, b"x").unwrap();
            waiter.wait(Some(Duration::from_secs(10)), &mut happened).unwrap();
            assert_eq!(happened, [Event { slot: 7, is_hang_up: false }]);
            happened.clear();
        }
        drop(writer);
        waiter.wait(Some(Duration::from_secs(10)), &mut happened).unwrap();
        assert_eq!(happened, [Event { slot: 7, is_hang_up: true }]);
    }

    #[test]
    fn a_pause_hears_the_urgent_lane_only() {
        let waiter = Waiter::new().unwrap();
        let (bulk, mut bulk_writer) = io::pipe().unwrap();
        let (urgent, mut urgent_writer) = io::pipe().unwrap();
        waiter.watch_pipe(Lane::Bulk, 1, bulk.as_raw_fd()).unwrap();
        waiter.watch_pipe(Lane::Urgent, 2, urgent.as_raw_fd()).unwrap();
        io::Write::write_all(&mut bulk_writer, b"x").unwrap();
        io::Write::write_all(&mut urgent_writer, b"x").unwrap();
        let mut happened = Vec::new();
        waiter.wait_urgent(Duration::from_secs(10), &mut happened).unwrap();
        assert_eq!(happened, [Event { slot: 2, is_hang_up: false }]);
        happened.clear();
        waiter.wait(Some(Duration::from_secs(10)), &mut happened).unwrap();
        assert_eq!(happened, [Event { slot: 1, is_hang_up: false }]);
    }
}
