//! Logs of supervisord: its own, its children's, and the pump that moves bytes into both.
//!
//! # Theory of operation
//!
//! ```text
//! child ──pipe──▶ Channel ─capture─▶ strip_ansi ─▶ Outlet ─▶ Target (file, FIFO, tty …)
//!                    │                   └▶ syslog, echo into the main log, Notice to the daemon
//! MainLog::log ──queue──▶ Channel ────────────────▶ Outlet ─▶ Target
//! ```
//!
//! Supervision never touches a log file: it hands descriptors and wishes to the [`Pump`], whose own thread
//! reads, writes, rotates, reopens and truncates. What is written can hang or fail at any of these steps, so
//! every channel is taken out of the shared table while it is served, and a watchdog starts another pump
//! thread when one does not come back (see `pump`). A target that cannot be written holds up its own channel
//! only, at a bounded number of bytes, until it can be written again.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod ansi;
pub mod auto_files;
mod capture;
mod label;
mod mainlog;
mod notice;
mod outlet;
mod pump;
#[cfg(test)]
mod scratch;
mod sink;
pub mod tail;
mod target;

pub use mainlog::{MainDestination, MainLog, MainLogSpec};
pub use notice::{CREDIT, Generation, Notice, StreamId};
pub use pump::{Descriptor, FollowGuard, FollowKey, Pump, Unfinished};
pub use sink::{Delivery, FileOrigin, LogFileSpec, OutputPipeline, StreamSpec};
pub use supervisor_core::Level;
pub use target::{ClearError, clear_file};
