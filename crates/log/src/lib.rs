//! Logs of supervisord: its own, its children's, and the pump that moves bytes into both.
//!
//! # Theory of operation
//!
//! ```text
//! child ──pipe──▶ Channel ─capture─▶ strip_ansi ─▶ BufferedOutput ─▶ Target (file, FIFO, tty …)
//!                    │                   └▶ syslog, echo into the main log, Notice to the daemon
//! MainLog::log ──queue──▶ Channel ────────────────▶ BufferedOutput ─▶ Target
//! ```
//!
//! Supervision never touches a log file: it hands descriptors and wishes to the [`Pump`], whose own thread
//! reads, writes, rotates, reopens and truncates. What is written can hang or fail at any of these steps, so
//! every channel is taken out of the shared table while it is served, and a watchdog starts another pump
//! thread when one does not come back (see `pump`). A target that cannot be written holds up its own channel
//! only, at a bounded number of bytes, until it can be written again.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod auto_files;
mod label;
mod main_log;
mod notice;
mod pipeline;
mod pump;
#[cfg(test)]
mod scratch;
mod sinks;
mod stages;
pub mod tail;

pub use main_log::{MainDestination, MainLog, MainLogSpec};
pub use notice::{CREDIT, Generation, Notice, StreamId};
pub use pipeline::{Delivery, FileOrigin, LogFileSpec, OutputPipeline, StreamSpec};
pub use pump::{Descriptor, FollowGuard, FollowKey, Pump, Unfinished};
pub use sinks::{ClearError, clear_file};
pub use supervisor_core::Level;
