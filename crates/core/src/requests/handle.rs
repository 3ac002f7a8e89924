//! Answering requests: what is done at once, what is waited for, and when the answer is known.

use crate::events::payload;
use crate::process::Process;
use crate::process::state::State;
use crate::requests::pending::{Outcome, PendingRequest, PendingStart, Timing, WaitCondition, Waiter};
use crate::turn::Turn;
use crate::{
    Answer, Command, CommandCheck, Effect, EventKind, Fault, ProcessId, ProcessState, Request, RestartCheck,
    Selection, Signal, StartCause, Supervisor, SupervisorState, Target, Ticket, Wait,
};

impl Supervisor {
    /// Takes up a request.
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
                self.stop_everything(SupervisorState::Shutdown, turn);
            }
            Command::Restart => turn.push(Effect::CheckRestart { ticket: Some(ticket) }),
        }
    }

    /// The client is gone: what has begun goes on, and is not answered.
    pub(crate) fn cancel(&mut self, ticket: Ticket) {
        self.pending_requests.remove(&ticket);
        if let Some(start) = self.pending_starts.get_mut(&ticket) {
            start.is_cancelled = true;
        }
    }

    /// The command files of processes to be started were looked at.
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
                self.stop_everything(SupervisorState::Restarting, turn);
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

    /// Tells the requests that wait for a process what its change from `previous` means to them.
    pub(crate) fn notify_waiters(&mut self, id: ProcessId, previous: &State, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get(id) else { return };
        if !process.waiters.is_empty() {
            let (now, is_immediate) = (process.state.clone(), process.policy.startsecs <= 0);
            self.resolve_waiters(id, turn, |condition| outcome(condition, previous, &now, is_immediate));
        }
    }

    /// Settles those requests waiting for a process that `judge` has an outcome on.
    pub(crate) fn resolve_waiters(
        &mut self,
        id: ProcessId,
        turn: &mut Turn<'_>,
        judge: impl Fn(WaitCondition) -> Option<(Outcome, Timing)>,
    ) {
        let Some(process) = self.processes.get_mut(id) else { return };
        let mut settled = Vec::new();
        process.waiters.retain(|waiter| match judge(waiter.condition) {
            Some((outcome, timing)) => {
                settled.push((waiter.ticket, outcome, timing));
                false
            }
            None => true,
        });
        for (ticket, outcome, timing) in settled {
            self.resolve_wait(id, ticket, outcome, timing, turn);
        }
    }

    /// Notes an outcome for a request, and answers it if it was the last one awaited.
    pub(crate) fn resolve_wait(
        &mut self,
        id: ProcessId,
        ticket: Ticket,
        outcome: Outcome,
        timing: Timing,
        turn: &mut Turn<'_>,
    ) {
        let (Some(pending), Some(process)) = (self.pending_requests.get_mut(&ticket), self.processes.get(id))
        else {
            return;
        };
        pending.resolve(process, outcome, timing, turn.clock());
        self.answer_if_over(ticket, turn);
    }

    /// Settles what still waits for a process that is about to be removed: signals sent to a child that ended
    /// before the outcome was told.
    pub(crate) fn resolve_remaining(&mut self, id: ProcessId, turn: &mut Turn<'_>) {
        let waiting = self.pending_requests.iter().filter(|(_, pending)| pending.awaited.contains_key(&id));
        let waiting: Vec<Ticket> = waiting.map(|(ticket, _)| *ticket).collect();
        for ticket in waiting {
            self.resolve_wait(id, ticket, Outcome::Done, Timing::Deferred, turn);
        }
    }

    /// Has the command files of the processes to be started looked at; `commands_checked` goes on from there.
    fn check_commands(&mut self, ticket: Ticket, target: Target, wait: Wait, turn: &mut Turn<'_>) {
        let selection = match self.select(&target) {
            Ok(selection) => selection,
            Err(fault) => return reply(ticket, Answer::Fault(fault), turn),
        };
        let spelled = spelled(selection, target);
        self.pending_starts.insert(ticket, PendingStart { spelled, wait, is_cancelled: false });
        turn.push(Effect::CheckCommands { ticket, processes: self.startable(selection) });
    }

    fn start(&mut self, ticket: Ticket, check: CommandCheck, wait: Wait, turn: &mut Turn<'_>) {
        let id = check.process;
        let Some((process, pending)) = self.processes.get_mut(id).zip(self.pending_requests.get_mut(&ticket))
        else {
            self.refuse_unknown(ticket);
            return;
        };
        let refusal = check.result.err().or_else(|| start_refusal(process, &pending.spelled(process)));
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

    fn stop_selection(
        &mut self,
        ticket: Ticket,
        selection: Selection,
        target: Target,
        wait: Wait,
        turn: &mut Turn<'_>,
    ) {
        let spelled = spelled(selection, target);
        let mut processes = self.processes(selection);
        if spelled.is_none() {
            processes.retain(|id| self.processes.get(*id).is_some_and(Process::is_stoppable));
        }
        self.pending_requests.insert(ticket, PendingRequest::new(spelled, turn.clock()));
        for id in &processes {
            self.stop_for(ticket, *id, wait, turn);
        }
        for id in processes {
            self.report_stop(id, turn);
        }
        self.finish(ticket, turn);
    }

    fn stop_for(&mut self, ticket: Ticket, id: ProcessId, wait: Wait, turn: &mut Turn<'_>) {
        let Some((process, pending)) = self.processes.get_mut(id).zip(self.pending_requests.get_mut(&ticket))
        else {
            return;
        };
        if !process.is_stoppable() {
            let fault = Fault::NotRunning(pending.spelled(process));
            pending.note(process, Err(fault));
            return;
        }
        let condition = match wait {
            Wait::No => WaitCondition::StopOrdered,
            Wait::Yes => WaitCondition::Stopped,
        };
        pending.wait_for(id);
        process.waiters.push(Waiter { ticket, condition });
        self.want_down(id, turn);
    }

    fn signal_selection(
        &mut self,
        ticket: Ticket,
        selection: Selection,
        target: Target,
        signal: Result<&Signal, &String>,
        turn: &mut Turn<'_>,
    ) {
        let spelled = spelled(selection, target);
        let mut processes = self.processes(selection);
        if spelled.is_none() {
            let is_signallable = |process: &Process| process.state.shown().is_signallable();
            processes.retain(|id| self.processes.get(*id).is_some_and(is_signallable));
        }
        self.pending_requests.insert(ticket, PendingRequest::new(spelled, turn.clock()));
        for id in processes {
            self.signal_for(ticket, id, signal, turn);
        }
        self.finish(ticket, turn);
    }

    fn signal_for(
        &mut self,
        ticket: Ticket,
        id: ProcessId,
        signal: Result<&Signal, &String>,
        turn: &mut Turn<'_>,
    ) {
        let Some((process, pending)) = self.processes.get_mut(id).zip(self.pending_requests.get_mut(&ticket))
        else {
            return;
        };
        match (signal, process.state.pid()) {
            (Err(spelled), _) => pending.note(process, Err(Fault::BadSignal(spelled.clone()))),
            (Ok(_), _) if !process.state.shown().is_signallable() => {
                let fault = Fault::NotRunning(pending.spelled(process));
                pending.note(process, Err(fault));
            }
            (Ok(&signal), Some(pid)) => {
                pending.wait_for(id);
                self.send_signal(id, pid, signal, ticket, turn);
            }
            // Being spawned: the signal follows as soon as there is a pid.
            (Ok(&signal), None) => {
                pending.wait_for(id);
                process.waiters.push(Waiter { ticket, condition: WaitCondition::Signallable(signal) });
            }
        }
    }

    fn emit_remote(&mut self, kind: &str, data: &str, turn: &mut Turn<'_>) -> Answer {
        if kind.contains(|c: char| c.is_control()) {
            return Answer::Fault(Fault::IncorrectParameters("type contains a control character".to_owned()));
        }
        self.bus.emit(EventKind::RemoteCommunication, || payload::of_remote(kind, data), turn);
        Answer::Done
    }

    /// The process was removed while its command file was looked at.
    fn refuse_unknown(&mut self, ticket: Ticket) {
        if let Some(pending) = self.pending_requests.get_mut(&ticket) {
            pending.refuse_unknown();
        }
    }

    /// Every process of the request has been taken up.
    fn finish(&mut self, ticket: Ticket, turn: &mut Turn<'_>) {
        if let Some(pending) = self.pending_requests.get_mut(&ticket) {
            pending.is_complete = true;
            self.answer_if_over(ticket, turn);
        }
    }

    fn answer_if_over(&mut self, ticket: Ticket, turn: &mut Turn<'_>) {
        if self.pending_requests.get(&ticket).is_some_and(PendingRequest::is_over)
            && let Some(pending) = self.pending_requests.remove(&ticket)
        {
            reply(ticket, pending.into_answer(), turn);
        }
    }
}

/// The name to use in faults, if the command is about one process.
fn spelled(selection: Selection, target: Target) -> Option<String> {
    match (selection, target) {
        (Selection::Process(_), Target::Named(name)) => Some(name),
        (Selection::Process(_) | Selection::Group(_) | Selection::All, _) => None,
    }
}

fn reply(ticket: Ticket, answer: Answer, turn: &mut Turn<'_>) {
    turn.push(Effect::Reply { ticket, answer });
}

/// Why a process cannot be started, in the order upstream looks.
fn start_refusal(process: &Process, spelled: &str) -> Option<Fault> {
    match process.state.shown() {
        ProcessState::Starting | ProcessState::Running | ProcessState::Backoff => {
            Some(Fault::AlreadyStarted(spelled.to_owned()))
        }
        ProcessState::Unknown => Some(Fault::Failed(format!("{spelled} is in an unknown process state"))),
        ProcessState::Stopping => Some(Fault::AbnormalTermination(spelled.to_owned())),
        ProcessState::Stopped | ProcessState::Exited | ProcessState::Fatal => None,
    }
}

/// What a change of state means to a request that waits for `condition`; `None` if it goes on waiting.
fn outcome(
    condition: WaitCondition,
    previous: &State,
    now: &State,
    is_immediate: bool,
) -> Option<(Outcome, Timing)> {
    match condition {
        WaitCondition::Spawned => match now {
            State::Spawning { .. } => None,
            State::Starting { .. } | State::Running { .. } => Some((Outcome::Done, Timing::Immediate)),
            State::Backoff { .. } => Some((Outcome::SpawnError, Timing::Immediate)),
            State::Stopped
            | State::Stopping { .. }
            | State::Exited { .. }
            | State::Fatal
            | State::Unknown { .. } => Some((Outcome::AbnormalTermination, Timing::Deferred)),
        },
        WaitCondition::Running => match now {
            State::Spawning { .. } | State::Starting { .. } => None,
            State::Running { .. } => {
                Some((Outcome::Done, if is_immediate { Timing::Immediate } else { Timing::Deferred }))
            }
            // The first child ended too quickly. Upstream seldom reports that: unless it looks again more than 50 ms after
            // its last look it sleeps until the retry is under way, and reports what becomes of that one.
            State::Backoff { failures: 1, .. } if previous.pid().is_some() => None,
            State::Backoff { .. } => Some((Outcome::SpawnError, timing_after(previous))),
            // No retry follows: what was not reported yet is the answer.
            State::Stopped | State::Fatal if matches!(previous, State::Backoff { .. }) => {
                Some((Outcome::SpawnError, Timing::Deferred))
            }
            State::Stopped
            | State::Stopping { .. }
            | State::Exited { .. }
            | State::Fatal
            | State::Unknown { .. } => Some((Outcome::AbnormalTermination, Timing::Deferred)),
        },
        WaitCondition::StopOrdered => now.shown().is_stopped().then_some((Outcome::Done, Timing::Immediate)),
        WaitCondition::Stopped => now.shown().is_stopped().then(|| (Outcome::Done, timing_after(previous))),
        WaitCondition::Signallable(_) => match now {
            State::Spawning { .. } | State::Starting { .. } => None,
            State::Stopped
            | State::Running { .. }
            | State::Backoff { .. }
            | State::Stopping { .. }
            | State::Exited { .. }
            | State::Fatal
            | State::Unknown { .. } => Some((Outcome::NotRunning, Timing::Immediate)),
        },
    }
}

/// What follows from a state without a child is decided at once, what a child did comes later.
fn timing_after(previous: &State) -> Timing {
    if previous.pid().is_some() { Timing::Deferred } else { Timing::Immediate }
}
