//! The command line of supervisorctl and its `[supervisorctl]` section.
//!
//! The same dialect and the same search as supervisord's, with less on top: `[include]` is not followed, a missing
//! file is no fault unless `-c` named it, and the command line outranks the file option by option.

use crate::command_line::Action;
use crate::diagnostic::{Failure, Fault};
use crate::getopt::{self, Given, Spelling};
use crate::host::Host;
use crate::ini::Document;
use crate::paths;
use crate::report::Report;
use crate::search;
pub use crate::section::ctl::Style;
use crate::section::ctl::{self, Settings};
use crate::value::{self, ParseContext, Rejection};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use supervisor_core::repr;

/// The command line of supervisorctl.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCommandLine {
    /// The path the program was called by.
    pub argv0: OsString,
    /// What to do; never [`Action::Version`].
    pub action: Action,
    /// `-c`, as typed; `None`: search.
    pub configuration: Option<OsString>,
    /// `-s`.
    pub serverurl: Option<OsString>,
    /// `-u`.
    pub username: Option<OsString>,
    /// `-p`.
    pub password: Option<OsString>,
    /// `-r`.
    pub history_file: Option<OsString>,
    /// `--style`.
    pub style: Option<Style>,
    /// `-i`.
    pub interactive: bool,
    /// The words of the command to run; empty: open the shell.
    pub args: Vec<OsString>,
}

/// What supervisorctl works with: the command line over the `[supervisorctl]` section over defaults.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientOptions {
    /// `http://host:port` or `unix:///path`, the path absolute and normalised when the file gave it; not validated
    /// further than `-s` is.
    pub serverurl: Vec<u8>,
    /// User name to show the server.
    pub username: Option<Vec<u8>>,
    /// Password to show the server.
    pub password: Option<Vec<u8>>,
    /// The prompt before `> `.
    pub prompt: Vec<u8>,
    /// Where the shell keeps its history.
    pub history_file: Option<PathBuf>,
    /// What a terminal is shown: `--style`, `SUPERVISORCTL_STYLE`, the file's, or rich for the shell and else plain.
    pub style: Style,
    /// `-i` was given, or no command.
    pub interactive: bool,
    /// The words of the command to run; empty: open the shell.
    pub args: Vec<OsString>,
}

impl std::fmt::Debug for ClientOptions {
    /// Leaves the password out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientOptions")
            .field("serverurl", &crate::text::shown(&self.serverurl))
            .field("history_file", &self.history_file)
            .field("interactive", &self.interactive)
            .field("args", &self.args)
            .finish_non_exhaustive()
    }
}

/// One option: its spelling, its words in the help text, and what it does.
struct ClientOption {
    short: &'static [char],
    long: &'static [&'static str],
    /// What its value is called; empty for a flag.
    value: &'static str,
    help: &'static str,
    set: Setter,
}

/// Applies an option's value to a command line.
type Setter = fn(&mut ClientCommandLine, &OsStr, &dyn Host) -> Result<(), Rejection>;

/// Every option, in the order of the help text.
const OPTIONS: &[ClientOption] = &[
    ClientOption {
        short: &['c'],
        long: &["configuration"],
        value: "FILENAME",
        help: "the configuration file (searched for if not given)",
        set: |line, value, _| {
            line.configuration = Some(value.to_os_string());
            Ok(())
        },
    },
    ClientOption {
        short: &['h', '?'],
        long: &["help"],
        value: "",
        help: "show this text and exit",
        set: |line, _, _| {
            line.action = Action::Help;
            Ok(())
        },
    },
    ClientOption {
        short: &['i'],
        long: &["interactive"],
        value: "",
        help: "ask for user name and password where the server wants them",
        set: |line, _, _| {
            line.interactive = true;
            Ok(())
        },
    },
    ClientOption {
        short: &['s'],
        long: &["serverurl"],
        value: "URL",
        help: "where supervisord listens\n     (default \"http://localhost:9001\")",
        set: |line, value, host| {
            let url = value::url(value.as_bytes(), &mut ParseContext::new(host))?;
            line.serverurl = Some(OsString::from_vec(url));
            Ok(())
        },
    },
    ClientOption {
        short: &['u'],
        long: &["username"],
        value: "USERNAME",
        help: "the user name to show the server",
        set: |line, value, _| {
            line.username = Some(value.to_os_string());
            Ok(())
        },
    },
    ClientOption {
        short: &['p'],
        long: &["password"],
        value: "PASSWORD",
        help: "the password to show the server",
        set: |line, value, _| {
            line.password = Some(value.to_os_string());
            Ok(())
        },
    },
    ClientOption {
        short: &['r'],
        long: &["history-file", "history_file"],
        value: "FILENAME",
        help: "where the shell keeps its history",
        set: |line, value, _| {
            line.history_file = Some(value.to_os_string());
            Ok(())
        },
    },
    ClientOption {
        short: &[],
        long: &["style"],
        value: "STYLE",
        help: "plain or rich: what a terminal is shown",
        set: |line, value, host| {
            line.style = Some(ctl::style(value.as_bytes(), &mut ParseContext::new(host))?);
            Ok(())
        },
    },
];

/// Reads supervisorctl's command line; `arguments` begins with the program's name. Options end at the first word
/// that is none, so that `tail -f x` reaches the command.
pub fn parse(arguments: &[OsString], host: &dyn Host) -> Result<ClientCommandLine, Failure> {
    let argv0 = arguments.first().map_or(OsStr::new("supervisorctl"), OsString::as_os_str);
    let mut line = ClientCommandLine {
        argv0: search::program_path(argv0, host),
        action: Action::Run,
        configuration: None,
        serverurl: None,
        username: None,
        password: None,
        history_file: None,
        style: None,
        interactive: false,
        args: Vec::new(),
    };
    let mut apply = |given: &Given| (OPTIONS[given.index].set)(&mut line, &given.value, host);
    let spelling = |option: &ClientOption| Spelling {
        short: option.short,
        long: option.long,
        takes_value: !option.value.is_empty(),
        // Upstream has a letter for each of its options. Ours must not make an abbreviation of one of those ambiguous.
        is_whole_only: option.short.is_empty(),
    };
    let spellings: Vec<Spelling> = OPTIONS.iter().map(spelling).collect();
    let stops = |given: &Given| OPTIONS[given.index].long == ["help"];
    let words = arguments.get(1..).unwrap_or_default();
    let result = getopt::parse(words, &spellings)
        .and_then(|(given, rest)| getopt::apply(&given, stops, &mut apply).map(|()| rest));
    match result {
        Ok(args) => Ok(ClientCommandLine { args, ..line }),
        Err(fault) => Err(Failure::single(&line.argv0, fault)),
    }
}

/// Lays the command line over the `[supervisorctl]` section of the file it names or of the first one found.
pub fn load(command_line: &ClientCommandLine, host: &dyn Host) -> Result<ClientOptions, Failure> {
    let single = |fault| Failure::single(&command_line.argv0, fault);
    let searched = || search::search(&command_line.argv0, host);
    let file = match command_line.configuration.clone().or_else(searched) {
        Some(path) => read_file(&path, &command_line.argv0, host)?,
        None => Settings::default(),
    };
    let bytes = |word: &OsString| word.as_bytes().to_vec();
    let history_file = command_line.history_file.as_ref().map(|path| {
        if path.is_empty() { None } else { Some(paths::expanded_absolute(path.as_bytes(), host)) }
    });
    let serverurl = command_line.serverurl.as_ref().map_or(file.serverurl, bytes);
    if serverurl.contains(&0) {
        return Err(single(Fault::new(format!("value {} is not a URL", repr::text(&serverurl)))));
    }
    let style = command_line.style.or(style_of_environment(host).map_err(single)?).or(file.style);
    let default_style = if command_line.args.is_empty() { Style::Rich } else { Style::Plain };
    Ok(ClientOptions {
        serverurl,
        username: command_line.username.as_ref().map(bytes).or(file.username),
        password: command_line.password.as_ref().map(bytes).or(file.password),
        prompt: file.prompt,
        history_file: history_file.unwrap_or(file.history_file),
        style: style.unwrap_or(default_style),
        interactive: command_line.interactive || command_line.args.is_empty(),
        args: command_line.args.clone(),
    })
}

fn style_of_environment(host: &dyn Host) -> Result<Option<Style>, Fault> {
    const NAME: &str = "SUPERVISORCTL_STYLE";
    let Some(value) = paths::variable(host, NAME).filter(|value| !value.is_empty()) else { return Ok(None) };
    ctl::style(value.as_bytes(), &mut ParseContext::new(host)).map(Some).map_err(|rejection| {
        let text = repr::text(value.as_bytes());
        Fault::new(format!("invalid value for {NAME} {text}: {}", rejection.message))
            .with_hint(rejection.hint)
    })
}

fn read_file(path: &OsStr, argv0: &OsStr, host: &dyn Host) -> Result<Settings, Failure> {
    let single = |fault| Failure::single(argv0, fault);
    let found = search::open(path, host).map_err(single)?;
    let mut document = Document::keeping(ctl::is_read);
    let file = document
        .sources
        .add(path.as_bytes(), found.here.as_os_str().as_bytes(), found.content)
        .map_err(single)?;
    let mut faults = Vec::new();
    document.read(file, &mut faults);
    document.finish();
    let mut report = Report::default();
    for fault in faults {
        report.fault(fault);
    }
    let settings = ctl::read(&document, &found.here, host, &mut report);
    match Failure::of(argv0, report.take_faults()) {
        Some(failure) => Err(failure),
        None => Ok(settings),
    }
}

/// The text `supervisorctl -h` prints, with its last line end.
pub fn help(argv0: &OsStr) -> Vec<u8> {
    let mut text =
        b"supervisorctl -- control applications run by supervisord from the cmd line.\n\nUsage: ".to_vec();
    text.extend_from_slice(argv0.as_bytes());
    text.extend_from_slice(b" [options] [action [arguments]]\n\nOptions:\n");
    for option in OPTIONS {
        let short = option.short.first().map_or_else(String::new, |letter| format!("-{letter}/"));
        let value = if option.value.is_empty() { String::new() } else { format!(" {}", option.value) };
        text.extend_from_slice(format!("{short}--{}{value} -- {}\n", option.long[0], option.help).as_bytes());
    }
    text.extend_from_slice(
        b"\naction [arguments] -- what to do, such as \"status\" or \"restart web\"\n\n\
          Without an action, a shell opens and takes actions line by line. The action\n\
          \"help\" lists all actions.\n\n",
    );
    text
}

#[cfg(test)]
mod tests;
