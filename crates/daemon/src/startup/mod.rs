//! From a configuration to a running loop, in upstream's order, which people see in the log:
//!
//! privileges, limits, main log, clean-up of old AUTO logs, groups, HTTP servers, background, pid file. Privileges go before
//! the log is created, so that its file belongs to the user supervisord runs as; the servers are bound before going into the
//! background, so that a busy port is an error of the launcher.

pub(crate) mod advice;
pub(crate) mod pidfile;

use crate::configuration::prepare::{Context, PreparedGroup, Unavailable};
use crate::startup::advice::Advice;
use crate::startup::pidfile::PidFile;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use supervisor_config::{Config, LogTarget, Server, ServerAddress, Severity, Supervisord};
use supervisor_core::{Level, repr};
use supervisor_http::{Credentials, Listener, Socket};
use supervisor_log::{MainDestination, MainLog, MainLogSpec, auto_files};
use supervisor_sys::daemonize::{self, Side};
use supervisor_sys::errno::words;
use supervisor_sys::fd::{self, FileIdentity};
use supervisor_sys::limits::{self, Limit, Resource};
use supervisor_sys::socket::{self, ListenError, SocketFile};
use supervisor_sys::user::{self, DropError};

/// Why supervisord does not start, as the text behind `Error: `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StartError {
    text: String,
    advice: Option<Advice>,
}

impl StartError {
    /// With what to do about it.
    pub(crate) fn advised(text: impl Into<String>, advice: Advice) -> Self {
        Self { text: text.into(), advice: Some(advice) }
    }

    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), advice: None }
    }

    /// What the system did not let us do.
    pub(crate) fn of(what: &str, error: &std::io::Error) -> Self {
        Self::new(format!("cannot {what}: {}", words(error)))
    }

    /// Without what tells of other processes of this machine.
    pub(crate) fn remote_text(&self) -> &str {
        &self.text
    }

    /// Two lines for the log: the error, and what to do about it.
    pub(crate) fn write_to(&self, log: &MainLog) {
        log.log(Level::Error, &self.text);
        if let Some(detail) = self.detail() {
            log.log(Level::Error, detail);
        }
    }

    /// What to do about it, in a line for the log.
    pub(crate) fn detail(&self) -> Option<String> {
        self.advice.as_ref().map(Advice::in_a_line)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        self.advice.as_ref().map_or(Ok(()), |advice| write!(f, "\n{advice}"))
    }
}

/// Whether this is the first start of this process, or a new beginning after everything was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// The first.
    First,
    /// After SIGHUP or a restart request: limits, directory and session stay what they are.
    Again,
}

/// What stands before the loop begins.
pub(crate) struct Resources {
    /// The main log, still written directly.
    pub(crate) log: MainLog,
    /// The groups to add, in order.
    pub(crate) groups: Vec<PreparedGroup>,
    /// What of the configuration shapes groups.
    pub(crate) context: Context,
    /// The bound servers, in order.
    pub(crate) listeners: Vec<Listener>,
    /// Our socket files; removed when dropped.
    pub(crate) socket_files: SocketFiles,
}

/// Lays the resources.
pub(crate) fn acquire(config: &Config, start: Start) -> Result<Resources, StartError> {
    let supervisord = &config.supervisord;
    let mut notes = Notes::of(config);
    become_user(supervisord, &mut notes)?;
    if start == Start::First {
        raise_limit(Resource::OpenFiles, supervisord.minfds, &mut notes)?;
        raise_limit(Resource::Processes, supervisord.minprocs, &mut notes)?;
    }
    refuse_interface_options(config)?;
    let log = open_log(supervisord)?;
    notes.write_to(&log);

    let context = Context::of(config);
    if !supervisord.nocleanup {
        for warning in auto_files::remove_old(&context.childlogdir, &context.identifier) {
            log.log(Level::Warn, warning);
        }
    }
    // What runs already is not given up for an address somebody else has taken meanwhile.
    let unavailable = match start {
        Start::First => Unavailable::Refused,
        Start::Again => Unavailable::Reported,
    };
    let groups = config.groups.iter().map(|group| context.prepare(group, unavailable, &log));
    let groups = groups.collect::<Result<_, _>>()?;
    let (listeners, socket_files) = open_servers(config, &log)?;
    Ok(Resources { log, groups, context, listeners, socket_files })
}

/// Whether the machine would let us start again with `config`, as far as that can be tried while everything still runs:
/// the `standing` servers are open, and addresses they have need no try.
pub(crate) fn preflight(config: &Config, standing: &[Server]) -> Result<(), StartError> {
    if let Some(account) = &config.supervisord.user {
        user::plan_switch(account.uid).map_err(|error| StartError::new(error.to_string()))?;
    }
    refuse_interface_options(config)?;
    let _alone = alone();
    // All of them stay open until the last was tried: two may want the same address.
    let (mut files, mut sockets) = (SocketFiles::default(), Vec::new());
    for server in &config.servers {
        if !standing.iter().any(|standing| overlap(&standing.address, &server.address)) {
            let socket = listen(&server.address, &mut files).map_err(|error| StartError {
                text: format!("[{}] cannot listen: {error}", server.section),
                advice: Some(advice::about(server, &error)),
            });
            sockets.push(socket?);
        }
    }
    Ok(())
}

/// A try must be in the way neither of another nor of the start it was made for.
fn alone() -> MutexGuard<'static, ()> {
    static ADDRESSES: Mutex<()> = Mutex::new(());
    ADDRESSES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether one of two servers keeps the other from listening.
fn overlap(one: &ServerAddress, other: &ServerAddress) -> bool {
    match (one, other) {
        (ServerAddress::Inet { port: one, .. }, ServerAddress::Inet { port: other, .. }) => one == other,
        (ServerAddress::Unix { path: one, .. }, ServerAddress::Unix { path: other, .. }) => {
            let file = |path: &Path| FileIdentity::of_path(path).ok();
            one == other || file(one).is_some_and(|one| file(other) == Some(one))
        }
        (ServerAddress::Inet { .. }, ServerAddress::Unix { .. })
        | (ServerAddress::Unix { .. }, ServerAddress::Inet { .. }) => false,
    }
}

/// Goes into the background, where that is wanted, and tells the world our pid: from then on signals have to be taken. In
/// the launcher of a daemon this does not return. The pid file is removed when dropped.
pub(crate) fn activate(
    supervisord: &Supervisord,
    start: Start,
    log: &MainLog,
) -> Result<Option<PidFile>, StartError> {
    if start == Start::First && !supervisord.nodaemon {
        go_into_background(supervisord, log)?;
    }
    Ok(write_pidfile(&supervisord.pidfile, log))
}

/// Lines for the main log from before there is one, in upstream's order: by gravity, then as they came.
#[derive(Default)]
struct Notes {
    critical: Vec<String>,
    warning: Vec<String>,
    info: Vec<String>,
    debug: Vec<String>,
}

impl Notes {
    fn of(config: &Config) -> Self {
        let mut notes = Self::default();
        for message in &config.messages {
            let list = match message.severity {
                Severity::Critical => &mut notes.critical,
                Severity::Warning => &mut notes.warning,
                Severity::Info => &mut notes.info,
                Severity::Debug => &mut notes.debug,
            };
            list.push(message.text.clone());
        }
        notes
    }

    fn write_to(self, log: &MainLog) {
        let lists = [
            (Level::Critical, self.critical),
            (Level::Warn, self.warning),
            (Level::Info, self.info),
            (Level::Debug, self.debug),
        ];
        for (level, lines) in lists {
            for line in lines {
                log.log(level, line);
            }
        }
    }
}

fn become_user(supervisord: &Supervisord, notes: &mut Notes) -> Result<(), StartError> {
    let Some(account) = &supervisord.user else {
        if user::real_uid() == 0 {
            notes.critical.push(
                "Supervisor is running as root.  Privileges were not dropped because no user is specified in the \
                 config file.  If you intend to run as root, you can set user=root in the config file to avoid this \
                 message."
                    .to_owned(),
            );
        }
        return Ok(());
    };
    user::drop_privileges(account.uid).map_err(|error: DropError| StartError::new(error.to_string()))?;
    notes.info.push(format!("Set uid to user {} succeeded", account.uid));
    Ok(())
}

fn raise_limit(resource: Resource, minimum: u64, notes: &mut Notes) -> Result<(), StartError> {
    let Limit { soft, hard } =
        limits::limit(resource).map_err(|error| StartError::of("read the limits of this process", &error))?;
    if soft.is_none_or(|soft| soft >= minimum) {
        return Ok(());
    }
    let raised = Limit { soft: Some(minimum), hard: hard.map(|hard| hard.max(minimum)) };
    if limits::set_limit(resource, raised).is_err() {
        return Err(StartError::new(limit_message(resource, minimum, hard)));
    }
    notes.info.push(format!("Increased {} limit to {minimum}", resource.name()));
    Ok(())
}

/// Upstream's sentences, except that the limit it names is the real one.
fn limit_message(resource: Resource, minimum: u64, hard: Option<u64>) -> String {
    let hard = hard.map_or_else(|| "unlimited".to_owned(), |hard| hard.to_string());
    match resource {
        Resource::OpenFiles => format!(
            "The minimum number of file descriptors required to run this process is {minimum} as per the \"minfds\" \
             command-line argument or config file setting. The current environment will only allow you to open {hard} \
             file descriptors.  Either raise the number of usable file descriptors in your environment (see \
             README.rst) or lower the minfds setting in the config file to allow the process to start."
        ),
        Resource::Processes => format!(
            "The minimum number of available processes required to run this program is {minimum} as per the \
             \"minprocs\" command-line argument or config file setting. The current environment will only allow you \
             to open {hard} processes.  Either raise the number of usable processes in your environment (see \
             README.rst) or lower the minprocs setting in the config file to allow the program to start."
        ),
    }
}

/// The one interface there is takes no options, so any is a mistake that upstream stops at, too.
fn refuse_interface_options(config: &Config) -> Result<(), StartError> {
    match config.rpcinterfaces.iter().find(|interface| !interface.options.is_empty()) {
        Some(interface) => Err(StartError::new(format!("Could not make {} rpc interface", interface.name))),
        None => Ok(()),
    }
}

fn open_log(supervisord: &Supervisord) -> Result<MainLog, StartError> {
    let destination = match &supervisord.logfile {
        LogTarget::Syslog => MainDestination::Syslog,
        LogTarget::Path(path) => MainDestination::File {
            path: path.clone(),
            max_bytes: supervisord.logfile_maxbytes,
            backups: supervisord.logfile_backups,
        },
    };
    let spec = MainLogSpec {
        level: supervisord.loglevel,
        destination,
        copy_to_stdout: supervisord.nodaemon && !supervisord.silent,
    };
    MainLog::open(&spec).map_err(|error| {
        let name = match &supervisord.logfile {
            LogTarget::Syslog => "syslog".to_owned(),
            LogTarget::Path(path) => path.display().to_string(),
        };
        let text = format!("could not open the log file '{name}': {}", words(&error));
        let about = |path: &PathBuf| advice::about_file(path, &error);
        let advice = match &supervisord.logfile {
            LogTarget::Syslog => None,
            LogTarget::Path(path) => Some(about(path)),
        };
        StartError { text, advice }
    })
}

fn open_servers(config: &Config, log: &MainLog) -> Result<(Vec<Listener>, SocketFiles), StartError> {
    let _alone = alone();
    let mut files = SocketFiles::default();
    let mut listeners = Vec::with_capacity(config.servers.len());
    for server in &config.servers {
        let socket = listen(&server.address, &mut files).map_err(|error| StartError {
            text: error.to_string(),
            advice: Some(advice::about(server, &error)),
        })?;
        for interface in &config.rpcinterfaces {
            log.log(Level::Info, format!("RPC interface {} initialized", repr::text(&interface.name)));
        }
        if server.credentials.is_none() {
            let section = repr::text(&server.section);
            log.log(
                Level::Critical,
                format!("Server {section} running without any HTTP authentication checking"),
            );
        }
        let credentials = server.credentials.as_ref().and_then(http_credentials);
        listeners.push(Listener { socket, section: server.section.clone(), credentials });
    }
    Ok((listeners, files))
}

fn listen(address: &ServerAddress, files: &mut SocketFiles) -> Result<Socket, ListenError> {
    match address {
        ServerAddress::Inet { host, port } => {
            socket::listen_tcp(host, *port, socket::BACKLOG).map(Socket::Tcp)
        }
        ServerAddress::Unix { path, mode, owner } => {
            let file = SocketFile {
                mode: *mode,
                uid: owner.map(|owner| owner.uid),
                gid: owner.and_then(|owner| owner.gid),
            };
            socket::listen_unix(path, file, socket::BACKLOG).map(|bound| {
                if bound.replaced_stale {
                    crate::say(&format!("Unlinking stale socket {}\n", path.display()));
                }
                files.0.push((path.clone(), bound.identity));
                Socket::Unix(bound.listener)
            })
        }
    }
}

fn http_credentials(credentials: &supervisor_config::Credentials) -> Option<Credentials> {
    let text = String::from_utf8_lossy;
    Credentials::new(&text(&credentials.username), &text(&credentials.password))
}

/// The socket files of our servers. Dropping it removes those that are still ours.
#[derive(Debug, Default)]
pub(crate) struct SocketFiles(Vec<(PathBuf, FileIdentity)>);

impl Drop for SocketFiles {
    fn drop(&mut self) {
        for (path, identity) in &self.0 {
            // Nobody is left to tell, and a stale socket does no harm at the next start.
            let _removed = socket::remove_socket_file(path, *identity);
        }
    }
}

fn go_into_background(supervisord: &Supervisord, log: &MainLog) -> Result<(), StartError> {
    let failed = |what: &'static str| move |error: std::io::Error| StartError::of(what, &error);
    match daemonize::fork_to_background().map_err(failed("go into the background"))? {
        Side::Launcher { .. } => {
            log.log(Level::Blather, "supervisord forked; parent exiting");
            daemonize::exit_at_once(0);
        }
        Side::Daemon => {}
    }
    log.log(Level::Info, "daemonizing the supervisord process");
    if let Some(directory) = &supervisord.directory {
        change_directory(directory, log);
    }
    fd::redirect_standard_streams_to_null().map_err(failed("redirect the standard streams"))?;
    daemonize::new_session().map_err(failed("leave the session"))?;
    limits::replace_umask(supervisord.umask);
    Ok(())
}

fn change_directory(directory: &Path, log: &MainLog) {
    let shown = repr::text(directory.as_os_str().as_bytes());
    match std::env::set_current_dir(directory) {
        Ok(()) => log.log(Level::Info, format!("set current directory: {shown}")),
        Err(error) => {
            let error = supervisor_sys::errno::python_text(&error);
            log.log(Level::Critical, format!("can't chdir into {shown}: {error}"));
        }
    }
}

fn write_pidfile(path: &Path, log: &MainLog) -> Option<PidFile> {
    let file = match PidFile::write(path) {
        Ok(file) => file,
        Err(error) => {
            log.log(Level::Critical, format!("could not write pidfile {}", path.display()));
            log.log(Level::Warn, advice::about_file(path, &error).in_a_line());
            return None;
        }
    };
    log.log(Level::Info, format!("supervisord started with pid {}", std::process::id()));
    Some(file)
}
