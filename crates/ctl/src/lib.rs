//! supervisorctl: one command from the command line, or a shell.
//!
//! # Theory
//!
//! [`main`] reads the command line and the configuration, makes a `Session` out of them and hands it one line, or
//! every line of the shell. A line is looked up in the table of commands (`command.rs`); the command asks the server
//! through the session's client and prints its lines through the session's console. What goes wrong comes back as a
//! `Failure` and becomes one line and an exit status in one place, `session.rs`.
//!
//! All waiting goes through `Interrupts`, so that Ctrl-C is an answer like any other and never ends us half-way.
//! Nothing is printed but through the console, whose two outputs a test can replace.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod answer;
mod command;
mod completion;
mod console;
mod dumb_terminal;
mod escape;
mod exit;
mod failure;
mod follow;
mod history;
mod input;
mod interrupt;
mod line_editor;
mod session;
mod shell;

use console::Screen;
use exit::ENDED_BY_PIPE;
use failure::Fatal;
use interrupt::Interrupts;
use line_editor::LineEditor;
use session::Session;
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStringExt;
use std::rc::Rc;
use supervisor_config::{Action, ClientOptions, Failure, ctl};
use supervisor_host::SystemHost;
use supervisor_sys::errno::words;

/// Where a run reads from and writes to.
pub struct Streams {
    /// Standard input.
    pub input: OwnedFd,
    /// Standard output.
    pub output: Box<dyn Write>,
    /// Standard error.
    pub errors: Box<dyn Write>,
    /// Asks for a password with this prompt.
    pub password: Password,
}

/// Asks for a password without showing what is typed; `None` where there is no terminal to ask on.
pub type Password = Box<dyn FnMut(&str) -> io::Result<Option<Vec<u8>>>>;

impl std::fmt::Debug for Streams {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Streams").field("input", &self.input).finish_non_exhaustive()
    }
}

/// The program: reads `arguments`, which begin with the program's name, and the configuration, runs, and returns
/// the exit status.
pub fn main(arguments: &[OsString]) -> u8 {
    match prepare(arguments) {
        Ok(Start::Run(options)) => run_attached(options),
        Ok(Start::Help(text)) => match io::stdout().write_all(&text).and_then(|()| io::stdout().flush()) {
            Ok(()) => 0,
            Err(error) => exit::of_output_error(&error),
        },
        Err(failure) => {
            // There is nowhere to report that standard error is closed.
            let _ = writeln!(io::stderr(), "{failure}");
            2
        }
    }
}

enum Start {
    Run(ClientOptions),
    Help(Vec<u8>),
}

fn prepare(arguments: &[OsString]) -> Result<Start, Box<Failure>> {
    let host = SystemHost::at_startup();
    let command_line = ctl::parse(arguments, &host)?;
    match command_line.action {
        Action::Help | Action::Version => Ok(Start::Help(ctl::help(&command_line.argv0))),
        Action::Run => Ok(Start::Run(with_environment(ctl::load(&command_line, &host)?))),
    }
}

/// Credentials that neither the command line nor the file gives may stand in the environment, where other
/// users cannot see them; the names are those Supervisor's listeners know.
fn with_environment(options: ClientOptions) -> ClientOptions {
    let variable = |name: &str| std::env::var_os(name).map(OsStringExt::into_vec);
    ClientOptions {
        username: options.username.or_else(|| variable("SUPERVISOR_USERNAME")),
        password: options.password.or_else(|| variable("SUPERVISOR_PASSWORD")),
        ..options
    }
}

/// Runs on the standard streams of this process, with colour, line editor and Ctrl-C as they allow.
fn run_attached(options: ClientOptions) -> u8 {
    let interrupts = match Interrupts::from_sigint() {
        Ok(interrupts) => Rc::new(interrupts),
        Err(error) => return refuse(&format!("Error: cannot wait for events: {}\n", words(&error))),
    };
    let input = match io::stdin().as_fd().try_clone_to_owned() {
        Ok(input) => input,
        Err(error) => return refuse(&format!("Error: cannot use standard input: {}\n", words(&error))),
    };
    let has_terminal = io::stdin().is_terminal() && io::stdout().is_terminal();
    let history_file = options.history_file.clone();
    let screen = Screen::of_standard_output(options.style);
    let streams = Streams {
        input,
        output: Box::new(io::stdout()),
        errors: Box::new(io::stderr()),
        password: Box::new(supervisor_sys::terminal::read_password),
    };
    let session = Session::new(options, streams, screen, interrupts);
    let editor = has_terminal.then(|| LineEditor::new(history_file)).flatten();
    run_session(session, editor)
}

fn refuse(message: &str) -> u8 {
    let _ = io::stderr().write_all(message.as_bytes());
    1
}

/// Runs with these options on these streams: no terminal, no colour, no line editor.
pub fn run(options: ClientOptions, streams: Streams) -> io::Result<u8> {
    let interrupts = Rc::new(Interrupts::none()?);
    Ok(run_session(Session::new(options, streams, Screen::NONE, interrupts), None))
}

fn run_session(mut session: Session, editor: Option<LineEditor>) -> u8 {
    let outcome = match session.command_line() {
        Some(line) => session.execute(&line).map(|_| session.exit_status()),
        None => shell::run(&mut session, editor).map(|()| 0),
    };
    match outcome.and_then(|status| session.console.flush().map(|()| status).map_err(Fatal::Output)) {
        Ok(status) => status,
        Err(Fatal::Interrupted) => session.interrupts.end_program(),
        Err(Fatal::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => ENDED_BY_PIPE,
        Err(Fatal::Output(error)) => {
            refuse(&format!("Error: cannot write to standard output: {}\n", words(&error)))
        }
    }
}
