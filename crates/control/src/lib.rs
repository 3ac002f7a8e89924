//! What can be asked of a running supervisor.
//!
//! # Theory
//!
//! Interfaces (XML-RPC, the web pages) translate between the wire of their clients and this crate, and do not depend on the
//! daemon. They own no state of supervision. An interface puts a [`Request`] into a bounded queue through its [`Control`] and
//! does not wait; the thread that owns the state takes it out of [`Requests`] and answers through its [`Reply`], at once or
//! when the condition of the request holds.
//!
//! There are three kinds of request:
//! - [`Request::Command`]: a command that the core decides, such as a start. It reaches the core unchanged.
//! - [`Request::Inspect`]: an inspection. It is a closure that reads a [`View`] on the thread that owns the state, so that an
//!   interface encodes its answer from borrowed data, and a new inspection changes only the interface that makes it.
//! - the others: operations of the daemon beside the core, such as reloading the configuration.
//!
//! An interface that follows changes [subscribes](Control::subscribe) to the [`Feed`].
//!
//! An interface checks the number and the types of its parameters; the supervisor checks names and states. If the queue is
//! full or the supervisor ends, a request is dropped unanswered, and its reply with it; the interface notices by what it has
//! moved into the reply.
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
pub use feed::{Change, ChangeKind, Feed, Resync, Serial, Subscription};
pub use queue::{Control, MAX_QUEUED, Refused, Requests, Runner, channel};
pub use read_ahead::{Notifier, Piece, Poll, ReadAhead, Reader};
pub use reply::Reply;
pub use request::{Inspection, LogName, Request};
pub use supervisor_config::Diff;
pub use supervisor_core::{Command, Fault, Target};
pub use view::{Identity, LogLocation, LogPaths, ProgramView, View};

/// The version of Supervisor whose behaviour this is; what `supervisord -v` prints and `getSupervisorVersion` answers.
pub const EMULATED_VERSION: &str = "4.3.0";
