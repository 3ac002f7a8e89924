//! `add`: makes groups of the configuration active.

use super::{Command, Flow};
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_rpc::FaultCode;
use supervisor_rpc::client::ClientError;

pub(super) const COMMAND: Command = Command {
    name: "add",
    help: &["add <name> [...]\tActivates any updates in config for process/group"],
    completes: Completes::Groups,
    run,
};

fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    for group in argument.split_whitespace() {
        let result = session.client()?.add_process_group(group);
        report(session, group, result)?;
    }
    Ok(Flow::Continue)
}

fn report(session: &mut Session, group: &str, result: Result<(), ClientError>) -> Result<(), Failure> {
    let fault = match result {
        Ok(()) => return Ok(session.print(format!("{group}: added process group"))?),
        Err(ClientError::Fault(fault)) => fault,
        Err(error) => return Err(error.into()),
    };
    match fault.known() {
        Some(FaultCode::ShutdownState) => session.print_failure(Exit::Generic, "ERROR: shutting down")?,
        // It is active, which is what was wanted: no failure.
        Some(FaultCode::AlreadyAdded) => session.print("ERROR: process group already active")?,
        Some(FaultCode::BadName) => {
            session.print_failure(Exit::Generic, format!("ERROR: no such process/group: {group}"))?;
        }
        _ => return Err(fault.into()),
    }
    Ok(())
}
