//! What a pump thread works with.

use crate::pump::channels::file_watch::WatchedLogs;
use crate::pump::poll::Poller;
use crate::sinks::buffered_output::LogMessages;
use crate::{MainLog, Notice};
use std::time::{Duration, Instant};
use supervisor_sys::CopyBuffer;

/// The size of a read. Smaller ones cost calls, and waiting for the writer at each; with larger ones the second copy finds
/// less of the first in the cache.
const BUFFER: usize = 128 * 1024;

/// So much is read from one pipe before others get their turn.
const SHORT_READ: usize = 256 * 1024;

/// The same of a pipe that had more than that. What its child writes meanwhile is still in the cache when it is read, unlike
/// what has waited for the turns of many others.
const LONG_READ: usize = 1024 * 1024;

/// A long turn ends after this, whatever was read: the disk may be slow.
const LONG_READ_TIME: Duration = Duration::from_millis(5);

/// How much may be read from a pipe at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pump) enum ReadQuota {
    /// Something has events to it.
    Short,
    /// It is read only because its child writes faster than it was read. Until this time at most.
    Long(Instant),
}

impl ReadQuota {
    /// A long turn that begins now.
    pub(in crate::pump) fn long() -> Self {
        Self::Long(Instant::now() + LONG_READ_TIME)
    }

    /// Whether it is over once so many bytes were read.
    pub(in crate::pump) fn is_used_up(self, bytes: usize) -> bool {
        match self {
            Self::Short => bytes >= SHORT_READ,
            Self::Long(until) => bytes >= LONG_READ || bytes >= SHORT_READ && Instant::now() >= until,
        }
    }
}

/// One per pump thread.
pub(in crate::pump) struct WorkerContext<'a> {
    /// Of the channel that is served.
    pub(in crate::pump) quota: ReadQuota,
    /// Shared by all pipes.
    pub(in crate::pump) buffer: CopyBuffer,
    pub(in crate::pump) poller: &'a Poller,
    pub(in crate::pump) watched: &'a WatchedLogs,
    pub(in crate::pump) main_log: &'a MainLog,
    pub(in crate::pump) notify: &'a (dyn Fn(Notice) + Send + Sync),
    /// For sinks that strip control sequences.
    pub(in crate::pump) visible: CopyBuffer,
    /// For the main log, once no channel is checked out.
    pub(in crate::pump) messages: LogMessages,
}

impl<'a> WorkerContext<'a> {
    pub(in crate::pump) fn new(
        poller: &'a Poller,
        watched: &'a WatchedLogs,
        main_log: &'a MainLog,
        notify: &'a (dyn Fn(Notice) + Send + Sync),
    ) -> Self {
        Self {
            quota: ReadQuota::Short,
            buffer: CopyBuffer::zeroed(BUFFER),
            poller,
            watched,
            main_log,
            notify,
            visible: CopyBuffer::default(),
            messages: LogMessages::new(),
        }
    }

    pub(in crate::pump) fn notify(&self, notice: Notice) {
        (self.notify)(notice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half a page away from where the kernel's own pages begin, on every start.
    #[test]
    fn the_buffer_has_a_place_that_is_good_on_every_processor() {
        let poller = Poller::new().unwrap();
        let (watched, main_log) = (WatchedLogs::default(), MainLog::nowhere());
        let contexts: Vec<_> =
            (0..20).map(|_| WorkerContext::new(&poller, &watched, &main_log, &|_| ())).collect();
        for context in &contexts {
            assert_eq!((context.buffer.len(), context.buffer.as_ptr().addr() % 4096), (BUFFER, 2048));
        }
    }
}
