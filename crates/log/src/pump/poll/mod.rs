//! Waiting for pipes, sinks and commands.

#[cfg(not(all(test, loom)))]
mod poller;
pub(crate) mod registration;

#[cfg(all(test, loom))]
pub(crate) use super::model::poller::Poller;
#[cfg(not(all(test, loom)))]
pub(crate) use poller::Poller;

/// Whether a descriptor's events wait for the end of a coalescing pause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lane {
    /// They do.
    Bulk,
    /// They end it.
    Urgent,
}

/// Something that happened to a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) slot: usize,
    /// The other end of its pipe is closed.
    pub(crate) is_hang_up: bool,
}
