//! A log in a regular file: appended to, rotated by size, emptied, opened again.
//!
//! The position is asked of the kernel after each write (with `O_APPEND` it is the end of the file then), so a file that others
//! append to or truncate is measured as it is. Before it is rotated the path is compared with the open file: if somebody else moved it
//! (another stream with the same path, logrotate), the new file is taken into use and nothing is shifted.

use super::rotate::shift_generations;
use super::{ClearError, Outcome, Remark, Units, Written, names_a_descriptor, open_file};
use crate::LogFileSpec;
use memchr::memchr;
use std::fs::{File, Metadata, Permissions};
use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, Instant};
use supervisor_sys::fd::FileIdentity;

/// How soon a rotation that failed is tried again, at the earliest, when there is something to write.
const ROTATION_RETRY: Duration = Duration::from_secs(10);

/// An open log file.
#[derive(Debug)]
pub(crate) struct LogFile {
    spec: LogFileSpec,
    file: File,
    identity: FileIdentity,
    /// Where the last write ended: the size, unless somebody else changed it since.
    position: u64,
    /// The size that asks for rotation, if any does.
    limit: Option<u64>,
    /// Set while rotation fails: not again before this.
    rotation_retry: Option<Instant>,
}

impl LogFile {
    /// `file` was opened for `spec` and is regular.
    pub(crate) fn new(spec: LogFileSpec, file: File, metadata: &Metadata) -> Self {
        let is_ours = !names_a_descriptor(&spec.path);
        let limit = (spec.max_bytes > 0 && is_ours).then_some(spec.max_bytes);
        let identity = FileIdentity::from_metadata(metadata);
        Self { spec, file, identity, position: metadata.size(), limit, rotation_retry: None }
    }

    /// What it was opened for.
    pub(crate) fn spec(&self) -> &LogFileSpec {
        &self.spec
    }

    /// Appends, and rotates after every unit that brings the file to its limit.
    pub(crate) fn write(&mut self, bytes: &[u8], units: Units, remarks: &mut Vec<Remark>) -> Written {
        let mut count = 0;
        while count < bytes.len() {
            let unit = self.next_unit(&bytes[count..], units);
            match (&self.file).write(unit) {
                Ok(0) => return Written { count, outcome: Outcome::Failed(io::ErrorKind::WriteZero.into()) },
                Ok(written) => {
                    let is_whole = written == unit.len();
                    count += written;
                    self.after_write(written, is_whole, remarks);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Written { count, outcome: Outcome::Failed(error) },
            }
        }
        Written { count, outcome: Outcome::Complete }
    }

    /// The bytes to write before the size has to be looked at again: up to the end of the line that crosses the limit.
    fn next_unit<'a>(&self, bytes: &'a [u8], units: Units) -> &'a [u8] {
        let Some(limit) = self.limit.filter(|_| units == Units::Lines && self.rotation_retry.is_none()) else {
            return bytes;
        };
        let room = usize::try_from(limit.saturating_sub(self.position)).unwrap_or(usize::MAX);
        let crossing = room.saturating_sub(1);
        if crossing >= bytes.len() {
            return bytes;
        }
        let end = memchr(b'\n', &bytes[crossing..]).map_or(bytes.len(), |newline| crossing + newline + 1);
        &bytes[..end]
    }

    fn after_write(&mut self, written: usize, is_whole: bool, remarks: &mut Vec<Remark>) {
        let Some(limit) = self.limit else { return };
        self.position = (&self.file).stream_position().unwrap_or(self.position + written as u64);
        let is_due = self.rotation_retry.is_none_or(|at| Instant::now() >= at);
        if !is_whole || self.position < limit || !is_due {
            return;
        }
        let was_failing = self.rotation_retry.take().is_some();
        match self.rotate() {
            Ok(()) if was_failing => remarks.push(Remark::RotationRecovered),
            Ok(()) => {}
            Err(error) => {
                self.rotation_retry = Some(Instant::now() + ROTATION_RETRY);
                if !was_failing {
                    remarks.push(Remark::RotationFailed(error));
                }
            }
        }
    }

    /// Shifts the generations and begins a new file. On an error the open file stays in use, so nothing is lost.
    fn rotate(&mut self) -> io::Result<()> {
        if !self.is_at_its_path()? {
            return self.open_again();
        }
        if self.spec.backups == 0 {
            self.file.set_len(0)?;
            self.position = 0;
            return Ok(());
        }
        shift_generations(&self.spec.path, self.spec.backups)?;
        self.open_again()
    }

    /// Whether the path still leads to the open file.
    fn is_at_its_path(&self) -> io::Result<bool> {
        match std::fs::metadata(&self.spec.path) {
            Ok(metadata) => Ok(FileIdentity::from_metadata(&metadata) == self.identity),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes what the path names now into use; a new file gets the mode of the old one.
    fn open_again(&mut self) -> io::Result<()> {
        let mode = self.file.metadata()?.mode() & 0o7777;
        let file = open_file(&self.spec, mode)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            // Somebody put something else in its place; it is taken into use at the next reopen, not in the middle of a write.
            return Err(io::Error::other("it was replaced by something that is no regular file"));
        }
        if metadata.size() == 0 && metadata.mode() & 0o7777 != mode {
            file.set_permissions(Permissions::from_mode(mode))?;
        }
        self.file = file;
        self.identity = FileIdentity::from_metadata(&metadata);
        self.position = metadata.size();
        Ok(())
    }

    /// After a failed write: the path may lead to a file that works (a file system mounted again, a stale handle).
    pub(crate) fn revive(&mut self) {
        if !self.is_at_its_path().unwrap_or(false) {
            // The write that follows tells whether it helped.
            let _ = self.open_again();
        }
    }

    /// Empties the file the path names, which is the open one unless it was moved.
    pub(crate) fn clear(&mut self) -> Result<(), ClearError> {
        if names_a_descriptor(&self.spec.path) {
            return Err(ClearError::NotRegular);
        }
        if !self.is_at_its_path().map_err(ClearError::Io)? {
            self.open_again().map_err(ClearError::Io)?;
        }
        self.file.set_len(0).map_err(ClearError::Io)?;
        self.position = 0;
        Ok(())
    }
}

impl AsFd for LogFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
