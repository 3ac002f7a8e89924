//! Logs of supervisord: its own, its children's, and the pump that writes both.
//!
//! # Theory of operation
//!
//! ```text
//! child ──pipe──▶ StreamChannel ─▶ stages (capture, strip_ansi) ─▶ BufferedOutput ─▶ sink (file, FIFO, tty, syslog)
//!                                                       └▶ echo into the main log, Notice to the daemon
//! MainLog::log ──queue──▶ MainLogChannel ─────────────────────────▶ BufferedOutput ─▶ sink
//! ```
//!
//! Supervision never touches a log file: it hands descriptors and commands to the [`Pump`], whose worker thread reads, writes,
//! rotates, reopens and truncates. Each of these can hang or fail. So a worker checks a channel out of the shared table while it
//! serves it, and a watchdog starts another worker when one is stuck (see `pump`). A sink that accepts no output delays its own
//! channel only, at a bounded number of bytes, until it accepts output again.
//!
//! | folder | holds |
//! |---|---|
//! | `pump` | the worker, its watchdog, and the channels they serve |
//! | `stages` | what output passes before it is written; `pipeline.rs` has the table |
//! | `sinks` | where it is written; rotation |
//! | `main_log` | supervisord's own log |
//! | `tail` | reading logs |
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
mod spec;
mod stages;
mod sync;
pub mod tail;

pub use main_log::{MainDestination, MainLog, MainLogSpec};
pub use notice::{CREDIT, Generation, Notice, StreamId};
pub use pipeline::OutputPipeline;
pub use pump::{Descriptor, FollowGuard, FollowKey, Pump, Unfinished};
pub use sinks::{ClearError, clear_file};
pub use spec::{Delivery, FileOrigin, LogFileSpec, StreamSpec};
pub use supervisor_core::Level;
