//! Everything the supervisor may ask of the world.

use crate::{Answer, Level, Pid, ProcessId, Signal, Ticket};

/// One order to the shell around the core. Effects are carried out in the order they were given.
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
        /// How grave it is.
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
    /// Look at the command files of processes that a client wants started; answered by `Input::CommandsChecked`.
    CheckCommands {
        /// The request.
        ticket: Ticket,
        /// The processes, in the order in which they are to be started.
        processes: Vec<ProcessId>,
    },
    /// Read the configuration and see whether the daemon could begin anew with it; answered by `Input::RestartChecked`.
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
    /// Everything has stopped: leave the main loop. Given once; nothing is started or signalled after it.
    Terminate(Ending),
}

/// A signal to be sent, and what for. Handed back with the outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KillOrder {
    /// The process meant.
    pub process: ProcessId,
    /// Its child, the leader of its process group.
    pub pid: Pid,
    /// The signal.
    pub signal: Signal,
    /// Whom to send it to.
    pub target: KillTarget,
    /// What it is sent for.
    pub cause: KillCause,
}

/// Whom a signal goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KillTarget {
    /// The child alone (kill(2) with the pid).
    Leader,
    /// The child's whole process group (killpg(3)).
    Group,
}

/// What a signal is sent for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KillCause {
    /// The process is to stop: `stopsignal`, or SIGKILL once `stopwaitsecs` have passed.
    Stop,
    /// A client asked for this signal.
    Request(Ticket),
    /// The child belongs to no process we know, and must not be left behind.
    Stray,
}

/// How the daemon's life goes on once everything has stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It ends.
    Shutdown,
    /// It begins anew with the configuration read again.
    Restart,
}

/// Room for effects that is kept for the next turn.
const SPARE_CAPACITY: usize = 64;

/// Where the supervisor puts its orders. Kept by the caller and used again, so that an ordinary turn
/// allocates nothing for it.
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

    /// Takes everything out, first order first.
    pub fn drain(&mut self) -> impl Iterator<Item = Effect> + '_ {
        self.list.drain(..)
    }

    /// Takes out the processes that changed their state, in order; one that changed several times may be listed again.
    pub fn drain_changed(&mut self) -> impl Iterator<Item = ProcessId> + '_ {
        self.changed.drain(..)
    }

    /// What is in it, first order first.
    pub fn as_slice(&self) -> &[Effect] {
        &self.list
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Gives back the room that only a burst needed, such as the start of a thousand programs.
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
