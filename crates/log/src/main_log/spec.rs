//! The configuration of the main log.

use std::path::PathBuf;
use supervisor_core::Level;

/// Where the main log goes, beside the copy on stdout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MainDestination {
    /// A rotating file, or whatever else the path names (never rotated then).
    File {
        /// As configured.
        path: PathBuf,
        /// Rotate at this many bytes; 0 is never.
        max_bytes: u64,
        /// Backups to keep.
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
