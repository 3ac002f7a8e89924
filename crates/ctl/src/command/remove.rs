//! `remove`: takes stopped groups out of the active configuration.

use super::{Command, Flow};
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_rpc::FaultCode;
use supervisor_rpc::client::ClientError;

pub(super) const COMMAND: Command = Command {
    name: "remove",
    help: &["remove <name> [...]\tRemoves process/group from active config"],
    completes: Completes::Groups,
    run,
};

fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    for group in argument.split_whitespace() {
        let fault = match session.client()?.remove_process_group(group) {
            Ok(()) => {
                session.print(format!("{group}: removed process group"))?;
                continue;
            }
            Err(ClientError::Fault(fault)) => fault,
            Err(error) => return Err(error.into()),
        };
        let complaint = match fault.known() {
            Some(FaultCode::StillRunning) => format!("ERROR: process/group still running: {group}"),
            Some(FaultCode::BadName) => format!("ERROR: no such process/group: {group}"),
            _ => return Err(fault.into()),
        };
        session.print_failure(Exit::Generic, complaint)?;
    }
    Ok(Flow::Continue)
}
