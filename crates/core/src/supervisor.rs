//! The whole machine: one input and one moment go in, effects come out.

use crate::{
    Effects, EventKind, Fault, GroupId, GroupIds, GroupInfo, GroupSpec, Input, Moment, PoolCounters,
    ProcessId, ProcessInfo, Selection,
};
use std::time::Duration;

/// What the daemon as a whole is up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mood {
    /// Everything stops, then the daemon ends.
    Shutdown,
    /// Everything stops, then the daemon begins anew.
    Restarting,
    /// Programs are kept running.
    Running,
}

/// Every group and process, and all that is going on with them.
#[derive(Clone, Debug)]
pub struct Supervisor {
    identifier: String,
    mood: Mood,
}

impl Supervisor {
    /// A supervisor without groups; `identifier` names it in events.
    pub fn new(identifier: impl Into<String>) -> Self {
        Self { identifier: identifier.into(), mood: Mood::Running }
    }

    /// The supervisor that follows this one after `Terminate(Ending::Restart)`: empty, but no number of this
    /// one is given out again, and events go on being counted.
    #[must_use]
    pub fn restarted(&self, identifier: impl Into<String>) -> Self {
        Self::new(identifier)
    }

    /// Takes one input and orders what follows from it.
    pub fn handle(&mut self, _input: Input, _now: Moment, _effects: &mut Effects) {}

    /// Activates a group: from now on its pool buffers events, and once the main loop has begun its
    /// `autostart` programs are started.
    ///
    /// Fails with `AlreadyAdded`, or with `ShutdownState` while everything stops.
    pub fn add_group(
        &mut self,
        spec: GroupSpec,
        _now: Moment,
        _effects: &mut Effects,
    ) -> Result<GroupIds, Fault> {
        Err(Fault::AlreadyAdded(spec.name))
    }

    /// Removes a group all of whose processes have stopped; returns what its numbers were.
    ///
    /// Fails with `BadName`, `StillRunning`, or `ShutdownState` while everything stops.
    pub fn remove_group(
        &mut self,
        name: &str,
        _now: Moment,
        _effects: &mut Effects,
    ) -> Result<GroupIds, Fault> {
        Err(Fault::BadName(name.to_owned()))
    }

    /// When `Input::Deadline` is due, on the monotonic clock; `None` while nothing waits for time to pass.
    pub fn next_deadline(&self) -> Option<Duration> {
        None
    }

    /// What the daemon as a whole is up to.
    pub fn mood(&self) -> Mood {
        self.mood
    }

    /// Its name in events.
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// Whether any pool subscribes to events of this kind. If not, the facts behind them need not be told.
    pub fn wants(&self, _kind: EventKind) -> bool {
        false
    }

    /// Finds what a client's `name`, `group:name` or `group:*` means.
    pub fn resolve(&self, name: &str) -> Result<Selection, Fault> {
        Err(Fault::BadName(name.to_owned()))
    }

    /// Finds a group by its bare name.
    pub fn group_named(&self, name: &str) -> Result<GroupId, Fault> {
        Err(Fault::BadName(name.to_owned()))
    }

    /// The processes of a selection that a start request concerns, in ascending priority: one process
    /// always, of many only those that are not running.
    pub fn startable(&self, _selection: Selection) -> Vec<ProcessId> {
        Vec::new()
    }

    /// The processes of a selection in ascending priority: groups by priority, then processes by theirs.
    pub fn processes(&self, _selection: Selection) -> Vec<ProcessId> {
        Vec::new()
    }

    /// One process; `None` if it was removed.
    pub fn process_info(&self, _process: ProcessId, _now: Moment) -> Option<ProcessInfo<'_>> {
        None
    }

    /// Every process by group name, then process name.
    pub fn all_process_info(&self, _now: Moment) -> impl Iterator<Item = ProcessInfo<'_>> {
        std::iter::empty()
    }

    /// Every group in the order of their addition.
    pub fn groups(&self) -> impl Iterator<Item = GroupInfo<'_>> {
        std::iter::empty()
    }

    /// What became of the events for a pool; `None` if the group is none.
    pub fn pool_counters(&self, _group: GroupId) -> Option<PoolCounters> {
        None
    }
}
