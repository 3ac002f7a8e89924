//! What a new configuration changes: `reread` and `update`.
//!
//! Two processes are equal when every setting is, with one exception of upstream's: a log file that is AUTO in the
//! new configuration is not compared. A change from AUTO to a file or to none is seen, one *to* AUTO is not: the
//! running side has an actual file by then, and upstream cannot tell it from one it chose itself.

use crate::config::Group;
use crate::section::program::process::Process;
use crate::section::program::stream::{LogFile, StreamLog};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Names of groups that differ between the running configuration and a new one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// New names, in the order of the new configuration.
    pub added: Vec<String>,
    /// Names on both sides with different settings, in the order of the new configuration.
    pub changed: Vec<String>,
    /// Names that are gone, in the order of the running configuration.
    pub removed: Vec<String>,
}

/// Compares what runs with what a file now says.
pub fn diff(running: &[Arc<Group>], new: &[Arc<Group>]) -> Diff {
    let old_by_name: HashMap<&str, &Group> = running.iter().map(|group| (&*group.name, &**group)).collect();
    let new_names: HashSet<&str> = new.iter().map(|group| &*group.name).collect();
    let mut result = Diff::default();
    for group in new {
        match old_by_name.get(&*group.name) {
            None => result.added.push(group.name.to_string()),
            Some(old) if !old.equal_for_reread(group) => result.changed.push(group.name.to_string()),
            Some(_) => {}
        }
    }
    let gone = running.iter().filter(|old| !new_names.contains(&*old.name));
    result.removed = gone.map(|old| old.name.to_string()).collect();
    result
}

impl Group {
    /// Whether this running group may stay as it is when the file now says `new`: same kind, priority, processes,
    /// and for listeners and FastCGI all they share.
    pub fn equal_for_reread(&self, new: &Self) -> bool {
        self.name == new.name
            && self.priority == new.priority
            && self.kind == new.kind
            && self.processes.len() == new.processes.len()
            && self.processes.iter().zip(&new.processes).all(|(old, new)| old.equal_for_reread(new))
    }
}

impl Process {
    /// Whether this running process may stay as it is when the file now says `new`: every field is equal, but for log
    /// files of which the new side says AUTO.
    pub fn equal_for_reread(&self, new: &Self) -> bool {
        self == new || {
            let (stdout, stderr) =
                (self.stdout.seen_beside(&new.stdout), self.stderr.seen_beside(&new.stderr));
            Self { stdout, stderr, ..self.clone() } == *new
        }
    }
}

impl StreamLog {
    /// The same with its file taken for AUTO if that is what the other one has.
    fn seen_beside(&self, new: &Self) -> Self {
        let logfile = if new.logfile == LogFile::Auto { LogFile::Auto } else { self.logfile.clone() };
        Self { logfile, ..self.clone() }
    }
}
