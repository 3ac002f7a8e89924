//! Delivery to event listeners: events go out, results come back.

use crate::events::bus;
use crate::events::listener::{Listener, Message};
use crate::events::payload;
use crate::events::pool::{QueuedEvent, Requeued, ReturnReason};
use crate::process::state::State;
use crate::timers::Timer;
use crate::turn::Turn;
use crate::{Channel, Effect, EventKind, GroupId, Pid, ProcessId, Supervisor};

impl Supervisor {
    /// Sends buffered events to listeners that are ready.
    pub(crate) fn deliver_events(&mut self, turn: &mut Turn<'_>) {
        while let Some(group) = self.bus.pools.values().find(|pool| pool.can_deliver()).map(|pool| pool.group)
        {
            self.deliver_to(group, turn);
        }
    }

    /// Keeps the pool's list of free members in step with this process.
    pub(crate) fn update_ready_member(&mut self, id: ProcessId) {
        let Some(process) = self.processes.get(id) else { return };
        let Some(listener) = &process.listener else { return };
        let Some(pool) = self.bus.pools.get_mut(&process.group) else { return };
        if matches!(process.state, State::Running { .. }) && listener.is_free() {
            pool.free.insert(id);
        } else {
            pool.free.remove(&id);
        }
    }

    /// A listener wrote something.
    pub(crate) fn listener_output(&mut self, id: ProcessId, pid: Pid, bytes: &[u8], turn: &mut Turn<'_>) {
        let mut messages = Vec::new();
        self.with_listener(id, pid, |listener| listener.parse(bytes, |message| messages.push(message)));
        for message in messages {
            self.handle_listener_message(id, message, turn);
        }
    }

    /// An event has been written to its listener in full.
    pub(crate) fn listener_written(&mut self, id: ProcessId, pid: Pid, turn: &mut Turn<'_>) {
        let serial = self.with_listener(id, pid, |listener| {
            listener.is_writing = false;
            listener.current()
        });
        let (Some(Some(serial)), Some(process)) = (serial, self.processes.get(id)) else { return };
        turn.debug(format!("event {serial} sent to listener {}", process.name));
    }

    /// A listener has closed its standard input. Its event goes to another, or waits.
    pub(crate) fn listener_closed_stdin(&mut self, id: ProcessId, pid: Pid, turn: &mut Turn<'_>) {
        let event = self.with_listener(id, pid, |listener| {
            listener.has_closed_stdin = true;
            // An event it has got in full it may still be working on.
            std::mem::take(&mut listener.is_writing).then(|| listener.take_event()).flatten()
        });
        let (Some(Some(event)), Some(process)) = (event, self.processes.get(id)) else { return };
        turn.debug(format!(
            "epipe occurred while sending event {} to listener {}, listener state unchanged",
            event.event.serial, process.name
        ));
        self.requeue(process.group, event, ReturnReason::Undelivered, turn);
    }

    /// A listener has exited: the event it was processing goes back into the buffer.
    pub(crate) fn requeue_unfinished(&mut self, id: ProcessId, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get_mut(id) else { return };
        let group = process.group;
        if let Some(event) = process.listener.as_mut().and_then(|listener| listener.take_event()) {
            self.requeue(group, event, ReturnReason::Lost, turn);
        }
    }

    /// A child wrote output, as an event.
    pub(crate) fn output(
        &mut self,
        id: ProcessId,
        pid: Pid,
        channel: Channel,
        bytes: &[u8],
        turn: &mut Turn<'_>,
    ) {
        let Some(process) = self.processes.get(id) else { return };
        let kind = match channel {
            Channel::Stdout => EventKind::ProcessLogStdout,
            Channel::Stderr => EventKind::ProcessLogStderr,
        };
        self.bus.emit(kind, || payload::of_output(process, pid, channel, bytes), turn);
    }

    /// A child sent a message between tags, as an event.
    pub(crate) fn communication(
        &mut self,
        id: ProcessId,
        pid: Pid,
        channel: Channel,
        bytes: &[u8],
        turn: &mut Turn<'_>,
    ) {
        let Some(process) = self.processes.get(id) else { return };
        let kind = match channel {
            Channel::Stdout => EventKind::ProcessCommunicationStdout,
            Channel::Stderr => EventKind::ProcessCommunicationStderr,
        };
        self.bus.emit(kind, || payload::of_communication(process, pid, bytes), turn);
    }

    fn deliver_to(&mut self, group: GroupId, turn: &mut Turn<'_>) {
        let Some(pool) = self.bus.pools.get_mut(&group) else { return };
        while let Some((id, queued)) = pool.next_delivery() {
            let Some(process) = self.processes.get_mut(id) else { continue };
            let (Some(listener), Some(pid)) = (&mut process.listener, process.state.pid()) else { continue };
            let bytes = pool.envelope(&self.identifier, &queued);
            listener.take(queued);
            turn.push(Effect::WriteListener { process: id, pid, bytes });
        }
        if let Some(head) = pool.waiting.front() {
            turn.debug(rebuffering(head.event.serial, &pool.name, pool.waiting.len() - 1, pool.buffer_size));
        }
    }

    /// Does something with the listener of this very child, if it still lives.
    fn with_listener<T>(
        &mut self,
        id: ProcessId,
        pid: Pid,
        act: impl FnOnce(&mut Listener) -> T,
    ) -> Option<T> {
        let process = self.processes.get_mut(id).filter(|process| process.state.pid() == Some(pid))?;
        let result = act(process.listener.as_deref_mut()?);
        self.update_ready_member(id);
        Some(result)
    }

    fn handle_listener_message(&mut self, id: ProcessId, message: Message, turn: &mut Turn<'_>) {
        let Some(process) = self.processes.get(id) else { return };
        let (name, group) = (process.name.clone(), process.group);
        match message {
            Message::Ready => turn.debug(format!("{name}: ACKNOWLEDGED -> READY")),
            Message::Violation(state) => log_violation(&name, state, turn),
            Message::Processed => {
                turn.debug(format!("{name}: event was processed"));
                turn.debug(format!("{name}: BUSY -> ACKNOWLEDGED"));
            }
            Message::Rejected(event) => {
                turn.warning(format!("{name}: event was rejected"));
                turn.debug(format!("{name}: BUSY -> ACKNOWLEDGED"));
                self.requeue(group, event, ReturnReason::Rejected, turn);
            }
            Message::BadLine { line, event } => {
                turn.warning(format!("{name}: bad result line: '{line}'"));
                log_violation(&name, "BUSY", turn);
                self.requeue(group, event, ReturnReason::Lost, turn);
            }
        }
    }

    /// Puts an event that a listener did not process back into the buffer.
    fn requeue(&mut self, group: GroupId, event: QueuedEvent, why: ReturnReason, turn: &mut Turn<'_>) {
        let Some(pool) = self.bus.pools.get_mut(&group) else { return };
        let (serial, waiting) = (event.event.serial, pool.waiting.len());
        match pool.requeue(event, why, turn.clock()) {
            Requeued::Waiting { discarded } => {
                turn.debug(rebuffering(serial, &pool.name, waiting, pool.buffer_size));
                if let Some(discarded) = discarded {
                    bus::log_overflow(pool, discarded, turn);
                }
            }
            Requeued::Abandoned { attempts } => turn.error(format!(
                "pool {} event {serial} was not accepted in {attempts} attempts, discarding it",
                pool.name
            )),
        }
        self.timers.set(Timer::Redelivery(group), pool.retry_at);
    }
}

fn rebuffering(serial: u64, pool: &str, size: usize, max: usize) -> String {
    format!("rebuffering event {serial} for pool {pool} (buf size={size}, max={max})")
}

fn log_violation(name: &str, state: &str, turn: &mut Turn<'_>) {
    turn.debug(format!("{name}: {state} -> UNKNOWN"));
    turn.warning(format!(
        "{name}: has entered the UNKNOWN state and will no longer receive events, this usually indicates the \
         process violated the eventlistener protocol"
    ));
}
