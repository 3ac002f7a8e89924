//! One process of a program: what it is run with, and the options that say so.

use super::stream::{self, LogFile, STDERR, STDOUT, StreamLog};
use super::{Membership, Numbering, command, policy};
use crate::diagnostic::Fault;
use crate::environment::Environment;
use crate::expand::{self, Names};
use crate::host::Account;
use crate::paths;
use crate::section::fcgi_program::FastCgiSocket;
use crate::section::table::{Opt, options};
use crate::section::{Invalid, SectionReader, origin};
use crate::text;
use crate::value::types::{self, Type};
use crate::value::{self, LogFileName, Rejection};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;
use std::sync::Arc;
use supervisor_core::{Policy, repr};

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
    /// The user id of the child; `None`: supervisord's.
    pub uid: Option<u32>,
    /// The command line, expanded but not yet split; [`crate::words::split`] splits it at spawn.
    pub command: Vec<u8>,
    /// Working directory of the child.
    pub directory: Option<PathBuf>,
    /// The child's file creation mask; `None`: supervisord's.
    pub umask: Option<u32>,
    /// Where standard output goes.
    pub stdout: StreamLog,
    /// Where standard error goes; no log file with `redirect_stderr`.
    pub stderr: StreamLog,
    /// Standard error goes into the pipe of standard output.
    pub redirect_stderr: bool,
    /// All variables the configuration sets, the program's over those of `[supervisord]`. The child's whole
    /// environment is supervisord's own, then these, then the `SUPERVISOR_*` ones.
    pub environment: Environment,
    /// `SUPERVISOR_SERVER_URL`; `None`: AUTO, that is [`Config::server_url`](crate::Config::server_url).
    pub serverurl: Option<OsString>,
    /// The shared socket of an `[fcgi-program:x]`, also of one that a `[group:x]` lists.
    pub socket: Option<Arc<FastCgiSocket>>,
}

options! {
    OPTIONS;

    pub(in crate::section) const REDIRECT_STDERR: Opt<bool> = Opt::new("redirect_stderr", types::BOOLEAN)
        .default("false")
        .help("Send standard error to where standard output goes.")
        .not_as(&["log_stderr"]);
    pub(super) const NUMPROCS: Opt<i64> = Opt::new("numprocs", types::INTEGER)
        .default("1")
        .help("How many processes to run; more than one need %(process_num) in process_name.");
    const NUMPROCS_START: Opt<i64> = Opt::new("numprocs_start", types::INTEGER)
        .default("0")
        .help("The first %(process_num).");
    pub(in crate::section) const ENVIRONMENT: Opt<Environment> = Opt::new("environment", types::ENVIRONMENT)
        .default("")
        .help("Variables for the process, over those of [supervisord]. A substituted variable keeps its text, quotes and all.")
        .not_as(&["env"]);
    const SERVERURL: Opt<Vec<u8>> = Opt::new("serverurl", Type::new(value::bytes, "a URL or AUTO"))
        .default("AUTO")
        .help(
            "SUPERVISOR_SERVER_URL in the environment of the process; AUTO: the first unix server, else the last inet server.",
        );
    pub(in crate::section) const USER: Opt<Account> = Opt::new("user", types::USER)
        .help("The user the process runs as. Only root can run it as another user.");
    const UMASK: Opt<u32> = Opt::new("umask", types::OCTAL)
        .help("The process's file creation mask; by default supervisord's.");
    pub(super) const PROCESS_NAME: Opt<String> = Opt::new("process_name", types::NAME)
        .default("%(program_name)s")
        .help("The name of each process, usually with %(process_num)02d when there are several.");
    const DIRECTORY: Opt<Vec<u8>> = Opt::new("directory", types::PATH)
        .help("Working directory of the process.")
        .not_as(&["cwd", "chdir", "workdir", "working_directory"]);
    pub(in crate::section) const COMMAND: Opt<Vec<u8>> =
        Opt::new("command", Type::new(value::bytes, "a command with its arguments")).help(
            "The command to run, absolute or found on PATH. Quotes work as in a shell; nothing else of a shell does.",
        );
}

/// Reads what is the same for every process of a program; the rest is empty until [`read`]. A numbering that cannot be
/// read is `None`.
pub(super) fn read_shared(
    reader: &mut SectionReader<'_>,
    membership: &Membership<'_>,
) -> (Process, Option<Numbering>) {
    let policy = policy::read(reader);
    let redirect_stderr = reader.value(&REDIRECT_STDERR);
    let numprocs = reader.checked_value(&NUMPROCS);
    let numprocs_start = reader.checked_value(&NUMPROCS_START);
    let numbering = match (numprocs, numprocs_start) {
        (Ok(count), Ok(first)) => Some(Numbering { first, count }),
        (Ok(_) | Err(Invalid), Ok(_) | Err(Invalid)) => None,
    };
    let process = Process {
        name: Arc::clone(membership.group),
        group: Arc::clone(membership.group),
        policy: Arc::new(policy),
        redirect_stderr,
        stdout: stream::read_shared(reader, &STDOUT),
        stderr: stream::read_shared(reader, &STDERR),
        serverurl: reader.optional(&SERVERURL).filter(|url| !is_auto(url)).map(OsString::from_vec),
        uid: reader.optional(&USER).map(|account| account.uid),
        umask: reader.optional(&UMASK),
        command: Vec::new(),
        directory: None,
        environment: Environment::new(),
        socket: membership.socket.clone(),
    };
    (process, numbering)
}

fn is_auto(url: &[u8]) -> bool {
    text::strip_bytes(url).eq_ignore_ascii_case(b"auto")
}

/// Reads one process; `reader` knows its number, `shared` is what it has in common with the others.
pub(super) fn read(
    reader: &mut SectionReader<'_>,
    shared: &Process,
    process_name: &str,
    membership: &Membership<'_>,
) -> Option<Process> {
    let own = read_environment(reader);
    let names = Names::over(reader.names);
    let names = match &own {
        Ok(own) => names.with_variables(own.iter()),
        Err(Invalid) => names.made_incomplete(),
    };
    let mut reader = reader.with_names(&names);
    let mut process = shared.clone();
    let directory = read_directory(&mut reader);
    stream::read_own(&mut reader, &STDOUT, &mut process.stdout);
    let stderr_name = stream::read_own(&mut reader, &STDERR, &mut process.stderr);
    if process.redirect_stderr {
        drop_stderr_file(&mut reader, &stderr_name);
        process.stderr.logfile = LogFile::None;
    }
    let command = command::read(&mut reader);
    let name = read_name(&mut reader, process_name);
    Some(Process {
        name: shared_name(&name.ok()?, membership.group),
        command: command.ok()?,
        directory: directory.ok()?,
        environment: membership.environment.overlaid_by(&own.ok()?),
        ..process
    })
}

fn read_directory(reader: &mut SectionReader<'_>) -> Result<Option<PathBuf>, Invalid> {
    let Some(path) = reader.text(DIRECTORY.key)?.map(|path| path.text) else { return Ok(None) };
    if let Some(variable) = std::str::from_utf8(&path).ok().and_then(origin::shell_variable) {
        reader.remark(DIRECTORY.key, &variable.hint());
    }
    Ok(Some(paths::from_bytes(&path)))
}

/// Most programs are alone in a group of their own name, so that they need it only once.
fn shared_name(name: &str, group: &Arc<str>) -> Arc<str> {
    if name == &**group { Arc::clone(group) } else { name.into() }
}

/// The program's variables; messages call the option by its bare name.
fn read_environment(reader: &mut SectionReader<'_>) -> Result<Environment, Invalid> {
    let Some(found) = reader.raw(ENVIRONMENT.key) else { return Ok(Environment::new()) };
    let text = reader.expanded(found, format_args!("{}", ENVIRONMENT.key))?;
    reader.parsed(&ENVIRONMENT, &text, reader.tail)
}

fn drop_stderr_file(reader: &mut SectionReader<'_>, name: &LogFileName) {
    match name {
        LogFileName::File(LogFile::Path(_)) | LogFileName::Empty => reader.report.warn(format!(
            "For [{}], redirect_stderr=true but stderr_logfile has also been set to a filename, the filename has \
             been ignored",
            reader.section.name
        )),
        LogFileName::File(LogFile::Auto | LogFile::None) | LogFileName::Syslog => {}
    }
}

/// The process's name. Its characters are checked once more, now that names are expanded.
fn read_name(reader: &mut SectionReader<'_>, pattern: &str) -> Result<String, Invalid> {
    let expanded = match reader.raw(PROCESS_NAME.key) {
        Some(found) => reader.expanded(found, format_args!("{}", PROCESS_NAME.key))?,
        None => expand::expand(pattern, reader.names, None).map_err(|_| Invalid)?,
    };
    let expanded = text::strip_bytes(&expanded.text);
    value::name(expanded, &mut value::ParseContext::new(reader.host)).map_err(
        |Rejection { message, .. }| {
            let fault = Fault::new(message)
                .with_tail(reader.tail)
                .at(reader.place_of(PROCESS_NAME.key))
                .because(format!(
                    "process_name becomes {}; it takes {}",
                    repr::text(expanded),
                    PROCESS_NAME.of.takes
                ))
                .with_hint(Some("fill in names whose values have none of these characters".to_string()));
            reader.report.own_fault(fault);
            Invalid
        },
    )
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;

    /// A daemon has thousands: 16 bytes more here are 16 KB with a thousand programs.
    #[test]
    fn a_process_is_small() {
        assert!(size_of::<Process>() <= 264);
    }
}
