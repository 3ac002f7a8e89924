//! Every process by its number.

use crate::ProcessId;
use crate::process::Process;
use std::collections::BTreeMap;

/// The processes of all groups. Each has its own place in memory: a tree of them leaves nearly half of its room
/// unused when numbers come in ascending order, and a process is large.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Processes(BTreeMap<ProcessId, Box<Process>>);

impl Processes {
    pub(crate) fn get(&self, id: ProcessId) -> Option<&Process> {
        self.0.get(&id).map(Box::as_ref)
    }

    pub(crate) fn get_mut(&mut self, id: ProcessId) -> Option<&mut Process> {
        self.0.get_mut(&id).map(Box::as_mut)
    }

    pub(crate) fn insert(&mut self, process: Process) {
        self.0.insert(process.id, Box::new(process));
    }

    pub(crate) fn remove(&mut self, id: ProcessId) {
        self.0.remove(&id);
    }

    /// In the order of their numbers.
    pub(crate) fn values(&self) -> impl ExactSizeIterator<Item = &Process> {
        self.0.values().map(Box::as_ref)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }
}

impl FromIterator<Process> for Processes {
    fn from_iter<I: IntoIterator<Item = Process>>(processes: I) -> Self {
        Self(processes.into_iter().map(|process| (process.id, Box::new(process))).collect())
    }
}
