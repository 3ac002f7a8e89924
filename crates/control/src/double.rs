//! Test doubles for interfaces: the test takes the requests out of the queue and answers them.

use crate::{
    Blocking, Command, Control, Executor, Fault, Feed, Identity, Job, LogLocation, LogName, LogPaths,
    ProgramView, Rejected, Reply, Request, Requests, Runner, View, channel,
};
use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;
use supervisor_core::{
    Answer, Description, Effects, GroupKind, GroupSpec, History, Moment, Pid, Policy, ProcessId, ProcessInfo,
    ProcessSpec, ProcessState, Supervisor, SupervisorState, Ticket, Wall,
};
use supervisor_log::FollowKey;

/// How long anything may take before a test fails.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// A test double of the supervisor.
pub struct Double {
    /// The handle for the interface under test.
    pub control: Control,
    requests: Requests,
    woken: mpsc::Receiver<()>,
}

struct Wake(mpsc::Sender<()>);

impl Runner for Wake {
    fn wake(&self) {
        // The test may be over.
        let _ = self.0.send(());
    }

    fn try_run_inline(&self) {
        self.wake();
    }
}

/// How an interface looked a log up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogQuery {
    /// Which log.
    pub log: LogName,
    /// Whether it checked that the supervisor is running.
    pub checked_running: bool,
}

impl Double {
    /// A supervisor without requests.
    pub fn new() -> Self {
        let (wake, woken) = mpsc::channel();
        let (control, requests) = channel(Arc::new(Wake(wake)));
        Self { control, requests, woken }
    }

    /// The next request; waits for it.
    pub fn take(&self) -> Request {
        loop {
            if let Some(request) = self.requests.take() {
                return request;
            }
            self.woken.recv_timeout(PATIENCE).unwrap();
        }
    }

    /// The next request, if one waits.
    pub fn try_take(&self) -> Option<Request> {
        self.requests.take()
    }

    /// Whether no request waits.
    pub fn is_idle(&self) -> bool {
        self.try_take().is_none()
    }

    /// Answers the next request, which must be an inspection, from this view.
    pub fn inspect(&self, view: &FakeView) {
        let Request::Inspect(inspection) = self.take() else { panic!("no query") };
        inspection.run(view);
    }

    /// Answers the next request, which must be an inspection, from an empty view in this state.
    pub fn identify(&self, state: SupervisorState) {
        self.inspect(&FakeView { state, ..FakeView::default() });
    }

    /// Answers the next request, which must be a command, and returns it.
    pub fn obey(&self, answer: Answer) -> Command {
        let (_, command, reply) = self.take_command();
        reply.send(answer);
        command
    }

    /// The next request, which must be a command.
    pub fn take_command(&self) -> (Ticket, Command, Reply<Answer>) {
        let Request::Command { ticket, command, reply } = self.take() else { panic!("no command") };
        (ticket, command, reply)
    }

    /// Answers the next request, which must be an inspection for a log: it is in this file, or in none.
    pub fn locate(&self, path: Option<&Path>) -> LogQuery {
        let view = FakeView { log: Some(path.map(Path::to_owned)), ..FakeView::default() };
        self.inspect(&view);
        view.log_query()
    }

    /// Answers the next request, which must be an inspection for a log: there is no such process.
    pub fn know_no_log(&self) {
        let view = FakeView { log: None, ..FakeView::default() };
        self.inspect(&view);
        let LogName::Process { .. } = view.log_query().log else { panic!("the main log is always known") };
    }
}

impl Default for Double {
    fn default() -> Self {
        Self::new()
    }
}

/// A view as a test sets it up.
#[derive(Debug)]
pub struct FakeView {
    /// The moment.
    pub now: Moment,
    /// What the supervisor is doing.
    pub state: SupervisorState,
    /// The processes, in order.
    pub processes: Vec<FakeProcess>,
    /// Where each log is; `None`: there is no such process.
    pub log: Option<Option<PathBuf>>,
    /// The changes.
    pub feed: Feed,
    /// What was read of it.
    pub calls: CallLog,
}

/// What was read of a view.
#[derive(Debug, Default)]
pub struct CallLog {
    log: RefCell<Option<LogName>>,
    process: RefCell<Option<String>>,
    identity: Cell<bool>,
    /// The ids of the processes.
    ids: RefCell<Vec<ProcessId>>,
}

/// A process as a test sets it up.
#[derive(Clone, Debug)]
pub struct FakeProcess {
    /// Its group.
    pub group: String,
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: ProcessState,
    /// Its child.
    pub pid: Option<Pid>,
    /// When it was last started, in seconds.
    pub start: Option<i64>,
    /// When it last ended, in seconds.
    pub stop: Option<i64>,
    /// Why its last start went wrong.
    pub spawn_error: String,
    /// How it has fared.
    pub history: History,
    /// Where its standard output goes.
    pub stdout_log: Option<PathBuf>,
    /// Where its standard error goes.
    pub stderr_log: Option<PathBuf>,
}

impl FakeProcess {
    /// A process in this state.
    pub fn new(group: &str, name: &str, state: ProcessState) -> Self {
        Self {
            group: group.to_owned(),
            name: name.to_owned(),
            state,
            pid: None,
            start: None,
            stop: None,
            spawn_error: String::new(),
            history: History::default(),
            stdout_log: None,
            stderr_log: None,
        }
    }

    fn info(&self, id: ProcessId) -> ProcessInfo<'_> {
        let wall = |seconds: i64| Wall { micros: seconds * 1_000_000 };
        let stop = self.stop.map(wall);
        ProcessInfo {
            id,
            name: &self.name,
            group: &self.group,
            state: self.state,
            start: self.start.map(wall),
            stop,
            spawn_error: &self.spawn_error,
            exit_status: 0,
            pid: self.pid,
            description: match self.state {
                ProcessState::Stopped | ProcessState::Exited => {
                    stop.map_or(Description::NotStarted, Description::EndedAt)
                }
                ProcessState::Fatal | ProcessState::Backoff => Description::SpawnError(&self.spawn_error),
                ProcessState::Starting
                | ProcessState::Running
                | ProcessState::Stopping
                | ProcessState::Unknown => Description::Empty,
            },
            history: self.history,
        }
    }
}

impl FakeView {
    /// With these processes.
    pub fn of(processes: Vec<FakeProcess>) -> Self {
        Self { processes, ..Self::default() }
    }

    /// How a log was looked up.
    pub fn log_query(&self) -> LogQuery {
        let log = self.calls.log.take().expect("not asked for a log");
        LogQuery { log, checked_running: self.calls.identity.get() }
    }

    /// The name of the process that was looked up.
    pub fn asked_for_process(&self) -> String {
        self.calls.process.take().expect("not asked for a process")
    }

    /// The id of each process.
    fn ids(&self) -> Vec<ProcessId> {
        let mut ids = self.calls.ids.borrow_mut();
        if ids.len() < self.processes.len() {
            *ids = process_ids(self.processes.len());
        }
        ids.clone()
    }
}

/// Ids of processes, which only the core can make.
fn process_ids(count: usize) -> Vec<ProcessId> {
    let process = || ProcessSpec { name: "any".into(), policy: Policy::default().into() };
    let processes = (0..count).map(|_| process()).collect();
    let group = GroupSpec { name: "any".into(), priority: 999, kind: GroupKind::Programs, processes };
    let added = Supervisor::new("").add_group(group, Moment::at_seconds(1), &mut Effects::new());
    added.unwrap().processes
}

impl Default for FakeView {
    fn default() -> Self {
        Self {
            now: Moment { monotonic: Duration::from_secs(100), wall: Wall { micros: 1_700_000_000_000_000 } },
            state: SupervisorState::Running,
            processes: Vec::new(),
            log: Some(None),
            feed: Feed::new(),
            calls: CallLog::default(),
        }
    }
}

impl View for FakeView {
    fn now(&self) -> Moment {
        self.now
    }

    fn state(&self) -> SupervisorState {
        self.calls.identity.set(true);
        self.state
    }

    fn identity(&self) -> Identity<'_> {
        self.calls.identity.set(true);
        Identity { state: self.state, identifier: "supervisor", pid: Pid::new(4242).unwrap() }
    }

    fn process(&self, name: &str) -> Result<ProcessInfo<'_>, Fault> {
        self.calls.process.replace(Some(name.to_owned()));
        self.processes().next().ok_or_else(|| Fault::BadName(name.to_owned()))
    }

    fn processes(&self) -> Box<dyn Iterator<Item = ProcessInfo<'_>> + '_> {
        Box::new(self.processes.iter().zip(self.ids()).map(|(process, id)| process.info(id)))
    }

    fn process_count(&self) -> usize {
        self.processes.len()
    }

    fn log_paths(&self, process: ProcessId) -> LogPaths<'_> {
        let place = self.ids().iter().position(|id| *id == process).unwrap();
        let process = &self.processes[place];
        LogPaths { stdout: process.stdout_log.as_deref(), stderr: process.stderr_log.as_deref() }
    }

    fn log(&self, log: &LogName) -> Result<LogLocation, Fault> {
        self.calls.log.replace(Some(log.clone()));
        match (&self.log, log) {
            (Some(path), _) => Ok(LogLocation { path: path.clone(), key: FollowKey::Main }),
            (None, LogName::Process { name, .. }) => Err(Fault::BadName(name.clone())),
            (None, LogName::Main) => Ok(LogLocation { path: None, key: FollowKey::Main }),
        }
    }

    fn programs(&self) -> Vec<ProgramView<'_>> {
        Vec::new()
    }

    fn feed(&self) -> &Feed {
        &self.feed
    }
}

/// Runs jobs one after the other, on a thread of its own.
pub fn worker() -> Blocking {
    struct Worker(mpsc::Sender<Job>);
    impl Executor for Worker {
        fn execute(&self, job: Job) -> Result<(), Rejected> {
            self.0.send(job).map_err(|_| Rejected)
        }
    }
    let (jobs, queue) = mpsc::channel::<Job>();
    thread::spawn(move || queue.iter().for_each(|job| job()));
    Blocking::new(Worker(jobs))
}

/// A directory of its own for a test; removed with it.
pub struct Scratch(PathBuf);

impl Scratch {
    /// An empty one.
    pub fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("supervisor-control-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// The path of a file in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file in it.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Left behind at worst.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
