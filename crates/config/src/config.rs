//! The typed configuration: what a file, its includes and the command line together say.

use crate::environment::Environment;
use crate::host::Account;
use crate::value::host_in_url;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use supervisor_core::{EventLength, Level, Policy};

/// A whole configuration. A pure value: reading the same files again gives an equal one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The main file, as `-c` named it or as the search found it.
    pub path: PathBuf,
    /// The absolute directory of the main file; `%(here)s` in it.
    pub here: PathBuf,
    /// The `[supervisord]` section under the command line.
    pub supervisord: Supervisord,
    /// Every group, in the order of (priority, name) in which they start. Shared, so that whoever runs a group need
    /// not have a copy.
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

/// The `[supervisord]` section, command-line options laid over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervisord {
    /// Soft limit of open files to insist on.
    pub minfds: u64,
    /// Soft limit of processes to insist on.
    pub minprocs: u64,
    /// Where to go when daemonizing.
    pub directory: Option<PathBuf>,
    /// Whom to become at start.
    pub user: Option<Account>,
    /// File creation mask when daemonizing.
    pub umask: u32,
    /// The main log. A path is absolute.
    pub logfile: LogTarget,
    /// Bytes at which the main log rotates; 0: never.
    pub logfile_maxbytes: u64,
    /// Rotated main logs to keep.
    pub logfile_backups: u32,
    /// What the main log takes.
    pub loglevel: Level,
    /// The pid file, an absolute path.
    pub pidfile: PathBuf,
    /// This instance's name in events, AUTO log names and `getIdentification`.
    pub identifier: String,
    /// Stay in the foreground.
    pub nodaemon: bool,
    /// No copy of the log on stdout in the foreground.
    pub silent: bool,
    /// Where AUTO child logs go.
    pub childlogdir: PathBuf,
    /// Keep AUTO child logs of earlier runs.
    pub nocleanup: bool,
    /// Remove terminal escapes from child output.
    pub strip_ansi: bool,
    /// Under every program's own environment. Already merged into each [`Process::environment`].
    pub environment: Environment,
}

/// Where the main log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTarget {
    /// To syslog(3).
    Syslog,
    /// To this file.
    Path(PathBuf),
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

/// What a group of event listeners shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerPool {
    /// Events kept while no listener is ready; at least 1.
    pub buffer_size: u32,
    /// Names of the event types subscribed to, sorted, each once, all from [`crate::EVENT_NAMES`].
    pub events: Vec<&'static str>,
    /// What `len` of an event counts.
    pub length: EventLength,
    /// The importable name of the function that judges results; always upstream's default one.
    pub result_handler: String,
}

/// The listening socket FastCGI processes share as descriptor 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FastCgiSocket {
    /// Where it listens.
    pub address: FastCgiAddress,
    /// Owner of a Unix socket's file: as written, else the program's user and that one's primary group when that
    /// is not the user supervisord runs as.
    pub owner: Option<Owner>,
    /// Permission bits of a Unix socket's file.
    pub mode: u32,
    /// Length of the accept queue, 1..=65535; `None`: the system's maximum.
    pub backlog: Option<u16>,
}

impl FastCgiSocket {
    /// The address as upstream shows it: `unix:///path` or `tcp://host:port`.
    pub fn url(&self) -> OsString {
        match &self.address {
            FastCgiAddress::Unix(path) => {
                let mut url = OsString::from("unix://");
                url.push(path);
                url
            }
            FastCgiAddress::Tcp { host, port } => format!("tcp://{}:{port}", host_in_url(host)).into(),
        }
    }
}

/// Where a FastCGI socket listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FastCgiAddress {
    /// At a path, absolute and normalised.
    Unix(PathBuf),
    /// At a TCP port.
    Tcp {
        /// Host name or address, lower case; an IPv6 address without brackets.
        host: String,
        /// Port.
        port: u16,
    },
}

/// User and group to give a socket file to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// User id.
    pub uid: u32,
    /// Group id; `None`: leave the group as it is.
    pub gid: Option<u32>,
}

/// One process: one of the `numprocs` copies of a program. There are thousands, and what others need of one they
/// share with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The name after the colon in `group:process`.
    pub name: Arc<str>,
    /// The name of its group.
    pub group: Arc<str>,
    /// What the state machine needs to know; one for all processes with the same options.
    pub policy: Arc<Policy>,
    /// Whom the child becomes; `None`: it stays what supervisord is.
    pub uid: Option<u32>,
    /// The command line, expanded but not yet split; [`crate::words::split`] splits it at spawn.
    pub command: Vec<u8>,
    /// Where the child goes before exec.
    pub directory: Option<PathBuf>,
    /// The child's file creation mask; `None`: supervisord's.
    pub umask: Option<u32>,
    /// What becomes of standard output.
    pub stdout: StreamLog,
    /// What becomes of standard error; no log file with `redirect_stderr`.
    pub stderr: StreamLog,
    /// Standard error goes into the pipe of standard output.
    pub redirect_stderr: bool,
    /// All variables the configuration sets, the program's over those of `[supervisord]`. The child's whole
    /// environment is supervisord's own, then these, then the `SUPERVISOR_*` ones.
    pub environment: Environment,
    /// `SUPERVISOR_SERVER_URL`; `None`: AUTO, that is [`Config::server_url`].
    pub serverurl: Option<OsString>,
    /// The shared socket of an `[fcgi-program:x]`, also of one that a `[group:x]` lists.
    pub socket: Option<Arc<FastCgiSocket>>,
}

/// What becomes of one output stream of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamLog {
    /// Where it is written.
    pub logfile: LogFile,
    /// Bytes at which the file rotates; 0: never.
    pub maxbytes: u64,
    /// Rotated files to keep; 0: the file is emptied instead.
    pub backups: u32,
    /// Each line also goes to syslog.
    pub syslog: bool,
    /// Most bytes of one tagged message; 0: tags are not looked for.
    pub capture_maxbytes: u64,
    /// Each chunk becomes a `PROCESS_LOG` event.
    pub events_enabled: bool,
}

/// Where a child's output is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogFile {
    /// Nowhere.
    None,
    /// To a file in `childlogdir` that supervisord names and removes.
    Auto,
    /// To this file, as written; a relative one starts at supervisord's working directory.
    Path(Arc<Path>),
}

/// One `[inet_http_server…]` or `[unix_http_server…]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The whole name of its section.
    pub section: String,
    /// Where it listens.
    pub address: ServerAddress,
    /// What a client must show; `None`: nothing.
    pub credentials: Option<Credentials>,
    /// Names under which browsers may use an inet server, lower case: `name`, `.domain` with all below it, or `*`.
    pub allowed_hosts: Vec<String>,
}

/// Where an HTTP server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerAddress {
    /// At a TCP port.
    Inet {
        /// Host name or address, lower case; an IPv6 address without brackets; empty: every interface, by IPv4.
        host: String,
        /// Port.
        port: u16,
    },
    /// At a path.
    Unix {
        /// Absolute and normalised.
        path: PathBuf,
        /// Permission bits of the socket file.
        mode: u32,
        /// Whom the socket file is given to.
        owner: Option<Owner>,
    },
}

/// User name and password of HTTP Basic authentication.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Never empty.
    pub username: Vec<u8>,
    /// Clear text, or `{SHA}` and the SHA-1 of the password in 40 hexadecimal digits.
    pub password: Vec<u8>,
}

impl std::fmt::Debug for Credentials {
    /// Hides both: configurations end up in logs and test output.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials { .. }")
    }
}

/// One `[rpcinterface:x]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RpcInterface {
    /// The namespace `x` of its methods.
    pub name: String,
    /// The importable name of the factory; always upstream's main one.
    pub factory: String,
    /// The other options of the section, in file order, those of `[DEFAULT]` last. The main factory takes none: a
    /// daemon that starts with some must refuse with `Could not make <name> rpc interface`.
    pub options: Vec<(String, Vec<u8>)>,
}

/// A line for the main log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How grave.
    pub severity: Severity,
    /// The line.
    pub text: String,
}

/// How grave a [`Message`] is.
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
    fn a_program_and_its_group_are_small() {
        assert_eq!(size_of::<Process>(), 264);
        assert_eq!(size_of::<Group>(), 64);
    }
}
