//! `exit` and `quit`: leave the shell.

use super::{Command, Flow};
use crate::completion::Completes;
use crate::failure::Failure;
use crate::session::Session;

pub(super) const EXIT: Command = Command {
    name: "exit",
    help: &["exit\tExit the supervisor shell."],
    completes: Completes::Nothing,
    run: leave,
};

pub(super) const QUIT: Command = Command {
    name: "quit",
    help: &["quit\tExit the supervisor shell."],
    completes: Completes::Nothing,
    run: leave,
};

/// Leaves with an empty line, so that the caller's prompt begins in a line of its own.
pub(super) fn leave(session: &mut Session, _argument: &str) -> Result<Flow, Failure> {
    session.print("")?;
    Ok(Flow::Quit)
}
