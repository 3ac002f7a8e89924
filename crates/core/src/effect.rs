//! Effects: what the supervisor orders the daemon around it to do.

use crate::{Answer, Level, Pid, ProcessId, Signal, Ticket};

/// One effect. The daemon executes effects in the order in which the supervisor emits them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Start the process' command. May take long; answered by `Input::Spawned` or `Input::SpawnFailed`.
    Spawn {
        /// The process.
        process: ProcessId,
    },
    /// Send a signal; answered by `Input::Killed`.
    Kill(KillOrder),
    /// Write a line to the main log.
    Log {
        /// Its severity.
        level: Level,
        /// The line without time and level.
        text: String,
    },
    /// Answer a request; no other answer for this ticket follows.
    Reply {
        /// The request.
        ticket: Ticket,
        /// Its answer.
        answer: Answer,
    },
    /// Check the command files of processes that a client starts; answered by `Input::CommandsChecked`.
    CheckCommands {
        /// The request.
        ticket: Ticket,
        /// The processes, in the order in which they are to be started.
        processes: Vec<ProcessId>,
    },
    /// Read the configuration and check that the daemon can restart with it; answered by `Input::RestartChecked`.
    CheckRestart {
        /// The request; `None` for SIGHUP.
        ticket: Option<Ticket>,
    },
    /// Write an event to a listener's standard input; answered by `Input::ListenerWritten` or
    /// `Input::ListenerWriteFailed`, or by the listener's death. No second one is given before the answer,
    /// so at most one event per listener is waiting to be written.
    WriteListener {
        /// The listener.
        process: ProcessId,
        /// The child.
        pid: Pid,
        /// Header line and payload.
        bytes: Vec<u8>,
    },
    /// Close and open again the main log and the logs of every live process.
    ReopenLogs,
    /// Everything has stopped: leave the main loop. Emitted once, and last.
    Terminate(Ending),
}

/// A signal to send, and why. `Input::Killed` returns it with the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KillOrder {
    /// The process meant.
    pub process: ProcessId,
    /// Its child, the leader of its process group.
    pub pid: Pid,
    /// The signal.
    pub signal: Signal,
    /// The receiver.
    pub target: KillTarget,
    /// Why it is sent.
    pub cause: KillCause,
}

/// The receiver of a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KillTarget {
    /// The child alone (kill(2) with the pid).
    Leader,
    /// The child's whole process group (killpg(3)).
    Group,
}

/// Why a signal is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KillCause {
    /// The process is to stop: `stopsignal`, or SIGKILL once `stopwaitsecs` have passed.
    Stop,
    /// A client asked for this signal.
    Request(Ticket),
    /// The child belongs to no process of the supervisor, and must not be left running.
    Stray,
}

/// What the daemon does once everything has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It ends.
    Shutdown,
    /// It restarts with the new configuration.
    Restart,
}

/// Capacity kept for the next turn.
const SPARE_CAPACITY: usize = 64;

/// The effects of a turn. The caller reuses the buffer, so that an ordinary turn allocates nothing for it.
#[derive(Debug, Default)]
pub struct Effects {
    list: Vec<Effect>,
    changed: Vec<ProcessId>,
}

impl Effects {
    /// An empty list.
    pub const fn new() -> Self {
        Self { list: Vec::new(), changed: Vec::new() }
    }

    /// Removes all effects, in order.
    pub fn drain(&mut self) -> impl Iterator<Item = Effect> + '_ {
        self.list.drain(..)
    }

    /// Removes the processes whose state changed, in order; one that changed several times may appear again.
    pub fn drain_changed(&mut self) -> impl Iterator<Item = ProcessId> + '_ {
        self.changed.drain(..)
    }

    /// The effects, in order.
    pub fn as_slice(&self) -> &[Effect] {
        &self.list
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Releases the capacity that only a burst needed, such as the start of a thousand programs.
    pub fn shrink(&mut self) {
        self.list.shrink_to(SPARE_CAPACITY);
        self.changed.shrink_to(SPARE_CAPACITY);
    }

    pub(crate) fn push(&mut self, effect: Effect) {
        self.list.push(effect);
    }

    pub(crate) fn note_changed(&mut self, process: ProcessId) {
        if self.changed.last() != Some(&process) {
            self.changed.push(process);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::{GroupKind, GroupSpec, Input, Moment, Policy, ProcessSpec, Supervisor};

    #[test]
    fn a_process_that_changes_its_state_is_listed_until_the_list_is_drained() {
        let mut effects = super::Effects::new();
        let (mut supervisor, now) = (Supervisor::new("supervisor"), Moment::at_seconds(1000));
        let program = ProcessSpec { name: "web".into(), policy: Policy::default().into() };
        let group = GroupSpec {
            name: "web".into(),
            priority: 999,
            kind: GroupKind::Programs,
            processes: vec![program],
        };
        let added = supervisor.add_group(group, now, &mut effects).unwrap().processes;
        assert_eq!(effects.drain_changed().next(), None, "it is stopped, as every process begins");
        supervisor.handle(Input::Started, now, &mut effects);
        assert_eq!(effects.drain_changed().collect::<Vec<_>>(), added);
        supervisor.handle(Input::ClockSet, now, &mut effects);
        assert_eq!(effects.drain_changed().next(), None);
    }
}
