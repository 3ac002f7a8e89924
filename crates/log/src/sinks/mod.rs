//! What a log is written to: a regular file, something with a reader at its other end, or the system log.

pub(crate) mod buffered_output;
mod clear;
#[cfg(test)]
pub(crate) mod fake;
mod log_file;
mod rotation;
mod special_file;
mod syslog;

pub use clear::{ClearError, clear_file};
pub(crate) use log_file::LogFile;
pub(crate) use special_file::SpecialFile;
pub(crate) use syslog::SyslogSink;

use crate::{FileOrigin, LogFileSpec};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use supervisor_sys::entry::{Access, Resolved};

/// Where a file may be rotated within what is written at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RotationUnit {
    /// At the end of a line. Gathering puts many lines into one write; cut here the backups come out as
    /// if the child's lines had arrived one by one.
    Line,
    /// Only at the end: a record of the main log.
    Write,
}

/// How a write went.
#[derive(Debug)]
pub(crate) struct Written {
    /// Bytes taken, from the front.
    pub(crate) count: usize,
    /// Why not all, or that it was all.
    pub(crate) outcome: Outcome,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    /// Everything was taken.
    Complete,
    /// Nothing is wrong, but the rest would take long: others get their turn first.
    Paused,
    /// The reader does not keep up; the target's descriptor becomes writable when it does.
    Blocked,
    /// Refused; worth another try later.
    Failed(io::Error),
    /// Nobody will ever read what is written: there is no use in keeping it.
    Unreadable(io::Error),
}

/// Something about a target that people should know, beside the outcome of a write.
#[derive(Debug)]
pub(crate) enum SinkEvent {
    /// The file is over its limit but cannot be rotated; it goes on growing.
    RotationFailed(io::Error),
    /// It was rotated after all.
    RotationRecovered,
    /// The system log does not take messages; they are dropped.
    Refused(io::Error),
    /// It takes them again.
    Accepted,
}

/// A place for log bytes.
#[derive(Debug)]
pub(crate) enum Sink {
    /// A regular file, as nearly all of the thousands are; the others are boxed so as not to be larger.
    File(LogFile),
    /// A FIFO, pipe, terminal, socket or device.
    Special(Box<SpecialFile>),
    /// The system log.
    Syslog(Box<SyslogSink>),
    /// Whatever a test needs.
    #[cfg(test)]
    Fake(fake::FakeSink),
}

impl Sink {
    /// Opens a log file by its path, whatever kind of file that is.
    pub(crate) fn open(spec: &LogFileSpec) -> io::Result<Self> {
        let entry = match Resolved::of(&spec.path)? {
            Resolved::Entry(entry) => entry,
            Resolved::Descriptor(number) => {
                return SpecialFile::inherited(number).map(|stream| Self::Special(Box::new(stream)));
            }
        };
        let file = entry.open(Access::Append { mode: creation_mode(spec.origin) })?;
        let metadata = file.metadata()?;
        if metadata.is_file() && !entry.is_open_file() {
            return Ok(Self::File(LogFile::new(spec.clone(), file, &metadata)));
        }
        Ok(Self::Special(Box::new(SpecialFile::opened(file, &metadata, &entry, spec))))
    }

    /// Writes as much of `bytes` as is taken now.
    pub(crate) fn write(&mut self, bytes: &[u8], unit: RotationUnit, events: &mut Vec<SinkEvent>) -> Written {
        match self {
            Self::File(file) => file.write(bytes, unit, events),
            Self::Special(stream) => stream.write(bytes),
            Self::Syslog(syslog) => syslog.write(bytes, events),
            #[cfg(test)]
            Self::Fake(fake) => fake.write(bytes),
        }
    }

    /// Gets ready for another try after `Outcome::Failed`: a file that can be opened by its path replaces the
    /// broken one.
    pub(crate) fn recover(&mut self) {
        match self {
            Self::File(file) => file.recover(),
            Self::Special(stream) => stream.recover(),
            Self::Syslog(_) => {}
            #[cfg(test)]
            Self::Fake(_) => {}
        }
    }

    /// Closes and opens again by path; on failure the old file stays in use.
    pub(crate) fn reopen(&mut self) -> io::Result<()> {
        if let Some(spec) = self.spec() {
            *self = Self::open(spec)?;
        }
        Ok(())
    }

    /// Empties a regular file, refuses anything else. The system log has nothing to empty.
    pub(crate) fn clear(&mut self) -> Result<(), ClearError> {
        match self {
            Self::File(file) => file.clear(),
            Self::Special(_) => Err(ClearError::NotRegular),
            Self::Syslog(_) => Ok(()),
            #[cfg(test)]
            Self::Fake(fake) => {
                fake.clear();
                Ok(())
            }
        }
    }

    /// How it is opened again, if it can be.
    fn spec(&self) -> Option<&LogFileSpec> {
        match self {
            Self::File(file) => Some(file.spec()),
            Self::Special(stream) => stream.spec(),
            Self::Syslog(_) => None,
            #[cfg(test)]
            Self::Fake(_) => None,
        }
    }

    /// The descriptor, for readiness and for the daemon's table.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::File(file) => Some(file.as_fd()),
            Self::Special(stream) => Some(stream.as_fd()),
            Self::Syslog(_) => None,
            #[cfg(test)]
            Self::Fake(_) => None,
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
