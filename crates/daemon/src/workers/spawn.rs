//! Starting a child: a job of the pool prepares it, and the [pipeline](super::pipeline) launches it.
//!
//! All of this may hang on a bad disk, so nothing here touches the state of the loop: a [`StartOrder`] goes in, a
//! [`SpawnResult`] comes out.

use crate::children::roster::{Roster, StopPlan};
use crate::fastcgi::{Lease, SharedSocket};
use crate::panics;
use crate::startup::StartError;
use crate::startup::advice;
use crate::workers::command;
use crate::workers::pipeline::SpawnPipeline;
use std::ffi::{CString, OsStr, OsString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::Arc;
use supervisor_config::Process;
use supervisor_core::{Channel, Fault, Pid, ProcessId, repr};
use supervisor_log::{Generation, OutputPipeline, StreamId, StreamSpec};
use supervisor_sys::errno::{Errno, code_text, errno_of};
use supervisor_sys::fd::Pipe;
use supervisor_sys::spawn;
use supervisor_sys::spawn::{ChildUser, SpawnPlan};

/// All it takes to start one process once.
pub(crate) struct StartOrder {
    /// The process.
    pub(crate) process: ProcessId,
    /// Which generation of it this will be.
    pub(crate) generation: Generation,
    /// How often logs were reopened before the order was given.
    pub(crate) reopens: u64,
    /// Its configuration.
    pub(crate) config: Arc<Process>,
    /// The user the child runs as.
    pub(crate) user: ChildUser,
    /// Where standard output goes.
    pub(crate) stdout: Arc<StreamSpec>,
    /// Where standard error goes; `None` if it shares the pipe of standard output.
    pub(crate) stderr: Option<Arc<StreamSpec>>,
    /// What descriptor 0 is for a FastCGI program; otherwise it is a pipe.
    pub(crate) socket: Option<Arc<SharedSocket>>,
    /// `SUPERVISOR_SERVER_URL`, unless the program has its own.
    pub(crate) server_url: Option<OsString>,
    /// Where the child is entered.
    pub(crate) roster: Arc<Roster>,
    /// How it is stopped after a panic.
    pub(crate) stop: StopPlan,
}

/// What came of a [`StartOrder`].
pub(crate) struct SpawnResult {
    /// The process.
    pub(crate) process: ProcessId,
    /// The generation the order was for.
    pub(crate) generation: Generation,
    /// How often logs were reopened before its own were opened, at least.
    pub(crate) reopens: u64,
    /// The child, or why there is none.
    pub(crate) outcome: Result<Launched, SpawnFailure>,
}

/// Why a child could not be started.
pub(crate) struct SpawnFailure {
    /// In the words of `spawnerr`, which are upstream's.
    pub(crate) message: String,
    /// Details for the main log: which file, which user, and a hint.
    pub(crate) detail: Option<String>,
}

impl From<String> for SpawnFailure {
    fn from(message: String) -> Self {
        Self { message, detail: None }
    }
}

/// A child that was started.
pub(crate) struct Launched {
    /// Its pid.
    pub(crate) pid: Pid,
    /// Becomes readable when it ends, where the kernel has such.
    pub(crate) pidfd: Option<OwnedFd>,
    /// Our end of its standard input, or its share of the socket it has instead.
    pub(crate) stdin: StdinSource,
    /// Its outputs, to be attached to the pump once the spawn is known, so that nothing it writes comes before that.
    pub(crate) outputs: Vec<Output>,
}

/// One output of a child: our end of its pipe, and the opened log.
pub(crate) struct Output {
    /// Which.
    pub(crate) channel: Channel,
    /// The end we read from.
    pub(crate) pipe: OwnedFd,
    /// Where it goes.
    pub(crate) pipeline: OutputPipeline,
}

/// Where a child's standard input comes from, as far as it is ours to keep.
pub(crate) enum StdinSource {
    /// A pipe that we write into.
    Pipe(OwnedFd),
    /// A listening socket.
    Socket(Lease),
}

/// The number of a process' output in the pump.
pub(crate) fn stream_id(process: ProcessId, channel: Channel) -> StreamId {
    StreamId(process.raw() * 2 + u64::from(channel == Channel::Stderr))
}

/// The process and output a stream's number stands for, the process as its bare number.
pub(crate) fn stream_owner(stream: StreamId) -> (u64, Channel) {
    (stream.0 / 2, if stream.0.is_multiple_of(2) { Channel::Stdout } else { Channel::Stderr })
}

/// Starts the child, or says why not, in the order of the calls; `report` takes the result. `more_follow` tells whether other
/// orders are queued.
pub(super) fn start(
    order: StartOrder,
    pipeline: &SpawnPipeline,
    more_follow: impl FnOnce() -> bool,
    report: impl FnOnce(SpawnResult) + Send + 'static,
) {
    let parts = panics::catch(|| Parts::prepare(&order));
    let launch = move || {
        let outcome = parts.and_then(|parts| panics::catch(|| launch(parts, &order)));
        let outcome = outcome.unwrap_or_else(|panic| {
            let message = format!("internal error while spawning '{}'", order.config.name);
            Err(SpawnFailure {
                message,
                detail: Some(format!("cannot spawn '{}': {panic}", order.config.name)),
            })
        });
        let StartOrder { process, generation, reopens, .. } = order;
        report(SpawnResult { process, generation, reopens, outcome });
    };
    pipeline.launch(Box::new(launch), more_follow());
}

fn launch(parts: Result<Parts, PrepareError>, order: &StartOrder) -> Result<Launched, SpawnFailure> {
    let parts = parts.map_err(|error| error.in_words(&order.config.name))?;
    if order.roster.is_closed() {
        return Err(SpawnFailure::from("supervisord is ending".to_owned()));
    }
    parts.launch(order).map_err(SpawnFailure::from)
}

/// What a child is made of.
struct Parts {
    path: CString,
    argv: Vec<CString>,
    envp: Vec<CString>,
    directory: Option<CString>,
    stdin: StdinSource,
    stdin_end: OwnedFd,
    stdout: Output,
    stdout_end: OwnedFd,
    /// The output and the child's end, if it has its own.
    stderr: Option<(Output, OwnedFd)>,
}

/// Why a child cannot be started.
enum PrepareError {
    /// The text of `spawnerr`.
    Text(String),
    /// The socket of a FastCGI program cannot be had.
    Socket(StartError),
    /// Its pipes cannot be made.
    Dispatchers(io::Error),
    /// One of its logs cannot be opened.
    Log(Arc<StreamSpec>, io::Error),
}

impl From<String> for PrepareError {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<io::Error> for PrepareError {
    fn from(error: io::Error) -> Self {
        Self::Dispatchers(error)
    }
}

impl PrepareError {
    fn in_words(self, name: &str) -> SpawnFailure {
        match self {
            Self::Text(text) => text.into(),
            Self::Socket(error) => {
                SpawnFailure { message: error.remote_text().to_owned(), detail: error.detail() }
            }
            Self::Dispatchers(error) => dispatcher_error(name, &error).into(),
            Self::Log(spec, error) => {
                SpawnFailure { message: dispatcher_error(name, &error), detail: log_error(&spec, &error) }
            }
        }
    }
}

fn dispatcher_error(name: &str, error: &io::Error) -> String {
    match errno_of(error) {
        Some(Errno::MFILE) => format!("too many open files to spawn '{name}'"),
        _ => format!("unknown error making dispatchers for '{name}': {}", code_text(error)),
    }
}

/// A log that cannot be opened, with a hint: `spawnerr` has the error's name only.
fn log_error(spec: &StreamSpec, error: &io::Error) -> Option<String> {
    let advice = advice::about_file(&spec.file.as_ref()?.path, error).in_a_line();
    Some(format!("cannot open the {} log of '{}': {advice}", spec.channel.name(), spec.process_name))
}

impl Parts {
    fn prepare(order: &StartOrder) -> Result<Self, PrepareError> {
        let config = &order.config;
        let executable = command::resolve(config).map_err(|fault| spawn_error(&fault))?;
        let path = c_string(executable.path.into_os_string())?;
        let argv = executable.arguments.into_iter().map(c_string).collect::<Result<Vec<_>, _>>()?;
        let envp = environment(order)?;
        let directory = config.directory.as_ref().map(|path| c_string(path.clone().into())).transpose()?;
        let (stdin, stdin_end) = standard_input(order)?;
        let (stdout, stdout_end) = Output::open(Channel::Stdout, &order.stdout)?;
        let stderr = order.stderr.as_ref().map(|spec| Output::open(Channel::Stderr, spec)).transpose()?;
        Ok(Self { path, argv, envp, directory, stdin, stdin_end, stdout, stdout_end, stderr })
    }

    fn launch(self, order: &StartOrder) -> Result<Launched, String> {
        let plan = SpawnPlan {
            path: self.path,
            argv: self.argv,
            envp: self.envp,
            stdin: self.stdin_end.as_fd(),
            stdout: self.stdout_end.as_fd(),
            stderr: self.stderr.as_ref().map_or(&self.stdout_end, |(_, end)| end).as_fd(),
            user: order.user.clone(),
            directory: self.directory,
            umask: order.config.umask,
        };
        let name = &order.config.name;
        let spawned = spawn::spawn(&plan).map_err(|error| match errno_of(&error) {
            Some(Errno::AGAIN) => format!("Too many processes in process table to spawn '{name}'"),
            _ => format!("unknown error during fork for '{name}': {}", code_text(&error)),
        })?;
        order.roster.enter(spawned.pid, order.stop);
        let stderr = self.stderr.map(|(output, _)| output);
        let outputs = [Some(self.stdout), stderr].into_iter().flatten().collect();
        Ok(Launched { pid: spawned.pid, pidfd: spawned.pidfd, stdin: self.stdin, outputs })
    }
}

/// Our and the child's part of its standard input.
fn standard_input(order: &StartOrder) -> Result<(StdinSource, OwnedFd), PrepareError> {
    if let Some(socket) = &order.socket {
        let lease = socket.lease().map_err(PrepareError::Socket)?;
        let end = lease.as_fd().try_clone_to_owned()?;
        return Ok((StdinSource::Socket(lease), end));
    }
    let Pipe { ours, theirs } = Pipe::to_child()?;
    Ok((StdinSource::Pipe(ours), theirs))
}

impl Output {
    /// Opens the log and makes the pipe; also returns the child's end.
    fn open(channel: Channel, spec: &Arc<StreamSpec>) -> Result<(Self, OwnedFd), PrepareError> {
        let Pipe { ours, theirs } = Pipe::from_child()?;
        let pipeline =
            OutputPipeline::open(spec).map_err(|error| PrepareError::Log(Arc::clone(spec), error))?;
        Ok((Self { channel, pipe: ours, pipeline }, theirs))
    }
}

/// The whole environment of the child: ours, then what tells it about supervisord, then what is configured.
fn environment(order: &StartOrder) -> Result<Vec<CString>, String> {
    let config = &order.config;
    let inherited: Vec<_> = std::env::vars_os().collect();
    let mut merged: Vec<(&OsStr, &OsStr)> =
        Vec::with_capacity(inherited.len() + config.environment.len() + 4);
    let mut set = |name, value| match merged.iter_mut().find(|(known, _)| *known == name) {
        Some((_, old)) => *old = value,
        None => merged.push((name, value)),
    };
    for (name, value) in &inherited {
        set(name, value);
    }
    set("SUPERVISOR_ENABLED".as_ref(), "1".as_ref());
    // An empty `serverurl` is none at all.
    if let Some(url) = config.serverurl.as_ref().or(order.server_url.as_ref()).filter(|url| !url.is_empty()) {
        set("SUPERVISOR_SERVER_URL".as_ref(), url);
    }
    set("SUPERVISOR_PROCESS_NAME".as_ref(), (*config.name).as_ref());
    set("SUPERVISOR_GROUP_NAME".as_ref(), (*config.group).as_ref());
    for (name, value) in config.environment.iter() {
        set(name, value);
    }
    merged.iter().map(|(name, value)| variable(name, value)).collect()
}

/// `name=value`, in one piece of memory: a child has dozens.
fn variable(name: &OsStr, value: &OsStr) -> Result<CString, String> {
    let mut text = OsString::with_capacity(name.len() + value.len() + "=\0".len());
    text.push(name);
    text.push("=");
    text.push(value);
    c_string(text)
}

/// The text of `spawnerr` for a command that cannot be used: upstream shows it without the fault's name.
fn spawn_error(fault: &Fault) -> String {
    fault.detail().cloned().unwrap_or_default()
}

fn c_string(text: OsString) -> Result<CString, String> {
    CString::new(text.into_vec()).map_err(|error| {
        let text = OsString::from_vec(error.into_vec());
        format!("a NUL byte cannot be passed to a program: {}", repr::bytes(text.as_bytes()))
    })
}
