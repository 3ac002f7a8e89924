//! The readable state of a running supervisor, borrowed from its owner.

use crate::{Fault, Feed, LogName};
use std::path::{Path, PathBuf};
use supervisor_config::{Group, Process};
use supervisor_core::{Moment, Pid, ProcessId, ProcessInfo, SupervisorState};
use supervisor_log::FollowKey;

/// The state of supervision at one moment, as an [`Inspection`](crate::Inspection) reads it.
pub trait View {
    /// The moment.
    fn now(&self) -> Moment;

    /// What supervisord is doing.
    fn state(&self) -> SupervisorState;

    /// supervisord itself.
    fn identity(&self) -> Identity<'_>;

    /// The process that a client calls `name` or `group:name`; `group:*` is no process. Fault 10.
    fn process(&self, name: &str) -> Result<ProcessInfo<'_>, Fault>;

    /// Every process by group name, then process name.
    fn processes(&self) -> Box<dyn Iterator<Item = ProcessInfo<'_>> + '_>;

    /// The number of processes.
    fn process_count(&self) -> usize;

    /// The log files of a process. A separate look-up, so that a list of thousands of processes without their logs does not pay
    /// for it.
    fn log_paths(&self, process: ProcessId) -> LogPaths<'_>;

    /// Where a log is. Fault 10.
    fn log(&self, log: &LogName) -> Result<LogLocation, Fault>;

    /// The programs of the configuration last read, by process name.
    fn programs(&self) -> Vec<ProgramView<'_>>;

    /// The recent changes, and the serial number of the last one.
    fn feed(&self) -> &Feed;
}

impl dyn View + '_ {
    /// Fault 6 unless the supervisor is running.
    pub fn check_running(&self) -> Result<(), Fault> {
        match self.state() {
            SupervisorState::Running => Ok(()),
            SupervisorState::Shutdown | SupervisorState::Restarting => Err(Fault::ShutdownState),
        }
    }
}

/// supervisord itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity<'a> {
    /// What it is doing.
    pub state: SupervisorState,
    /// `identifier`.
    pub identifier: &'a str,
    /// Its process id.
    pub pid: Pid,
}

/// The configuration of one process, as it was last read.
#[derive(Clone, Copy, Debug)]
pub struct ProgramView<'a> {
    /// Its group.
    pub group: &'a Group,
    /// Its own.
    pub process: &'a Process,
    /// A group of this name is active.
    pub is_active: bool,
    /// The files of its AUTO logs; they have names once the group was added from this configuration.
    pub auto_logs: LogPaths<'a>,
}

/// The log files of a process; `None` if an output has none, as stderr with `redirect_stderr`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LogPaths<'a> {
    /// Standard output.
    pub stdout: Option<&'a Path>,
    /// Standard error.
    pub stderr: Option<&'a Path>,
}

/// Where a log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLocation {
    /// The file; `None` if there is none.
    pub path: Option<PathBuf>,
    /// What the pump calls it.
    pub key: FollowKey,
}
