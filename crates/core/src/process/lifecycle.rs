//! Starting processes, and what becomes of them: spawned, stayed up, failed, exited, started again.
//!
//! Spawning is not immediate: it is ordered, and some time later a fact says what came of it. Until then the
//! process is `Spawning`, without a pid. What is asked of it meanwhile waits for that fact: a stop is kept in
//! `wanted`, signals are kept by their requests.

use crate::events::listener::Listener;
use crate::process::Wanted;
use crate::process::state::State;
use crate::turn::Turn;
use crate::{
    Effect, EventKind, ExitStatus, GroupId, KillCause, KillOrder, KillTarget, Pid, Policy, ProcessId, Signal,
    Supervisor, SupervisorState,
};

const TOO_QUICKLY: &str = "Exited too quickly (process log may have details)";

impl Supervisor {
    /// The main loop begins.
    pub(crate) fn begin(&mut self, turn: &mut Turn<'_>) {
        if self.is_started {
            turn.error("the main loop was said to begin twice".to_owned());
            return;
        }
        self.is_started = true;
        self.bus.emit(EventKind::SupervisorStateChangeRunning, String::new, turn);
        for group in self.groups.by_priority.clone() {
            self.autostart(group, turn);
        }
    }

    /// Starts the programs of a group that start by themselves, in the order of the configuration.
    pub(crate) fn autostart(&mut self, group: GroupId, turn: &mut Turn<'_>) {
        if self.state < SupervisorState::Running {
            return;
        }
        let Some(group) = self.groups.all.get(&group) else { return };
        for id in group.processes().to_vec() {
            let Some(process) = self.processes.get(id) else { continue };
            if process.policy.autostart && process.state == State::Stopped && process.record.started.is_none()
            {
                self.launch(id, 0, turn);
            }
        }
    }

    /// Orders a spawn, after the given number of failures in a row.
    pub(crate) fn launch(&mut self, id: ProcessId, failures: u32, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get_mut(id) else { return };
        process.wanted = Wanted::Up;
        process.record.started = Some(turn.now);
        process.record.spawn_error = None;
        process.record.exit_status = None;
        self.enter(id, State::Spawning { failures, since: turn.clock() }, turn);
        turn.push(Effect::Spawn { process: id });
    }

    /// Orders a spawn that nobody asked for.
    fn relaunch(&mut self, id: ProcessId, failures: u32, turn: &mut Turn<'_>) {
        if let Some(process) = self.processes.get_mut(id) {
            process.record.restarts = process.record.restarts.saturating_add(1);
        }
        self.launch(id, failures, turn);
    }

    /// A spawn has succeeded.
    pub(crate) fn spawned(&mut self, id: ProcessId, pid: Pid, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get_mut(id) else {
            turn.error(format!("pid {pid} was spawned for a process that is no more"));
            kill_stray(id, pid, turn);
            return;
        };
        let State::Spawning { failures, since } = process.state else {
            turn.error(format!(
                "pid {pid} was spawned for {} in state {}",
                process.name,
                process.state.shown()
            ));
            kill_stray(id, pid, turn);
            return;
        };
        turn.info(format!("spawned: '{}' with pid {pid}", process.name));
        if let Some(listener) = &mut process.listener {
            **listener = Listener::default();
        }
        let is_stop_pending = process.is_stop_pending();
        let running_at = since.saturating_add(process.policy.start_time());
        self.children.insert(pid, id);
        self.enter(id, State::Starting { pid, failures, since, running_at }, turn);
        // A child reaped already gets no signals: its pid may be somebody else's by now.
        if let Some(status) = self.unclaimed_exits.remove(&pid) {
            self.exited(id, pid, status, turn);
        } else {
            self.send_deferred_signals(id, pid, turn);
            if is_stop_pending {
                self.order_stop(id, turn);
                self.report_stop(id, turn);
            }
        }
        self.log_unknown_exits(turn);
    }

    /// A spawn has failed.
    pub(crate) fn spawn_failed(&mut self, id: ProcessId, message: String, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get_mut(id) else {
            turn.error(format!("spawning failed for a process that is no more: {message}"));
            return;
        };
        let State::Spawning { failures, .. } = process.state else {
            let (name, state) = (&process.name, process.state.shown());
            turn.error(format!("spawning failed for {name} in state {state}: {message}"));
            return;
        };
        turn.info(format!("spawnerr: {message}"));
        process.record.spawn_error = Some(message);
        self.back_off(id, failures, turn);
        self.log_unknown_exits(turn);
    }

    /// A child, ours or not, has ended.
    pub(crate) fn reaped(&mut self, pid: Pid, status: ExitStatus, turn: &mut Turn<'_>) {
        if let Some(id) = self.children.remove(&pid) {
            self.exited(id, pid, status, turn);
        } else {
            self.unclaimed_exits.insert(pid, status);
            self.log_unknown_exits(turn);
        }
    }

    /// A process' own deadline has come.
    pub(crate) fn process_due(&mut self, id: ProcessId, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get(id) else { return };
        match process.state {
            State::Starting { pid, .. } => {
                turn.info(format!(
                    "success: {} entered RUNNING state, process has stayed up for > than {} seconds (startsecs)",
                    process.name, process.policy.startsecs
                ));
                self.enter(id, State::Running { pid }, turn);
            }
            State::Backoff { failures, .. } => {
                if self.state == SupervisorState::Running {
                    self.relaunch(id, failures, turn);
                }
            }
            State::Exited { .. } => {
                if self.state == SupervisorState::Running {
                    self.restart(id, turn);
                } else {
                    self.enter(id, State::Exited { restart_at: None }, turn);
                }
            }
            State::Stopping { .. } => self.kill_overdue(id, turn),
            State::Stopped
            | State::Spawning { .. }
            | State::Running { .. }
            | State::Fatal
            | State::Unknown { .. } => {
                turn.error(format!("{} has no deadline in state {}", process.name, process.state.shown()));
            }
        }
    }

    /// A process' child has ended.
    fn exited(&mut self, id: ProcessId, pid: Pid, status: ExitStatus, turn: &mut Turn<'_>) {
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
                Wanted::Up => self.has_exited(id, status, turn),
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

    /// It was asked to stop, and did.
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
        let is_restarted = process.policy.restarts_after(status);
        self.enter(id, State::Exited { restart_at: None }, turn);
        if is_restarted && self.state == SupervisorState::Running {
            self.restart(id, turn);
        }
    }

    /// Starts it again after an exit, now or once its burst of restarts is over.
    fn restart(&mut self, id: ProcessId, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get_mut(id) else { return };
        match process.restarts.permit(turn.clock()) {
            Ok(()) => self.relaunch(id, 0, turn),
            Err(at) => self.enter(id, State::Exited { restart_at: Some(at) }, turn),
        }
    }

    /// An attempt has failed, after `failures` others: wait for the next, or give up.
    fn back_off(&mut self, id: ProcessId, failures: u32, turn: &mut Turn<'_>) {
        let failures = failures.saturating_add(1);
        let retry_at = turn.clock().saturating_add(Policy::backoff_time(failures));
        self.enter(id, State::Backoff { failures, retry_at }, turn);
        let Some(process) = self.processes.get(id) else { return };
        if process.wanted == Wanted::Down {
            self.stop_in_backoff(id, turn);
        } else if !process.policy.retries_after(failures) {
            turn.info(format!(
                "gave up: {} entered FATAL state, too many start retries too quickly",
                process.name
            ));
            self.enter(id, State::Fatal, turn);
        }
    }

    /// With no spawn under way, a reaped child that nobody claimed is a stranger.
    fn log_unknown_exits(&mut self, turn: &mut Turn<'_>) {
        if self.spawns_in_flight == 0 {
            for (pid, status) in std::mem::take(&mut self.unclaimed_exits) {
                turn.info(format!("reaped unknown pid {pid} ({status})"));
            }
        }
    }
}

/// Kills a child that came for a process which did not wait for it.
fn kill_stray(process: ProcessId, pid: Pid, turn: &mut Turn<'_>) {
    let (signal, target, cause) = (Signal::KILL, KillTarget::Leader, KillCause::Stray);
    turn.push(Effect::Kill(KillOrder { process, pid, signal, target, cause }));
}
