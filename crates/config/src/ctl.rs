//! The command line of supervisorctl and its `[supervisorctl]` section.
//!
//! The same dialect and the same search as supervisord's, with less on top: `[include]` is not followed, a missing
//! file is no fault unless `-c` named it, and the command line outranks the file option by option.

use crate::command_line::Action;
use std::ffi::OsString;
use std::path::PathBuf;

/// What supervisorctl was told on its command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientCommandLine {
    /// How the program was called.
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
    /// `-i`.
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

use crate::{Failure, Host};
/// Reads supervisorctl's command line; `arguments` begins with the program's name.
pub fn parse(arguments: &[OsString], host: &dyn Host) -> Result<ClientCommandLine, Failure> {
    let _ = (arguments, host);
    unimplemented!()
}

/// Lays the command line over the `[supervisorctl]` section of the file it names or of the first one found.
pub fn load(command_line: &ClientCommandLine, host: &dyn Host) -> Result<ClientOptions, Failure> {
    let _ = (command_line, host);
    unimplemented!()
}

/// The text `supervisorctl -h` prints, with its last line end.
pub fn help(argv0: &std::ffi::OsStr) -> Vec<u8> {
    let _ = argv0;
    unimplemented!()
}
