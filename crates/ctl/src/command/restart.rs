//! `restart`: stops all that is named, then starts all of it. Interrupted in between, it leaves them stopped.

use super::{Command, Flow, Names, start, stop};
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

pub(super) const COMMAND: Command = Command {
    name: "restart",
    help: &[
        "restart <name>\t\tRestart a process",
        "restart <gname>:*\tRestart all processes in a group",
        "restart <name> <name>\tRestart multiple processes or groups",
        "restart all\t\tRestart all processes",
        "Note: restart does not reread config files. For that, see reread and update.",
    ],
    completes: Completes::Processes,
    run,
};

fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    if !session.is_up()? {
        return Ok(Flow::Continue);
    }
    if let Names::None = Names::parse(argument) {
        return session.misuse(&COMMAND, Exit::Generic, "Error: restart requires a process name");
    }
    stop::run(session, argument)?;
    start::run(session, argument)
}
