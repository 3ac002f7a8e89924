//! A log in a regular file: appended to, rotated by size, truncated, opened again.
//!
//! After each write the kernel is asked for the position, which with `O_APPEND` is the end of the file; so a file that other
//! programs append to or truncate is measured as it is. Before a rotation the path is compared with the open file: if another
//! writer has moved it (another stream with the same path, logrotate), the new file is taken into use and no backup is shifted.

mod backups;
mod rotation;
#[cfg(test)]
mod rotation_tests;
#[cfg(test)]
mod tests;

use super::{ClearError, Outcome, RotationUnit, Sink, SinkReport, Written, creation_mode};
use crate::spec::LogFileSpec;
use std::fs::{File, Metadata, Permissions};
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::Instant;
use supervisor_sys::entry::{Access, Entry, Stat};
use supervisor_sys::fd::{FileIdentity, keep_from_children};
use supervisor_sys::user::effective_uid;

/// The most rotations in one write, before other channels get their turn: with a tiny limit every line is one.
const MAX_ROTATIONS: u32 = 4;

/// An open log file.
#[derive(Debug)]
pub(crate) struct LogFile {
    spec: LogFileSpec,
    file: File,
    identity: FileIdentity,
    /// Where the last write ended: the size, unless another program changed it since.
    position: u64,
    /// `Some` while rotation fails: not again before this time.
    rotation_retry: Option<Instant>,
}

impl LogFile {
    /// `file` was opened for `spec` and is regular.
    pub(crate) fn new(spec: LogFileSpec, file: File, metadata: &Metadata) -> Self {
        let identity = FileIdentity::from_metadata(metadata);
        Self {
            spec,
            file: keep_from_children(file),
            identity,
            position: metadata.size(),
            rotation_retry: None,
        }
    }

    /// Whether the path still leads to the open file.
    fn is_at_its_path(&self) -> io::Result<bool> {
        match Entry::of(&self.spec.path).and_then(|entry| entry.identity()) {
            Ok(identity) => Ok(identity == self.identity),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes what the path names now into use.
    fn open_again(&mut self) -> io::Result<()> {
        self.succeed(&Entry::of(&self.spec.path)?)
    }

    /// Takes the file at `entry` into use, and creates it if it does not exist. A new file gets the mode of the one before it if
    /// that was ours, as far as the mode says who may read and write; no other file's mode is changed.
    fn succeed(&mut self, entry: &Entry) -> io::Result<()> {
        let old = Stat::of(&self.file)?;
        let mode = (old.uid == effective_uid()).then_some(old.mode & 0o666);
        let file = match entry.create_new(mode.unwrap_or_else(|| creation_mode(self.spec.origin))) {
            Ok(file) => {
                if let Some(mode) = mode {
                    // Whatever the umask. It is the file created above, whatever its name leads to by now.
                    file.set_permissions(Permissions::from_mode(mode))?;
                }
                file
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                entry.open(Access::AppendExisting)?
            }
            Err(error) => return Err(error),
        };
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            // It is taken into use at the next reopen, not in the middle of a write.
            return Err(io::Error::other("it was replaced by something that is no regular file"));
        }
        self.file = keep_from_children(file);
        self.identity = FileIdentity::from_metadata(&metadata);
        self.position = metadata.size();
        Ok(())
    }
}

impl Sink for LogFile {
    /// Appends, and rotates after every unit that brings the file to its limit.
    fn write(&mut self, bytes: &[u8], unit: RotationUnit, report: &mut SinkReport<'_>) -> Written {
        let (mut count, mut rotations) = (0, 0);
        while count < bytes.len() {
            if rotations == MAX_ROTATIONS {
                return Written { count, outcome: Outcome::Paused };
            }
            let part = self.until_rotation(&bytes[count..], unit);
            match (&self.file).write(part) {
                Ok(0) => return Written::failed(count, io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    let is_whole = written == part.len();
                    count += written;
                    rotations += u32::from(self.after_write(written, is_whole, report));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Written::failed(count, error),
            }
        }
        Written::complete(count)
    }

    /// The path may lead to a file that works (a file system mounted again, a stale handle).
    fn recover(&mut self) {
        if !self.is_at_its_path().unwrap_or(false) {
            // The write that follows shows whether it helped.
            let _ = self.open_again();
        }
    }

    /// Truncates the file the path names, which is the open one unless it was moved.
    fn clear(&mut self) -> Result<(), ClearError> {
        if !self.is_at_its_path().map_err(ClearError::Io)? {
            self.open_again().map_err(ClearError::Io)?;
        }
        self.file.set_len(0).map_err(ClearError::Io)?;
        self.position = 0;
        Ok(())
    }

    fn spec(&self) -> Option<&LogFileSpec> {
        Some(&self.spec)
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.file.as_fd())
    }
}
