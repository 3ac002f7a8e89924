//! `clear`: empties the logs of processes.

use super::{Command, Flow, Names};
use crate::answer::Action;
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_core::Namespec;

pub(super) const COMMAND: Command = Command {
    name: "clear",
    help: &[
        "clear <name>\t\tClear a process' log files.",
        "clear <name> <name>\tClear multiple process' log files",
        "clear all\t\tClear all process' log files",
    ],
    completes: Completes::Processes,
    run,
};

fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    if !session.is_up()? {
        return Ok(Flow::Continue);
    }
    match Names::parse(argument) {
        Names::None => {
            return session.misuse(&COMMAND, Exit::Generic, "Error: clear requires a process name");
        }
        Names::All => {
            let statuses = session.client()?.clear_all_process_logs()?;
            session.report_all(Action::Clear, &statuses)?;
        }
        Names::These(names) => {
            for name in names {
                // Groups are not for this method: the server answers that there is no such process.
                let result = session.client()?.clear_process_logs(name);
                session.report_result(Action::Clear, Namespec::parse(name), result)?;
            }
        }
    }
    Ok(Flow::Continue)
}
