//! `start`: starts processes and waits until they run.

use super::transition::Transition;
use super::{Command, Flow};
use crate::answer::Action;
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_rpc::client::Client;

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

const TRANSITION: Transition = Transition {
    action: Action::Start,
    progress: "starting",
    bad_name: Exit::BadArguments,
    to_all: Client::start_all_processes,
    to_group: Client::start_process_group,
    to_process: Client::start_process,
};

pub(super) fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    TRANSITION.run(session, &COMMAND, argument)
}
