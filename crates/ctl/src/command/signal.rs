//! `signal`: sends a signal to processes.

use super::{Command, Flow, Names};
use crate::answer::Action;
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_core::Namespec;

pub(super) const COMMAND: Command = Command {
    name: "signal",
    help: &[
        "signal <signal name> <name>\t\tSignal a process",
        "signal <signal name> <gname>:*\t\tSignal all processes in a group",
        "signal <signal name> <name> <name>\tSignal multiple processes or groups",
        "signal <signal name> all\t\tSignal all processes",
    ],
    completes: Completes::Processes,
    run,
};

fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    if !session.is_up()? {
        return Ok(Flow::Continue);
    }
    let (signal, names) = argument.split_once(char::is_whitespace).unwrap_or((argument, ""));
    match Names::parse(names) {
        Names::None => {
            let line = "Error: signal requires a signal name and a process name";
            return session.misuse(&COMMAND, Exit::Generic, line);
        }
        Names::All => {
            let statuses = session.client()?.signal_all_processes(signal)?;
            session.report_all(Action::Signal, &statuses)?;
        }
        Names::These(names) => {
            for name in names {
                one(session, signal, name)?;
            }
        }
    }
    Ok(Flow::Continue)
}

fn one(session: &mut Session, signal: &str, name: &str) -> Result<(), Failure> {
    let spec = Namespec::parse(name);
    if spec.process.is_none() {
        let result = session.client()?.signal_process_group(spec.group, signal);
        return session.report_group(Action::Signal, spec.group, Exit::Generic, result);
    }
    let result = session.client()?.signal_process(name, signal);
    session.report_result(Action::Signal, spec, result)
}
