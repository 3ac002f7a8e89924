//! What is wanted of a process against its actual state: the one place that takes the next step.
//!
//! Everything that may start or stop a process sets what is wanted of it and calls [`Supervisor::reconcile`]: commands of
//! clients, autostart, retries after a failed attempt, restarts after an exit, the ordered shutdown. `reconcile` compares and
//! takes one step; facts about the child lead back here until the two agree.
//!
//! ```text
//!  wanted   STOPPED EXITED FATAL BACKOFF   STARTING (no pid)  STARTING RUNNING UNKNOWN   STOPPING
//!  Up       spawn if it may start          -                  -                          -
//!  Down     no attempt is due any more     (once spawned)     stop signal                -
//! ```
//! Whether it may start now is decided by [`Supervisor::may_start`] alone. What else may hold a start back (a dependency, a
//! schedule, a limit) is a further reason there; what is held back is started by a later call of `reconcile`, from a timer or
//! from the fact it waited for.

use crate::process::Process;
use crate::process::state::State;
use crate::snapshot::codec::codec_enum;
use crate::turn::Turn;
use crate::{Effect, ProcessId, Supervisor, SupervisorState};
use std::time::Duration;

/// What is wanted of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// It shall run.
    Up(StartCause),
    /// It shall not run, and is not started but by a command.
    Down,
}

codec_enum!(Wanted { 0 => Up(cause), 1 => Down });

/// What asks for a start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartCause {
    /// `autostart`, at daemon start or when the group is added.
    Autostart,
    /// A client.
    Command,
    /// An attempt to start it has failed.
    Retry,
    /// It has exited.
    Restart,
}

codec_enum!(StartCause { 0 => Autostart, 1 => Command, 2 => Retry, 3 => Restart });

/// Why a process that is wanted up is not started now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotYet {
    /// Everything stops.
    ShuttingDown,
    /// The delay after a failed attempt has not passed.
    BackingOff {
        /// When it has, on the monotonic clock.
        until: Duration,
    },
    /// It was restarted too often within a second.
    RestartLimit {
        /// When it may be restarted again, on the monotonic clock.
        until: Duration,
    },
}

impl Supervisor {
    /// What is wanted of a process; `None` if it was removed.
    pub fn wanted(&self, process: ProcessId) -> Option<Wanted> {
        self.processes.get(process).map(|process| process.wanted)
    }

    /// Why a process that is wanted up, and has no child, is not started at this time, on the monotonic clock.
    pub fn held_back(&self, process: ProcessId, now: Duration) -> Option<NotYet> {
        let process = self.processes.get(process).filter(|process| process.needs_start())?;
        self.may_start(process, now).err()
    }

    /// A process shall run.
    pub(crate) fn want_up(&mut self, id: ProcessId, cause: StartCause, turn: &mut Turn<'_>) {
        if let Some(process) = self.processes.get_mut(id) {
            process.wanted = Wanted::Up(cause);
            self.reconcile(id, turn);
        }
    }

    /// A process shall not run.
    pub(crate) fn want_down(&mut self, id: ProcessId, turn: &mut Turn<'_>) {
        if let Some(process) = self.processes.get_mut(id) {
            process.wanted = Wanted::Down;
            self.reconcile(id, turn);
        }
    }

    /// Takes the next step from the actual state to what is wanted.
    #[expect(clippy::match_same_arms, reason = "why nothing is to be done differs")]
    pub(crate) fn reconcile(&mut self, id: ProcessId, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get(id) else { return };
        match (process.wanted, &process.state) {
            (Wanted::Up(_), State::Stopped | State::Backoff { .. } | State::Exited { .. } | State::Fatal) => {
                match self.may_start(process, turn.clock()) {
                    Ok(()) => self.order_spawn(id, turn),
                    Err(reason) => self.hold_back(id, reason, turn),
                }
            }
            // It runs or comes up; a fact about its child leads back here.
            (
                Wanted::Up(_),
                State::Spawning { .. }
                | State::Starting { .. }
                | State::Running { .. }
                | State::Stopping { .. }
                | State::Unknown { .. },
            ) => {}
            (Wanted::Down, State::Starting { .. } | State::Running { .. } | State::Unknown { .. }) => {
                self.order_stop(id, turn);
            }
            (Wanted::Down, State::Backoff { .. }) => self.stop_in_backoff(id, turn),
            (Wanted::Down, State::Exited { restart_at: Some(_) }) => {
                self.enter(id, State::Exited { restart_at: None }, turn);
            }
            // The stop signal follows once there is a pid, or was sent already, or nothing runs.
            (
                Wanted::Down,
                State::Spawning { .. }
                | State::Stopping { .. }
                | State::Stopped
                | State::Exited { restart_at: None }
                | State::Fatal,
            ) => {}
        }
    }

    /// Whether a process that is wanted up may be started now.
    pub(crate) fn may_start(&self, process: &Process, now: Duration) -> Result<(), NotYet> {
        if self.state < SupervisorState::Running {
            return Err(NotYet::ShuttingDown);
        }
        match (process.wanted, &process.state) {
            (Wanted::Up(StartCause::Retry), State::Backoff { retry_at, .. }) if now < *retry_at => {
                Err(NotYet::BackingOff { until: *retry_at })
            }
            (Wanted::Up(StartCause::Restart), _) => {
                process.restarts.permit(now).map_err(|until| NotYet::RestartLimit { until })
            }
            (
                Wanted::Up(StartCause::Autostart | StartCause::Command | StartCause::Retry) | Wanted::Down,
                _,
            ) => Ok(()),
        }
    }

    /// Arranges for a start that is not possible now: a timer, or nothing where it will never be.
    fn hold_back(&mut self, id: ProcessId, reason: NotYet, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get(id) else { return };
        match (reason, &process.state) {
            (NotYet::RestartLimit { until }, _) => {
                self.enter(id, State::Exited { restart_at: Some(until) }, turn);
            }
            // BACKOFF has a timer of its own; in a shutdown it ends when the turn of its group comes.
            (NotYet::BackingOff { .. }, _) | (NotYet::ShuttingDown, State::Backoff { .. }) => {}
            (NotYet::ShuttingDown, _) => self.want_down(id, turn),
        }
    }

    /// Orders a spawn.
    fn order_spawn(&mut self, id: ProcessId, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get_mut(id) else { return };
        match process.wanted {
            Wanted::Up(StartCause::Restart) => {
                process.restarts.count(turn.clock());
                process.record.restarts = process.record.restarts.saturating_add(1);
            }
            Wanted::Up(StartCause::Retry) => {
                process.record.restarts = process.record.restarts.saturating_add(1);
            }
            Wanted::Up(StartCause::Autostart | StartCause::Command) | Wanted::Down => {}
        }
        process.record.started = Some(turn.now);
        process.record.spawn_error = None;
        process.record.exit_status = None;
        let failures = process.state.failures();
        self.enter(id, State::Spawning { failures, since: turn.clock() }, turn);
        turn.push(Effect::Spawn { process: id });
    }
}

impl Process {
    /// Whether it is wanted up and has neither a child nor a spawn in flight.
    fn needs_start(&self) -> bool {
        let is_down = match self.state {
            State::Stopped | State::Backoff { .. } | State::Exited { .. } | State::Fatal => true,
            State::Spawning { .. }
            | State::Starting { .. }
            | State::Running { .. }
            | State::Stopping { .. }
            | State::Unknown { .. } => false,
        };
        is_down && matches!(self.wanted, Wanted::Up(_))
    }
}
