//! `version`: that of the server.

use super::{Command, Flow};
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;

pub(super) const COMMAND: Command = Command {
    name: "version",
    help: &["version\t\t\tShow the version of the remote supervisord process"],
    completes: Completes::Nothing,
    run,
};

fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    if !argument.is_empty() {
        return session.misuse(&COMMAND, Exit::Generic, "Error: version accepts no arguments");
    }
    if session.is_up()? {
        let version = session.client()?.supervisor_version()?;
        session.print(version)?;
    }
    Ok(Flow::Continue)
}
