//! The owner of all state: one input and one moment go in, effects come out.
//!
//! The methods of [`Supervisor`] are spread over folders by subject: `process` starts, stops and reaps, `requests` answers
//! clients, `events` serves listeners, `shutdown` stops everything in order, `view` reads. All of them change a process' state
//! through [`Supervisor::enter`] alone, which updates everything that follows from states: timers, counts, events, and
//! waiting requests.

use crate::events::bus::Bus;
use crate::events::payload;
use crate::events::tick::Period;
use crate::group::Groups;
use crate::process::state::State;
use crate::process::table::Processes;
use crate::requests::pending::{PendingRequest, PendingStart};
use crate::shutdown::Shutdown;
use crate::snapshot::codec::codec_enum;
use crate::timers::{Timer, TimerQueue};
use crate::turn::Turn;
use crate::{Effects, ExitStatus, Input, Moment, Pid, ProcessId, Ticket};
use std::collections::BTreeMap;
use std::time::Duration;

/// The state of the supervisor itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SupervisorState {
    /// Everything stops, then the daemon ends.
    Shutdown,
    /// Everything stops, then the daemon restarts.
    Restarting,
    /// Programs are kept running.
    Running,
}

codec_enum!(SupervisorState { 0 => Shutdown, 1 => Restarting, 2 => Running });

/// Every group and process, with all that is pending for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervisor {
    pub(crate) identifier: String,
    pub(crate) state: SupervisorState,
    /// The main loop runs.
    pub(crate) is_started: bool,
    pub(crate) groups: Groups,
    pub(crate) processes: Processes,
    pub(crate) next_group: u64,
    pub(crate) next_process: u64,
    /// The process of each child.
    pub(crate) children: BTreeMap<Pid, ProcessId>,
    /// How many spawns are in flight.
    pub(crate) spawns_in_flight: usize,
    /// Exits of unknown pids while spawns are in flight: each may be that of a child whose `Spawned` has yet to come.
    pub(crate) unclaimed_exits: BTreeMap<Pid, ExitStatus>,
    pub(crate) pending_starts: BTreeMap<Ticket, PendingStart>,
    pub(crate) pending_requests: BTreeMap<Ticket, PendingRequest>,
    pub(crate) bus: Bus,
    /// `Some` once the shutdown has begun.
    pub(crate) shutdown: Option<Shutdown>,
    pub(crate) timers: TimerQueue,
}

impl Supervisor {
    /// A supervisor without groups; `identifier` names it in events.
    pub fn new(identifier: impl Into<String>) -> Self {
        Self {
            identifier: identifier.into(),
            state: SupervisorState::Running,
            is_started: false,
            groups: Groups::default(),
            processes: Processes::default(),
            next_group: 1,
            next_process: 1,
            children: BTreeMap::new(),
            spawns_in_flight: 0,
            unclaimed_exits: BTreeMap::new(),
            pending_starts: BTreeMap::new(),
            pending_requests: BTreeMap::new(),
            bus: Bus::default(),
            shutdown: None,
            timers: TimerQueue::default(),
        }
    }

    /// The supervisor that follows this one after `Terminate(Ending::Restart)`: empty, but no number of this
    /// one is given out again, and events go on being counted.
    #[must_use]
    pub fn restarted(&self, identifier: impl Into<String>) -> Self {
        let mut next = Self::new(identifier);
        next.next_group = self.next_group;
        next.next_process = self.next_process;
        next.bus.next_serial = self.bus.next_serial;
        next
    }

    /// Handles one input and emits the effects that follow.
    pub fn handle(&mut self, input: Input, now: Moment, effects: &mut Effects) {
        let turn = &mut Turn { now, effects };
        match input {
            Input::Started => self.begin(turn),
            Input::Spawned { process, pid } => self.spawned(process, pid, turn),
            Input::SpawnFailed { process, message } => self.spawn_failed(process, message, turn),
            Input::Reaped { pid, status } => self.reaped(pid, status, turn),
            Input::Killed { order, outcome } => self.killed(order, outcome, turn),
            Input::Deadline => self.time_passed(turn),
            Input::ClockSet => {
                for period in Period::ALL {
                    self.bus.tick(period, &mut self.timers, turn);
                }
            }
            Input::Signal(signal) => self.signalled(signal, turn),
            Input::ListenerOutput { process, pid, bytes } => self.listener_output(process, pid, &bytes, turn),
            Input::ListenerWritten { process, pid } => self.listener_written(process, pid, turn),
            Input::ListenerWriteFailed { process, pid } => self.listener_closed_stdin(process, pid, turn),
            Input::Output { process, pid, channel, bytes } => {
                self.output(process, pid, channel, &bytes, turn);
            }
            Input::Communication { process, pid, channel, bytes } => {
                self.communication(process, pid, channel, &bytes, turn);
            }
            Input::Request(request) => self.handle_request(request, turn),
            Input::CommandsChecked { ticket, outcome } => self.commands_checked(ticket, outcome, turn),
            Input::RestartChecked { ticket, outcome } => self.restart_checked(ticket, outcome, turn),
            Input::Cancel(ticket) => self.cancel(ticket),
        }
        self.end_turn(turn);
    }

    /// When `Input::Deadline` is due, on the monotonic clock; `None` while nothing waits for time to pass.
    ///
    /// May lie in the past after any other input than `Input::Deadline`, so that the exits known by then can
    /// be fed first.
    pub fn next_deadline(&self) -> Option<Duration> {
        self.timers.next()
    }

    /// The one place where a process changes its state; updates everything that depends on it.
    pub(crate) fn enter(&mut self, id: ProcessId, next: State, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get_mut(id) else { return };
        let previous = std::mem::replace(&mut process.state, next);
        let process = &*process;
        self.timers.set(Timer::Process(id), process.state.deadline());
        if !matches!(process.state, State::Stopping { .. }) {
            self.timers.set(Timer::StopReport(id), None);
        }
        match (matches!(previous, State::Spawning { .. }), matches!(process.state, State::Spawning { .. })) {
            (false, true) => self.spawns_in_flight += 1,
            (true, false) => self.spawns_in_flight -= 1,
            (false, false) | (true, true) => {}
        }
        if let Some(group) = self.groups.all.get_mut(&process.group) {
            group.count_active(!previous.is_at_rest(), !process.state.is_at_rest());
        }
        if previous.shown() != process.state.shown() {
            let kind = payload::kind_of(process.state.shown());
            self.bus.emit(kind, || payload::of_change(process, &previous), turn);
        }
        turn.effects.note_changed(id);
        self.update_ready_member(id);
        self.notify_waiters(id, &previous, turn);
    }

    /// Fires the timers that are due, earliest first.
    fn time_passed(&mut self, turn: &mut Turn<'_>) {
        while let Some(timer) = self.timers.take_due(turn.clock()) {
            match timer {
                Timer::Process(process) => self.process_due(process, turn),
                Timer::StopReport(process) => self.report_stop(process, turn),
                Timer::ShutdownReport => self.report_shutdown(turn),
                // The end of the turn looks at the clock, and continues the shutdown.
                Timer::DrainLimit => {}
                Timer::Redelivery(group) => {
                    if let Some(pool) = self.bus.pools.get_mut(&group) {
                        pool.retry_at = None;
                    }
                }
                Timer::Tick(period) => self.bus.tick(period, &mut self.timers, turn),
            }
        }
    }

    /// What may follow from any input: events are delivered, the shutdown advances or ends.
    pub(crate) fn end_turn(&mut self, turn: &mut Turn<'_>) {
        self.deliver_events(turn);
        self.advance_shutdown(turn);
        self.deliver_events(turn);
        self.finish_shutdown(turn);
    }
}
