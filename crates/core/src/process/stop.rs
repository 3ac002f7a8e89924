//! Stopping and signalling processes.
//!
//! A signal is an effect, and `Input::Killed` reports whether it could be sent. If the kernel refuses for any reason but ESRCH,
//! the process enters UNKNOWN: it may well be running, and all that is left is to wait for its exit. Upstream never leaves that
//! state; we do when the child exits.

use crate::process::Process;
use crate::process::state::State;
use crate::requests::pending::{Outcome, Timing};
use crate::requests::waiting::WaitCondition;
use crate::timers::Timer;
use crate::turn::Turn;
use crate::{
    Effect, KillCause, KillError, KillOrder, KillTarget, Pid, ProcessId, Signal, Supervisor, SupervisorState,
    Ticket,
};
use std::time::Duration;

/// How often the log mentions that a client waits for a stop.
const REPORT_INTERVAL: Duration = Duration::from_secs(2);

impl Supervisor {
    /// Sends the stop signal to a live child.
    pub(crate) fn order_stop(&mut self, id: ProcessId, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get_mut(id) else { return };
        let Some(pid) = process.state.pid() else { return };
        let kill_at = turn.clock().saturating_add(process.policy.stop_time());
        let target = target(process.policy.stopasgroup);
        let signal = process.policy.stopsignal;
        self.kill(id, pid, signal, target, kill_at, turn);
    }

    /// Cancels the next attempt; there is no child to signal.
    pub(crate) fn stop_in_backoff(&mut self, id: ProcessId, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get(id) else { return };
        if self.shutdown.as_ref().is_some_and(|shutdown| shutdown.is_stopping(process.group)) {
            self.enter(id, State::Fatal, turn);
        } else {
            turn.debug(format!("Attempted to kill {}, which is in BACKOFF state.", process.name));
            self.enter(id, State::Stopped, turn);
        }
    }

    /// It has not stopped within `stopwaitsecs`: sends SIGKILL.
    pub(crate) fn kill_overdue(&mut self, id: ProcessId, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get(id) else { return };
        let Some(pid) = process.state.pid() else { return };
        turn.warning(format!("killing '{}' ({pid}) with SIGKILL", process.name));
        let kill_at = turn.clock().saturating_add(process.policy.kill_interval());
        let target = target(process.policy.killasgroup);
        self.kill(id, pid, Signal::KILL, target, kill_at, turn);
    }

    /// Sends a signal for a client, to the child alone.
    pub(crate) fn send_signal(
        &mut self,
        id: ProcessId,
        pid: Pid,
        signal: Signal,
        ticket: Ticket,
        turn: &mut Turn<'_>,
    ) {
        let Some(process) = self.processes.get(id) else { return };
        turn.debug(format!("sending {} (pid {pid}) sig {signal}", process.name));
        let (target, cause) = (KillTarget::Leader, KillCause::Request(ticket));
        turn.push(Effect::Kill(KillOrder { process: id, pid, signal, target, cause }));
    }

    /// Sends the signals that clients ordered before the pid was known.
    pub(crate) fn send_deferred_signals(&mut self, id: ProcessId, pid: Pid, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get_mut(id) else { return };
        let deferred: Vec<_> = process
            .waiters
            .extract_if(.., |waiter| matches!(waiter.condition, WaitCondition::Signallable(_)))
            .collect();
        for waiter in deferred {
            if let WaitCondition::Signallable(signal) = waiter.condition {
                self.send_signal(id, pid, signal, waiter.ticket, turn);
            }
        }
    }

    /// A signal was sent, or could not be sent.
    pub(crate) fn killed(&mut self, order: KillOrder, outcome: Result<(), KillError>, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get(order.process) else {
            if let Err(KillError::Refused(why)) = outcome {
                turn.critical(format!("unknown problem killing pid {}: {why}", order.pid));
            }
            return;
        };
        match outcome {
            Ok(()) => self.resolve_signal(order, Outcome::Done, turn),
            Err(KillError::NoSuchProcess) => {
                let adverb = match order.cause {
                    KillCause::Stop | KillCause::Stray => "just",
                    KillCause::Request(_) => "just now",
                };
                turn.debug(format!(
                    "unable to signal {} (pid {}), it probably {adverb} exited on its own: [Errno 3] No such process",
                    process.name, order.pid
                ));
                self.resolve_signal(order, Outcome::Done, turn);
            }
            Err(KillError::Refused(why)) => {
                let doing = match order.cause {
                    KillCause::Stop | KillCause::Stray => "killing",
                    KillCause::Request(_) => "sending sig",
                };
                let text = format!("unknown problem {doing} {} ({}):{why}", process.name, order.pid);
                turn.critical(text.clone());
                self.resolve_signal(order, Outcome::Failed(text), turn);
                self.enter_unknown(order, turn);
            }
        }
    }

    /// Logs that a client waits for a process to stop, now and every two seconds.
    pub(crate) fn report_stop(&mut self, id: ProcessId, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get(id) else { return };
        if matches!(process.state, State::Stopping { .. }) && self.is_stop_awaited(process) {
            turn.info(format!("waiting for {} to stop", process.name));
            let next = turn.clock().saturating_add(REPORT_INTERVAL);
            self.timers.set(Timer::StopReport(id), Some(next));
        }
    }

    fn is_stop_awaited(&self, process: &Process) -> bool {
        process.waiters.iter().any(|waiter| {
            waiter.condition == WaitCondition::Stopped && self.pending_requests.contains_key(&waiter.ticket)
        })
    }

    /// Logs, enters STOPPING and orders the signal, in upstream's order.
    fn kill(
        &mut self,
        id: ProcessId,
        pid: Pid,
        signal: Signal,
        target: KillTarget,
        kill_at: Duration,
        turn: &mut Turn<'_>,
    ) {
        let Some(process) = self.processes.get(id) else { return };
        let whom = match target {
            KillTarget::Leader => "",
            KillTarget::Group => "process group ",
        };
        turn.debug(format!("killing {} (pid {pid}) {whom}with signal {signal}", process.name));
        self.enter(id, State::Stopping { pid, kill_at }, turn);
        let cause = KillCause::Stop;
        turn.push(Effect::Kill(KillOrder { process: id, pid, signal, target, cause }));
    }

    /// Resolves the waits for this signal.
    fn resolve_signal(&mut self, order: KillOrder, outcome: Outcome, turn: &mut Turn<'_>) {
        match order.cause {
            KillCause::Stray => {}
            KillCause::Request(ticket) => {
                self.resolve_wait(order.process, ticket, outcome, Timing::Immediate, turn);
            }
            KillCause::Stop => {
                let has_failed = outcome != Outcome::Done;
                self.resolve_waiters(order.process, turn, |condition| match condition {
                    WaitCondition::StopOrdered => Some((outcome.clone(), Timing::Immediate)),
                    WaitCondition::Stopped => has_failed.then(|| (outcome.clone(), Timing::Immediate)),
                    WaitCondition::Spawned | WaitCondition::Running | WaitCondition::Signallable(_) => None,
                });
            }
        }
    }

    /// The kernel refuses to signal a child. A process that is stopping stays so if only a client's signal was refused.
    fn enter_unknown(&mut self, order: KillOrder, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get(order.process) else { return };
        let is_stopping = matches!(process.state, State::Stopping { .. });
        if process.state.pid() != Some(order.pid) || (is_stopping && order.cause != KillCause::Stop) {
            return;
        }
        let given_up = is_stopping && self.state < SupervisorState::Running;
        if given_up {
            turn.critical(format!(
                "{} (pid {}) cannot be stopped and is left running",
                process.name, order.pid
            ));
        }
        self.enter(order.process, State::Unknown { pid: order.pid, given_up }, turn);
    }
}

fn target(as_group: bool) -> KillTarget {
    if as_group { KillTarget::Group } else { KillTarget::Leader }
}
