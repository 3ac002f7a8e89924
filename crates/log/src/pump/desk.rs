//! What a pump thread works with.

use super::waiter::Waiter;
use super::watch::WatchedLogs;
use crate::outlet::Lines;
use crate::{MainLog, Notice};

/// The size of a read. Smaller ones cost calls, and waiting for the writer at each; with larger ones the second copy finds
/// less of the first in the cache.
const BUFFER: usize = 128 * 1024;

/// One per pump thread.
pub(super) struct Desk<'a> {
    /// Shared by all pipes.
    pub(super) buffer: Vec<u8>,
    pub(super) waiter: &'a Waiter,
    pub(super) watched: &'a WatchedLogs,
    pub(super) main_log: &'a MainLog,
    pub(super) notify: &'a (dyn Fn(Notice) + Send + Sync),
    /// For sinks that strip control sequences.
    pub(super) visible: Vec<u8>,
    /// For the main log, once no channel is checked out.
    pub(super) lines: Lines,
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        waiter: &'a Waiter,
        watched: &'a WatchedLogs,
        main_log: &'a MainLog,
        notify: &'a (dyn Fn(Notice) + Send + Sync),
    ) -> Self {
        Self {
            buffer: vec![0; BUFFER],
            waiter,
            watched,
            main_log,
            notify,
            visible: Vec::new(),
            lines: Lines::new(),
        }
    }

    pub(super) fn notify(&self, notice: Notice) {
        (self.notify)(notice);
    }
}
