//! The poller: two epoll instances (or kqueues), one inside the other.
//!
//! The bulk lane has everything in it; the urgent lane, which is registered with the bulk lane as a whole, holds what ends a
//! coalescing pause: wake-ups, sinks with a backlog, pipes whose bytes the daemon or a follower waits for. Usually the pump
//! sleeps in the bulk lane. In a pause it sleeps in the urgent lane only, so that many small writes of many children become
//! one wake-up without delaying a follower or an event listener.
//!
//! Events are edge-triggered: a worker reads a pipe until it is empty, or remembers that it is not. That comes to the same as
//! level-triggered events and takes no further system call.

use super::{Event, Lane};
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Registry, Token, Waker};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

const WAKE: Token = Token(usize::MAX);
const URGENT_LANE: Token = Token(usize::MAX - 1);

/// The most events taken at once.
const BATCH: usize = 1024;

/// epoll rounds a timeout up to whole milliseconds, which is too coarse for one shorter than this.
const FINE_TIMEOUT: Duration = Duration::from_millis(5);

/// The poller. Registering and waking take no lock.
#[derive(Debug)]
pub(crate) struct Poller {
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
    pub(crate) fn new() -> io::Result<Self> {
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

    pub(crate) fn wake(&self) {
        // It fails only if the poller itself is broken, which the waiting worker meets as well.
        let _ = self.waker.wake();
    }

    /// Waits for anything.
    pub(crate) fn wait(&self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if lanes.take(Lane::Bulk, timeout, events)? {
            while lanes.take(Lane::Urgent, Some(Duration::ZERO), events)? {}
        }
        Ok(())
    }

    /// Waits for what ends a coalescing pause.
    pub(crate) fn wait_urgent(&self, timeout: Duration, events: &mut Vec<Event>) -> io::Result<()> {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let mut timeout = timeout;
        while lanes.take(Lane::Urgent, Some(timeout), events)? {
            timeout = Duration::ZERO;
        }
        Ok(())
    }

    pub(crate) fn register_pipe(&self, lane: Lane, slot: usize, fd: RawFd) -> io::Result<()> {
        self.registry(lane).register(&mut SourceFd(&fd), Token(2 * slot), Interest::READABLE)
    }

    pub(crate) fn register_sink(&self, slot: usize, fd: RawFd) -> io::Result<()> {
        self.urgent.register(&mut SourceFd(&fd), Token(2 * slot + 1), Interest::WRITABLE)
    }

    pub(crate) fn deregister(&self, lane: Lane, fd: RawFd) {
        // It fails only if the registration is gone already.
        let _ = self.registry(lane).deregister(&mut SourceFd(&fd));
    }

    /// The descriptors of the pollers and their registries; the waker does not tell its own.
    pub(crate) fn descriptors(&self) -> [RawFd; 4] {
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
    /// Waits in one lane. Returns whether the urgent lane has events (bulk lane), or may have more of them (urgent lane).
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_in_the_urgent_lane_wakes_a_sleeper_in_the_bulk_lane() {
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
    fn a_coalescing_pause_takes_events_of_the_urgent_lane_only() {
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
