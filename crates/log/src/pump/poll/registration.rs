//! What a channel is registered for with the poller, and undone in time.
//!
//! A registration is taken back before its descriptor is closed: a duplicate of it may live on for a moment
//! in a child between fork and exec, and the number may be given out again.

use crate::pump::poll::{Lane, Poller};
use crate::sinks::buffered_output::Flow;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::{Duration, Instant};

/// When to look again at what cannot be watched: a device without readiness, or anything while the kernel has
/// no memory for it.
pub(in crate::pump) const UNREGISTERED_RETRY: Duration = Duration::from_secs(1);

/// The reading side.
#[derive(Debug, Default)]
pub(in crate::pump) struct PipeRegistration(Option<(Lane, RawFd)>);

impl PipeRegistration {
    /// Watches `pipe`, in the urgent lane if somebody waits for its bytes.
    pub(in crate::pump) fn set(
        &mut self,
        slot: usize,
        pipe: Option<&impl AsRawFd>,
        is_urgent: bool,
        poller: &Poller,
    ) {
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

    /// Whether the poller will tell of bytes.
    pub(in crate::pump) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    pub(in crate::pump) fn clear(&mut self, poller: &Poller) {
        if let Some((lane, fd)) = self.0.take() {
            poller.deregister(lane, fd);
        }
    }
}

/// The writing side, only while it is blocked.
#[derive(Debug, Default)]
pub(in crate::pump) struct SinkRegistration(Option<RawFd>);

impl SinkRegistration {
    /// Leaves a channel with this `flow` such that whatever it waits for wakes it; returns when to look at it
    /// anyway.
    pub(in crate::pump) fn settle(
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

    /// Watches the target until it is writable; returns when to look at it if it cannot be watched.
    fn set(&mut self, slot: usize, fd: RawFd, poller: &Poller) -> Option<Instant> {
        // An edge is still to come if it is watched already: the last write was refused.
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

    pub(in crate::pump) fn clear(&mut self, poller: &Poller) {
        if let Some(fd) = self.0.take() {
            poller.deregister(Lane::Urgent, fd);
        }
    }
}
