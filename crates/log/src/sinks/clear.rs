//! Emptying a log by its path.

use crate::LogFileSpec;
use std::fmt;
use std::io;
use supervisor_sys::entry::{Access, Resolved};

/// Why a log was not cleared.
#[derive(Debug)]
pub enum ClearError {
    /// It is no regular file (a device, FIFO, socket, or a descriptor's name such as `/dev/stdout`): nothing
    /// was touched.
    NotRegular,
    /// The system refused.
    Io(io::Error),
    /// The pump was shut down.
    PumpEnded,
}

impl fmt::Display for ClearError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRegular => f.write_str("only regular files can be cleared"),
            Self::Io(error) => error.fmt(f),
            Self::PumpEnded => f.write_str("the logs are closed"),
        }
    }
}

impl std::error::Error for ClearError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::NotRegular | Self::PumpEnded => None,
        }
    }
}

/// Empties a log file by its path, keeping its mode and its old backups; a file that is not there is
/// empty already.
///
/// For the log of a process that is not alive; may hang as long as the file system does. A live stream is
/// cleared by [`Pump::clear`](crate::Pump::clear), which also works without one.
pub fn clear_file(spec: &LogFileSpec) -> Result<(), ClearError> {
    let entry = match Resolved::of(&spec.path) {
        Ok(Resolved::Entry(entry)) => entry,
        Ok(Resolved::Descriptor(_)) => return Err(ClearError::NotRegular),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(ClearError::Io(error)),
    };
    match entry.stat() {
        Ok(found) if found.is_file() && !entry.is_open_file() => {}
        Ok(_) => return Err(ClearError::NotRegular),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(ClearError::Io(error)),
    }
    let file = entry.open(Access::AppendExisting).map_err(ClearError::Io)?;
    // The name may stand for something else by now: what counts is the file that is open.
    if !file.metadata().map_err(ClearError::Io)?.is_file() {
        return Err(ClearError::NotRegular);
    }
    file.set_len(0).map_err(ClearError::Io)
}
