//! Adding and removing groups while the daemon runs.

use crate::events::payload;
use crate::events::pool::Pool;
use crate::group::Group;
use crate::process::Process;
use crate::timers::Timer;
use crate::turn::Turn;
use crate::{
    Effects, EventKind, Fault, GroupId, GroupIds, GroupKind, GroupSpec, Moment, ProcessId, ProcessSpec,
    Supervisor, SupervisorState,
};
use std::sync::Arc;

impl Supervisor {
    /// Activates a group: from now on its pool buffers events, and once the main loop has begun its
    /// `autostart` programs are started.
    ///
    /// Fails with `AlreadyAdded`, or with `ShutdownState` while everything stops.
    pub fn add_group(
        &mut self,
        spec: GroupSpec,
        now: Moment,
        effects: &mut Effects,
    ) -> Result<GroupIds, Fault> {
        if self.state < SupervisorState::Running {
            return Err(Fault::ShutdownState);
        }
        if self.groups.named(&spec.name).is_some() {
            return Err(Fault::AlreadyAdded(spec.name.to_string()));
        }
        let turn = &mut Turn { now, effects };
        let name = spec.name;
        let group = GroupId(self.next_group);
        self.next_group += 1;
        let processes: Vec<ProcessId> = spec
            .processes
            .into_iter()
            .map(|process| self.create(process, group, &name, &spec.kind))
            .collect();
        let members = processes.iter().filter_map(|id| self.processes.get(*id));
        let members = members.map(|process| (process.id, process.name.clone(), process.policy.priority));
        self.groups.insert(Group::new(group, name.clone(), spec.priority, members));
        match spec.kind {
            GroupKind::Programs => {}
            GroupKind::EventListeners { buffer_size, events, length } => {
                let pool = Pool::new(group, name.clone(), events, buffer_size, length);
                self.bus.add_pool(pool, &mut self.timers, now);
            }
        }
        self.bus.emit(EventKind::ProcessGroupAdded, || payload::of_group(&name), turn);
        if self.is_started {
            self.autostart(group, turn);
        }
        self.end_turn(turn);
        Ok(GroupIds { group, processes })
    }

    /// Removes a group all of whose processes have stopped; returns what its numbers were.
    ///
    /// Fails with `BadName`, `StillRunning`, or `ShutdownState` while everything stops.
    pub fn remove_group(
        &mut self,
        name: &str,
        now: Moment,
        effects: &mut Effects,
    ) -> Result<GroupIds, Fault> {
        if self.state < SupervisorState::Running {
            return Err(Fault::ShutdownState);
        }
        let group = self.groups.named(name).ok_or_else(|| Fault::BadName(name.to_owned()))?;
        if group.active > 0 {
            return Err(Fault::StillRunning(name.to_owned()));
        }
        let turn = &mut Turn { now, effects };
        let id = group.id;
        let processes = self.groups.remove(id).map(|group| group.processes().to_vec()).unwrap_or_default();
        for process in &processes {
            self.resolve_remaining(*process, turn);
            self.timers.set(Timer::Process(*process), None);
            self.processes.remove(*process);
        }
        self.log_discarded(id, turn);
        self.bus.remove_pool(id, &mut self.timers, now);
        self.bus.emit(EventKind::ProcessGroupRemoved, || payload::of_group(name), turn);
        self.end_turn(turn);
        Ok(GroupIds { group: id, processes })
    }

    fn create(
        &mut self,
        spec: ProcessSpec,
        group: GroupId,
        group_name: &Arc<str>,
        kind: &GroupKind,
    ) -> ProcessId {
        let id = ProcessId(self.next_process);
        self.next_process += 1;
        let process = Process::new(id, spec, group, Arc::clone(group_name), kind);
        self.processes.insert(process);
        id
    }
}
