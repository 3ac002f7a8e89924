//! `start`: starts processes and waits until they run.

use super::{Command, Flow, Names};
use crate::answer::Deed;
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_core::Namespec;
use supervisor_rpc::client::Wait;

pub(super) const COMMAND: Command = Command {
    name: "start",
    help: &[
        "start <name>\t\tStart a process",
        "start <gname>:*\t\tStart all processes in a group",
        "start <name> <name>\tStart multiple processes or groups",
        "start all\t\tStart all processes",
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
            return session.misuse(&COMMAND, Exit::BadArguments, "Error: start requires a process name");
        }
        Names::All => {
            session.console.progress("starting all processes")?;
            let statuses = session.client()?.start_all_processes(Wait::ForResult)?;
            session.tell_all(Deed::Start, &statuses)?;
        }
        Names::These(names) => {
            for (done, name) in names.iter().enumerate() {
                session.console.progress(&format!("starting {name} ({} of {})", done + 1, names.len()))?;
                one(session, name)?;
            }
        }
    }
    Ok(Flow::Continue)
}

fn one(session: &mut Session, name: &str) -> Result<(), Failure> {
    let spec = Namespec::parse(name);
    if spec.process.is_none() {
        let result = session.client()?.start_process_group(spec.group, Wait::ForResult);
        return session.tell_group(Deed::Start, spec.group, Exit::BadArguments, result);
    }
    let result = session.client()?.start_process(name, Wait::ForResult);
    session.tell_result(Deed::Start, spec, result)
}
