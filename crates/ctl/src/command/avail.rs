//! `avail`: what is configured, active or not.

use super::{Command, Flow};
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_core::Namespec;
use supervisor_rpc::client::ClientError;
use supervisor_rpc::{ConfigInfo, FaultCode};

pub(super) const COMMAND: Command = Command {
    name: "avail",
    help: &["avail\t\t\tDisplay all configured processes"],
    completes: Completes::Nothing,
    run,
};

fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    if !argument.is_empty() {
        return session.misuse(&COMMAND, Exit::Generic, "Error: avail accepts no arguments");
    }
    match session.client()?.all_config_info() {
        Ok(infos) => {
            for info in &infos {
                session.print(line(info))?;
            }
        }
        Err(ClientError::Fault(fault)) if fault.known() == Some(FaultCode::ShutdownState) => {
            session.print_failure(Exit::Generic, "ERROR: supervisor shutting down")?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(Flow::Continue)
}

fn line(info: &ConfigInfo<'_>) -> String {
    let name = Namespec { group: &info.group, process: Some(&info.name) }.to_string();
    let in_use = if info.inuse { "in use" } else { "avail" };
    let autostart = if info.autostart { "auto" } else { "manual" };
    format!("{name:<32} {in_use:<9} {autostart:<9} {}:{}", info.group_prio, info.process_prio)
}
