//! Inputs: facts and requests.
//!
//! A fact reports what has happened and cannot be refused; a [`Request`] is a command of a client and gets an answer. A fact
//! that no longer applies (a spawn for a removed process, output of a former child) is harmless: each has a defined response,
//! and a child that belongs to no process is killed.

use crate::effect::KillOrder;
use crate::{Channel, CommandCheck, ExitStatus, Pid, ProcessId, Request, RestartCheck, Signal, Ticket};

/// One thing that happened. Arrives with the [`crate::Moment`] at which the loop learnt of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The main loop begins: programs with `autostart` are started. Comes once, after the initial groups
    /// were added.
    Started,
    /// `Effect::Spawn` was carried out. Comes at most once for each such effect, as does its opposite
    /// `SpawnFailed`; exactly one of the two must come.
    Spawned {
        /// The process.
        process: ProcessId,
        /// Its pid.
        pid: Pid,
    },
    /// `Effect::Spawn` could not be carried out; nothing runs.
    SpawnFailed {
        /// The process.
        process: ProcessId,
        /// Why, in the words of `spawnerr`.
        message: String,
    },
    /// A child was reaped, ours or one adopted by being process 1. May overtake the `Spawned` of the same pid.
    ///
    /// `ListenerOutput` for everything the child wrote as an event listener precedes this. While
    /// [`crate::Supervisor::awaits_group_end`] holds, this waits until nothing lives in the child's process group, or
    /// what does has outlived SIGKILL for long enough.
    Reaped {
        /// The child.
        pid: Pid,
        /// How it ended.
        status: ExitStatus,
    },
    /// `Effect::Kill` was carried out; comes exactly once for each.
    Killed {
        /// The order of the effect.
        order: KillOrder,
        /// What the system said.
        outcome: Result<(), KillError>,
    },
    /// Time has passed: do what is due. To be sent once `next_deadline` is reached, after the exits that are
    /// known by then; may be sent at any time.
    Deadline,
    /// The wall clock was set, so that ticks begin at other times than they would have.
    ClockSet,
    /// The daemon itself received a signal.
    Signal(Signal),
    /// An event listener wrote to its standard output.
    ListenerOutput {
        /// The listener.
        process: ProcessId,
        /// The child that wrote it; bytes of a former child are ignored.
        pid: Pid,
        /// What it wrote.
        bytes: Vec<u8>,
    },
    /// All bytes of the last `Effect::WriteListener` were written.
    ListenerWritten {
        /// The listener.
        process: ProcessId,
        /// The child.
        pid: Pid,
    },
    /// The listener has closed its standard input, so that the bytes of the last `Effect::WriteListener`
    /// could not be written in full.
    ListenerWriteFailed {
        /// The listener.
        process: ProcessId,
        /// The child.
        pid: Pid,
    },
    /// A child wrote output and its events are enabled; becomes a `PROCESS_LOG` event.
    Output {
        /// The process.
        process: ProcessId,
        /// The child that wrote it.
        pid: Pid,
        /// Which of its outputs.
        channel: Channel,
        /// What it wrote.
        bytes: Vec<u8>,
    },
    /// A child sent a message between capture tags; becomes a `PROCESS_COMMUNICATION` event. Upstream's line about
    /// it is logged where the output is echoed, so that the log keeps their order.
    Communication {
        /// The process.
        process: ProcessId,
        /// The child that wrote it.
        pid: Pid,
        /// Which of its outputs.
        channel: Channel,
        /// What stood between the tags.
        bytes: Vec<u8>,
    },
    /// A client gives a command.
    Request(Request),
    /// `Effect::CheckCommands` was carried out; comes exactly once for each.
    CommandsChecked {
        /// The request.
        ticket: Ticket,
        /// The result for each process, in the same order; or why nothing could be checked.
        outcome: Result<Vec<CommandCheck>, String>,
    },
    /// `Effect::CheckRestart` was carried out; comes exactly once for each.
    RestartChecked {
        /// The request; `None` for SIGHUP.
        ticket: Option<Ticket>,
        /// The result.
        outcome: RestartCheck,
    },
    /// The client of this ticket is gone; what it asked for is not undone, but not answered either.
    Cancel(Ticket),
}

/// Why a signal could not be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KillError {
    /// There is no such process or group (ESRCH): it has exited and is yet to be reaped.
    NoSuchProcess,
    /// Anything else, in the system's words, such as `[Errno 1] Operation not permitted`.
    Refused(String),
}
