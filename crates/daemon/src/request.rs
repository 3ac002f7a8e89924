//! What a handler may ask of the supervision loop, and how the question gets there.
//!
//! # Theory
//!
//! Handlers (XML-RPC, web pages, log streams) run on the HTTP thread and own no state of supervision. They put a
//! [`Request`] with a [`Reply`] into a bounded [queue](Requests) and go on; the loop is woken, or the HTTP thread stands
//! in for it ([`crate::main_loop::shared`]). The request is answered when the condition it waits for holds, and the reply
//! runs there and then. A reply must therefore be quick: it hands its value to whoever encodes it.
//!
//! Whether a request is allowed right now (fault 6 while stopping), what a name means, and in which order such
//! checks come is decided by the loop, which alone knows the state. The number and types of parameters are
//! checked before a request is made. A reply that is dropped unanswered tells its client so (HTTP 500).

mod queue;

#[cfg(test)]
pub(crate) use queue::MAX_QUEUED;
pub(crate) use queue::{Inbox, Requests, channel};

use crate::api::Charged;
use crate::overview::{Overview, Watcher};
use std::fmt;
use std::path::PathBuf;
use supervisor_core::{Answer, Channel, Mood, Pid, Signal, Ticket, Wait};
use supervisor_log::FollowKey;
use supervisor_rpc::{Encoded, Fault, ProcessInfo, ReloadedGroups};

/// One question or order for the loop.
#[derive(Debug)]
pub(crate) enum Request {
    /// Who supervisord is and what it is up to. Answered in every state.
    Identity {
        /// Takes the answer.
        reply: Reply<Identity>,
    },
    /// The record of one process. Faults 6 and 10 (also for `group:*`).
    ProcessInfo {
        /// The name as the client wrote it.
        name: String,
        /// Takes the answer.
        reply: Reply<Result<ProcessInfo<'static>, Fault>>,
    },
    /// The records of all processes by group name, then process name, as an answer has them. Faults 6, 30 (no room).
    AllProcessInfo {
        /// Takes the answer.
        reply: Reply<Result<Charged<Encoded>, Fault>>,
    },
    /// What `supervisorctl` shows of them, in the [compact form](supervisor_rpc::compact). Faults 6, 30 (no room).
    ProcessSummaries {
        /// Takes the answer.
        reply: Reply<Result<Charged<Vec<u8>>, Fault>>,
    },
    /// The configuration last read, by process name, as an answer has it. Faults 6, 30 (no room).
    AllConfigInfo {
        /// Takes the answer.
        reply: Reply<Result<Charged<Encoded>, Fault>>,
    },
    /// An order to the state machine.
    Order {
        /// Names the request for `Cancel`; from [`Requests::ticket`].
        ticket: Ticket,
        /// What is wished for.
        order: Order,
        /// Takes the answer, once there is one.
        reply: Reply<Answer>,
    },
    /// The client of this order is gone: nobody waits for the answer. What has begun is not undone. Comes also
    /// for orders that have been answered meanwhile, and means nothing then.
    Cancel(Ticket),
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
    /// Read the configuration again and compare. Faults 6, 92.
    ReloadConfig {
        /// Takes the answer.
        reply: Reply<Result<ReloadedGroups, Fault>>,
    },
    /// How the configuration on disk differs from what runs, without making it the one last read. Faults 6, 92.
    CompareConfig {
        /// Takes the answer; also on a thread of the pool.
        reply: Reply<Result<ReloadedGroups, Fault>>,
    },
    /// All there is to see. Answered in every state.
    Overview {
        /// Takes the answer.
        reply: Reply<Overview>,
    },
    /// Tell this watcher from now on that something may have changed; `None`: tell nobody.
    Watch(Option<Watcher>),
    /// Where a log is.
    Log {
        /// Which log.
        log: LogName,
        /// What for.
        purpose: LogPurpose,
        /// Takes the answer.
        reply: Reply<Result<LogLocation, Fault>>,
    },
    /// Empty the main log. Faults 6, 20 (without detail), 30.
    ClearMainLog {
        /// Takes the answer.
        reply: Reply<Result<(), Fault>>,
    },
    /// Empty the logs of one process, if it is alive. Faults 6, 10, 30.
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

/// Who supervisord is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// What it is up to.
    pub(crate) mood: Mood,
    /// `identifier`.
    pub(crate) identification: String,
    /// Its process id.
    pub(crate) pid: Pid,
}

/// What the state machine can be told to do. `spelled` names are as the client wrote them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Start processes.
    Start {
        /// Which.
        target: Target,
        /// When to answer.
        wait: Wait,
    },
    /// Stop processes.
    Stop {
        /// Which.
        target: Target,
        /// When to answer.
        wait: Wait,
    },
    /// Signal processes.
    Signal {
        /// Which.
        target: Target,
        /// The signal, or what the client wrote where no signal was meant.
        signal: Result<Signal, String>,
    },
    /// Emit a `REMOTE_COMMUNICATION` event; also while stopping.
    RemoteEvent {
        /// The type.
        kind: String,
        /// The data.
        data: String,
    },
    /// Stop everything, then end.
    Shutdown,
    /// Stop everything, then begin anew.
    Restart,
}

/// The processes an order is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// `name` or `group:name` for one process, answered by `Done` or `Fault`; `group:*` or `group:` for all of
    /// a group, answered by `Outcomes`.
    Named(String),
    /// The bare name of a group; answered by `Outcomes`.
    Group(String),
    /// Every process; answered by `Outcomes`.
    All,
}

/// A log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LogName {
    /// supervisord's own.
    Main,
    /// That of a process' output.
    Process {
        /// The name as the client wrote it.
        name: String,
        /// Which of its outputs.
        channel: Channel,
    },
}

/// What a log is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LogPurpose {
    /// To read a part of it: refused with fault 6 while stopping, before the name is looked at.
    Read,
    /// To follow it: allowed in every state.
    Follow,
}

/// Where a log is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogLocation {
    /// The file; `None` if the output goes to none (also stderr with `redirect_stderr`).
    pub(crate) path: Option<PathBuf>,
    /// What the pump calls it.
    pub(crate) key: FollowKey,
}

/// Takes the answer to a request; runs on the thread that is at the [helm](crate::main_loop::shared).
pub(crate) struct Reply<T>(Box<dyn FnOnce(T) + Send>);

impl<T> Reply<T> {
    /// A reply that hands the answer to `take`, which must be quick and must not block.
    pub(crate) fn new(take: impl FnOnce(T) + Send + 'static) -> Self {
        Self(Box::new(take))
    }

    /// Answers.
    pub(crate) fn send(self, answer: T) {
        (self.0)(answer);
    }

    /// A reply that takes what `convert` makes this one's answer from.
    pub(crate) fn of<U>(self, convert: impl FnOnce(U) -> T + Send + 'static) -> Reply<U>
    where
        T: 'static,
    {
        Reply::new(move |answer| self.send(convert(answer)))
    }
}

impl<T> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}
