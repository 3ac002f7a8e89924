//! What can be asked of a running supervisor.
//!
//! # Theory
//!
//! Interfaces (XML-RPC, web pages, and whatever comes) translate between what their clients speak and this crate, and know
//! nothing of the daemon. They own no state of supervision. They put a [`Request`] into a bounded queue through their
//! [`Control`] and go on; the thread that owns the state takes it out of [`Requests`] and answers it, at once or when the
//! condition it waits for holds, through its [`Reply`].
//!
//! There are three kinds of request:
//! - [`Request::Command`]: what the core decides, such as a start. It travels unchanged.
//! - [`Request::Inspect`]: a question. It is a closure that reads a [`View`] where the state is, so that an interface encodes
//!   its answer from borrowed data, and a new question touches only the interface that asks it.
//! - the others: what the daemon does beside the core, such as reading the configuration again.
//!
//! Who needs to know what changes [subscribes](Control::subscribe) to the [`Feed`].
//!
//! Names, states and the order of checks are the supervisor's business: an interface checks the number and the types of its
//! parameters, nothing else. A request that is dropped unanswered (the queue is full, the supervisor ends) drops its reply,
//! and with it what the interface keeps in there to answer its client.
#![forbid(unsafe_code)]
#![cfg_attr(any(test, feature = "double"), allow(clippy::unwrap_used))]

mod blocking;
mod caller;
#[cfg(any(test, feature = "double"))]
pub mod double;
mod feed;
mod queue;
mod read_ahead;
mod reply;
mod request;
mod view;

pub use blocking::{Blocking, Executor, Job, Rejected};
pub use caller::Caller;
pub use feed::{Change, Feed, Resync, Serial, Subscription, What};
pub use queue::{Control, MAX_QUEUED, Refused, Requests, Runner, channel};
pub use read_ahead::{Notifier, Piece, Poll, ReadAhead, Reader};
pub use reply::Reply;
pub use request::{Inspection, LogName, Request};
pub use supervisor_config::Diff;
pub use supervisor_core::{Command, Fault, Target};
pub use view::{Identity, LogLocation, LogPaths, ProgramView, View};

/// The version of Supervisor whose behaviour this is; what `supervisord -v` prints and `getSupervisorVersion` answers.
pub const EMULATED_VERSION: &str = "4.3.0";
