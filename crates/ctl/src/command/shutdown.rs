//! `shutdown`: stops everything, and supervisord with it.

use super::{Command, Flow};
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::{Session, Unreachable, unreachable};
use supervisor_rpc::FaultCode;
use supervisor_rpc::client::ClientError;

pub(super) const COMMAND: Command = Command {
    name: "shutdown",
    help: &["shutdown \tShut the remote supervisord down."],
    completes: Completes::Nothing,
    run,
};

fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    if !argument.is_empty() {
        return session.misuse(&COMMAND, Exit::Generic, "Error: shutdown accepts no arguments");
    }
    if !is_meant(session, "Really shut the remote supervisord process down y/N? ")? {
        return Ok(Flow::Continue);
    }
    match session.client()?.shutdown() {
        Ok(()) => session.print("Shut down")?,
        // What was wanted is under way: no failure.
        Err(ClientError::Fault(fault)) if fault.known() == Some(FaultCode::ShutdownState) => {
            session.print("ERROR: already shutting down")?;
        }
        Err(error) => report_unreachable(session, error)?,
    }
    Ok(Flow::Continue)
}

/// An unreachable server is a failure, but perhaps what was wanted.
fn report_unreachable(session: &mut Session, error: ClientError) -> Result<(), Failure> {
    let how = match unreachable(&error) {
        Some(Unreachable::Refused) => "refused connection",
        Some(Unreachable::NoSocket) => "no such file",
        Some(Unreachable::NoInterface) | None => return Err(error.into()),
    };
    let line = format!("ERROR: {} {how} (already shut down?)", session.target.url);
    Ok(session.print_failure(Exit::Generic, line)?)
}

/// Asks, where questions may be asked; an answer that begins with y means yes.
pub(super) fn is_meant(session: &mut Session, question: &str) -> Result<bool, Failure> {
    Ok(!session.is_interactive || session.ask(question)?.starts_with(['y', 'Y']))
}
