//! `pid`: process ids, of supervisord or of processes.

use super::{Command, Flow, Names};
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_rpc::FaultCode;
use supervisor_rpc::client::ClientError;

pub(super) const COMMAND: Command = Command {
    name: "pid",
    help: &[
        "pid\t\t\tGet the PID of supervisord.",
        "pid <name>\t\tGet the PID of a single child process by name.",
        "pid all\t\t\tGet the PID of every child process, one per line.",
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
            let pid = session.client()?.pid()?;
            session.print(pid.to_string())?;
        }
        Names::All => {
            let answer = session.client()?.all_process_summaries()?;
            for process in answer.read()? {
                session.print(process.pid.to_string())?;
            }
        }
        Names::These(names) => {
            for name in names {
                one(session, name)?;
            }
        }
    }
    Ok(Flow::Continue)
}

fn one(session: &mut Session, name: &str) -> Result<(), Failure> {
    match session.client()?.process_info(name) {
        Ok(info) => {
            session.print(info.pid.to_string())?;
            if info.pid == 0 {
                session.fail(Exit::NotRunning);
            }
        }
        Err(ClientError::Fault(fault)) if fault.known() == Some(FaultCode::BadName) => {
            session.print_failure(Exit::Generic, format!("No such process {name}"))?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}
