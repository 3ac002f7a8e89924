//! When a log file is rotated, and how.

use super::LogFile;
use super::backups::shift_backups;
use crate::sinks::{RotationUnit, SinkReport};
use memchr::memchr;
use std::io::{self, Seek};
use std::time::{Duration, Instant};
use supervisor_core::Level;
use supervisor_sys::entry::Entry;
use supervisor_sys::errno::python_text;

/// How soon a rotation that failed is tried again, at the earliest, when there is something to write.
const ROTATION_RETRY: Duration = Duration::from_secs(10);

impl LogFile {
    /// The size at which the file is rotated, if there is one.
    fn limit(&self) -> Option<u64> {
        (self.spec.max_bytes > 0).then_some(self.spec.max_bytes)
    }

    /// What may be written before the next rotation: up to the end of the line that crosses the limit.
    pub(super) fn until_rotation<'a>(&self, bytes: &'a [u8], unit: RotationUnit) -> &'a [u8] {
        let Some(limit) =
            self.limit().filter(|_| unit == RotationUnit::Line && self.rotation_retry.is_none())
        else {
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

    /// Rotates if the file has reached its limit; returns whether that was tried.
    pub(super) fn after_write(
        &mut self,
        written: usize,
        is_whole: bool,
        report: &mut SinkReport<'_>,
    ) -> bool {
        let Some(limit) = self.limit() else { return false };
        self.position = (&self.file).stream_position().unwrap_or(self.position + written as u64);
        let may_rotate = self.rotation_retry.is_none_or(|at| Instant::now() >= at);
        if !is_whole || self.position < limit || !may_rotate {
            return false;
        }
        let was_failing = self.rotation_retry.take().is_some();
        match self.rotate() {
            Ok(()) if was_failing => {
                report.push(Level::Info, format!("the {} is rotated again", report.label));
            }
            Ok(()) => {}
            Err(error) => {
                self.rotation_retry = Some(Instant::now() + ROTATION_RETRY);
                if !was_failing {
                    let (label, why) = (report.label, python_text(&error));
                    let message =
                        format!("could not rotate the {label}: {why}; it grows on and is tried again");
                    report.push(Level::Error, message);
                }
            }
        }
        true
    }

    /// Shifts the backups and begins a new file. On an error the open file stays in use, so nothing is lost.
    fn rotate(&mut self) -> io::Result<()> {
        if !self.is_at_its_path()? {
            return self.open_again();
        }
        if self.spec.backups == 0 {
            self.file.set_len(0)?;
            self.position = 0;
            return Ok(());
        }
        // As upstream has it: where the path is a link, laid by root, the link itself becomes the first backup.
        let entry = Entry::itself(&self.spec.path)?;
        shift_backups(&entry, &self.spec.path, self.spec.backups)?;
        self.succeed(&entry)
    }
}
