//! `[program:x]`, and what `[eventlistener:x]` and `[fcgi-program:x]` have in common with it.
//!
//! A section is one program of `numprocs` processes. Most options are read once; those that may hold
//! `%(process_num)d` are read again for every process.

use super::{Invalid, Pass, name_after_colon, origin};
use crate::config::{FastCgiSocket, LogFile, Process, StreamLog};
use crate::diagnostic::Fault;
use crate::environment::Environment;
use crate::expand::{self, Expanded, Names};
use crate::limits;
use crate::paths;
use crate::text;
use crate::value::{self, LogFileName, Rejection};
use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::sync::Arc;
use supervisor_core::{Policy, repr};

mod command;
pub(crate) mod options;
mod stream;

use options::{
    AUTORESTART, AUTOSTART, DIRECTORY, ENVIRONMENT, EXITCODES, KILLASGROUP, NUMPROCS, NUMPROCS_START,
    PRIORITY, PROCESS_NAME, REDIRECT_STDERR, SERVERURL, STARTRETRIES, STARTSECS, STOPASGROUP, STOPSIGNAL,
    STOPWAITSECS, UMASK, USER,
};
use stream::{STDERR, STDOUT};

/// What the name of such a section begins with.
pub(crate) const PREFIX: &str = "program:";

/// What a program's processes belong to.
pub(crate) struct Membership<'a> {
    /// The group's name.
    pub(crate) group: &'a Arc<str>,
    /// Variables of `[supervisord]`, under the program's own.
    pub(crate) environment: &'a Environment,
    /// The socket of a FastCGI program.
    pub(crate) socket: Option<Arc<FastCgiSocket>>,
    /// How many more processes there may be.
    pub(crate) room: usize,
}

/// The options that are the same for every process of a program.
struct Shared {
    policy: Arc<Policy>,
    redirect_stderr: bool,
    stdout: StreamLog,
    stderr: StreamLog,
    serverurl: Option<OsString>,
    uid: Option<u32>,
    umask: Option<u32>,
}

/// How the processes of a program are numbered.
struct Numbering {
    first: i64,
    count: i64,
}

/// Reads the processes of a program, sorted by name.
pub(crate) fn read(pass: &mut Pass<'_>, membership: &Membership<'_>) -> Vec<Process> {
    let parsed = value::name(name_after_colon(pass.section).as_bytes(), &mut value::Reading::new(pass.host));
    let Ok(program_name) = pass.or_fault("a section's name", PROCESS_NAME.takes, parsed, pass.tail) else {
        return Vec::new();
    };
    let names = Names::over(pass.names)
        .with("program_name", &program_name)
        .with("group_name", &**membership.group)
        .with("host_node_name", pass.host.hostname().as_bytes());
    let mut pass = pass.with_names(&names);
    let (shared, numbering) = read_shared(&mut pass);
    let process_name = read_process_name(&mut pass, numbering.as_ref());
    check_group_signals(&mut pass, &shared.policy);
    let (Some(numbering), Ok(process_name)) = (numbering, process_name) else { return Vec::new() };
    let faults_before = pass.report.fault_count();
    if numbering.count > i64::try_from(membership.room).unwrap_or(i64::MAX) {
        too_many(&mut pass);
    }
    let mut processes = Vec::new();
    for offset in 0..numbering.count {
        let number = numbering.first.saturating_add(offset);
        let names = Names::over(pass.names)
            .with_number("process_num", number)
            .with_number("numprocs", numbering.count);
        processes.extend(read_one(&mut pass.with_names(&names), &shared, process_name, membership));
        if pass.report.fault_count() > faults_before {
            break;
        }
    }
    processes.sort_by(|one, two| one.name.cmp(&two.name));
    processes
}

/// `None` for a numbering that is not known.
fn read_shared(pass: &mut Pass<'_>) -> (Shared, Option<Numbering>) {
    let priority = pass.value(&PRIORITY);
    let autostart = pass.value(&AUTOSTART);
    let autorestart = pass.value(&AUTORESTART);
    let startsecs = pass.value(&STARTSECS);
    let startretries = pass.value(&STARTRETRIES);
    let stopsignal = pass.value(&STOPSIGNAL);
    let stopwaitsecs = pass.value(&STOPWAITSECS);
    let stopasgroup = pass.checked_value(&STOPASGROUP);
    let killasgroup = pass.checked(&KILLASGROUP);
    let exitcodes = pass.value(&EXITCODES);
    let redirect_stderr = pass.value(&REDIRECT_STDERR);
    let numprocs = pass.checked_value(&NUMPROCS);
    let numprocs_start = pass.checked_value(&NUMPROCS_START);
    let stdout = stream::read_shared(pass, &STDOUT);
    let stderr = stream::read_shared(pass, &STDERR);
    let serverurl = pass.optional(&SERVERURL).filter(|url| !is_auto(url)).map(OsString::from_vec);
    let uid = pass.optional(&USER).map(|account| account.uid);
    let umask = pass.optional(&UMASK);
    // Where one of the two could not be read, they must not seem to contradict each other.
    let (stopasgroup, killasgroup) = match (stopasgroup, killasgroup) {
        (Ok(stop), Ok(kill)) => (stop, kill.unwrap_or(stop)),
        (Ok(_) | Err(Invalid), Ok(_) | Err(Invalid)) => (false, false),
    };
    let policy = Policy {
        priority,
        autostart,
        autorestart,
        startsecs,
        startretries,
        stopsignal,
        stopwaitsecs,
        stopasgroup,
        killasgroup,
        exitcodes,
    };
    let numbering = match (numprocs, numprocs_start) {
        (Ok(count), Ok(first)) => Some(Numbering { first, count }),
        (Ok(_) | Err(Invalid), Ok(_) | Err(Invalid)) => None,
    };
    (Shared { policy: policy.into(), redirect_stderr, stdout, stderr, serverurl, uid, umask }, numbering)
}

fn is_auto(url: &[u8]) -> bool {
    text::strip_bytes(url).eq_ignore_ascii_case(b"auto")
}

/// The pattern of the processes' names, unexpanded; upstream checks its characters already.
fn read_process_name<'d>(pass: &mut Pass<'d>, numbering: Option<&Numbering>) -> Result<&'d str, Invalid> {
    let found = pass.raw(PROCESS_NAME.key);
    let pattern = found.map_or("%(program_name)s", |found| text::strip(&found.entry.text));
    let seen =
        found.map_or(pattern.to_string(), |found| expand::with_here_shown(&found.entry.text, found.here));
    pass.parsed(&PROCESS_NAME, &Expanded::plain(seen.as_bytes()), pass.tail)?;
    let has_several = numbering.is_some_and(|numbering| numbering.count > 1);
    if has_several && !pattern.contains("%(process_num)") {
        let fault = Fault::new("%(process_num) must be present within process_name when numprocs > 1")
            .with_tail(pass.tail)
            .at(pass.place_of(if found.is_some() { PROCESS_NAME.key } else { NUMPROCS.key }))
            .because("the processes of a program need different names")
            .with_hint(Some("add process_name = %(program_name)s_%(process_num)02d".to_string()));
        pass.report.fault(fault);
        return Err(Invalid);
    }
    Ok(pattern)
}

fn check_group_signals(pass: &mut Pass<'_>, policy: &Policy) {
    if policy.stopasgroup && !policy.killasgroup {
        let fault = Fault::new("Cannot set stopasgroup=true and killasgroup=false")
            .with_tail(pass.tail)
            .at(pass.place_of(KILLASGROUP.key))
            .because("a process that ignores the stop signal would be killed and its children left behind")
            .with_hint(Some("remove killasgroup, or set stopasgroup to false".to_string()));
        pass.report.fault(fault);
    }
}

fn too_many(pass: &mut Pass<'_>) {
    let fault = Fault::new("numprocs is too large")
        .with_tail(pass.tail)
        .at(pass.place_of(NUMPROCS.key))
        .because(format!("all programs together may have {} processes", limits::PROCESSES))
        .with_hint(Some("set a smaller number".to_string()));
    pass.report.own_fault(fault);
}

/// Reads one process; `pass` knows its number.
fn read_one(
    pass: &mut Pass<'_>,
    shared: &Shared,
    process_name: &str,
    membership: &Membership<'_>,
) -> Option<Process> {
    let own = read_environment(pass);
    let names = Names::over(pass.names);
    let names = match &own {
        Ok(own) => names.with_variables(own.iter()),
        Err(Invalid) => names.made_incomplete(),
    };
    let mut pass = pass.with_names(&names);
    let directory = pass.text(DIRECTORY.key);
    if let Ok(Some(path)) = &directory
        && let Some(variable) = std::str::from_utf8(&path.text).ok().and_then(origin::shell_variable)
    {
        pass.remark(DIRECTORY.key, &variable.hint());
    }
    let mut stdout = shared.stdout.clone();
    let mut stderr = shared.stderr.clone();
    stream::read_own(&mut pass, &STDOUT, &mut stdout);
    let stderr_name = stream::read_own(&mut pass, &STDERR, &mut stderr);
    if shared.redirect_stderr {
        drop_stderr_file(&mut pass, &stderr_name);
        stderr.logfile = LogFile::None;
    }
    let command = command::read(&mut pass);
    let name = read_name(&mut pass, process_name);
    Some(Process {
        name: shared_name(&name.ok()?, membership.group),
        group: Arc::clone(membership.group),
        policy: Arc::clone(&shared.policy),
        uid: shared.uid,
        command: command.ok()?,
        directory: directory.ok()?.map(|directory| paths::from_bytes(&directory.text)),
        umask: shared.umask,
        stdout,
        stderr,
        redirect_stderr: shared.redirect_stderr,
        environment: membership.environment.overlaid_by(&own.ok()?),
        serverurl: shared.serverurl.clone(),
        socket: membership.socket.clone(),
    })
}

/// Most programs are alone in a group of their own name, so that they need it only once.
fn shared_name(name: &str, group: &Arc<str>) -> Arc<str> {
    if name == &**group { Arc::clone(group) } else { name.into() }
}

/// The program's variables; messages call the option by its bare name.
fn read_environment(pass: &mut Pass<'_>) -> Result<Environment, Invalid> {
    let Some(found) = pass.raw(ENVIRONMENT.key) else { return Ok(Environment::new()) };
    let text = pass.expanded(found, format_args!("{}", ENVIRONMENT.key))?;
    pass.parsed(&ENVIRONMENT, &text, pass.tail)
}

fn drop_stderr_file(pass: &mut Pass<'_>, name: &LogFileName) {
    match name {
        LogFileName::File(LogFile::Path(_)) | LogFileName::Empty => pass.report.warn(format!(
            "For [{}], redirect_stderr=true but stderr_logfile has also been set to a filename, the filename has \
             been ignored",
            pass.section.name
        )),
        LogFileName::File(LogFile::Auto | LogFile::None) | LogFileName::Syslog => {}
    }
}

/// The process's name. Its characters are checked once more, now that names are filled in.
fn read_name(pass: &mut Pass<'_>, pattern: &str) -> Result<String, Invalid> {
    let expanded = match pass.raw(PROCESS_NAME.key) {
        Some(found) => pass.expanded(found, format_args!("{}", PROCESS_NAME.key))?,
        None => expand::expand(pattern, pass.names, None).map_err(|_| Invalid)?,
    };
    let expanded = text::strip_bytes(&expanded.text);
    value::name(expanded, &mut value::Reading::new(pass.host)).map_err(|Rejection { message, .. }| {
        let fault = Fault::new(message)
            .with_tail(pass.tail)
            .at(pass.place_of(PROCESS_NAME.key))
            .because(format!(
                "process_name becomes {}; it takes {}",
                repr::text(expanded),
                PROCESS_NAME.takes
            ))
            .with_hint(Some("fill in names whose values have none of these characters".to_string()));
        pass.report.own_fault(fault);
        Invalid
    })
}

/// A program that a group lists twice, or two whose processes have equal names: the later one takes the place of the
/// earlier, as in upstream; ours says so.
pub(crate) fn replace_equal_names(processes: Vec<Process>, pass: &mut Pass<'_>) -> Vec<Process> {
    let mut kept: Vec<Process> = Vec::with_capacity(processes.len());
    let mut places = std::collections::HashMap::new();
    for process in processes {
        if let Some(&place) = places.get(&process.name) {
            pass.report.remark(format!(
                "Two processes of [{}] are called {}; only the last one will run",
                pass.section.name, process.name
            ));
            kept[place] = process;
        } else {
            places.insert(process.name.clone(), kept.len());
            kept.push(process);
        }
    }
    kept
}
