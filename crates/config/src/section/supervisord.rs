//! `[supervisord]`.

use super::{Opt, OptionDoc, Pass, pairs};
use crate::command_line::CommandLine;
use crate::config::{LogTarget, Supervisord};
use crate::diagnostic::Fault;
use crate::environment::Environment;
use crate::expand::Names;
use crate::host::Host;
use crate::paths;
use crate::value;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use supervisor_core::Level;

const MINFDS: Opt<u64> = Opt {
    key: "minfds",
    default: Some("1024"),
    parse: value::count,
    takes: "a whole number",
    doc: "Open files supervisord must be allowed; it raises its soft limit to this number or refuses to start.",
};
const MINPROCS: Opt<u64> = Opt {
    key: "minprocs",
    default: Some("200"),
    parse: value::count,
    takes: "a whole number",
    doc: "Processes supervisord must be allowed; it raises its soft limit to this number or refuses to start.",
};
const DIRECTORY: Opt<PathBuf> = Opt {
    key: "directory",
    default: None,
    parse: value::existing_directory,
    takes: "a directory that exists",
    doc: "Where supervisord goes when it daemonizes. Not used in the foreground.",
};
const USER: Opt<Vec<u8>> = Opt {
    key: "user",
    default: None,
    parse: value::bytes,
    takes: "the name or number of a user that exists",
    doc: "The user supervisord becomes at start. Only root can become another one.",
};
const UMASK: Opt<u32> = Opt {
    key: "umask",
    default: Some("022"),
    parse: value::octal,
    takes: "an octal number such as 022",
    doc: "File creation mask supervisord sets when it daemonizes.",
};
const LOGFILE: Opt<PathBuf> = Opt {
    key: "logfile",
    default: Some("supervisord.log"),
    parse: value::existing_dirpath,
    takes: "a path in a directory that exists, or syslog",
    doc: "The main log. A relative path starts at the directory supervisord is started in.",
};
const LOGFILE_MAXBYTES: Opt<u64> = Opt {
    key: "logfile_maxbytes",
    default: Some("50MB"),
    parse: value::byte_size,
    takes: "a number of bytes, with KB, MB or GB if you like",
    doc: "Size at which the main log is rotated; 0 never rotates.",
};
const LOGFILE_BACKUPS: Opt<u32> = Opt {
    key: "logfile_backups",
    default: Some("10"),
    parse: value::small_count,
    takes: "a whole number",
    doc: "Rotated main logs to keep; 0 keeps none and empties the log instead.",
};
const LOGLEVEL: Opt<Level> = Opt {
    key: "loglevel",
    default: Some("info"),
    parse: value::level,
    takes: "one of critical, error, warn, info, debug, trace and blather",
    doc: "The least severe messages the main log takes.",
};
const PIDFILE: Opt<PathBuf> = Opt {
    key: "pidfile",
    default: Some("supervisord.pid"),
    parse: value::existing_dirpath,
    takes: "a path in a directory that exists",
    doc: "Where supervisord writes its process id. A relative path starts at the directory it is started in.",
};
const IDENTIFIER: Opt<String> = Opt {
    key: "identifier",
    default: Some("supervisor"),
    parse: value::string,
    takes: "text",
    doc: "The name of this supervisord in events, in names of automatic log files and over RPC.",
};
const NODAEMON: Opt<bool> = Opt {
    key: "nodaemon",
    default: Some("false"),
    parse: value::boolean,
    takes: "true or false",
    doc: "Stay in the foreground.",
};
const SILENT: Opt<bool> = Opt {
    key: "silent",
    default: Some("false"),
    parse: value::boolean,
    takes: "true or false",
    doc: "In the foreground, do not copy the main log to standard output.",
};
const CHILDLOGDIR: Opt<PathBuf> = Opt {
    key: "childlogdir",
    default: None,
    parse: value::existing_directory,
    takes: "a directory that exists",
    doc: "Where automatic log files of children go; by default the system's directory for temporary files.",
};
const NOCLEANUP: Opt<bool> = Opt {
    key: "nocleanup",
    default: Some("false"),
    parse: value::boolean,
    takes: "true or false",
    doc: "Keep the automatic log files of earlier runs.",
};
const STRIP_ANSI: Opt<bool> = Opt {
    key: "strip_ansi",
    default: Some("false"),
    parse: value::boolean,
    takes: "true or false",
    doc: "Remove terminal escape sequences from what children write.",
};
const ENVIRONMENT: Opt<Environment> = Opt {
    key: "environment",
    default: Some(""),
    parse: pairs::environment,
    takes: "pairs such as KEY=\"value\",OTHER=\"value\"",
    doc: "Variables for every child, and for %(ENV_KEY)s in this file. supervisord's own environment stays as it is.",
};

/// Every option, in the order they are read.
pub(crate) const OPTIONS: &[OptionDoc] = &[
    MINFDS.described(),
    MINPROCS.described(),
    DIRECTORY.described(),
    USER.described(),
    UMASK.described(),
    LOGFILE.described(),
    LOGFILE_MAXBYTES.described(),
    LOGFILE_BACKUPS.described(),
    LOGLEVEL.described(),
    PIDFILE.described(),
    IDENTIFIER.described(),
    NODAEMON.described(),
    SILENT.described(),
    CHILDLOGDIR.described(),
    NOCLEANUP.described(),
    STRIP_ANSI.described(),
    ENVIRONMENT.described(),
];

/// What the section says, before its user is looked up.
pub(crate) struct Read {
    pub(crate) settings: Supervisord,
    /// The user as written.
    pub(crate) user: Option<Vec<u8>>,
    /// `user` stands on the command line, not in the file.
    pub(crate) user_is_told: bool,
    /// `environment` could not be read.
    pub(crate) environment_is_invalid: bool,
}

/// Reads the section and lays the command line over it.
pub(crate) fn read(pass: &mut Pass<'_>, command_line: &CommandLine) -> Read {
    let host = pass.host;
    let minfds = pass.value(&MINFDS);
    let minprocs = pass.value(&MINPROCS);
    let directory = pass.optional(&DIRECTORY);
    let user = pass.optional(&USER);
    let umask = pass.value(&UMASK);
    let logfile = pass.value(&LOGFILE);
    let logfile_maxbytes = pass.value(&LOGFILE_MAXBYTES);
    let logfile_backups = pass.value(&LOGFILE_BACKUPS);
    let loglevel = pass.value(&LOGLEVEL);
    let pidfile = pass.value(&PIDFILE);
    let identifier = pass.value(&IDENTIFIER);
    let nodaemon = pass.value(&NODAEMON);
    let silent = pass.value(&SILENT);
    let childlogdir = pass.optional(&CHILDLOGDIR);
    let nocleanup = pass.value(&NOCLEANUP);
    let strip_ansi = pass.value(&STRIP_ANSI);
    let environment = read_environment(pass);

    let told = command_line.clone();
    let settings = Supervisord {
        minfds: told.minfds.unwrap_or(minfds),
        minprocs: told.minprocs.unwrap_or(minprocs),
        directory: told.directory.or(directory),
        user: None,
        umask: told.umask.unwrap_or(umask),
        logfile: told.logfile.unwrap_or_else(|| log_target(&logfile, host)),
        logfile_maxbytes: told.logfile_maxbytes.unwrap_or(logfile_maxbytes),
        logfile_backups: told.logfile_backups.unwrap_or(logfile_backups),
        loglevel: told.loglevel.unwrap_or(loglevel),
        pidfile: told.pidfile.unwrap_or_else(|| resolved(&pidfile, host)),
        identifier: told.identifier.unwrap_or(identifier),
        nodaemon: told.nodaemon || nodaemon,
        silent: told.silent || silent,
        childlogdir: told.childlogdir.or(childlogdir).unwrap_or_else(|| paths::temporary_directory(host)),
        nocleanup: told.nocleanup || nocleanup,
        strip_ansi: told.strip_ansi || strip_ansi,
        environment: environment.clone().unwrap_or_default(),
    };
    let user_is_told = told.user.is_some();
    let user = told.user.map(|user| user.as_bytes().to_vec()).or(user);
    Read { settings, user, user_is_told, environment_is_invalid: environment.is_none() }
}

/// `environment` knows the node's name, too, and messages call it by its bare name.
fn read_environment(pass: &mut Pass<'_>) -> Option<Environment> {
    let Some(found) = pass.raw(ENVIRONMENT.key) else { return Some(Environment::new()) };
    let names = Names::over(pass.names).with("host_node_name", pass.host.hostname().as_bytes());
    let text = pass.with_names(&names).expanded(found, format_args!("{}", ENVIRONMENT.key)).ok()?;
    pass.parsed(&ENVIRONMENT, &text, "").ok()
}

/// The main log's target: `syslog` in exactly this spelling, or a path made absolute.
pub(crate) fn log_target(path: &std::path::Path, host: &dyn Host) -> LogTarget {
    if path.as_os_str() == "syslog" { LogTarget::Syslog } else { LogTarget::Path(resolved(path, host)) }
}

/// A path as supervisord uses it: absolute, so that it stays the same wherever supervisord goes.
pub(crate) fn resolved(path: &std::path::Path, host: &dyn Host) -> PathBuf {
    paths::expanded_absolute(path.as_os_str().as_bytes(), host)
}

/// The user supervisord becomes; looked up after everything else has been read.
pub(crate) fn look_up_user(pass: &mut Pass<'_>, user: &[u8], is_told: bool) -> Option<crate::host::Account> {
    let mut reading = value::Reading::new(pass.host);
    let parsed = value::user(user, &mut reading);
    if !is_told {
        return pass.or_fault(USER.key, USER.takes, parsed, "").ok();
    }
    // No line of the file is to blame.
    parsed
        .map_err(|rejection| pass.report.fault(Fault::new(rejection.message).with_hint(rejection.hint)))
        .ok()
}
