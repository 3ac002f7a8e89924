//! Stops and signals by clients.

use crate::process::Process;
use crate::requests::handle::spelled;
use crate::requests::pending::PendingRequest;
use crate::requests::waiting::{WaitCondition, Waiter};
use crate::turn::Turn;
use crate::{Fault, ProcessId, Selection, Signal, Supervisor, Target, Ticket, Wait};

impl Supervisor {
    pub(super) fn stop_selection(
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

    pub(super) fn signal_selection(
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
}
