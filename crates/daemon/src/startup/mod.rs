//! From a configuration to a running loop, in upstream's order, which people see in the log:
//!
//! privileges, limits, main log, clean-up of old AUTO logs, groups, HTTP servers, background, pid file. Privileges go before
//! the log is created, so that its file belongs to the user supervisord runs as; the servers are bound before going into the
//! background, so that a busy port is an error of the launcher.

pub(crate) mod advice;
mod background;
mod error;
mod limits;
mod notes;
pub(crate) mod pidfile;
mod servers;

pub(crate) use error::StartError;
pub(crate) use servers::SocketFiles;

use crate::configuration::prepare::{Context, PreparedGroup, Unavailable};
use limits::raise_limit;
use notes::Notes;
use pidfile::PidFile;
use std::path::PathBuf;
use supervisor_config::{Config, LogTarget, Server, Supervisord};
use supervisor_core::Level;
use supervisor_http::Listener;
use supervisor_log::{MainDestination, MainLog, MainLogSpec, auto_files};
use supervisor_sys::errno::words;
use supervisor_sys::limits::Resource;
use supervisor_sys::user::{self, DropError};

/// Whether this is the first start of this process, or a restart after everything was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// The first.
    First,
    /// After SIGHUP or a restart request: limits, directory and session stay what they are.
    Again,
}

/// What supervisord holds before the loop begins.
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

/// Acquires the resources.
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
    // Programs that run already are not given up for an address that another process has taken meanwhile.
    let unavailable = match start {
        Start::First => Unavailable::Refused,
        Start::Again => Unavailable::Reported,
    };
    let groups = config.groups.iter().map(|group| context.prepare(group, unavailable, &log));
    let groups = groups.collect::<Result<_, _>>()?;
    let (listeners, socket_files) = servers::open_servers(config, &log)?;
    Ok(Resources { log, groups, context, listeners, socket_files })
}

/// Whether the daemon could start again with `config`, as far as that can be tried while everything still runs with the
/// `standing` servers.
pub(crate) fn preflight(config: &Config, standing: &[Server]) -> Result<(), StartError> {
    if let Some(account) = &config.supervisord.user {
        user::plan_switch(account.uid).map_err(|error| StartError::new(error.to_string()))?;
    }
    refuse_interface_options(config)?;
    servers::try_to_listen(&config.servers, standing)
}

/// Goes into the background, if that is wanted, and writes the pid file: from then on signals have to be handled. In the
/// launcher of a daemon this does not return. The pid file is removed when dropped.
pub(crate) fn activate(
    supervisord: &Supervisord,
    start: Start,
    log: &MainLog,
) -> Result<Option<PidFile>, StartError> {
    if start == Start::First && !supervisord.nodaemon {
        background::go_into_background(supervisord, log)?;
    }
    Ok(background::write_pidfile(&supervisord.pidfile, log))
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
