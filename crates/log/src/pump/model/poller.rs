//! The poller of a model: events and wake-ups, and no time. A wait ends when something comes, never by its timeout, so that a
//! lost wake-up is a deadlock, which loom reports.

use crate::pump::poll::{Event, Lane};
use crate::sync::{Condvar, Mutex, MutexGuard};
use std::io;
use std::os::fd::RawFd;
use std::sync::PoisonError;
use std::time::Duration;

#[derive(Debug, Default)]
pub(crate) struct Poller {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    is_woken: bool,
    events: Vec<Event>,
}

impl Poller {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self::default())
    }

    pub(crate) fn wake(&self) {
        self.lock().is_woken = true;
        self.changed.notify_all();
    }

    /// A pipe in the bulk lane has become readable.
    pub(super) fn report(&self, event: Event) {
        self.lock().events.push(event);
        self.changed.notify_all();
    }

    pub(crate) fn wait(&self, timeout: Option<Duration>, events: &mut Vec<Event>) -> io::Result<()> {
        let mut state = self.lock();
        while timeout != Some(Duration::ZERO) && !state.is_woken && state.events.is_empty() {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_woken = false;
        events.append(&mut state.events);
        Ok(())
    }

    pub(crate) fn wait_urgent(&self, _timeout: Duration, _events: &mut Vec<Event>) -> io::Result<()> {
        let mut state = self.lock();
        while !state.is_woken {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_woken = false;
        Ok(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the real one")]
    pub(crate) fn register_pipe(&self, _lane: Lane, _slot: usize, _fd: RawFd) -> io::Result<()> {
        Ok(())
    }

    #[expect(clippy::unnecessary_wraps, reason = "as the real one")]
    pub(crate) fn register_sink(&self, _slot: usize, _fd: RawFd) -> io::Result<()> {
        Ok(())
    }

    pub(crate) fn deregister(&self, _lane: Lane, _fd: RawFd) {}

    pub(crate) fn descriptors(&self) -> [RawFd; 4] {
        [-1; 4]
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
