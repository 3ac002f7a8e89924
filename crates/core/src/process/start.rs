//! Starts, and what becomes of them.
//!
//! A spawn is not immediate: the core orders it, and some time later a fact says whether it succeeded. Until then the process
//! is `Spawning`, without a pid. A stop that arrives meanwhile is kept in `wanted`, a signal by the request that waits to send
//! it.

use crate::events::listener::Listener;
use crate::process::reconcile::{StartCause, Wanted};
use crate::process::state::State;
use crate::turn::Turn;
use crate::{
    Effect, EventKind, GroupId, KillCause, KillOrder, KillTarget, Pid, Policy, ProcessId, Signal, Supervisor,
};

impl Supervisor {
    /// The main loop runs: `autostart` programs start.
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

    /// Starts the `autostart` programs of a group that never ran, in the order of the configuration.
    pub(crate) fn autostart(&mut self, group: GroupId, turn: &mut Turn<'_>) {
        let Some(group) = self.groups.all.get(&group) else { return };
        for id in group.processes().to_vec() {
            let Some(process) = self.processes.get(id) else { continue };
            if process.policy.autostart && process.state == State::Stopped && process.record.started.is_none()
            {
                self.want_up(id, StartCause::Autostart, turn);
            }
        }
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
        let running_at = since.saturating_add(process.policy.start_time());
        self.children.insert(pid, id);
        self.enter(id, State::Starting { pid, failures, since, running_at }, turn);
        // A child that was reaped already gets no signals: another process may have its pid by now.
        if let Some(status) = self.unclaimed_exits.remove(&pid) {
            self.exited(id, pid, status, turn);
        } else {
            self.send_deferred_signals(id, pid, turn);
            self.reconcile(id, turn);
            self.report_stop(id, turn);
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

    /// A process' own timer fires.
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
            State::Backoff { .. } | State::Exited { .. } => self.reconcile(id, turn),
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

    /// An attempt has failed, after `failures` others: the next one follows after a delay, unless it was the last.
    pub(crate) fn back_off(&mut self, id: ProcessId, failures: u32, turn: &mut Turn<'_>) {
        let failures = failures.saturating_add(1);
        let retry_at = turn.clock().saturating_add(Policy::backoff_time(failures));
        self.enter(id, State::Backoff { failures, retry_at }, turn);
        let Some(process) = self.processes.get_mut(id) else { return };
        match process.wanted {
            Wanted::Up(_) if !process.policy.retries_after(failures) => {
                turn.info(format!(
                    "gave up: {} entered FATAL state, too many start retries too quickly",
                    process.name
                ));
                process.wanted = Wanted::Down;
                self.enter(id, State::Fatal, turn);
            }
            Wanted::Up(_) => self.want_up(id, StartCause::Retry, turn),
            Wanted::Down => self.reconcile(id, turn),
        }
    }
}

/// Kills a child that was spawned for a process without a spawn in flight.
fn kill_stray(process: ProcessId, pid: Pid, turn: &mut Turn<'_>) {
    let (signal, target, cause) = (Signal::KILL, KillTarget::Leader, KillCause::Stray);
    turn.push(Effect::Kill(KillOrder { process, pid, signal, target, cause }));
}
