//! Clearing a log that belongs to no attached stream, such as that of a stopped process.

use super::command::ClearReply;
use crate::{ClearError, LogFileSpec, clear_file};
use std::fmt;

/// Work that may hang in the file system, with the reply to it; `None` once the reply was taken.
pub(crate) struct FileTask(Option<(Option<LogFileSpec>, ClearReply)>);

impl FileTask {
    /// Truncates the log at the path of `file`, if the process has one.
    pub(crate) fn clear(file: Option<LogFileSpec>, reply: ClearReply) -> Self {
        Self(Some((file, reply)))
    }

    /// Does the work and replies.
    pub(crate) fn run(&mut self) {
        if let Some((file, reply)) = self.0.take() {
            reply(file.map_or(Ok(()), |file| clear_file(&file)));
        }
    }

    /// The reply of a task that will never run.
    pub(crate) fn cancel(&mut self) -> Option<Box<dyn FnOnce() + Send>> {
        let (_, reply) = self.0.take()?;
        Some(Box::new(|| reply(Err(ClearError::PumpEnded))))
    }
}

impl fmt::Debug for FileTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileTask")
    }
}
