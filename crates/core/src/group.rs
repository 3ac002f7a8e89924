//! Processes under one name, and the orders they are taken in.

use crate::{EventSet, GroupId, Policy, ProcessId};

/// A group as the configuration wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSpec {
    /// Its name.
    pub name: String,
    /// Order among groups; low starts first and stops last.
    pub priority: i64,
    /// What its processes are for.
    pub kind: GroupKind,
    /// The processes in the order of the configuration.
    pub processes: Vec<ProcessSpec>,
}

/// What the processes of a group are for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// Programs, FastCGI ones included: their shared socket is the daemon's matter.
    Programs,
    /// A pool of event listeners.
    EventListeners {
        /// How many events may wait; at least 1.
        buffer_size: usize,
        /// What it subscribes to.
        events: EventSet,
    },
}

/// A process as the configuration wants it, as far as decisions depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessSpec {
    /// Its name within the group.
    pub name: String,
    /// The options that decide.
    pub policy: Policy,
}

/// The numbers given to a group that was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupIds {
    /// The group's.
    pub group: GroupId,
    /// Its processes', in the order of the specification.
    pub processes: Vec<ProcessId>,
}
