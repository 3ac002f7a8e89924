//! The configuration of a stream's output.

use std::path::Path;
use std::sync::Arc;
use supervisor_core::Channel;

/// Who chose a log file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileOrigin {
    /// The configuration: a new file is created 0666 less the umask.
    Configured,
    /// We did (`AUTO`): created 0600, under a name that is not taken.
    Auto,
}

/// A log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFileSpec {
    /// As configured; a relative path is taken from the working directory at each opening.
    pub path: Arc<Path>,
    /// Who chose `path`.
    pub origin: FileOrigin,
    /// Rotate as soon as the file holds this many bytes; 0 is never.
    pub max_bytes: u64,
    /// How many backups to keep (`.1` … `.N`).
    pub backups: u32,
}

/// Whether and how the daemon gets the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// Not at all.
    Nothing,
    /// As `PROCESS_LOG` events (`stdout_events_enabled`).
    Events,
    /// As the result protocol of an event listener: raw, without capture, echoed as a bytes literal.
    Protocol,
}

/// The configuration of one channel of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSpec {
    /// The name in the debug echo and in syslog lines.
    pub process_name: Arc<str>,
    /// Which of its outputs.
    pub channel: Channel,
    /// The log file, if there is one.
    pub file: Option<LogFileSpec>,
    /// Also, or only, to syslog, line by line.
    pub syslog: bool,
    /// Remove terminal control sequences.
    pub strip_ansi: bool,
    /// Capture tagged messages of at most this many bytes; 0 leaves tags alone.
    pub capture_max_bytes: usize,
    /// Whether and how the daemon gets the bytes.
    pub delivery: Delivery,
}
