//! Queries: reading the supervisor without changing it.

use crate::group::Group;
use crate::process::state::State;
use crate::{
    EventKind, Fault, GroupId, GroupInfo, Moment, Namespec, PoolCounters, ProcessId, ProcessInfo, Selection,
    Supervisor, SupervisorState, Target,
};

impl Supervisor {
    /// The state of the supervisor itself.
    pub fn state(&self) -> SupervisorState {
        self.state
    }

    /// Its name in events.
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// Whether any pool subscribes to events of this kind. If not, the facts behind them need not be fed.
    pub fn wants(&self, kind: EventKind) -> bool {
        self.bus.wants(kind)
    }

    /// Finds what a client's `name`, `group:name` or `group:*` means.
    pub fn resolve(&self, name: &str) -> Result<Selection, Fault> {
        let spec = Namespec::parse(name);
        let found = self.groups.named(spec.group).and_then(|group| match spec.process {
            None => Some(Selection::Group(group.id)),
            Some(process) => group.named(process).map(Selection::Process),
        });
        found.ok_or_else(|| Fault::BadName(name.to_owned()))
    }

    /// Finds a group by its bare name.
    pub fn group_named(&self, name: &str) -> Result<GroupId, Fault> {
        self.groups.named(name).map(|group| group.id).ok_or_else(|| Fault::BadName(name.to_owned()))
    }

    /// Resolves the target of a command.
    pub(crate) fn select(&self, target: &Target) -> Result<Selection, Fault> {
        match target {
            Target::Named(name) => self.resolve(name),
            Target::Group(name) => self.group_named(name).map(Selection::Group),
            Target::All => Ok(Selection::All),
        }
    }

    /// The processes of a selection that a start concerns, in ascending priority: one process always, of many only those that
    /// are not running.
    pub(crate) fn startable(&self, selection: Selection) -> Vec<ProcessId> {
        let mut processes = self.processes(selection);
        match selection {
            Selection::Process(_) => {}
            Selection::Group(_) | Selection::All => {
                processes.retain(|id| self.processes.get(*id).is_some_and(|p| !p.state.shown().is_running()));
            }
        }
        processes
    }

    /// The processes of a selection in ascending priority: groups by priority, then processes by theirs.
    pub fn processes(&self, selection: Selection) -> Vec<ProcessId> {
        match selection {
            Selection::Process(id) => vec![id],
            Selection::Group(id) => {
                self.groups.all.get(&id).map(|group| group.by_priority().to_vec()).unwrap_or_default()
            }
            Selection::All => self.groups.ranked().flat_map(Group::by_priority).copied().collect(),
        }
    }

    /// One process; `None` if it was removed.
    pub fn process_info(&self, process: ProcessId, now: Moment) -> Option<ProcessInfo<'_>> {
        self.processes.get(process).map(|process| process.info(now))
    }

    /// Whether a stop of this process is under way that is over only when its process group is empty. The end of its
    /// child must not be fed (`Input::Reaped`) before that; SIGKILL to the group is ordered in time.
    pub fn awaits_group_end(&self, process: ProcessId) -> bool {
        let process = self.processes.get(process);
        process.is_some_and(|it| matches!(it.state, State::Stopping { .. }) && it.policy.stops_group())
    }

    /// Every process by group name, then process name.
    pub fn all_process_info(&self, now: Moment) -> impl Iterator<Item = ProcessInfo<'_>> {
        let groups = self.groups.by_name.values().filter_map(|id| self.groups.all.get(id));
        groups.flat_map(|group| group.sorted()).filter_map(move |id| self.process_info(id, now))
    }

    /// Every group in the order of their addition.
    pub fn groups(&self) -> impl Iterator<Item = GroupInfo<'_>> {
        self.groups.all.values().map(|group| group.info())
    }

    /// The counters of a pool; `None` if the group is none.
    pub fn pool_counters(&self, group: GroupId) -> Option<PoolCounters> {
        let pool = self.bus.pools.get(&group)?;
        Some(PoolCounters { waiting: pool.waiting.len(), ..pool.counters })
    }
}
