//! One process: its actual state ([`State`]), what is wanted of it ([`Wanted`]), and its record.

mod exit;
mod exit_status;
mod pid;
mod policy;
pub(crate) mod reconcile;
mod signal;
mod start;
pub(crate) mod state;
mod stop;
pub(crate) mod table;

pub use exit_status::ExitStatus;
pub use pid::Pid;
pub use policy::{Autorestart, Policy};
pub use reconcile::{NotYet, StartCause, Wanted};
pub use signal::Signal;
pub use state::ProcessState;

use crate::events::listener::Listener;
use crate::process::state::State;
use crate::requests::waiting::Waiter;
use crate::snapshot::codec::codec_struct;
use crate::{Description, GroupId, GroupKind, History, Moment, ProcessId, ProcessInfo, ProcessSpec, Wall};
use std::sync::Arc;
use std::time::Duration;

/// One process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) id: ProcessId,
    pub(crate) group: GroupId,
    pub(crate) name: Arc<str>,
    pub(crate) group_name: Arc<str>,
    pub(crate) policy: Arc<Policy>,
    pub(crate) state: State,
    pub(crate) wanted: Wanted,
    pub(crate) record: Record,
    pub(crate) restarts: Restarts,
    pub(crate) waiters: Vec<Waiter>,
    /// `Some` iff the process belongs to an event listener pool.
    pub(crate) listener: Option<Box<Listener>>,
}

codec_struct!(Process { id, group, name, policy, state, wanted, record, restarts, waiters, listener }
    derived { group_name });

/// What is kept of a process across its states, for clients to see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Record {
    /// When a start was last attempted.
    pub(crate) started: Option<Moment>,
    /// When a child last ended.
    pub(crate) ended: Option<Wall>,
    /// What went wrong since the last attempt to start.
    pub(crate) spawn_error: Option<String>,
    /// How the last run ended; unset by the next start and by an exit that came too quickly.
    pub(crate) exit_status: Option<ExitStatus>,
    /// How the last child ended, however soon after its start.
    pub(crate) last_exit: Option<ExitStatus>,
    /// How many times it was started after an exit or a failed attempt.
    pub(crate) restarts: u32,
}

codec_struct!(Record { started, ended, spawn_error, exit_status, last_exit, restarts });

/// The rate limit for restarts. Upstream restarts a process that exits at once without limit, as fast as the machine can; we
/// allow a burst, then wait for the rest of the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Restarts {
    /// When the burst began.
    pub(crate) since: Duration,
    /// Restarts in it.
    pub(crate) count: u32,
}

codec_struct!(Restarts { since, count });

impl Restarts {
    const BURST: u32 = 10;
    const WINDOW: Duration = Duration::from_secs(1);

    /// Whether a restart may be made at `now`; if not, when.
    pub(crate) fn permit(&self, now: Duration) -> Result<(), Duration> {
        let end = self.since.saturating_add(Self::WINDOW);
        if self.count < Self::BURST || end <= now { Ok(()) } else { Err(end) }
    }

    /// Counts a restart that is made at `now`.
    pub(crate) fn count(&mut self, now: Duration) {
        if self.count == 0 || self.since.saturating_add(Self::WINDOW) <= now {
            *self = Self { since: now, count: 1 };
        } else {
            self.count = self.count.saturating_add(1);
        }
    }
}

impl Process {
    /// A process that never ran.
    pub(crate) fn new(
        id: ProcessId,
        spec: ProcessSpec,
        group: GroupId,
        group_name: Arc<str>,
        kind: &GroupKind,
    ) -> Self {
        let listener = match kind {
            GroupKind::Programs => None,
            GroupKind::EventListeners { .. } => Some(Box::default()),
        };
        Self {
            id,
            group,
            name: spec.name,
            group_name,
            policy: spec.policy,
            state: State::Stopped,
            wanted: Wanted::Down,
            record: Record::default(),
            restarts: Restarts::default(),
            waiters: Vec::new(),
            listener,
        }
    }

    /// What clients see of it.
    pub(crate) fn info(&self, now: Moment) -> ProcessInfo<'_> {
        ProcessInfo {
            id: self.id,
            name: &self.name,
            group: &self.group_name,
            state: self.state.shown(),
            start: self.record.started.map(|started| started.wall),
            stop: self.record.ended,
            spawn_error: self.record.spawn_error.as_deref().unwrap_or_default(),
            exit_status: self.record.exit_status.map_or(0, ExitStatus::wire_code),
            pid: self.state.pid(),
            description: self.description(now),
            history: History {
                restarts: self.record.restarts,
                last_exit: self.record.last_exit,
                failures: self.state.failures(),
                next_attempt: self.state.next_attempt(),
            },
        }
    }

    fn description(&self, now: Moment) -> Description<'_> {
        match (self.state.shown(), self.state.pid()) {
            (ProcessState::Running, Some(pid)) => {
                let started = self.record.started.map_or(now.monotonic, |started| started.monotonic);
                Description::Uptime { pid, uptime: now.monotonic.saturating_sub(started) }
            }
            (ProcessState::Fatal | ProcessState::Backoff, _) => match self.record.spawn_error.as_deref() {
                Some(text) if !text.is_empty() => Description::SpawnError(text),
                _ => Description::UnknownError { name: &self.name },
            },
            (ProcessState::Stopped | ProcessState::Exited, _) => {
                self.record.ended.map_or(Description::NotStarted, Description::EndedAt)
            }
            (ProcessState::Running, None)
            | (ProcessState::Starting | ProcessState::Stopping | ProcessState::Unknown, _) => {
                Description::Empty
            }
        }
    }

    /// Whether a stop waits for its spawn.
    pub(crate) fn is_stop_pending(&self) -> bool {
        matches!(self.state, State::Spawning { .. }) && self.wanted == Wanted::Down
    }

    /// Whether a stop request has something to do: it runs, or is about to be restarted.
    pub(crate) fn is_stoppable(&self) -> bool {
        let waits_for_restart = matches!(self.state, State::Exited { restart_at: Some(_) });
        waits_for_restart || (self.state.shown().is_running() && !self.is_stop_pending())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A daemon has thousands: 16 bytes more here are 16 KB with a thousand programs.
    #[cfg(target_pointer_width = "64")]
    #[test]
    fn a_process_and_its_group_are_small() {
        assert!(size_of::<Process>() <= 248);
        assert!(size_of::<crate::group::Group>() <= 64);
    }

    #[test]
    fn restarts_are_free_until_a_burst_is_used_up() {
        let mut restarts = Restarts::default();
        let now = Duration::from_millis(2_500);
        for _ in 0..Restarts::BURST {
            assert_eq!(restarts.permit(now), Ok(()));
            restarts.count(now);
        }
        let end = Duration::from_millis(3_500);
        assert_eq!(restarts.permit(Duration::from_millis(2_900)), Err(end));
        assert_eq!(restarts.permit(end), Ok(()));
        restarts.count(end);
        assert_eq!(restarts.count, 1);
    }
}
