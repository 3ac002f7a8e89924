//! `stop`: stops processes and waits until they have ended.

use super::transition::Transition;
use super::{Command, Flow};
use crate::answer::Action;
use crate::completion::Completes;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::session::Session;
use supervisor_rpc::client::Client;

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

const TRANSITION: Transition = Transition {
    action: Action::Stop,
    progress: "stopping",
    bad_name: Exit::Generic,
    to_all: Client::stop_all_processes,
    to_group: Client::stop_process_group,
    to_process: Client::stop_process,
};

pub(super) fn run(session: &mut Session, argument: &str) -> Result<Flow, Failure> {
    TRANSITION.run(session, &COMMAND, argument)
}
