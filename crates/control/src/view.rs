//! What there is to see of a running supervisor, borrowed from where it is.

use crate::{Fault, Feed, LogName};
use std::path::{Path, PathBuf};
use supervisor_config::{Group, Process};
use supervisor_core::{Moment, Mood, Pid, ProcessId, ProcessInfo};
use supervisor_log::FollowKey;

/// The state of supervision at one moment. Only an [`Inspection`](crate::Inspection) gets to see one.
pub trait View {
    /// The moment.
    fn now(&self) -> Moment;

    /// Who supervisord is and what it is doing.
    fn identity(&self) -> Identity<'_>;

    /// The process that a client means by `name` or `group:name`; `group:*` means none. Fault 10.
    fn process(&self, name: &str) -> Result<ProcessInfo<'_>, Fault>;

    /// Every process by group name, then process name.
    fn processes(&self) -> Box<dyn Iterator<Item = ProcessInfo<'_>> + '_>;

    /// How many of them there are.
    fn process_count(&self) -> usize;

    /// The files that the outputs of a process are written to. A look-up of its own for each process, so that who lists
    /// thousands of them without their logs does not pay for it.
    fn log_paths(&self, process: ProcessId) -> LogPaths<'_>;

    /// Where a log is. Fault 10.
    fn log(&self, log: &LogName) -> Result<LogLocation, Fault>;

    /// The programs of the configuration last read, by process name.
    fn programs(&self) -> Vec<ProgramView<'_>>;

    /// What changed lately, and the serial number of the last change.
    fn feed(&self) -> &Feed;
}

impl dyn View + '_ {
    /// Fault 6 while everything stops.
    pub fn check_running(&self) -> Result<(), Fault> {
        match self.identity().state {
            Mood::Running => Ok(()),
            Mood::Shutdown | Mood::Restarting => Err(Fault::ShutdownState),
        }
    }
}

/// Who supervisord is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity<'a> {
    /// What it is doing.
    pub state: Mood,
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
    /// The files of its AUTO logs, which have names once the group was added as this configuration has it.
    pub auto_logs: LogPaths<'a>,
}

/// The files that the outputs of a process are written to; `None`: to no file, also stderr with `redirect_stderr`.
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
    /// The file; `None` if the output goes to none (also stderr with `redirect_stderr`).
    pub path: Option<PathBuf>,
    /// What the pump calls it.
    pub key: FollowKey,
}
