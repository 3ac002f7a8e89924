//! The ordered shutdown, before the daemon ends or restarts.
//!
//! Groups stop one after the other, highest priority number first: the reverse of the start order. All processes of a group are
//! signalled together, in descending priority, and the next group follows when none of them is active. Groups without active
//! processes are skipped; upstream spends up to a second on each. Listener pools, which have priority -1 unless configured
//! otherwise, so stop last, and each of them only after it has drained the events of all that stopped before it
//! ([`crate::shutdown::drain`]).

mod drain;

use crate::shutdown::drain::DRAIN_LIMIT;
use crate::snapshot::codec::codec_struct;
use crate::timers::{Timer, TimerQueue};
use crate::turn::Turn;
use crate::{Effect, Ending, EventKind, GroupId, Signal, Supervisor, SupervisorState};
use std::time::Duration;

/// How often the log lists the processes that the shutdown waits for.
const REPORT_INTERVAL: Duration = Duration::from_secs(3);

/// The progress of the shutdown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Shutdown {
    /// The groups still to be stopped, the next one last.
    pub(crate) remaining: Vec<GroupId>,
    /// The group that is being stopped.
    pub(crate) current: Option<GroupId>,
    /// While a pool drains: when it is stopped at the latest.
    pub(crate) drain_until: Option<Duration>,
    /// How much time is left for the pools after it, all together.
    pub(crate) drain_budget: Duration,
    /// The end was ordered.
    pub(crate) is_over: bool,
}

codec_struct!(Shutdown { remaining, current, drain_until, drain_budget, is_over });

impl Supervisor {
    /// The daemon itself received a signal.
    pub(crate) fn signalled(&mut self, signal: Signal, turn: &mut Turn<'_>) {
        match signal {
            Signal::TERM | Signal::INT | Signal::QUIT => {
                turn.warning(format!("received {signal} indicating exit request"));
                self.begin_shutdown(SupervisorState::Shutdown, turn);
            }
            // A restart stops everything, so the new configuration is read before.
            Signal::HUP if self.state == SupervisorState::Running => {
                turn.push(Effect::CheckRestart { ticket: None });
            }
            Signal::HUP => self.restart_by_signal(turn),
            Signal::CHLD => turn.debug(format!("received {signal} indicating a child quit")),
            Signal::USR2 => {
                turn.info(format!("received {signal} indicating log reopen request"));
                turn.push(Effect::ReopenLogs);
                self.log_all_counters(turn);
            }
            _ => turn.blather(format!("received {signal} indicating nothing")),
        }
    }

    /// SIGHUP, once the configuration is known to be usable.
    pub(crate) fn restart_by_signal(&mut self, turn: &mut Turn<'_>) {
        let signal = Signal::HUP;
        if self.state == SupervisorState::Shutdown {
            turn.warning(format!("ignored {signal} indicating restart request (shutdown in progress)"));
        } else {
            turn.warning(format!("received {signal} indicating restart request"));
            self.begin_shutdown(SupervisorState::Restarting, turn);
        }
    }

    /// Begins the shutdown, unless it is under way; `state` says whether a restart follows.
    pub(crate) fn begin_shutdown(&mut self, state: SupervisorState, turn: &mut Turn<'_>) {
        self.state = state;
        if self.shutdown.is_some() {
            return;
        }
        let remaining = self.groups.by_priority.clone();
        let (current, drain_until, drain_budget) = (None, None, DRAIN_LIMIT);
        self.shutdown = Some(Shutdown { remaining, current, drain_until, drain_budget, is_over: false });
        self.bus.emit(EventKind::SupervisorStateChangeStopping, String::new, turn);
        self.deliver_events(turn);
        self.advance_shutdown(turn);
        self.report_shutdown(turn);
    }

    /// Continues with the next group that has active processes, once the current one has stopped. The events of that are
    /// delivered before a listener is stopped.
    pub(crate) fn advance_shutdown(&mut self, turn: &mut Turn<'_>) {
        while let Some(shutdown) = &mut self.shutdown {
            let Some(&group) = shutdown.remaining.last() else {
                shutdown.current = None;
                return;
            };
            if self.groups.all.get(&group).is_none_or(|group| group.active == 0) {
                shutdown.remaining.pop();
            } else if shutdown.current == Some(group) || self.is_draining(group, turn) {
                return;
            } else {
                self.stop_group(group, turn);
            }
        }
    }

    /// Orders the end, once everything has stopped.
    pub(crate) fn finish_shutdown(&mut self, turn: &mut Turn<'_>) {
        let Some(shutdown) = &mut self.shutdown else { return };
        if shutdown.remaining.is_empty() && !shutdown.is_over {
            shutdown.is_over = true;
            self.timers = TimerQueue::default();
            let ending = match self.state {
                SupervisorState::Restarting => Ending::Restart,
                SupervisorState::Shutdown | SupervisorState::Running => Ending::Shutdown,
            };
            turn.push(Effect::Terminate(ending));
        }
    }

    /// Logs the processes that the shutdown waits for, now and every three seconds.
    pub(crate) fn report_shutdown(&mut self, turn: &mut Turn<'_>) {
        let groups = self.groups.all.values().filter(|group| group.active > 0);
        let processes = groups.flat_map(|group| group.processes()).filter_map(|id| self.processes.get(*id));
        let active: Vec<_> = processes.filter(|process| !process.state.is_at_rest()).collect();
        if active.is_empty() {
            return;
        }
        let names: Vec<&str> = active.iter().map(|process| &*process.name).collect();
        turn.info(format!("waiting for {} to die", names.join(", ")));
        for process in active {
            turn.blather(format!("{} state: {}", process.name, process.state.shown()));
        }
        self.timers.set(Timer::ShutdownReport, Some(turn.clock().saturating_add(REPORT_INTERVAL)));
    }

    /// Stops every process of a group, in descending priority.
    fn stop_group(&mut self, group: GroupId, turn: &mut Turn<'_>) {
        if let Some(shutdown) = &mut self.shutdown {
            shutdown.current = Some(group);
        }
        let Some(group) = self.groups.all.get(&group) else { return };
        for id in group.by_priority().to_vec().into_iter().rev() {
            self.want_down(id, turn);
        }
    }
}

impl Shutdown {
    /// Whether the processes of this group are the ones being stopped.
    pub(crate) fn is_stopping(&self, group: GroupId) -> bool {
        self.current == Some(group)
    }
}
