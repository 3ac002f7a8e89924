//! The end of a child: expected or not, asked for or not.
//!
//! A child can be reaped before the fact that it was spawned arrives. While spawns are in flight, the exit of a pid that
//! belongs to no process is therefore kept until one of them claims it or none is left.

use crate::process::reconcile::{StartCause, Wanted};
use crate::process::state::State;
use crate::turn::Turn;
use crate::{ExitStatus, Pid, ProcessId, Supervisor};

const TOO_QUICKLY: &str = "Exited too quickly (process log may have details)";

impl Supervisor {
    /// A child was reaped, ours or an adopted orphan.
    pub(crate) fn reaped(&mut self, pid: Pid, status: ExitStatus, turn: &mut Turn<'_>) {
        if let Some(id) = self.children.remove(&pid) {
            self.exited(id, pid, status, turn);
        } else {
            self.unclaimed_exits.insert(pid, status);
            self.log_unknown_exits(turn);
        }
    }

    /// A process' child has ended.
    pub(crate) fn exited(&mut self, id: ProcessId, pid: Pid, status: ExitStatus, turn: &mut Turn<'_>) {
        self.children.remove(&pid);
        let Some(process) = self.processes.get_mut(id) else { return };
        process.record.ended = Some(turn.now.wall);
        process.record.last_exit = Some(status);
        match process.state {
            State::Stopping { .. } => self.has_stopped(id, status, turn),
            State::Starting { since, failures, .. } => {
                if turn.clock().saturating_sub(since) < process.policy.start_time() {
                    self.exited_too_quickly(id, status, failures, turn);
                } else {
                    self.enter(id, State::Running { pid }, turn);
                    self.has_exited(id, status, turn);
                }
            }
            State::Running { .. } => self.has_exited(id, status, turn),
            State::Unknown { .. } => match process.wanted {
                Wanted::Down => self.has_stopped(id, status, turn),
                Wanted::Up(_) => self.has_exited(id, status, turn),
            },
            State::Stopped
            | State::Spawning { .. }
            | State::Backoff { .. }
            | State::Exited { .. }
            | State::Fatal => {
                turn.error(format!("{} ({pid}) has ended in state {}", process.name, process.state.shown()));
            }
        }
        self.requeue_unfinished(id, turn);
    }

    /// It has stopped as ordered.
    fn has_stopped(&mut self, id: ProcessId, status: ExitStatus, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get_mut(id) else { return };
        process.record.exit_status = Some(status);
        let line = format!("stopped: {} ({status})", process.name);
        let is_expected = process.policy.expects(status);
        self.enter(id, State::Stopped, turn);
        if is_expected { turn.info(line) } else { turn.warning(line) }
    }

    /// It did not stay up; whatever its exit code says, that was not expected.
    fn exited_too_quickly(&mut self, id: ProcessId, status: ExitStatus, failures: u32, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get_mut(id) else { return };
        process.record.spawn_error = Some(TOO_QUICKLY.to_owned());
        turn.warning(format!("exited: {} ({status}; not expected)", process.name));
        self.back_off(id, failures, turn);
    }

    /// It ended by itself after it had stayed up.
    fn has_exited(&mut self, id: ProcessId, status: ExitStatus, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get_mut(id) else { return };
        process.record.exit_status = Some(status);
        if process.policy.expects(status) {
            turn.info(format!("exited: {} ({status}; expected)", process.name));
        } else {
            process.record.spawn_error = Some(format!("Bad exit code {}", status.wire_code()));
            turn.warning(format!("exited: {} ({status}; not expected)", process.name));
        }
        process.wanted = if process.policy.restarts_after(status) {
            Wanted::Up(StartCause::Restart)
        } else {
            Wanted::Down
        };
        self.enter(id, State::Exited { restart_at: None }, turn);
        self.reconcile(id, turn);
    }

    /// With no spawn in flight, an exit that no process claimed was that of an orphan.
    pub(crate) fn log_unknown_exits(&mut self, turn: &mut Turn<'_>) {
        if self.spawns_in_flight == 0 {
            for (pid, status) in std::mem::take(&mut self.unclaimed_exits) {
                turn.info(format!("reaped unknown pid {pid} ({status})"));
            }
        }
    }
}
