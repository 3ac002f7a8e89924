//! What a worker works with: its buffers, and the parts of the pump a channel needs while it is served.

use crate::pump::channels::file_watch::WatchedLogs;
use crate::pump::poll::Poller;
use crate::sinks::buffered_output::LogMessages;
use crate::stages::ScratchBuffers;
use crate::{MainLog, Notice};
use std::time::{Duration, Instant};
use supervisor_sys::CopyBuffer;

/// The size of a read. Smaller reads cost system calls, and a wait for the writer at each; of larger ones the write finds less
/// in the cache.
const BUFFER: usize = 128 * 1024;

/// So much is read from one pipe before the others get their turn.
const SHORT_READ: usize = 256 * 1024;

/// So much is read from a backlogged pipe. What its child writes meanwhile is still in the cache when it is read, unlike what
/// has waited for the turns of many others.
const LONG_READ: usize = 1024 * 1024;

/// The long quota is used up after this time, whatever was read: the disk may be slow.
const LONG_READ_TIME: Duration = Duration::from_millis(5);

/// How much may be read from a pipe in one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadQuota {
    /// For a ready channel.
    Short,
    /// For a backlogged one, until this time at most.
    Long(Instant),
}

impl ReadQuota {
    /// A long quota that begins now.
    pub(crate) fn long() -> Self {
        Self::Long(Instant::now() + LONG_READ_TIME)
    }

    /// Whether `bytes` use it up.
    pub(crate) fn is_used_up(self, bytes: usize) -> bool {
        match self {
            Self::Short => bytes >= SHORT_READ,
            Self::Long(until) => bytes >= LONG_READ || bytes >= SHORT_READ && Instant::now() >= until,
        }
    }
}

/// One per worker.
pub(crate) struct WorkerContext<'a> {
    /// For the channel that is served.
    pub(crate) quota: ReadQuota,
    /// Holds one read; shared by all pipes.
    pub(crate) buffer: CopyBuffer,
    pub(crate) poller: &'a Poller,
    pub(crate) watched: &'a WatchedLogs,
    pub(crate) main_log: &'a MainLog,
    pub(crate) notify: &'a (dyn Fn(Notice) + Send + Sync),
    /// For the stages of pipelines.
    pub(crate) scratch: ScratchBuffers,
    /// Messages for the main log, written once no channel is checked out.
    pub(crate) messages: LogMessages,
}

impl<'a> WorkerContext<'a> {
    pub(crate) fn new(
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
            scratch: ScratchBuffers::default(),
            messages: LogMessages::new(),
        }
    }

    pub(crate) fn notify(&self, notice: Notice) {
        (self.notify)(notice);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_quota_lasts_for_a_megabyte_or_five_milliseconds() {
        assert!(!ReadQuota::Short.is_used_up(255 * 1024));
        assert!(ReadQuota::Short.is_used_up(256 * 1024));
        let far = ReadQuota::Long(Instant::now() + Duration::from_secs(3600));
        assert!(!far.is_used_up(1023 * 1024));
        assert!(far.is_used_up(1024 * 1024));
        let past = ReadQuota::Long(Instant::now());
        assert!(!past.is_used_up(255 * 1024), "never less than a short one");
        assert!(past.is_used_up(256 * 1024));
    }

    /// Half a page away from where the kernel's own pages begin, on every start.
    #[test]
    fn the_buffer_has_an_alignment_that_is_fast_on_every_processor() {
        let poller = Poller::new().unwrap();
        let (watched, main_log) = (WatchedLogs::default(), MainLog::nowhere());
        let contexts: Vec<_> =
            (0..20).map(|_| WorkerContext::new(&poller, &watched, &main_log, &|_| ())).collect();
        for context in &contexts {
            assert_eq!((context.buffer.len(), context.buffer.as_ptr().addr() % 4096), (BUFFER, 2048));
        }
    }
}
