//! What a channel is registered for with the poller, and undone in time.
//!
//! A registration is taken back before its descriptor is closed: a duplicate of it may live on for a moment
//! in a child between fork and exec, and the number may be given out again.

use super::poller::{Lane, Waiter};
use crate::sinks::buffered_output::Flow;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};
use std::time::{Duration, Instant};

/// When to look again at what cannot be watched: a device without readiness, or anything while the kernel has
/// no memory for it.
pub(super) const UNWATCHED_RETRY: Duration = Duration::from_secs(1);

/// The reading side.
#[derive(Debug, Default)]
pub(super) struct PipeWatch(Option<(Lane, RawFd)>);

impl PipeWatch {
    /// Watches `pipe`, in the urgent lane if somebody waits for its bytes.
    pub(super) fn set(&mut self, slot: usize, pipe: Option<&impl AsRawFd>, is_urgent: bool, waiter: &Waiter) {
        let lane = if is_urgent { Lane::Urgent } else { Lane::Bulk };
        let Some(fd) = pipe.map(AsRawFd::as_raw_fd) else { return self.clear(waiter) };
        if self.0 == Some((lane, fd)) {
            return;
        }
        self.clear(waiter);
        if waiter.watch_pipe(lane, slot, fd).is_ok() {
            self.0 = Some((lane, fd));
        }
    }

    /// Whether the poller will tell of bytes.
    pub(super) fn is_set(&self) -> bool {
        self.0.is_some()
    }

    pub(super) fn clear(&mut self, waiter: &Waiter) {
        if let Some((lane, fd)) = self.0.take() {
            waiter.forget(lane, fd);
        }
    }
}

/// The writing side, only while it is blocked.
#[derive(Debug, Default)]
pub(super) struct TargetWatch(Option<RawFd>);

impl TargetWatch {
    /// Leaves a channel with this `flow` such that whatever it waits for wakes it; returns when to look at it
    /// anyway.
    pub(super) fn settle(
        &mut self,
        slot: usize,
        flow: Flow,
        fd: Option<BorrowedFd<'_>>,
        waiter: &Waiter,
    ) -> Option<Instant> {
        match (flow, fd) {
            (Flow::Blocked(deadline), Some(fd)) => self.set(slot, fd.as_raw_fd(), waiter).or(deadline),
            (Flow::Blocked(deadline), None) => deadline,
            (Flow::Retry(at), _) => {
                self.clear(waiter);
                Some(at)
            }
            (Flow::Open, _) => {
                self.clear(waiter);
                None
            }
        }
    }

    /// Watches the target until it is writable; returns when to look at it if it cannot be watched.
    fn set(&mut self, slot: usize, fd: RawFd, waiter: &Waiter) -> Option<Instant> {
        // An edge is still to come if it is watched already: the last write was refused.
        if self.0 == Some(fd) {
            return None;
        }
        self.clear(waiter);
        match waiter.watch_target(slot, fd) {
            Ok(()) => {
                self.0 = Some(fd);
                None
            }
            Err(_) => Some(Instant::now() + UNWATCHED_RETRY),
        }
    }

    pub(super) fn clear(&mut self, waiter: &Waiter) {
        if let Some(fd) = self.0.take() {
            waiter.forget(Lane::Urgent, fd);
        }
    }
}
