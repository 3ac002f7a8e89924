//! The table of commands: name, help, completion and what it does; one file each.

mod add;
mod avail;
mod clear;
mod exit;
mod fg;
mod help;
mod maintail;
mod open;
mod pid;
mod reload;
mod remove;
mod reread;
mod restart;
mod shutdown;
mod signal;
mod start;
mod status;
mod stop;
mod tail;
mod transition;
mod update;
mod version;

use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::{Failure, Fatal};
use crate::session::Session;

/// Whether the shell goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// It does.
    Continue,
    /// The user wants to leave.
    Quit,
}

/// What a command does with the words after its name.
type Run = fn(&mut Session, &str) -> Result<Flow, Failure>;

/// One command.
pub(crate) struct Command {
    pub(crate) name: &'static str,
    /// The lines of its help.
    help: &'static [&'static str],
    pub(crate) completes: Completes,
    run: Run,
}

/// Every command, by name.
pub(crate) const COMMANDS: &[Command] = &[
    add::COMMAND,
    avail::COMMAND,
    clear::COMMAND,
    exit::EXIT,
    fg::COMMAND,
    help::COMMAND,
    maintail::COMMAND,
    open::COMMAND,
    pid::COMMAND,
    exit::QUIT,
    reload::COMMAND,
    remove::COMMAND,
    reread::COMMAND,
    restart::COMMAND,
    shutdown::COMMAND,
    signal::COMMAND,
    start::COMMAND,
    status::COMMAND,
    stop::COMMAND,
    tail::COMMAND,
    update::COMMAND,
    version::COMMAND,
];

/// The command of this name.
pub(crate) fn find(name: &str) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| command.name == name)
}

/// Runs one line: a command is its leading run of letters, digits and underscores, the rest its argument.
pub(crate) fn run(session: &mut Session, line: &str) -> Result<Flow, Failure> {
    let line = match line.trim() {
        "" => return Ok(Flow::Continue),
        line => line.strip_prefix('?').map_or(line.to_owned(), |topic| format!("help {topic}")),
    };
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let (name, argument) = line.split_at(line.find(|c| !is_of_name(c)).unwrap_or(line.len()));
    if name == "EOF" {
        return exit::leave(session, argument);
    }
    let Some(command) = find(name) else {
        session.print_failure(Exit::Generic, format!("*** Unknown syntax: {line}"))?;
        return Ok(Flow::Continue);
    };
    (command.run)(session, argument.trim())
}

impl Session {
    /// Prints what is wrong with the words after a command, and how it is used.
    fn misuse(&mut self, command: &Command, exit: Exit, line: &str) -> Result<Flow, Failure> {
        self.print_failure(exit, line)?;
        self.print_help(command)?;
        Ok(Flow::Continue)
    }

    fn print_help(&mut self, command: &Command) -> Result<(), Fatal> {
        command.help.iter().try_for_each(|line| self.print(line))
    }
}

/// The names a command is for; `all` among them means everything.
enum Names<'a> {
    None,
    All,
    These(Vec<&'a str>),
}

impl<'a> Names<'a> {
    fn parse(argument: &'a str) -> Self {
        let words: Vec<&str> = argument.split_whitespace().collect();
        match words.as_slice() {
            [] => Self::None,
            words if words.contains(&"all") => Self::All,
            _ => Self::These(words),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_every_command_has_help() {
        assert!(COMMANDS.is_sorted_by_key(|command| command.name));
        assert!(COMMANDS.iter().all(|command| !command.help.is_empty()));
    }
}
