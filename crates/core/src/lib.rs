//! The supervision state machine of supervisord.
//!
//! Pure: no clock, file, socket, process or thread, and no dependency. An input and a moment go in, effects
//! come out; the shell around it (`supervisor-daemon`) carries them out and reports back what came of them.
#![forbid(unsafe_code)]

mod exit;
mod moment;
mod pid;
mod policy;
mod signal;

pub use exit::ExitStatus;
pub use moment::{Moment, Wall};
pub use pid::Pid;
pub use policy::{Autorestart, Policy};
pub use signal::Signal;
