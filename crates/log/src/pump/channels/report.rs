//! What a worker learned by serving a channel; the table takes it when the channel is checked in.

use std::os::fd::RawFd;
use std::time::Instant;

/// The outcome of one service.
#[derive(Default)]
pub(crate) struct ServiceReport {
    pub(crate) next: NextService,
    /// Serve it again at this time even if nothing happens.
    pub(crate) deadline: Option<Instant>,
    /// Bytes of a child were moved.
    pub(crate) has_moved: bool,
    /// How full the pipe was found.
    pub(crate) fill: PipeFill,
    /// The stream reads no more until the daemon acknowledges notices.
    pub(crate) awaits_credit: bool,
    /// The log changed: wake its followers.
    pub(crate) has_changed_log: bool,
    /// From the file watch: numbers of followers whose logs other programs changed.
    pub(crate) changed_logs: Vec<u64>,
    /// The descriptors the channel holds open now.
    pub(crate) descriptors: Descriptors,
    /// Called after the table's lock is released.
    pub(crate) replies: Vec<Box<dyn FnOnce() + Send>>,
}

/// When to serve a channel next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum NextService {
    /// At an event, a command or its deadline.
    #[default]
    OnEvent,
    /// After the coalescing pause: its pipe is polled instead of registered with the poller.
    AfterPause,
    /// As soon as its turn comes again: it has used up its quota.
    AtOnce,
    /// Never: remove it from the table.
    Never,
}

/// How full a pipe was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum PipeFill {
    /// Its child did not have to wait.
    #[default]
    Low,
    /// It holds what a default pipe can hold, but its capacity was raised.
    Moderate,
    /// Its child waited, or soon would have.
    High,
    /// Its capacity was raised, and even that is nearly used up.
    NearlyFull,
}

/// The descriptors of a channel.
#[derive(Debug, Default)]
pub(crate) struct Descriptors {
    /// Of the generation that is read.
    pub(crate) front: OpenDescriptors,
    /// Of the generations behind it; rarely any.
    pub(crate) waiting: Box<[OpenDescriptors]>,
}

/// Both ends of a pipeline.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct OpenDescriptors {
    /// The pipe it reads.
    pub(crate) pipe: Option<RawFd>,
    /// The file it writes.
    pub(crate) sink: Option<RawFd>,
}
