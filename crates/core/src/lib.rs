//! The supervision state machine of supervisord.
//!
//! Pure: no clock, file, socket, process or thread, and no dependency. An input and a moment go in, effects
//! come out; the shell around it (`supervisor-daemon`) carries them out and reports back what came of them.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod bus;
mod deadline;
mod deliver;
mod effect;
mod event;
mod exit;
mod fault;
mod fulfil;
mod group;
mod halt;
mod input;
mod job;
mod lifecycle;
mod listener;
mod moment;
mod name;
mod payload;
mod pid;
mod policy;
mod pool;
mod process;
mod query;
mod request;
mod shutdown;
mod signal;
mod state;
mod supervisor;
mod text;
mod tick;
mod turn;
mod view;

pub use effect::{Effect, Effects, Ending, KillCause, KillOrder, KillTarget, Level};
pub use event::{EventKind, EventSet};
pub use exit::ExitStatus;
pub use fault::Fault;
pub use group::{GroupIds, GroupKind, GroupSpec, ProcessSpec};
pub use input::{Channel, Input, KillError};
pub use moment::{Moment, Wall};
pub use name::{GroupId, Namespec, ProcessId, Selection};
pub use pid::Pid;
pub use policy::{Autorestart, Policy};
pub use request::{Answer, Outcome, Request, StartTarget, Ticket, Wait, Wish};
pub use signal::Signal;
pub use state::ProcessState;
pub use supervisor::{Mood, Supervisor};
pub use view::{Description, GroupInfo, PoolCounters, ProcessInfo};
