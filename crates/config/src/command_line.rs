//! The command line of supervisord.
//!
//! One table says for each option how it is spelled, what its value is called in the help text and what it does.

use crate::config::{Level, LogTarget};
use crate::diagnostic::{Failure, Fault};
use crate::getopt::{self, Given, Spelling};
use crate::host::{Account, Host};
use crate::paths;
use crate::text::{repr, shown};
use crate::value::{self, Parser, Reading};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

/// What a command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Go on and supervise (or, for supervisorctl, act).
    Run,
    /// Print the help text on standard output and exit with 0.
    Help,
    /// Print the version on standard output and exit with 0.
    Version,
}

/// What supervisord was told on its command line; it outranks the file, also when the file is read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandLine {
    /// How the program was called.
    pub argv0: OsString,
    /// What to do.
    pub action: Action,
    /// `-c`, as typed; `None`: search.
    pub configuration: Option<OsString>,
    /// `-n`.
    pub nodaemon: bool,
    /// `-s`.
    pub silent: bool,
    /// `-k`.
    pub nocleanup: bool,
    /// `-t`.
    pub strip_ansi: bool,
    /// `-u`, looked up only after the file has been read.
    pub user: Option<OsString>,
    /// `-m`.
    pub umask: Option<u32>,
    /// `-d`.
    pub directory: Option<PathBuf>,
    /// `-l`, absolute.
    pub logfile: Option<LogTarget>,
    /// `-y`.
    pub logfile_maxbytes: Option<u64>,
    /// `-z`.
    pub logfile_backups: Option<u32>,
    /// `-e`.
    pub loglevel: Option<Level>,
    /// `-j`, absolute.
    pub pidfile: Option<PathBuf>,
    /// `-i`.
    pub identifier: Option<String>,
    /// `-q`.
    pub childlogdir: Option<PathBuf>,
    /// `-a`.
    pub minfds: Option<u64>,
    /// `--minprocs`.
    pub minprocs: Option<u64>,
}

/// Reads supervisord's command line; `arguments` begins with the program's name.
pub fn parse(arguments: &[OsString], host: &dyn Host) -> Result<CommandLine, Failure> {
    let _ = (arguments, host);
    unimplemented!()
}

/// The text `supervisord -h` prints, with its last line end.
pub fn help(argv0: &OsStr) -> Vec<u8> {
    let _ = argv0;
    unimplemented!()
}
