//! `reread`: has the configuration read and says what differs.

use super::{Command, Flow};
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use std::collections::BTreeMap;
use supervisor_rpc::client::ClientError;
use supervisor_rpc::{FaultCode, ReloadedGroups};

pub(super) const COMMAND: Command = Command {
    name: "reread",
    help: &["reread \t\t\tReload the daemon's configuration files without add/remove"],
    completes: Completes::Nothing,
    run,
};

fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    if !argument.is_empty() {
        return session.misuse(&COMMAND, Exit::Generic, "Error: reread accepts no arguments");
    }
    let fault = match session.client()?.reload_config() {
        Ok(groups) => {
            report(session, &groups)?;
            return Ok(Flow::Continue);
        }
        Err(ClientError::Fault(fault)) => fault,
        Err(error) => return Err(error.into()),
    };
    let complaint = match fault.known() {
        Some(FaultCode::ShutdownState) => "ERROR: supervisor shutting down".to_owned(),
        Some(FaultCode::CantReread) => format!("ERROR: {}", fault.text),
        _ => return Err(fault.into()),
    };
    session.print_failure_lines(Exit::Generic, complaint)?;
    Ok(Flow::Continue)
}

fn report(session: &mut Session, groups: &ReloadedGroups) -> Result<(), Failure> {
    let mut changes = BTreeMap::new();
    for (names, change) in
        [(&groups.added, "available"), (&groups.changed, "changed"), (&groups.removed, "disappeared")]
    {
        changes.extend(names.iter().map(|name| (name, change)));
    }
    if changes.is_empty() {
        session.print("No config updates to processes")?;
    }
    for (name, change) in changes {
        session.print(format!("{name}: {change}"))?;
    }
    Ok(())
}
