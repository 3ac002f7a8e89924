//! The command line of supervisord.
//!
//! One table says for each option how it is spelled, what its value is called in the help text and what it does.

use crate::diagnostic::{Failure, Fault};
use crate::getopt::{self, Given, Spelling};
use crate::host::Host;
use crate::search;
use crate::section::supervisord::{LogTarget, log_target, resolved};
use crate::value::{self, ParseContext, Parser, Rejection};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use supervisor_core::{Level, repr};

/// What a command line asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Action {
    /// Go on and supervise (or, for supervisorctl, act).
    #[default]
    Run,
    /// Print the help text on standard output and exit with 0.
    Help,
    /// Print the version on standard output and exit with 0.
    Version,
}

/// The command line of supervisord; it outranks the file, also when the file is read again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CommandLine {
    /// The path the program was called by.
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

impl CommandLine {
    /// A command line without any option.
    pub fn new(argv0: impl Into<OsString>) -> Self {
        Self { argv0: argv0.into(), ..Self::default() }
    }
}

/// One option: its spelling, its words in the help text, and what it does.
struct CommandOption {
    short: &'static [char],
    long: &'static str,
    /// What its value is called; empty for a flag.
    value: &'static str,
    help: &'static str,
    set: Setter,
}

/// Applies an option's value to a command line.
type Setter = fn(&mut CommandLine, &OsStr, &dyn Host) -> Result<(), Rejection>;

#[expect(clippy::unnecessary_wraps, reason = "what every setter returns")]
fn flag(given: &mut bool) -> Result<(), Rejection> {
    *given = true;
    Ok(())
}

#[expect(clippy::unnecessary_wraps, reason = "what every setter returns")]
fn as_typed(value: &OsStr, given: &mut Option<OsString>) -> Result<(), Rejection> {
    *given = Some(value.to_os_string());
    Ok(())
}

/// Reads a value as a configuration file's options are read.
fn parsed<T>(
    value: &OsStr,
    host: &dyn Host,
    parse: Parser<T>,
    given: &mut Option<T>,
) -> Result<(), Rejection> {
    *given = Some(parse(value.as_bytes(), &mut ParseContext::new(host))?);
    Ok(())
}

/// A path to a file; an empty one is passed over, so that the file's counts.
fn file_path(value: &OsStr, host: &dyn Host) -> Result<Option<PathBuf>, Rejection> {
    let path = value::existing_dirpath(value.as_bytes(), &mut ParseContext::new(host))?;
    Ok((!path.as_os_str().is_empty()).then_some(path))
}

/// Every option, in the order of the help text.
const OPTIONS: &[CommandOption] = &[
    CommandOption {
        short: &['c'],
        long: "configuration",
        value: "FILENAME",
        help: "the configuration file (searched for if not given)",
        set: |line, value, _| as_typed(value, &mut line.configuration),
    },
    CommandOption {
        short: &['n'],
        long: "nodaemon",
        value: "",
        help: "stay in the foreground (nodaemon=true in the file)",
        set: |line, _, _| flag(&mut line.nodaemon),
    },
    CommandOption {
        short: &['s'],
        long: "silent",
        value: "",
        help: "no log on standard output (silent=true in the file)",
        set: |line, _, _| flag(&mut line.silent),
    },
    CommandOption {
        short: &['h', '?'],
        long: "help",
        value: "",
        help: "show this text and exit",
        set: |line, _, _| {
            line.action = Action::Help;
            Ok(())
        },
    },
    CommandOption {
        short: &['v'],
        long: "version",
        value: "",
        help: "show the version and exit",
        set: |line, _, _| {
            line.action = Action::Version;
            Ok(())
        },
    },
    CommandOption {
        short: &['u'],
        long: "user",
        value: "USER",
        help: "become this user (a name or a number) at start",
        set: |line, value, _| as_typed(value, &mut line.user),
    },
    CommandOption {
        short: &['m'],
        long: "umask",
        value: "UMASK",
        help: "file creation mask of the daemon (octal, 022 if not given)",
        set: |line, value, host| parsed(value, host, value::octal, &mut line.umask),
    },
    CommandOption {
        short: &['d'],
        long: "directory",
        value: "DIRECTORY",
        help: "where to go when daemonizing",
        set: |line, value, host| parsed(value, host, value::existing_directory, &mut line.directory),
    },
    CommandOption {
        short: &['l'],
        long: "logfile",
        value: "FILENAME",
        help: "write the main log to this file",
        set: |line, value, host| {
            line.logfile = file_path(value, host)?.map(|path| log_target(&path, host));
            Ok(())
        },
    },
    CommandOption {
        short: &['y'],
        long: "logfile_maxbytes",
        value: "BYTES",
        help: "rotate the main log at this size",
        set: |line, value, host| parsed(value, host, value::byte_size, &mut line.logfile_maxbytes),
    },
    CommandOption {
        short: &['z'],
        long: "logfile_backups",
        value: "NUM",
        help: "rotated main logs to keep",
        set: |line, value, host| parsed(value, host, value::small_count, &mut line.logfile_backups),
    },
    CommandOption {
        short: &['e'],
        long: "loglevel",
        value: "LEVEL",
        help: "least severe messages to log (critical, error, warn, info, debug, trace, blather)",
        set: |line, value, host| parsed(value, host, value::level, &mut line.loglevel),
    },
    CommandOption {
        short: &['j'],
        long: "pidfile",
        value: "FILENAME",
        help: "write the process id to this file",
        set: |line, value, host| {
            line.pidfile = file_path(value, host)?.map(|path| resolved(&path, host));
            Ok(())
        },
    },
    CommandOption {
        short: &['i'],
        long: "identifier",
        value: "STR",
        help: "the name of this supervisord",
        set: |line, value, host| parsed(value, host, value::string, &mut line.identifier),
    },
    CommandOption {
        short: &['q'],
        long: "childlogdir",
        value: "DIRECTORY",
        help: "where automatic log files of children go",
        set: |line, value, host| parsed(value, host, value::existing_directory, &mut line.childlogdir),
    },
    CommandOption {
        short: &['k'],
        long: "nocleanup",
        value: "",
        help: "keep automatic log files of earlier runs\n                   (they are removed at start otherwise)",
        set: |line, _, _| flag(&mut line.nocleanup),
    },
    CommandOption {
        short: &['a'],
        long: "minfds",
        value: "NUM",
        help: "open files that must be allowed to start",
        set: |line, value, host| parsed(value, host, value::count, &mut line.minfds),
    },
    CommandOption {
        short: &['t'],
        long: "strip_ansi",
        value: "",
        help: "remove terminal escape sequences from children's output",
        set: |line, _, _| flag(&mut line.strip_ansi),
    },
    CommandOption {
        short: &[],
        long: "minprocs",
        value: "NUM",
        help: "processes that must be allowed to start",
        set: |line, value, host| parsed(value, host, value::count, &mut line.minprocs),
    },
    CommandOption {
        short: &[],
        long: "profile_options",
        value: "OPTIONS",
        help: "accepted for the sake of old scripts and ignored;\n                             \
               there is no Python to profile here",
        set: |_, _, _| Ok(()),
    },
];

/// Reads supervisord's command line; `arguments` begins with the program's name.
///
/// What is wrong is found in upstream's order: unknown options and missing values anywhere, then words that are no
/// options, then each option from left to right. `-h` and `-v` end the reading where they stand.
pub fn parse(arguments: &[OsString], host: &dyn Host) -> Result<CommandLine, Failure> {
    let argv0 = arguments.first().map_or(OsStr::new("supervisord"), OsString::as_os_str);
    let mut line = CommandLine::new(search::program_path(argv0, host));
    let mut apply = |given: &Given| (OPTIONS[given.index].set)(&mut line, &given.value, host);
    let spellings: Vec<Spelling> = OPTIONS.iter().map(CommandOption::spelling).collect();
    let stops = |given: &Given| matches!(OPTIONS[given.index].long, "help" | "version");
    let words = arguments.get(1..).unwrap_or_default();
    let result = getopt::parse(words, &spellings).and_then(|(given, rest)| {
        no_words(&rest)?;
        getopt::apply(&given, stops, &mut apply)
    });
    match result {
        Ok(()) => Ok(line),
        Err(fault) => Err(Failure::single(&line.argv0, fault)),
    }
}

fn no_words(rest: &[OsString]) -> Result<(), Fault> {
    if rest.is_empty() {
        return Ok(());
    }
    let words: Vec<String> = rest.iter().map(|word| repr::text(word.as_bytes())).collect();
    Err(Fault::new(format!("positional arguments are not supported: [{}]", words.join(", "))).with_hint(
        Some("name the configuration file with -c; programs are started by supervisorctl".to_string()),
    ))
}

/// The text `supervisord -h` prints, with its last line end.
pub fn help(argv0: &OsStr) -> Vec<u8> {
    let mut text = b"supervisord -- run a set of applications as daemons.\n\nUsage: ".to_vec();
    text.extend_from_slice(argv0.as_bytes());
    text.extend_from_slice(b" [options]\n\nOptions:\n");
    for option in OPTIONS {
        let lead = option.lead();
        text.extend_from_slice(format!("{lead} -- {}\n", option.help).as_bytes());
    }
    text.push(b'\n');
    text
}

impl CommandOption {
    fn spelling(&'static self) -> Spelling {
        Spelling {
            short: self.short,
            long: std::slice::from_ref(&self.long),
            takes_value: !self.value.is_empty(),
            is_whole_only: false,
        }
    }

    /// `-c/--configuration FILENAME`.
    fn lead(&self) -> String {
        let short = self.short.first().map_or_else(String::new, |letter| format!("-{letter}/"));
        let value = if self.value.is_empty() { String::new() } else { format!(" {}", self.value) };
        format!("{short}--{}{value}", self.long)
    }
}

#[cfg(test)]
mod tests;
