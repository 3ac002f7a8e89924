//! `[supervisord]`.

use super::SectionReader;
use super::table::{Applied, Opt, SectionKind, options};
use crate::command_line::CommandLine;
use crate::diagnostic::Fault;
use crate::environment::Environment;
use crate::expand::Names;
use crate::host::{Account, Host};
use crate::paths;
use crate::value;
use crate::value::types::{self, Type};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use supervisor_core::Level;

/// The daemon.
pub(crate) const SECTION: SectionKind = SectionKind::named("supervisord", Applied::Reload)
    .help(
        "The daemon itself. The section has to be there, even an empty one. Options on the command line outrank it, also \
         when it is read again.",
    )
    .options(&[OPTIONS]);

/// The `[supervisord]` section, command-line options laid over it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervisord {
    /// Soft limit of open files to insist on.
    pub minfds: u64,
    /// Soft limit of processes to insist on.
    pub minprocs: u64,
    /// Working directory after daemonizing.
    pub directory: Option<PathBuf>,
    /// The user to switch to at start.
    pub user: Option<Account>,
    /// File creation mask when daemonizing.
    pub umask: u32,
    /// The main log. A path is absolute.
    pub logfile: LogTarget,
    /// Bytes at which the main log rotates; 0: never.
    pub logfile_maxbytes: u64,
    /// Rotated main logs to keep.
    pub logfile_backups: u32,
    /// What the main log takes.
    pub loglevel: Level,
    /// The pid file, an absolute path.
    pub pidfile: PathBuf,
    /// This instance's name in events, AUTO log names and `getIdentification`.
    pub identifier: String,
    /// Stay in the foreground.
    pub nodaemon: bool,
    /// No copy of the log on stdout in the foreground.
    pub silent: bool,
    /// Where AUTO child logs go.
    pub childlogdir: PathBuf,
    /// Keep AUTO child logs of earlier runs.
    pub nocleanup: bool,
    /// Remove terminal escapes from child output.
    pub strip_ansi: bool,
    /// Under every program's own environment. Already merged into each [`Process::environment`](crate::Process::environment).
    pub environment: Environment,
}

/// Where the main log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTarget {
    /// To syslog(3).
    Syslog,
    /// To this file.
    Path(PathBuf),
}

options! {
    OPTIONS;

    const MINFDS: Opt<u64> = Opt::new("minfds", types::COUNT)
        .default("1024")
        .help("Open files needed: supervisord raises its soft limit to this number or refuses to start.")
        .applied(Applied::Start);
    const MINPROCS: Opt<u64> = Opt::new("minprocs", types::COUNT)
        .default("200")
        .help("Processes needed: supervisord raises its soft limit to this number or refuses to start.")
        .applied(Applied::Start);
    const DIRECTORY: Opt<PathBuf> = Opt::new("directory", types::EXISTING_DIRECTORY)
        .help("Working directory after daemonizing. Not used in the foreground.")
        .applied(Applied::Start);
    const USER: Opt<Vec<u8>> = Opt::new("user", Type::new(value::bytes, "the name or number of a user that exists"))
        .help("The user supervisord switches to at start. Only root can switch to another user.");
    const UMASK: Opt<u32> = Opt::new("umask", types::OCTAL)
        .default("022")
        .help("File creation mask supervisord sets when it daemonizes.")
        .applied(Applied::Start);
    const LOGFILE: Opt<PathBuf> = Opt::new(
        "logfile",
        Type::new(value::existing_dirpath, "a path in a directory that exists, or syslog"),
    )
    .default("supervisord.log")
    .help("The main log. A relative path starts at the directory supervisord is started in.")
    .not_as(&["stdout_logfile"]);
    const LOGFILE_MAXBYTES: Opt<u64> = Opt::new("logfile_maxbytes", types::BYTE_SIZE)
        .default("50MB")
        .help("Size at which the main log is rotated; 0 never rotates.")
        .not_as(&["stdout_logfile_maxbytes"]);
    const LOGFILE_BACKUPS: Opt<u32> = Opt::new("logfile_backups", types::SMALL_COUNT)
        .default("10")
        .help("Rotated main logs to keep; 0 keeps none and empties the log instead.")
        .not_as(&["stdout_logfile_backups"]);
    const LOGLEVEL: Opt<Level> = Opt::new("loglevel", types::LEVEL)
        .default("info")
        .help("The least severe messages the main log takes.");
    const PIDFILE: Opt<PathBuf> = Opt::new("pidfile", types::FILE_PATH)
        .default("supervisord.pid")
        .help("Where supervisord writes its process id. A relative path starts at the directory it is started in.");
    const IDENTIFIER: Opt<String> = Opt::new("identifier", Type::new(value::string, "text"))
        .default("supervisor")
        .help("The name of this supervisord in events, in names of automatic log files and over RPC.");
    const NODAEMON: Opt<bool> = Opt::new("nodaemon", types::BOOLEAN)
        .default("false")
        .help("Stay in the foreground.")
        .applied(Applied::Start);
    const SILENT: Opt<bool> = Opt::new("silent", types::BOOLEAN)
        .default("false")
        .help("In the foreground, do not copy the main log to standard output.");
    const CHILDLOGDIR: Opt<PathBuf> = Opt::new("childlogdir", types::EXISTING_DIRECTORY)
        .help("Where automatic log files of children go; by default the system's directory for temporary files.");
    const NOCLEANUP: Opt<bool> = Opt::new("nocleanup", types::BOOLEAN)
        .default("false")
        .help("Keep the automatic log files of earlier runs.");
    const STRIP_ANSI: Opt<bool> = Opt::new("strip_ansi", types::BOOLEAN)
        .default("false")
        .help("Remove terminal escape sequences from the output of children.");
    const ENVIRONMENT: Opt<Environment> = Opt::new("environment", types::ENVIRONMENT)
        .default("")
        .help("Variables for every child, and for %(ENV_KEY)s in this file. supervisord's own environment stays as it is.")
        .applied(Applied::Update);
}

/// What the section says, before its user is looked up.
pub(crate) struct Read {
    pub(crate) settings: Supervisord,
    /// The user as written.
    pub(crate) user: Option<Vec<u8>>,
    /// `user` is from the command line, not from the file.
    pub(crate) user_is_from_command_line: bool,
    /// `environment` could not be read.
    pub(crate) environment_is_invalid: bool,
}

/// Reads the section and lays the command line over it.
pub(crate) fn read(reader: &mut SectionReader<'_>, command_line: &CommandLine) -> Read {
    let host = reader.host;
    let minfds = reader.value(&MINFDS);
    let minprocs = reader.value(&MINPROCS);
    let directory = reader.optional(&DIRECTORY);
    let user = reader.optional(&USER);
    let umask = reader.value(&UMASK);
    let logfile = reader.value(&LOGFILE);
    let logfile_maxbytes = reader.value(&LOGFILE_MAXBYTES);
    let logfile_backups = reader.value(&LOGFILE_BACKUPS);
    let loglevel = reader.value(&LOGLEVEL);
    let pidfile = reader.value(&PIDFILE);
    let identifier = reader.value(&IDENTIFIER);
    let nodaemon = reader.value(&NODAEMON);
    let silent = reader.value(&SILENT);
    let childlogdir = reader.optional(&CHILDLOGDIR);
    let nocleanup = reader.value(&NOCLEANUP);
    let strip_ansi = reader.value(&STRIP_ANSI);
    let environment = read_environment(reader);

    let given = command_line.clone();
    let settings = Supervisord {
        minfds: given.minfds.unwrap_or(minfds),
        minprocs: given.minprocs.unwrap_or(minprocs),
        directory: given.directory.or(directory),
        user: None,
        umask: given.umask.unwrap_or(umask),
        logfile: given.logfile.unwrap_or_else(|| log_target(&logfile, host)),
        logfile_maxbytes: given.logfile_maxbytes.unwrap_or(logfile_maxbytes),
        logfile_backups: given.logfile_backups.unwrap_or(logfile_backups),
        loglevel: given.loglevel.unwrap_or(loglevel),
        pidfile: given.pidfile.unwrap_or_else(|| resolved(&pidfile, host)),
        identifier: given.identifier.unwrap_or(identifier),
        nodaemon: given.nodaemon || nodaemon,
        silent: given.silent || silent,
        childlogdir: given.childlogdir.or(childlogdir).unwrap_or_else(|| paths::temporary_directory(host)),
        nocleanup: given.nocleanup || nocleanup,
        strip_ansi: given.strip_ansi || strip_ansi,
        environment: environment.clone().unwrap_or_default(),
    };
    let user_is_from_command_line = given.user.is_some();
    let user = given.user.map(|user| user.as_bytes().to_vec()).or(user);
    Read { settings, user, user_is_from_command_line, environment_is_invalid: environment.is_none() }
}

/// `environment` knows the node's name, too, and messages call it by its bare name.
fn read_environment(reader: &mut SectionReader<'_>) -> Option<Environment> {
    let Some(found) = reader.raw(ENVIRONMENT.key) else { return Some(Environment::new()) };
    let names = Names::over(reader.names).with("host_node_name", reader.host.hostname().as_bytes());
    let text = reader.with_names(&names).expanded(found, format_args!("{}", ENVIRONMENT.key)).ok()?;
    reader.parsed(&ENVIRONMENT, &text, "").ok()
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
pub(crate) fn look_up_user(
    reader: &mut SectionReader<'_>,
    user: &[u8],
    is_from_command_line: bool,
) -> Option<Account> {
    let mut context = value::ParseContext::new(reader.host);
    let parsed = value::user(user, &mut context);
    if !is_from_command_line {
        return reader.or_fault(USER.key, USER.of.takes, parsed, "").ok();
    }
    // No line of the file is to blame.
    parsed
        .map_err(|rejection| reader.report.fault(Fault::new(rejection.message).with_hint(rejection.hint)))
        .ok()
}
