//! What a pump thread learned by serving a channel.

use std::os::fd::RawFd;
use std::time::Instant;

/// Told to the table when the channel comes back.
#[derive(Default)]
pub(in crate::pump) struct ServiceReport {
    pub(in crate::pump) next: NextService,
    /// When to serve it again even if nothing happens.
    pub(in crate::pump) deadline: Option<Instant>,
    /// A child's bytes were moved.
    pub(in crate::pump) has_moved: bool,
    /// How full its pipe was.
    pub(in crate::pump) fill: PipeFill,
    /// It waits for the daemon to acknowledge.
    pub(in crate::pump) awaits_credit: bool,
    /// Followers of the log have something to look at.
    pub(in crate::pump) has_changed_log: bool,
    /// The followers, by their numbers, of logs that others have changed.
    pub(in crate::pump) changed_logs: Vec<u64>,
    /// What it holds open now.
    pub(in crate::pump) descriptors: Descriptors,
    /// To be called once no lock is held.
    pub(in crate::pump) replies: Vec<Box<dyn FnOnce() + Send>>,
}

/// How full a pipe was found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::pump) enum PipeFill {
    /// Its child would not have waited for long.
    #[default]
    Low,
    /// As much as fits into a pipe, but it has got more room.
    Moderate,
    /// So full that its child has waited, or soon would.
    High,
    /// It has got more room, and even that is nearly used up.
    NearlyFull,
}

/// The descriptors of a channel.
#[derive(Debug, Default)]
pub(in crate::pump) struct Descriptors {
    /// Of what it is at work on.
    pub(in crate::pump) front: OpenDescriptors,
    /// Of the generations that wait; there are hardly ever any.
    pub(in crate::pump) waiting: Box<[OpenDescriptors]>,
}

/// The descriptors of one way.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::pump) struct OpenDescriptors {
    /// The pipe it reads.
    pub(in crate::pump) pipe: Option<RawFd>,
    /// What it writes to.
    pub(in crate::pump) sink: Option<RawFd>,
}

/// What becomes of the channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::pump) enum NextService {
    /// It waits for an event, a command or its deadline.
    #[default]
    OnEvent,
    /// It is to be served again after the pause; nothing else tells that it has something to do.
    AfterPause,
    /// It has more to do at once; only its turn is over.
    AtOnce,
    /// It is done with.
    Never,
}
