//! Where the output of one channel of one process goes.

use std::io;
use std::path::PathBuf;

/// Which of a child's two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Descriptor 1, and 2 as well with `redirect_stderr`.
    Stdout,
    /// Descriptor 2.
    Stderr,
}

impl Channel {
    /// The name in log lines and event payloads.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}

/// Who chose a log file's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileOrigin {
    /// The configuration: symbolic links are followed, a new file is created 0666 less the umask.
    Configured,
    /// We did (`AUTO`): never through a symbolic link, created 0600.
    Auto,
}

/// A log file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFileSpec {
    /// As configured; a relative path is taken from the working directory at each opening.
    pub path: PathBuf,
    /// Who chose `path`.
    pub origin: FileOrigin,
    /// Rotate as soon as the file holds this many bytes; 0 is never.
    pub max_bytes: u64,
    /// How many old generations to keep (`.1` … `.N`).
    pub backups: u32,
}

/// Whether the daemon wants to see the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// No.
    Nothing,
    /// As `PROCESS_LOG` events (`stdout_events_enabled`).
    Events,
    /// As the result protocol of an event listener: raw, without capture, echoed as a bytes literal.
    Protocol,
}

/// The configuration of one channel of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SinkSpec {
    /// The name in the debug echo and in syslog lines.
    pub process_name: String,
    /// Which output.
    pub channel: Channel,
    /// The log file, if there is one.
    pub file: Option<LogFileSpec>,
    /// Also, or only, to syslog, line by line.
    pub syslog: bool,
    /// Remove terminal control sequences.
    pub strip_ansi: bool,
    /// Capture tagged messages of at most this many bytes; 0 leaves tags alone.
    pub capture_max_bytes: usize,
    /// Whether the daemon gets the bytes.
    pub delivery: Delivery,
}

/// An opened [`SinkSpec`]: the log file is open, nothing is written yet.
#[derive(Debug)]
pub struct Sink {
    spec: SinkSpec,
}

impl Sink {
    /// Opens the log file. The error is the open's own (`EISDIR`, `EACCES`; `ENXIO` for a FIFO without a reader), for
    /// the daemon to show by name. May hang as long as the file system does: not for the decision loop's thread.
    pub fn open(spec: &SinkSpec) -> io::Result<Self> {
        Ok(Self { spec: spec.clone() })
    }

    /// What it was opened for.
    pub fn spec(&self) -> &SinkSpec {
        &self.spec
    }
}
