//! The commands of clients, and their answers.
//!
//! Every request carries a [`Ticket`] and is answered by exactly one `Effect::Reply`, in the very turn in which the condition
//! it waits for becomes true. What needs the disk is an effect with an answer: `CheckCommands` before a start,
//! `CheckRestart` before a restart.

mod fault;
mod handle;
pub(crate) mod pending;
mod start;
mod stop;
pub(crate) mod waiting;

pub use fault::Fault;

use crate::snapshot::codec::{codec_enum, codec_struct};
use crate::{ProcessId, Signal};
use std::sync::Arc;

/// Identifies a request. The caller chooses it and never uses it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A command of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Identifies the request in its answer.
    pub ticket: Ticket,
    /// What to do.
    pub command: Command,
}

/// A command.
///
/// A command on one process is answered by `Done` or `Fault`, one on many by `Outcomes`; a name that means nothing is a `Fault`
/// in either case. While everything stops, all but `RemoteEvent` are refused with `ShutdownState`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Start processes. A fault of the command file comes before `ALREADY_STARTED`, as upstream has it. Of many processes those
    /// that run already are left out.
    Start {
        /// Which.
        target: Target,
        /// When to answer.
        wait: Wait,
    },
    /// Stop processes, in ascending priority. Of many processes only those that run are stopped.
    Stop {
        /// Which.
        target: Target,
        /// When to answer.
        wait: Wait,
    },
    /// Send a signal to processes, in ascending priority. Of many processes only live ones get it.
    Signal {
        /// Which.
        target: Target,
        /// The signal, or what the client wrote where no signal was meant.
        signal: Result<Signal, String>,
    },
    /// Emit a `REMOTE_COMMUNICATION` event. Answered at once, also while stopping; by a fault if the type holds a control
    /// character, which would break the framing of the event.
    RemoteEvent {
        /// The type.
        kind: String,
        /// The data.
        data: String,
    },
    /// Stop everything, then end. Answered at once.
    Shutdown,
    /// Stop everything, then restart. Answered once the configuration was checked, which decides whether it happens.
    Restart,
}

/// The processes a command is about, as the client named them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// `name` or `group:name` for one process; `group:*` or `group:` for all of a group.
    Named(String),
    /// All of the group of this bare name.
    Group(String),
    /// Every process.
    All,
}

/// The result of the check of a process' command file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandCheck {
    /// The process.
    pub process: ProcessId,
    /// Why its command cannot be executed.
    pub result: Result<(), Fault>,
}

/// The result of the check of the configuration before a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RestartCheck {
    /// The daemon can restart with it.
    Usable,
    /// The daemon cannot, and keeps running with the one it has.
    Unusable {
        /// Why, for the log.
        report: String,
        /// Why, for a client, who may not learn everything about the machine.
        remote_report: String,
    },
    /// No check could be made, for this reason.
    NotMade(String),
}

/// When a request to start or stop is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// As soon as it is known that the attempt was made or cannot be.
    No,
    /// Once the process runs, or has stopped, or will not.
    Yes,
}

codec_enum!(Wait { 0 => No, 1 => Yes });

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is done (`true` on the wire).
    Done,
    /// It cannot be done.
    Fault(Fault),
    /// The result for each process: first the immediate ones in priority order, then the others as they became known.
    Outcomes(Vec<ProcessOutcome>),
}

/// The result for one process of many.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessOutcome {
    /// Its name within the group.
    pub name: Arc<str>,
    /// Its group.
    pub group: Arc<str>,
    /// Success, or why not.
    pub result: Result<(), Fault>,
}

codec_struct!(ProcessOutcome { name, group, result });

impl ProcessOutcome {
    /// `status` on the wire: 80, or the fault's number.
    pub fn status(&self) -> i32 {
        self.result.as_ref().map_or_else(Fault::code, |()| Fault::SUCCESS)
    }

    /// `description` on the wire: `OK`, or the fault's text.
    pub fn description(&self) -> String {
        self.result.as_ref().map_or_else(Fault::to_string, |()| "OK".to_owned())
    }
}
