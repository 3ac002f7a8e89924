//! `stop`: stops processes and waits until they have ended.

use super::{Command, Flow, Names};
use crate::answer::Deed;
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_core::Namespec;
use supervisor_rpc::client::Wait;

pub(super) const COMMAND: Command = Command {
    name: "stop",
    help: &[
        "stop <name>\t\tStop a process",
        "stop <gname>:*\t\tStop all processes in a group",
        "stop <name> <name>\tStop multiple processes or groups",
        "stop all\t\tStop all processes",
    ],
    completes: Completes::Processes,
    run,
};

pub(super) fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    if !session.is_up()? {
        return Ok(Flow::Continue);
    }
    match Names::parse(argument) {
        Names::None => {
            return session.misuse(&COMMAND, Exit::Generic, "Error: stop requires a process name");
        }
        Names::All => {
            session.console.progress("stopping all processes")?;
            let statuses = session.client()?.stop_all_processes(Wait::ForResult)?;
            session.tell_all(Deed::Stop, &statuses)?;
        }
        Names::These(names) => {
            for (done, name) in names.iter().enumerate() {
                session.console.progress(&format!("stopping {name} ({} of {})", done + 1, names.len()))?;
                one(session, name)?;
            }
        }
    }
    Ok(Flow::Continue)
}

fn one(session: &mut Session, name: &str) -> Result<(), Failure> {
    let spec = Namespec::parse(name);
    if spec.process.is_none() {
        let result = session.client()?.stop_process_group(spec.group, Wait::ForResult);
        return session.tell_group(Deed::Stop, spec.group, Exit::Generic, result);
    }
    let result = session.client()?.stop_process(name, Wait::ForResult);
    session.tell_result(Deed::Stop, spec, result)
}
