//! The state of the supervisor as bytes, so that another version of the daemon can take over where this one stopped.
//!
//! Everything that decides something is written. Each type declares its encoding beside its definition ([`codec`]) by an
//! exhaustive pattern, so that a new field does not compile before it is encoded. What follows from other values (ranks, look-up
//! tables, counts) is derived again. The bytes begin with a magic text and a version; a reader that does not know the version
//! fails before anything is given up.

pub(crate) mod codec;
mod values;

use crate::group::{Group, Groups};
use crate::process::Process;
use crate::process::state::State;
use crate::process::table::Processes;
use crate::timers::{Timer, TimerQueue};
use crate::{GroupId, ProcessId, Supervisor};
use codec::{Codec, Reader};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

const MARK: &[u8] = b"supervisor state\n";
const VERSION: u32 = 1;

/// Why bytes could not be read as a supervisor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// They are something else.
    NotAState,
    /// They have a version that this program does not read.
    UnknownVersion(u32),
    /// They were cut short or changed.
    Damaged {
        /// The byte at which it was noticed.
        offset: usize,
        /// What is wrong there.
        what: &'static str,
    },
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAState => f.write_str("not a saved supervisor state"),
            Self::UnknownVersion(version) => {
                write!(
                    f,
                    "saved supervisor state has version {version}, this program reads version {VERSION}"
                )
            }
            Self::Damaged { offset, what } => {
                write!(f, "saved supervisor state is damaged at byte {offset}: {what}")
            }
        }
    }
}

impl std::error::Error for DecodeError {}

/// A group as it is written out.
#[derive(Debug)]
struct SavedGroup {
    id: GroupId,
    name: Arc<str>,
    priority: i64,
    processes: Vec<ProcessId>,
}

codec::codec_struct!(SavedGroup { id, name, priority, processes });

impl Supervisor {
    /// Its whole state. Best taken while no effect awaits an answer from another thread, because threads do not outlive the
    /// program.
    pub fn encode(&self) -> Vec<u8> {
        let Self {
            identifier,
            state,
            is_started,
            groups,
            processes,
            next_group,
            next_process,
            children: _,
            spawns_in_flight: _,
            unclaimed_exits,
            pending_starts,
            pending_requests,
            bus,
            shutdown,
            timers,
        } = self;
        let mut out = MARK.to_vec();
        VERSION.write(&mut out);
        identifier.write(&mut out);
        state.write(&mut out);
        is_started.write(&mut out);
        groups.all.values().map(|group| SavedGroup::of(group)).collect::<Vec<_>>().write(&mut out);
        codec::write_all(processes.values(), &mut out);
        next_group.write(&mut out);
        next_process.write(&mut out);
        unclaimed_exits.write(&mut out);
        pending_starts.write(&mut out);
        pending_requests.write(&mut out);
        bus.write(&mut out);
        shutdown.write(&mut out);
        timers.pending().write(&mut out);
        out
    }

    /// The supervisor these bytes were made from, down to the last timer.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let bytes = bytes.strip_prefix(MARK).ok_or(DecodeError::NotAState)?;
        let input = &mut Reader::new(bytes);
        let version = u32::read(input)?;
        if version != VERSION {
            return Err(DecodeError::UnknownVersion(version));
        }
        let (identifier, state, is_started) = (Codec::read(input)?, Codec::read(input)?, Codec::read(input)?);
        let groups = Vec::<SavedGroup>::read(input)?;
        let processes = Vec::<Process>::read(input)?;
        let mut supervisor = Self {
            identifier,
            state,
            is_started,
            groups: Groups::default(),
            processes: Processes::default(),
            next_group: Codec::read(input)?,
            next_process: Codec::read(input)?,
            children: BTreeMap::new(),
            spawns_in_flight: 0,
            unclaimed_exits: Codec::read(input)?,
            pending_starts: Codec::read(input)?,
            pending_requests: Codec::read(input)?,
            bus: Codec::read(input)?,
            shutdown: Codec::read(input)?,
            timers: TimerQueue::default(),
        };
        for (timer, at) in BTreeMap::<Timer, Duration>::read(input)? {
            supervisor.timers.set(timer, Some(at));
        }
        if !input.is_at_end() {
            return Err(input.corrupt("there is more than a state"));
        }
        supervisor.rebuild_derived(groups, processes).map_err(|what| input.corrupt(what))?;
        Ok(supervisor)
    }

    /// Derives what was not written, and checks that all of it is consistent.
    fn rebuild_derived(
        &mut self,
        groups: Vec<SavedGroup>,
        processes: Vec<Process>,
    ) -> Result<(), &'static str> {
        self.processes = processes.into_iter().collect();
        let mut placed = BTreeSet::new();
        for group in groups {
            if !group.processes.iter().all(|id| placed.insert(*id)) {
                return Err("a process is in two groups");
            }
            self.rebuild_group(group)?;
        }
        if placed.len() != self.processes.len() {
            return Err("a process is in no group");
        }
        if self.groups.all.keys().any(|id| id.0 >= self.next_group)
            || placed.iter().any(|id| id.0 >= self.next_process)
        {
            return Err("a number would be given out again");
        }
        for process in self.processes.values() {
            if matches!(process.state, State::Spawning { .. }) {
                self.spawns_in_flight += 1;
            }
            if let Some(pid) = process.state.pid()
                && self.children.insert(pid, process.id).is_some()
            {
                return Err("two processes have the same pid");
            }
        }
        for pool in self.bus.pools.values_mut() {
            pool.name = self.groups.all.get(&pool.group).ok_or("a pool is no group")?.name.clone();
        }
        self.bus.update_subscriptions();
        for id in self.processes.values().map(|process| process.id).collect::<Vec<_>>() {
            self.update_ready_member(id);
        }
        Ok(())
    }

    fn rebuild_group(&mut self, saved: SavedGroup) -> Result<(), &'static str> {
        let SavedGroup { id, name, priority, processes } = saved;
        let mut members = Vec::with_capacity(processes.len());
        let mut active = 0;
        for member in processes {
            let process = self.processes.get_mut(member).filter(|process| process.group == id);
            let process = process.ok_or("a member of a group is missing")?;
            process.group_name = name.clone();
            active += usize::from(!process.state.is_at_rest());
            members.push((member, process.name.clone(), process.policy.priority));
        }
        let mut group = Group::new(id, name, priority, members.into_iter());
        group.active = active;
        self.groups.insert(group);
        Ok(())
    }
}

impl SavedGroup {
    fn of(group: &Group) -> Self {
        let Group { id, name, priority, members: _, active: _ } = group;
        Self { id: *id, name: Arc::clone(name), priority: *priority, processes: group.processes().to_vec() }
    }
}
