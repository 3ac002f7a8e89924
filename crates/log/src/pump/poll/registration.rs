//! What a channel has registered with the poller, and deregisters in time.
//!
//! A descriptor is deregistered before it is closed: a duplicate of it may live on for a moment in a child between fork and
//! exec, and its number may be used again.

use super::{Lane, Poller};
use crate::sinks::buffered_output::Flow;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::{Duration, Instant};

/// When to serve a channel whose descriptor cannot be registered: a device without readiness, or anything while the kernel has
/// no memory for the registration.
pub(crate) const UNREGISTERED_RETRY: Duration = Duration::from_secs(1);

/// The pipe a channel reads.
#[derive(Debug, Default)]
pub(crate) struct PipeRegistration(Option<(Lane, RawFd)>);

impl PipeRegistration {
    /// Registers `pipe`; in the urgent lane if the daemon or a follower waits for its bytes.
    pub(crate) fn set(&mut self, slot: usize, pipe: Option<&impl AsRawFd>, is_urgent: bool, poller: &Poller) {
        let lane = if is_urgent { Lane::Urgent } else { Lane::Bulk };
        let Some(fd) = pipe.map(AsRawFd::as_raw_fd) else { return self.clear(poller) };
        if self.0 == Some((lane, fd)) {
            return;
        }
        self.clear(poller);
        if poller.register_pipe(lane, slot, fd).is_ok() {
            self.0 = Some((lane, fd));
        }
    }

    /// Whether the poller will report bytes.
    pub(crate) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    pub(crate) fn clear(&mut self, poller: &Poller) {
        if let Some((lane, fd)) = self.0.take() {
            poller.deregister(lane, fd);
        }
    }
}

/// The sink a channel writes; registered only while it has a backlog.
#[derive(Debug, Default)]
pub(crate) struct SinkRegistration(Option<RawFd>);

impl SinkRegistration {
    /// Registers what a channel with this `flow` waits for; returns when to serve it anyway.
    pub(crate) fn settle(
        &mut self,
        slot: usize,
        flow: Flow,
        fd: Option<BorrowedFd<'_>>,
        poller: &Poller,
    ) -> Option<Instant> {
        match (flow, fd) {
            (Flow::Blocked(deadline), Some(fd)) => self.set(slot, fd.as_raw_fd(), poller).or(deadline),
            (Flow::Blocked(deadline), None) => deadline,
            (Flow::Retry(at), _) => {
                self.clear(poller);
                Some(at)
            }
            (Flow::Open, _) => {
                self.clear(poller);
                None
            }
        }
    }

    /// Registers the sink until it is writable; returns when to serve the channel if that fails.
    fn set(&mut self, slot: usize, fd: RawFd, poller: &Poller) -> Option<Instant> {
        // If it is registered already, its event is still to come: the last write was refused.
        if self.0 == Some(fd) {
            return None;
        }
        self.clear(poller);
        match poller.register_sink(slot, fd) {
            Ok(()) => {
                self.0 = Some(fd);
                None
            }
            Err(_) => Some(Instant::now() + UNREGISTERED_RETRY),
        }
    }

    pub(crate) fn clear(&mut self, poller: &Poller) {
        if let Some(fd) = self.0.take() {
            poller.deregister(Lane::Urgent, fd);
        }
    }
}
