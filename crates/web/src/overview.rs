//! All that the pages show of the processes, copied out of the supervisor at one moment.

use std::path::PathBuf;
use supervisor_control::{Serial, View};
use supervisor_core::{History, Moment, Pid, ProcessInfo, ProcessState, SupervisorState};
use supervisor_sys::clock;

/// All there is to see at one moment.
#[derive(Clone, Debug)]
pub(super) struct Overview {
    /// What the supervisor is doing.
    pub(super) state: SupervisorState,
    /// `identifier`.
    pub(super) identifier: String,
    /// supervisord's process id.
    pub(super) pid: Pid,
    /// The last change that is in it.
    pub(super) serial: Serial,
    /// The moment.
    pub(super) now: Moment,
    /// By group name, then process name.
    pub(super) processes: Vec<Process>,
}

/// One process.
#[derive(Clone, Debug)]
pub(super) struct Process {
    pub(super) name: String,
    pub(super) group: String,
    pub(super) state: ProcessState,
    /// Its child, if it has one.
    pub(super) pid: Option<Pid>,
    /// Last start, in seconds since the epoch; 0 if never.
    pub(super) start: i64,
    /// Last end, likewise.
    pub(super) stop: i64,
    /// Why its last start went wrong; empty if it did not.
    pub(super) spawn_error: String,
    /// What XML-RPC says in `description`.
    pub(super) description: String,
    pub(super) stdout_log: Option<PathBuf>,
    pub(super) stderr_log: Option<PathBuf>,
    /// How it has fared.
    pub(super) history: History,
}

impl Overview {
    /// Copies everything.
    pub(super) fn of(view: &dyn View) -> Self {
        let identity = view.identity();
        let mut processes = Vec::with_capacity(view.process_count());
        processes.extend(view.processes().map(|info| Process::of(view, &info)));
        Self {
            state: identity.state,
            identifier: identity.identifier.to_owned(),
            pid: identity.pid,
            serial: view.feed().serial(),
            now: view.now(),
            processes,
        }
    }

    /// The children that are alive.
    pub(super) fn pids(&self) -> impl Iterator<Item = Pid> {
        self.processes.iter().filter_map(|process| process.pid)
    }
}

impl Process {
    fn of(view: &dyn View, info: &ProcessInfo<'_>) -> Self {
        let logs = view.log_paths(info.id);
        Self {
            name: info.name.to_owned(),
            group: info.group.to_owned(),
            state: info.state,
            pid: info.pid,
            start: ProcessInfo::clamped_seconds(info.start).into(),
            stop: ProcessInfo::clamped_seconds(info.stop).into(),
            spawn_error: info.spawn_error.to_owned(),
            description: info.description.render(clock::stop_time),
            stdout_log: logs.stdout.map(Into::into),
            stderr_log: logs.stderr.map(Into::into),
            history: info.history,
        }
    }
}
