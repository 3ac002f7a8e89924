//! Where log bytes go: a log file, another kind of file at its path, the system log.
//!
//! A sink writes what it can write now and never waits for a reader or a network. A [`BufferedOutput`] keeps what it did not
//! take. To add a sink: its file, which implements [`Sink`], and its entry in the table of the pipeline.
//!
//! [`BufferedOutput`]: buffered_output::BufferedOutput

pub(crate) mod buffered_output;
mod clear;
#[cfg(test)]
pub(crate) mod fake;
mod log_file;
pub(crate) mod special_file;
pub(crate) mod syslog;

pub use clear::{ClearError, clear_file};
pub(crate) use log_file::LogFile;
pub(crate) use special_file::SpecialFile;

use crate::label::Label;
use crate::spec::{FileOrigin, LogFileSpec};
use buffered_output::LogMessages;
use std::fmt;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::Duration;
use supervisor_core::Level;
use supervisor_sys::entry::{Access, Resolved};

/// Where a file may be rotated within one write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RotationUnit {
    /// At the end of a line. Coalescing puts many lines into one write; rotated here the backups come out as if the child's
    /// lines had arrived one by one.
    Line,
    /// Only at the end of the write: a record of the main log.
    Write,
}

/// How a write went.
#[derive(Debug)]
pub(crate) struct Written {
    /// Bytes accepted, from the front.
    pub(crate) count: usize,
    /// Why not all, or that it was all.
    pub(crate) outcome: Outcome,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    /// Everything was accepted.
    Complete,
    /// Nothing is wrong, but the rest would take long: other channels get their turn first.
    Paused,
    /// The reader does not keep up; the sink's descriptor becomes writable when it does.
    Blocked,
    /// Refused; worth another attempt later.
    Failed(io::Error),
    /// No reader will ever take what is written: there is no use in keeping it.
    Unreadable(io::Error),
}

impl Written {
    /// All of `count` bytes were accepted.
    pub(crate) fn complete(count: usize) -> Self {
        Self { count, outcome: Outcome::Complete }
    }

    pub(crate) fn failed(count: usize, error: io::Error) -> Self {
        Self { count, outcome: Outcome::Failed(error) }
    }
}

/// Takes the log messages of a sink, beside the outcome of a write.
pub(crate) struct SinkReport<'a> {
    /// The sink's name in messages.
    pub(crate) label: &'a Label,
    pub(crate) messages: &'a mut LogMessages,
}

impl SinkReport<'_> {
    pub(crate) fn push(&mut self, level: Level, message: String) {
        self.messages.push((level, message));
    }
}

/// How a sink that fails is tried again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RetryPolicy {
    /// The first delay; each is twice the one before.
    pub(crate) first: Duration,
    /// The longest delay.
    pub(crate) longest: Duration,
    /// Whether the first failure is worth a message. If not, one that lasts is.
    pub(crate) reports_at_once: bool,
}

impl RetryPolicy {
    const FILE: Self =
        Self { first: Duration::from_secs(1), longest: Duration::from_secs(30), reports_at_once: true };
}

/// A destination of log bytes.
pub(crate) trait Sink: fmt::Debug + Send {
    /// Writes as much of `bytes` as is accepted now.
    fn write(&mut self, bytes: &[u8], unit: RotationUnit, report: &mut SinkReport<'_>) -> Written;

    /// Before another attempt after [`Outcome::Failed`]: reopens what can be reopened.
    fn recover(&mut self) {}

    /// Truncates the log.
    fn clear(&mut self) -> Result<(), ClearError>;

    /// The log file it is opened again for, by its path; `None` if it cannot be.
    fn spec(&self) -> Option<&LogFileSpec> {
        None
    }

    /// The descriptor, for readiness and for the daemon's table of descriptors.
    fn fd(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn retry_policy(&self) -> RetryPolicy {
        RetryPolicy::FILE
    }
}

/// A sink of any kind.
#[derive(Debug)]
pub(crate) enum OpenSink {
    /// A regular file, in place: nearly all of thousands of sinks are.
    File(LogFile),
    Other(Box<dyn Sink>),
}

impl OpenSink {
    /// Opens a log file by its path, whatever kind of file that is.
    pub(crate) fn open(spec: &LogFileSpec) -> io::Result<Self> {
        let entry = match Resolved::of(&spec.path)? {
            Resolved::Entry(entry) => entry,
            Resolved::Descriptor(number) => return SpecialFile::inherited(number).map(Self::other),
        };
        let file = entry.open(Access::Append { mode: creation_mode(spec.origin) })?;
        let metadata = file.metadata()?;
        if metadata.is_file() && !entry.is_open_file() {
            return Ok(Self::File(LogFile::new(spec.clone(), file, &metadata)));
        }
        Ok(Self::other(SpecialFile::opened(file, &metadata, &entry, spec)))
    }

    pub(crate) fn other(sink: impl Sink + 'static) -> Self {
        Self::Other(Box::new(sink))
    }

    /// Closes and opens again by path; on failure the old file stays in use.
    pub(crate) fn reopen(&mut self) -> io::Result<()> {
        if let Some(spec) = self.sink().spec() {
            *self = Self::open(spec)?;
        }
        Ok(())
    }

    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.sink().fd()
    }

    pub(crate) fn sink(&self) -> &dyn Sink {
        match self {
            Self::File(file) => file,
            Self::Other(sink) => &**sink,
        }
    }

    pub(crate) fn sink_mut(&mut self) -> &mut dyn Sink {
        match self {
            Self::File(file) => file,
            Self::Other(sink) => &mut **sink,
        }
    }
}

/// The mode a new log file is created with, less the umask.
fn creation_mode(origin: FileOrigin) -> u32 {
    match origin {
        FileOrigin::Configured => 0o666,
        FileOrigin::Auto => 0o600,
    }
}
