//! What a pump thread learned by serving a channel.

use std::os::fd::RawFd;
use std::time::Instant;

/// Told to the table when the channel comes back.
#[derive(Default)]
pub(super) struct Served {
    pub(super) next: Next,
    /// When to serve it again even if nothing happens.
    pub(super) deadline: Option<Instant>,
    /// A child's bytes were moved.
    pub(super) has_moved: bool,
    /// A pipe was so full that its child has waited, or soon would.
    pub(super) was_full: bool,
    /// It waits for the daemon to acknowledge.
    pub(super) awaits_credit: bool,
    /// Followers of the log have something to look at.
    pub(super) has_changed_log: bool,
    /// The descriptors, if they are others than before.
    pub(super) descriptors: Option<Box<[Owned]>>,
    /// To be called once no lock is held.
    pub(super) replies: Vec<Box<dyn FnOnce() + Send>>,
}

/// A descriptor of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owned {
    /// The pipe it reads.
    Pipe(RawFd),
    /// What it writes to.
    Target(RawFd),
}

/// What becomes of the channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Next {
    /// It waits for an event, a letter or its deadline.
    #[default]
    Wait,
    /// It has more to do at once; only its turn is over.
    More,
    /// It is done with.
    Gone,
}
