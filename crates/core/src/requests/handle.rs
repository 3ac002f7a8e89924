//! Requests arrive here, and are answered here.

use crate::events::payload;
use crate::requests::pending::PendingRequest;
use crate::turn::Turn;
use crate::{
    Answer, Command, Effect, EventKind, Fault, Request, RestartCheck, Selection, Signal, Supervisor,
    SupervisorState, Target, Ticket,
};

impl Supervisor {
    /// Handles a request.
    pub(crate) fn handle_request(&mut self, request: Request, turn: &mut Turn<'_>) {
        let Request { ticket, command } = request;
        if self.pending_requests.contains_key(&ticket) || self.pending_starts.contains_key(&ticket) {
            turn.error(format!("ticket {} was used for a second request, which is ignored", ticket.0));
            return;
        }
        if self.state < SupervisorState::Running && !matches!(command, Command::RemoteEvent { .. }) {
            reply(ticket, Answer::Fault(Fault::ShutdownState), turn);
            return;
        }
        match command {
            Command::Start { target, wait } => self.check_commands(ticket, target, wait, turn),
            Command::Stop { target, wait } => match self.select(&target) {
                Ok(selection) => self.stop_selection(ticket, selection, target, wait, turn),
                Err(fault) => reply(ticket, Answer::Fault(fault), turn),
            },
            Command::Signal { target, signal } => match self.select(&target) {
                Ok(selection) => self.signal_selection(ticket, selection, target, signal.as_ref(), turn),
                Err(fault) => reply(ticket, Answer::Fault(fault), turn),
            },
            Command::RemoteEvent { kind, data } => {
                let answer = self.emit_remote(&kind, &data, turn);
                reply(ticket, answer, turn);
            }
            Command::Shutdown => {
                reply(ticket, Answer::Done, turn);
                self.begin_shutdown(SupervisorState::Shutdown, turn);
            }
            Command::Restart => turn.push(Effect::CheckRestart { ticket: Some(ticket) }),
        }
    }

    /// The client is gone: what has begun continues, unanswered.
    pub(crate) fn cancel(&mut self, ticket: Ticket) {
        self.pending_requests.remove(&ticket);
        if let Some(start) = self.pending_starts.get_mut(&ticket) {
            start.is_cancelled = true;
        }
    }

    /// The configuration was checked before a restart.
    pub(crate) fn restart_checked(
        &mut self,
        ticket: Option<Ticket>,
        outcome: RestartCheck,
        turn: &mut Turn<'_>,
    ) {
        match (outcome, ticket) {
            (RestartCheck::Usable, None) => self.restart_by_signal(turn),
            (RestartCheck::Usable, Some(ticket)) if self.state < SupervisorState::Running => {
                reply(ticket, Answer::Fault(Fault::ShutdownState), turn);
            }
            (RestartCheck::Usable, Some(ticket)) => {
                reply(ticket, Answer::Done, turn);
                self.begin_shutdown(SupervisorState::Restarting, turn);
            }
            (RestartCheck::Unusable { report, remote_report }, ticket) => {
                if ticket.is_none() {
                    turn.warning(format!("received {} indicating restart request", Signal::HUP));
                }
                turn.error(format!("restart refused, the running configuration stays in force: {report}"));
                if let Some(ticket) = ticket {
                    let text = format!(
                        "the configuration cannot be used and the running one stays in force: {remote_report}"
                    );
                    reply(ticket, Answer::Fault(Fault::Failed(text)), turn);
                }
            }
            (RestartCheck::NotMade(why), Some(ticket)) => {
                reply(ticket, Answer::Fault(Fault::Failed(why)), turn);
            }
            (RestartCheck::NotMade(_), None) => {}
        }
    }

    fn emit_remote(&mut self, kind: &str, data: &str, turn: &mut Turn<'_>) -> Answer {
        if kind.contains(|c: char| c.is_control()) {
            return Answer::Fault(Fault::IncorrectParameters("type contains a control character".to_owned()));
        }
        self.bus.emit(EventKind::RemoteCommunication, || payload::of_remote(kind, data), turn);
        Answer::Done
    }

    /// Every process of the request has been taken up.
    pub(super) fn finish(&mut self, ticket: Ticket, turn: &mut Turn<'_>) {
        if let Some(pending) = self.pending_requests.get_mut(&ticket) {
            pending.is_complete = true;
            self.answer_if_over(ticket, turn);
        }
    }

    pub(super) fn answer_if_over(&mut self, ticket: Ticket, turn: &mut Turn<'_>) {
        if self.pending_requests.get(&ticket).is_some_and(PendingRequest::is_over)
            && let Some(pending) = self.pending_requests.remove(&ticket)
        {
            reply(ticket, pending.into_answer(), turn);
        }
    }
}

/// The name to use in faults, if the command is about one process.
pub(super) fn spelled(selection: Selection, target: Target) -> Option<String> {
    match (selection, target) {
        (Selection::Process(_), Target::Named(name)) => Some(name),
        (Selection::Process(_) | Selection::Group(_) | Selection::All, _) => None,
    }
}

pub(super) fn reply(ticket: Ticket, answer: Answer, turn: &mut Turn<'_>) {
    turn.push(Effect::Reply { ticket, answer });
}
