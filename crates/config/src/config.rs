//! The typed configuration: what a file, its includes and the command line together say.

use crate::section::fcgi_program::FastCgiSocket;
use crate::section::http::Server;
use crate::section::listener::ListenerPool;
use crate::section::program::process::Process;
use crate::section::rpcinterface::RpcInterface;
use crate::section::supervisord::Supervisord;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A whole configuration. A pure value: reading the same files again gives an equal one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The main file, as `-c` named it or as the search found it.
    pub path: PathBuf,
    /// The absolute directory of the main file; `%(here)s` in it.
    pub here: PathBuf,
    /// The `[supervisord]` section under the command line.
    pub supervisord: Supervisord,
    /// Every group, in the order of (priority, name) in which they start. Shared, so that
    /// running a group takes no copy.
    pub groups: Vec<Arc<Group>>,
    /// The HTTP servers: inet ones in file order, then unix ones.
    pub servers: Vec<Server>,
    /// The `[rpcinterface:x]` sections, in file order.
    pub rpcinterfaces: Vec<RpcInterface>,
    /// `SUPERVISOR_SERVER_URL` of children whose `serverurl` is AUTO; `None` without any server.
    pub server_url: Option<OsString>,
    /// What to log once there is a log, the most severe first.
    pub messages: Vec<Message>,
}

/// Processes under one name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The name before the colon in `group:process`.
    pub name: Arc<str>,
    /// Order among groups; low starts first and stops last.
    pub priority: i64,
    /// What sort of group.
    pub kind: GroupKind,
    /// Its processes, in starting order; their names differ.
    pub processes: Vec<Arc<Process>>,
}

/// What sort of group, and what it has beyond its processes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupKind {
    /// From `[program:x]` or `[group:x]`.
    Program,
    /// From `[eventlistener:x]`.
    EventListener(Box<ListenerPool>),
    /// From `[fcgi-program:x]`.
    FastCgi(Arc<FastCgiSocket>),
}

/// A line for the main log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How severe it is.
    pub severity: Severity,
    /// The line.
    pub text: String,
}

/// The severity of a [`Message`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Log it as CRIT.
    Critical,
    /// Log it as WARN.
    Warning,
    /// Log it as INFO.
    Info,
    /// Log it as DEBG.
    Debug,
}

impl Group {
    /// The process of this name.
    pub fn process(&self, name: &str) -> Option<&Process> {
        self.processes.iter().map(Arc::as_ref).find(|process| *process.name == *name)
    }
}

impl Config {
    /// The group of this name.
    pub fn group(&self, name: &str) -> Option<&Arc<Group>> {
        self.groups.iter().find(|group| *group.name == *name)
    }

    /// The main file made absolute against the directory the program was started in.
    pub fn absolute_path(&self, startup: &Path) -> PathBuf {
        startup.join(&self.path)
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;

    /// A daemon has thousands: 16 bytes more here are 16 KB with a thousand programs.
    #[test]
    fn a_group_is_small() {
        assert!(size_of::<Group>() <= 64);
    }
}
