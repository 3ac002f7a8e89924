//! Preparing a group before it is added: looks users up, creates AUTO logs, tries FastCGI sockets.
//!
//! All of it may hang (a user database on the network, a dead disk), so after start-up it runs on a worker.

use crate::fastcgi::SharedSocket;
use crate::startup::StartError;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use supervisor_config::{Config, Group, GroupKind, LogFile, Process, StreamLog};
use supervisor_core::{Channel, GroupSpec, ProcessSpec};
use supervisor_log::{Delivery, FileOrigin, LogFileSpec, MainLog, StreamSpec, auto_files};
use supervisor_sys::errno::words;
use supervisor_sys::spawn::ChildUser;

/// What of the daemon's own settings shapes a group.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    /// Where AUTO logs go.
    pub(crate) childlogdir: PathBuf,
    /// Part of the names of AUTO logs.
    pub(crate) identifier: String,
    /// Remove terminal escapes from child output.
    pub(crate) strip_ansi: bool,
}

/// What an address that cannot be had means for the FastCGI programs that are to listen there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unavailable {
    /// Their group cannot be added.
    Refused,
    /// Their processes fail to start, and try again as their options say.
    Reported,
}

/// A group that can be added.
#[derive(Debug)]
pub(crate) struct PreparedGroup {
    /// Its configuration.
    pub(crate) config: Arc<Group>,
    /// Its processes in the same order.
    pub(crate) processes: Vec<PreparedProcess>,
    /// What went wrong without keeping it from being added, for the main log.
    pub(crate) warnings: Vec<String>,
}

/// A process that can be added.
#[derive(Debug)]
pub(crate) struct PreparedProcess {
    /// Its configuration.
    pub(crate) config: Arc<Process>,
    /// The user its children run as.
    pub(crate) user: ChildUser,
    /// Where standard output goes.
    pub(crate) stdout: Arc<StreamSpec>,
    /// Where standard error goes; `None` if it shares the pipe of standard output.
    pub(crate) stderr: Option<Arc<StreamSpec>>,
    /// What descriptor 0 is for a FastCGI program.
    pub(crate) socket: Option<Arc<SharedSocket>>,
}

impl Context {
    /// What of a configuration shapes its groups.
    pub(crate) fn of(config: &Config) -> Self {
        let supervisord = &config.supervisord;
        Self {
            childlogdir: supervisord.childlogdir.clone(),
            identifier: supervisord.identifier.clone(),
            strip_ansi: supervisord.strip_ansi,
        }
    }

    /// Looks up the users of a group's processes, creates their AUTO logs, and tries their FastCGI sockets, so that an address
    /// that cannot be had is known before the group is there.
    pub(crate) fn prepare(
        &self,
        group: &Arc<Group>,
        unavailable: Unavailable,
        log: &MainLog,
    ) -> Result<PreparedGroup, StartError> {
        let sockets = fastcgi_sockets(group, unavailable, log)?;
        let mut users = HashMap::new();
        let mut warnings = Vec::new();
        let is_listener = matches!(group.kind, GroupKind::EventListener(_));
        let processes = group
            .processes
            .iter()
            .map(|process| PreparedProcess {
                config: Arc::clone(process),
                user: process.uid.map_or(ChildUser::Same, |uid| {
                    users.entry(uid).or_insert_with(|| ChildUser::from_uid(uid)).clone()
                }),
                stdout: self.stream_spec(process, Channel::Stdout, is_listener, &mut warnings),
                stderr: (!process.redirect_stderr)
                    .then(|| self.stream_spec(process, Channel::Stderr, false, &mut warnings)),
                socket: process.socket.as_ref().and_then(|socket| sockets.get(&socket.url())).cloned(),
            })
            .collect();
        Ok(PreparedGroup { config: Arc::clone(group), processes, warnings })
    }

    fn stream_spec(
        &self,
        process: &Process,
        channel: Channel,
        carries_results: bool,
        warnings: &mut Vec<String>,
    ) -> Arc<StreamSpec> {
        let log = match channel {
            Channel::Stdout => &process.stdout,
            Channel::Stderr => &process.stderr,
        };
        let delivery = match (carries_results, log.events_enabled) {
            (true, _) => Delivery::Protocol,
            (false, true) => Delivery::Events,
            (false, false) => Delivery::Nothing,
        };
        Arc::new(StreamSpec {
            process_name: Arc::clone(&process.name),
            channel,
            file: self.log_file(process, channel, log, warnings),
            // The results of a listener are no text for people, as upstream has it.
            syslog: log.syslog && !carries_results,
            strip_ansi: self.strip_ansi,
            capture_max_bytes: usize::try_from(log.capture_maxbytes).unwrap_or(usize::MAX),
            delivery,
        })
    }

    fn log_file(
        &self,
        process: &Process,
        channel: Channel,
        log: &StreamLog,
        warnings: &mut Vec<String>,
    ) -> Option<LogFileSpec> {
        let (path, origin) = match &log.logfile {
            LogFile::None => return None,
            LogFile::Path(path) => (Arc::clone(path), FileOrigin::Configured),
            LogFile::Auto => {
                match auto_files::create(&self.childlogdir, &process.name, channel, &self.identifier) {
                    Ok(path) => (path.into(), FileOrigin::Auto),
                    Err(error) => {
                        warnings.push(format!(
                            "no {} log for '{}': cannot create a file in '{}': {}",
                            channel.name(),
                            process.name,
                            self.childlogdir.display(),
                            words(&error)
                        ));
                        return None;
                    }
                }
            }
        };
        Some(LogFileSpec { path, origin, max_bytes: log.maxbytes, backups: log.backups })
    }
}

/// One socket for all processes with the same address, opened once for a try.
fn fastcgi_sockets(
    group: &Group,
    unavailable: Unavailable,
    log: &MainLog,
) -> Result<HashMap<OsString, Arc<SharedSocket>>, StartError> {
    let mut sockets = HashMap::new();
    for config in group.processes.iter().filter_map(|process| process.socket.as_ref()) {
        if let Entry::Vacant(place) = sockets.entry(config.url()) {
            let socket = SharedSocket::new(Arc::clone(config), log.clone());
            match (socket.lease(), unavailable) {
                (Ok(lease), _) => drop(lease),
                (Err(problem), Unavailable::Refused) => return Err(problem),
                (Err(problem), Unavailable::Reported) => problem.write_to(log),
            }
            place.insert(socket);
        }
    }
    Ok(sockets)
}

impl PreparedGroup {
    /// Removes what was created for a group that is not added after all. Best effort: the next start clears up.
    pub(crate) fn discard(&self) {
        let sinks =
            self.processes.iter().flat_map(|process| std::iter::once(&process.stdout).chain(&process.stderr));
        for file in sinks.filter_map(|sink| sink.file.as_ref()).filter(|file| file.origin == FileOrigin::Auto)
        {
            let _left_for_the_next_start = auto_files::remove(&file.path);
        }
    }

    /// What the core needs to know of it.
    pub(crate) fn spec(&self) -> GroupSpec {
        let group = &self.config;
        let kind = match &group.kind {
            GroupKind::Program | GroupKind::FastCgi(_) => supervisor_core::GroupKind::Programs,
            GroupKind::EventListener(pool) => supervisor_core::GroupKind::EventListeners {
                buffer_size: usize::try_from(pool.buffer_size).unwrap_or(usize::MAX),
                events: pool.events,
                length: pool.length,
            },
        };
        let processes = group
            .processes
            .iter()
            .map(|process| ProcessSpec {
                name: Arc::clone(&process.name),
                policy: Arc::clone(&process.policy),
            })
            .collect();
        GroupSpec { name: Arc::clone(&group.name), priority: group.priority, kind, processes }
    }
}
