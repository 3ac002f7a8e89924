//! Processes under one name, and the orders they are taken in.

mod activation;

use crate::{EventLength, EventSet, GroupId, GroupInfo, Policy, ProcessId};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A group as the configuration wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupSpec {
    /// Its name.
    pub name: Arc<str>,
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
    /// Programs, `FastCGI` ones included: their shared socket is the daemon's matter.
    Programs,
    /// A pool of event listeners.
    EventListeners {
        /// How many events may wait; at least 1.
        buffer_size: usize,
        /// What it subscribes to.
        events: EventSet,
        /// What `len` counts for it.
        length: EventLength,
    },
}

/// A process as the configuration wants it, as far as decisions depend on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessSpec {
    /// Its name within the group.
    pub name: Arc<str>,
    /// The options that decide.
    pub policy: Arc<Policy>,
}

/// The numbers given to a group that was added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupIds {
    /// The group's.
    pub group: GroupId,
    /// Its processes', in the order of the specification.
    pub processes: Vec<ProcessId>,
}

/// One active group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Group {
    pub(crate) id: GroupId,
    pub(crate) name: Arc<str>,
    pub(crate) priority: i64,
    pub(crate) members: Members,
    /// How many of its processes are not at rest.
    pub(crate) active: usize,
}

/// The processes of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Members {
    /// One, as nearly every group has; it needs no order.
    One(Arc<str>, ProcessId),
    Many(Box<Orders>),
}

/// The processes of a group in each order they are taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Orders {
    /// In the order of the configuration.
    listed: Vec<ProcessId>,
    /// By priority, ties in the order of the configuration.
    by_priority: Vec<ProcessId>,
    /// Sorted by name, each once.
    by_name: Vec<(Arc<str>, ProcessId)>,
}

impl Group {
    /// A group all of whose processes are at rest. Each process comes with its name and priority.
    pub(crate) fn new(
        id: GroupId,
        name: Arc<str>,
        priority: i64,
        members: impl Iterator<Item = (ProcessId, Arc<str>, i64)>,
    ) -> Self {
        Self { id, name, priority, members: Members::of(members.collect()), active: 0 }
    }

    /// Counts a process that was active or not and now is or is not.
    pub(crate) fn count_active(&mut self, was_active: bool, is_active: bool) {
        match (was_active, is_active) {
            (false, true) => self.active += 1,
            (true, false) => self.active -= 1,
            (true, true) | (false, false) => {}
        }
    }

    /// Its processes in the order of the configuration.
    pub(crate) fn processes(&self) -> &[ProcessId] {
        match &self.members {
            Members::One(_, id) => std::slice::from_ref(id),
            Members::Many(orders) => &orders.listed,
        }
    }

    /// Its processes by priority, ties in the order of the configuration.
    pub(crate) fn by_priority(&self) -> &[ProcessId] {
        match &self.members {
            Members::One(_, id) => std::slice::from_ref(id),
            Members::Many(orders) => &orders.by_priority,
        }
    }

    /// The process of this name.
    pub(crate) fn named(&self, name: &str) -> Option<ProcessId> {
        match &self.members {
            Members::One(known, id) => (**known == *name).then_some(*id),
            Members::Many(orders) => {
                let place = orders.by_name.binary_search_by(|(known, _)| (**known).cmp(name)).ok()?;
                orders.by_name.get(place).map(|&(_, id)| id)
            }
        }
    }

    /// Its processes by name.
    pub(crate) fn sorted(&self) -> impl Iterator<Item = ProcessId> {
        let (one, many) = match &self.members {
            Members::One(_, id) => (Some(*id), &[][..]),
            Members::Many(orders) => (None, &orders.by_name[..]),
        };
        one.into_iter().chain(many.iter().map(|&(_, id)| id))
    }

    /// What clients see of it.
    pub(crate) fn info(&self) -> GroupInfo<'_> {
        GroupInfo { id: self.id, name: &self.name, priority: self.priority, processes: self.processes() }
    }
}

impl Members {
    fn of(mut members: Vec<(ProcessId, Arc<str>, i64)>) -> Self {
        if members.len() == 1
            && let Some((id, name, _)) = members.pop()
        {
            return Self::One(name, id);
        }
        let listed = members.iter().map(|&(id, ..)| id).collect();
        let by_name: BTreeMap<_, _> = members.iter().map(|(id, name, _)| (name.clone(), *id)).collect();
        members.sort_by_key(|&(_, _, priority)| priority);
        Self::Many(Box::new(Orders {
            listed,
            by_priority: members.into_iter().map(|(id, ..)| id).collect(),
            by_name: by_name.into_iter().collect(),
        }))
    }
}

/// Every active group, found by number, name and rank.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Groups {
    /// In the order of their addition, which is that of their numbers. Each in a place of its own: a tree reserves room
    /// for twice as many as it has.
    pub(crate) all: BTreeMap<GroupId, Box<Group>>,
    pub(crate) by_name: BTreeMap<Arc<str>, GroupId>,
    /// By priority, ties in the order of their addition.
    pub(crate) by_priority: Vec<GroupId>,
}

impl Groups {
    pub(crate) fn named(&self, name: &str) -> Option<&Group> {
        self.by_name.get(name).and_then(|id| self.all.get(id)).map(Box::as_ref)
    }

    pub(crate) fn insert(&mut self, group: Group) {
        let rank = self
            .by_priority
            .partition_point(|id| self.all.get(id).is_some_and(|other| other.priority <= group.priority));
        self.by_priority.insert(rank, group.id);
        self.by_name.insert(group.name.clone(), group.id);
        self.all.insert(group.id, Box::new(group));
    }

    pub(crate) fn remove(&mut self, id: GroupId) -> Option<Box<Group>> {
        let group = self.all.remove(&id)?;
        self.by_name.remove(&group.name);
        self.by_priority.retain(|other| *other != id);
        Some(group)
    }

    /// Groups by priority.
    pub(crate) fn ranked(&self) -> impl Iterator<Item = &Group> {
        self.by_priority.iter().filter_map(|id| self.all.get(id)).map(Box::as_ref)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(id: u64, priority: i64) -> Group {
        Group::new(GroupId(id), format!("g{id}").into(), priority, std::iter::empty())
    }

    fn ranks(groups: &Groups) -> Vec<u64> {
        groups.ranked().map(|group| group.id.0).collect()
    }

    /// PROC-13: ties keep the order of addition, later additions come last.
    #[test]
    fn groups_are_ranked_by_priority_then_by_addition() {
        let mut groups = Groups::default();
        for (id, priority) in [(1, 5), (2, 1), (3, 5), (4, -1), (5, 1)] {
            groups.insert(group(id, priority));
        }
        assert_eq!(ranks(&groups), [4, 2, 5, 1, 3]);
        groups.remove(GroupId(2));
        groups.insert(group(6, 1));
        assert_eq!(ranks(&groups), [4, 5, 6, 1, 3]);
        assert_eq!(groups.named("g6").map(|group| group.id), Some(GroupId(6)));
        assert_eq!(groups.named("g2"), None);
    }

    /// PROC-14a.
    #[test]
    fn processes_are_ranked_by_priority_then_as_listed() {
        let members = [(1, "x", 20), (2, "y", 10), (3, "w", 20)];
        let members = members.into_iter().map(|(id, name, priority)| (ProcessId(id), name.into(), priority));
        let group = Group::new(GroupId(1), "g".into(), 5, members);
        assert_eq!(group.processes(), [ProcessId(1), ProcessId(2), ProcessId(3)]);
        assert_eq!(group.by_priority(), [ProcessId(2), ProcessId(1), ProcessId(3)]);
    }
}
