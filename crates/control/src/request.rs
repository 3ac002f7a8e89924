//! The requests.

use crate::{Command, Diff, Fault, Reply, View};
use std::fmt;
use std::sync::Weak;
use supervisor_core::{Answer, Channel, Ticket};

/// One request.
#[derive(Debug)]
pub enum Request {
    /// A command, which the core decides.
    Command {
        /// Names the request for [`Request::Cancel`]; from [`Control::ticket`](crate::Control::ticket).
        ticket: Ticket,
        /// What to do.
        command: Command,
        /// Takes the answer, once there is one.
        reply: Reply<Answer>,
    },
    /// The client of this command has disconnected: drop its reply. What has begun is not undone. Has no effect on a command
    /// that has been answered in the meantime.
    Cancel(Ticket),
    /// An inspection.
    Inspect(Inspection),
    /// Call this at the end of every turn in which something has changed, while it is alive.
    Subscribe(Weak<dyn Fn() + Send + Sync>),
    /// Make a group active that stands in the configuration last read. Faults 6, 10, 90.
    AddGroup {
        /// The name as the client wrote it.
        name: String,
        /// Takes the answer.
        reply: Reply<Result<(), Fault>>,
    },
    /// Remove a stopped group. Faults 6, 10, 91.
    RemoveGroup {
        /// The name as the client wrote it.
        name: String,
        /// Takes the answer.
        reply: Reply<Result<(), Fault>>,
    },
    /// Read the configuration again and compare it with what runs. Faults 6, 92.
    ReloadConfig {
        /// Takes the answer.
        reply: Reply<Result<Diff, Fault>>,
    },
    /// How the configuration on disk differs from what runs, without making it the one last read. Faults 6, 92.
    CompareConfig {
        /// Takes the answer; also on a thread of the pool.
        reply: Reply<Result<Diff, Fault>>,
    },
    /// Empty the main log. Faults 6, 20 (without detail), 30.
    ClearMainLog {
        /// Takes the answer.
        reply: Reply<Result<(), Fault>>,
    },
    /// Empty the logs of one process. Faults 6, 10, 30.
    ClearProcessLogs {
        /// The name as the client wrote it.
        name: String,
        /// Takes the answer.
        reply: Reply<Result<(), Fault>>,
    },
    /// Empty the logs of every process, in priority order. Answered by `Outcomes`, or fault 6.
    ClearAllProcessLogs {
        /// Takes the answer.
        reply: Reply<Answer>,
    },
    /// Write to a process' standard input. Faults 6, 10, 70, 20, 30.
    SendStdin {
        /// The name as the client wrote it.
        name: String,
        /// What to write.
        bytes: Vec<u8>,
        /// Takes the answer.
        reply: Reply<Result<(), Fault>>,
    },
}

/// An inspection: reads the [`View`] on the thread that owns the state of supervision.
pub struct Inspection(Box<Read>);

type Read = dyn FnOnce(&dyn View) + Send;

impl Inspection {
    /// An inspection that runs `read`, which must be quick and must not block. If it panics, only this request is lost.
    pub fn new(read: impl FnOnce(&dyn View) + Send + 'static) -> Self {
        Self(Box::new(read))
    }

    /// Runs the inspection.
    pub fn run(self, view: &dyn View) {
        (self.0)(view);
    }
}

impl fmt::Debug for Inspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Inspection")
    }
}

/// A log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogName {
    /// supervisord's own.
    Main,
    /// The log of an output of a process.
    Process {
        /// The name as the client wrote it.
        name: String,
        /// Which of its outputs.
        channel: Channel,
    },
}
