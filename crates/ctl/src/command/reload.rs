//! `reload`: restarts supervisord and everything under it.

use super::{Command, Flow, shutdown};
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_rpc::FaultCode;
use supervisor_rpc::client::ClientError;

pub(super) const COMMAND: Command = Command {
    name: "reload",
    help: &["reload \t\tRestart the remote supervisord."],
    completes: Completes::Nothing,
    run,
};

fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    if !argument.is_empty() {
        return session.misuse(&COMMAND, Exit::Generic, "Error: reload accepts no arguments");
    }
    if !shutdown::is_meant(session, "Really restart the remote supervisord process y/N? ")? {
        return Ok(Flow::Continue);
    }
    match session.client()?.restart() {
        Ok(()) => session.print("Restarted supervisord")?,
        Err(ClientError::Fault(fault)) if fault.known() == Some(FaultCode::ShutdownState) => {
            session.print_failure(Exit::Generic, "ERROR: already shutting down")?;
        }
        // Upstream's server has no other; ours says what is wrong with the configuration, and where.
        Err(ClientError::Fault(fault)) if fault.known() == Some(FaultCode::Failed) => {
            session.print_failure_lines(Exit::Generic, format!("ERROR: {}", fault.detail()))?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Flow::Continue)
}
