//! What clients may wish for, and how they are answered.
//!
//! Every request carries a [`Ticket`] and is answered by exactly one `Effect::Reply`, in the very turn in
//! which the condition it waits for comes true. Names have been resolved by then ([`crate::Supervisor::resolve`])
//! and command files looked at, because both can be answered, or refused, without a change of state.

use crate::{Fault, ProcessId, Selection, Signal};
use std::sync::Arc;

/// Identifies a request. The caller chooses it and never uses it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A wish of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whom to answer.
    pub ticket: Ticket,
    /// What is wished for.
    pub wish: Wish,
}

/// What can be wished for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Start one process. Answered by `Done` or `Fault`.
    Start {
        /// The process, and whether its command is usable.
        target: StartTarget,
        /// The name as the client wrote it, for faults.
        spelled: String,
        /// When to answer.
        wait: Wait,
    },
    /// Start many processes, in this order, those that are running already left out. Answered by `Outcomes`.
    StartMany {
        /// The processes; [`crate::Supervisor::startable`] gives them.
        targets: Vec<StartTarget>,
        /// When to answer.
        wait: Wait,
    },
    /// Stop one process. Answered by `Done` or `Fault`.
    Stop {
        /// The process.
        process: ProcessId,
        /// The name as the client wrote it, for faults.
        spelled: String,
        /// When to answer.
        wait: Wait,
    },
    /// Stop every running process of a selection, in ascending priority. Answered by `Outcomes`.
    StopMany {
        /// The processes.
        selection: Selection,
        /// When to answer.
        wait: Wait,
    },
    /// Send a signal to one process. Answered by `Done` or `Fault`.
    Signal {
        /// The process.
        process: ProcessId,
        /// The name as the client wrote it, for faults.
        spelled: String,
        /// The signal, or what the client wrote where no signal was meant.
        signal: Result<Signal, String>,
    },
    /// Send a signal to every live process of a selection, in ascending priority. Answered by `Outcomes`.
    SignalMany {
        /// The processes.
        selection: Selection,
        /// The signal, or what the client wrote where no signal was meant.
        signal: Result<Signal, String>,
    },
    /// Emit a `REMOTE_COMMUNICATION` event. Answered by `Done` at once, also while stopping; by a fault if
    /// the type holds a control character, which would break the framing of the event.
    RemoteEvent {
        /// The type.
        kind: String,
        /// The data.
        data: String,
    },
    /// Stop everything, then end. Answered by `Done` at once.
    Shutdown,
    /// Stop everything, then begin anew. Answered by `Done` at once.
    Restart,
}

/// A process to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartTarget {
    /// The process.
    pub process: ProcessId,
    /// What a look at the command file said. A fault here comes before `ALREADY_STARTED`, as upstream has it.
    pub check: Result<(), Fault>,
}

/// When a request to start or stop is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// As soon as it is known that the attempt was made or cannot be.
    No,
    /// Once the process runs, or has stopped, or will not.
    Yes,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done (`true` on the wire).
    Done,
    /// It cannot be done.
    Fault(Fault),
    /// What came of each process: first those decided at once, in priority order, then the others as they
    /// were decided.
    Outcomes(Vec<Outcome>),
}

/// What came of one process in a request for many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Its name within the group.
    pub name: Arc<str>,
    /// Its group.
    pub group: Arc<str>,
    /// Success, or why not.
    pub result: Result<(), Fault>,
}

impl Outcome {
    /// `status` on the wire: 80, or the fault's number.
    pub fn status(&self) -> i32 {
        self.result.as_ref().map_or_else(Fault::code, |()| Fault::SUCCESS)
    }

    /// `description` on the wire: `OK`, or the fault's text.
    pub fn description(&self) -> String {
        self.result.as_ref().map_or_else(Fault::to_string, |()| "OK".to_owned())
    }
}
