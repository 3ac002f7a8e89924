//! Conditions that requests wait for, and the state changes that resolve them.

use crate::process::state::State;
use crate::requests::pending::{Outcome, Timing};
use crate::snapshot::codec::{codec_enum, codec_struct};
use crate::turn::Turn;
use crate::{ProcessId, Signal, Supervisor, Ticket};

/// A request that waits for a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Waiter {
    pub(crate) ticket: Ticket,
    pub(crate) condition: WaitCondition,
}

codec_struct!(Waiter { ticket, condition });

/// What a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitCondition {
    /// The spawn has succeeded or failed.
    Spawned,
    /// It runs, or will not.
    Running,
    /// The stop signal has been sent, or cannot be.
    StopOrdered,
    /// It has stopped.
    Stopped,
    /// There is a pid to send this signal to.
    Signallable(Signal),
}

codec_enum!(WaitCondition {
    0 => Spawned,
    1 => Running,
    2 => StopOrdered,
    3 => Stopped,
    4 => Signallable(signal),
});

impl Supervisor {
    /// Resolves the waits for a process whose state changed from `previous`.
    pub(crate) fn notify_waiters(&mut self, id: ProcessId, previous: &State, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get(id) else { return };
        if !process.waiters.is_empty() {
            let (now, is_immediate) = (process.state.clone(), process.policy.startsecs <= 0);
            self.resolve_waiters(id, turn, |condition| condition.outcome(previous, &now, is_immediate));
        }
    }

    /// Resolves those waits for a process that `outcome_of` has an outcome for.
    pub(crate) fn resolve_waiters(
        &mut self,
        id: ProcessId,
        turn: &mut Turn<'_>,
        outcome_of: impl Fn(WaitCondition) -> Option<(Outcome, Timing)>,
    ) {
        let Some(process) = self.processes.get_mut(id) else { return };
        let mut resolved = Vec::new();
        process.waiters.retain(|waiter| match outcome_of(waiter.condition) {
            Some((outcome, timing)) => {
                resolved.push((waiter.ticket, outcome, timing));
                false
            }
            None => true,
        });
        for (ticket, outcome, timing) in resolved {
            self.resolve_wait(id, ticket, outcome, timing, turn);
        }
    }

    /// Records an outcome for a request, and answers the request if it was the last one awaited.
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

    /// Resolves the remaining waits for a process that is being removed: those for signals to a child that ended before their
    /// outcome was reported.
    pub(crate) fn resolve_remaining(&mut self, id: ProcessId, turn: &mut Turn<'_>) {
        let waiting = self.pending_requests.iter().filter(|(_, pending)| pending.awaited.contains_key(&id));
        let waiting: Vec<Ticket> = waiting.map(|(ticket, _)| *ticket).collect();
        for ticket in waiting {
            self.resolve_wait(id, ticket, Outcome::Done, Timing::Deferred, turn);
        }
    }
}

impl WaitCondition {
    /// What a change of state means to a request that waits for this; `None` if it goes on waiting. `is_immediate` says that the
    /// process counts as running as soon as it is spawned.
    fn outcome(self, previous: &State, now: &State, is_immediate: bool) -> Option<(Outcome, Timing)> {
        match self {
            Self::Spawned => match now {
                State::Spawning { .. } => None,
                State::Starting { .. } | State::Running { .. } => Some((Outcome::Done, Timing::Immediate)),
                State::Backoff { .. } => Some((Outcome::SpawnError, Timing::Immediate)),
                State::Stopped
                | State::Stopping { .. }
                | State::Exited { .. }
                | State::Fatal
                | State::Unknown { .. } => Some((Outcome::AbnormalTermination, Timing::Deferred)),
            },
            Self::Running => match now {
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
            Self::StopOrdered => now.shown().is_stopped().then_some((Outcome::Done, Timing::Immediate)),
            Self::Stopped => now.shown().is_stopped().then(|| (Outcome::Done, timing_after(previous))),
            Self::Signallable(_) => match now {
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
}

/// A change that needed no child is known at once, the end of a child when upstream polls.
fn timing_after(previous: &State) -> Timing {
    if previous.pid().is_some() { Timing::Deferred } else { Timing::Immediate }
}
