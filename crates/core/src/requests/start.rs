//! Starts by clients: the check of the command files, then the start or a fault.

use crate::process::Process;
use crate::requests::handle::{reply, spelled};
use crate::requests::pending::{PendingRequest, PendingStart};
use crate::requests::waiting::{WaitCondition, Waiter};
use crate::turn::Turn;
use crate::{
    Answer, CommandCheck, Effect, Fault, ProcessState, StartCause, Supervisor, SupervisorState, Target,
    Ticket, Wait,
};

impl Supervisor {
    /// Orders the check of the command files; `commands_checked` continues.
    pub(super) fn check_commands(&mut self, ticket: Ticket, target: Target, wait: Wait, turn: &mut Turn<'_>) {
        let selection = match self.select(&target) {
            Ok(selection) => selection,
            Err(fault) => return reply(ticket, Answer::Fault(fault), turn),
        };
        let spelled = spelled(selection, target);
        self.pending_starts.insert(ticket, PendingStart { spelled, wait, is_cancelled: false });
        turn.push(Effect::CheckCommands { ticket, processes: self.startable(selection) });
    }

    /// The command files were checked.
    pub(crate) fn commands_checked(
        &mut self,
        ticket: Ticket,
        outcome: Result<Vec<CommandCheck>, String>,
        turn: &mut Turn<'_>,
    ) {
        let Some(PendingStart { spelled, wait, is_cancelled }) = self.pending_starts.remove(&ticket) else {
            turn.error(format!("commands were checked for ticket {}, which asked for no start", ticket.0));
            return;
        };
        let refusal = match &outcome {
            Err(why) => Some(Fault::Failed(why.clone())),
            Ok(_) if self.state < SupervisorState::Running => Some(Fault::ShutdownState),
            Ok(_) => None,
        };
        if let Some(fault) = refusal {
            if !is_cancelled {
                reply(ticket, Answer::Fault(fault), turn);
            }
            return;
        }
        let is_one = spelled.is_some();
        self.pending_requests.insert(ticket, PendingRequest::new(spelled, turn.clock()));
        for check in outcome.into_iter().flatten() {
            let process = self.processes.get(check.process);
            if is_one || process.is_some_and(|process| !process.state.shown().is_running()) {
                self.start(ticket, check, wait, turn);
            }
        }
        if is_cancelled {
            self.pending_requests.remove(&ticket);
        } else {
            self.finish(ticket, turn);
        }
    }

    fn start(&mut self, ticket: Ticket, check: CommandCheck, wait: Wait, turn: &mut Turn<'_>) {
        let id = check.process;
        let Some((process, pending)) = self.processes.get_mut(id).zip(self.pending_requests.get_mut(&ticket))
        else {
            self.refuse_unknown(ticket);
            return;
        };
        let refusal = check.result.err().or_else(|| process.start_refusal(&pending.spelled(process)));
        if let Some(fault) = refusal {
            pending.note(process, Err(fault));
            return;
        }
        let condition = match wait {
            Wait::No => WaitCondition::Spawned,
            Wait::Yes => WaitCondition::Running,
        };
        pending.wait_for(id);
        process.waiters.push(Waiter { ticket, condition });
        self.want_up(id, StartCause::Command, turn);
    }

    /// The process was removed during the check.
    fn refuse_unknown(&mut self, ticket: Ticket) {
        if let Some(pending) = self.pending_requests.get_mut(&ticket) {
            pending.refuse_unknown();
        }
    }
}

impl Process {
    /// Why it cannot be started, in the order in which upstream checks.
    fn start_refusal(&self, spelled: &str) -> Option<Fault> {
        match self.state.shown() {
            ProcessState::Starting | ProcessState::Running | ProcessState::Backoff => {
                Some(Fault::AlreadyStarted(spelled.to_owned()))
            }
            ProcessState::Unknown => Some(Fault::Failed(format!("{spelled} is in an unknown process state"))),
            ProcessState::Stopping => Some(Fault::AbnormalTermination(spelled.to_owned())),
            ProcessState::Stopped | ProcessState::Exited | ProcessState::Fatal => None,
        }
    }
}
