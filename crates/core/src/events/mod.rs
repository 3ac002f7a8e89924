//! Event kinds, their ancestry and their names on the wire.
//!
//! A listener subscribes to kinds; a subscription to a kind takes in all its descendants. Kinds with
//! descendants are never emitted themselves.
//!
//! ```text
//! EVENT ─┬─ PROCESS_STATE ─┬─ _STARTING _RUNNING _BACKOFF _STOPPING
//!        │                 └─ _STOPPED _EXITED _FATAL _UNKNOWN
//!        ├─ PROCESS_COMMUNICATION ── _STDOUT _STDERR
//!        ├─ PROCESS_LOG ── _STDOUT _STDERR
//!        ├─ REMOTE_COMMUNICATION
//!        ├─ SUPERVISOR_STATE_CHANGE ── _RUNNING _STOPPING
//!        ├─ TICK ── _5 _60 _3600
//!        └─ PROCESS_GROUP ── _ADDED _REMOVED
//! ```

pub(crate) mod bus;
mod deliver;
pub(crate) mod listener;
pub(crate) mod payload;
pub(crate) mod pool;
pub(crate) mod tick;

use crate::snapshot::codec::{codec_enum, codec_struct};
use std::sync::Arc;

/// A kind of event. Declared in the order of the table in the manual, parents before their children.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "every variant is the wire name of the same spelling")]
pub enum EventKind {
    Event,
    ProcessState,
    ProcessStateStarting,
    ProcessStateRunning,
    ProcessStateBackoff,
    ProcessStateStopping,
    ProcessStateExited,
    ProcessStateStopped,
    ProcessStateFatal,
    ProcessStateUnknown,
    ProcessCommunication,
    ProcessCommunicationStdout,
    ProcessCommunicationStderr,
    ProcessLog,
    ProcessLogStdout,
    ProcessLogStderr,
    RemoteCommunication,
    SupervisorStateChange,
    SupervisorStateChangeRunning,
    SupervisorStateChangeStopping,
    Tick,
    Tick5,
    Tick60,
    Tick3600,
    ProcessGroup,
    ProcessGroupAdded,
    ProcessGroupRemoved,
}

use EventKind as K;

/// Every kind with its wire name and its parent; `EVENT` is its own parent. In declaration order, so that a
/// kind is its own index.
const TABLE: [(EventKind, &str, EventKind); 27] = [
    (K::Event, "EVENT", K::Event),
    (K::ProcessState, "PROCESS_STATE", K::Event),
    (K::ProcessStateStarting, "PROCESS_STATE_STARTING", K::ProcessState),
    (K::ProcessStateRunning, "PROCESS_STATE_RUNNING", K::ProcessState),
    (K::ProcessStateBackoff, "PROCESS_STATE_BACKOFF", K::ProcessState),
    (K::ProcessStateStopping, "PROCESS_STATE_STOPPING", K::ProcessState),
    (K::ProcessStateExited, "PROCESS_STATE_EXITED", K::ProcessState),
    (K::ProcessStateStopped, "PROCESS_STATE_STOPPED", K::ProcessState),
    (K::ProcessStateFatal, "PROCESS_STATE_FATAL", K::ProcessState),
    (K::ProcessStateUnknown, "PROCESS_STATE_UNKNOWN", K::ProcessState),
    (K::ProcessCommunication, "PROCESS_COMMUNICATION", K::Event),
    (K::ProcessCommunicationStdout, "PROCESS_COMMUNICATION_STDOUT", K::ProcessCommunication),
    (K::ProcessCommunicationStderr, "PROCESS_COMMUNICATION_STDERR", K::ProcessCommunication),
    (K::ProcessLog, "PROCESS_LOG", K::Event),
    (K::ProcessLogStdout, "PROCESS_LOG_STDOUT", K::ProcessLog),
    (K::ProcessLogStderr, "PROCESS_LOG_STDERR", K::ProcessLog),
    (K::RemoteCommunication, "REMOTE_COMMUNICATION", K::Event),
    (K::SupervisorStateChange, "SUPERVISOR_STATE_CHANGE", K::Event),
    (K::SupervisorStateChangeRunning, "SUPERVISOR_STATE_CHANGE_RUNNING", K::SupervisorStateChange),
    (K::SupervisorStateChangeStopping, "SUPERVISOR_STATE_CHANGE_STOPPING", K::SupervisorStateChange),
    (K::Tick, "TICK", K::Event),
    (K::Tick5, "TICK_5", K::Tick),
    (K::Tick60, "TICK_60", K::Tick),
    (K::Tick3600, "TICK_3600", K::Tick),
    (K::ProcessGroup, "PROCESS_GROUP", K::Event),
    (K::ProcessGroupAdded, "PROCESS_GROUP_ADDED", K::ProcessGroup),
    (K::ProcessGroupRemoved, "PROCESS_GROUP_REMOVED", K::ProcessGroup),
];

impl EventKind {
    /// The name on the wire and in `events=`.
    pub const fn name(self) -> &'static str {
        TABLE[self as usize].1
    }

    /// The kind of this name, which is in upper case.
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    /// The kind above; `None` for `EVENT`.
    pub fn parent(self) -> Option<Self> {
        (self != Self::Event).then(|| TABLE[self as usize].2)
    }

    /// Every kind, parents before their children.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.0)
    }

    const fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// Something that was emitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its number, the same in all pools.
    pub(crate) serial: u64,
    pub(crate) kind: EventKind,
    /// What stands after the header line.
    pub(crate) payload: Arc<str>,
}

codec_struct!(Event { serial, kind, payload });

/// What the field `len` of an event counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum EventLength {
    /// The characters of the payload, as upstream does. A Python 3 listener reads as many from its standard input.
    #[default]
    Characters,
    /// The bytes of the payload in UTF-8, which is what listeners in most other languages read.
    Bytes,
}

codec_enum!(EventLength { 0 => Characters, 1 => Bytes });

impl EventLength {
    pub(crate) fn of(self, payload: &str) -> usize {
        match self {
            Self::Characters => payload.chars().count(),
            Self::Bytes => payload.len(),
        }
    }
}

/// A set of event kinds: what a pool subscribes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct EventSet(u32);

impl EventSet {
    /// Nothing.
    pub const EMPTY: Self = Self(0);

    /// Adds a kind.
    #[must_use]
    pub const fn with(self, kind: EventKind) -> Self {
        Self(self.0 | kind.bit())
    }

    /// Whether this very kind is in the set.
    pub const fn contains(self, kind: EventKind) -> bool {
        self.0 & kind.bit() != 0
    }

    /// Whether an event of this kind is subscribed to: the kind itself or an ancestor is in the set.
    pub fn covers(self, kind: EventKind) -> bool {
        std::iter::successors(Some(kind), |kind| kind.parent()).any(|kind| self.contains(kind))
    }

    /// The kinds in the set.
    pub fn iter(self) -> impl Iterator<Item = EventKind> {
        EventKind::all().filter(move |kind| self.contains(*kind))
    }

    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    /// The set of these bits, if each of them stands for a kind.
    pub(crate) const fn from_bits(bits: u32) -> Option<Self> {
        if bits >> TABLE.len() == 0 { Some(Self(bits)) } else { None }
    }
}

impl FromIterator<EventKind> for EventSet {
    fn from_iter<T: IntoIterator<Item = EventKind>>(kinds: T) -> Self {
        kinds.into_iter().fold(Self::EMPTY, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_its_own_row_and_is_found_by_its_name() {
        for (index, kind) in EventKind::all().enumerate() {
            assert_eq!(kind as usize, index);
            assert_eq!(EventKind::from_name(kind.name()), Some(kind));
            assert!(kind.parent().is_none_or(|parent| parent < kind));
        }
        assert_eq!(EventKind::from_name("BOGUS"), None);
        assert_eq!(EventKind::from_name("tick"), None);
    }

    /// EVT-8: a subscription to a parent takes in its children and nothing else.
    #[test]
    fn a_subscription_covers_the_descendants() {
        let set = EventSet::EMPTY.with(EventKind::ProcessState);
        let covered: Vec<_> =
            EventKind::all().filter(|kind| set.covers(*kind)).map(EventKind::name).collect();
        assert_eq!(covered.len(), 9);
        assert!(covered.iter().all(|name| name.starts_with("PROCESS_STATE")));
        let everything = EventSet::EMPTY.with(EventKind::Event);
        assert!(EventKind::all().all(|kind| everything.covers(kind)));
        assert!(!EventKind::all().any(|kind| EventSet::EMPTY.covers(kind)));
    }
}
