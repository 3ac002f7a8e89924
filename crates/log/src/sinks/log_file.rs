//! A log in a regular file: appended to, rotated by size, emptied, opened again.
//!
//! The position is asked of the kernel after each write (with `O_APPEND` it is the end of the file then), so
//! a file that others append to or truncate is measured as it is. Before it is rotated the path is compared
//! with the open file: if somebody else moved it (another stream with the same path, logrotate), the new file
//! is taken into use and nothing is shifted.

use super::rotation::shift_backups;
use super::{ClearError, Outcome, RotationUnit, SinkEvent, Written, creation_mode};
use crate::LogFileSpec;
use memchr::memchr;
use std::fs::{File, Metadata, Permissions};
use std::io::{self, Seek, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::time::{Duration, Instant};
use supervisor_sys::entry::{Access, Entry, Stat};
use supervisor_sys::fd::{FileIdentity, keep_from_children};
use supervisor_sys::user::effective_uid;

/// How soon a rotation that failed is tried again, at the earliest, when there is something to write.
const ROTATION_RETRY: Duration = Duration::from_secs(10);

/// So many rotations at most before others get their turn: with a tiny limit every line is one.
const MOST_ROTATIONS: u32 = 4;

/// An open log file.
#[derive(Debug)]
pub(crate) struct LogFile {
    spec: LogFileSpec,
    file: File,
    identity: FileIdentity,
    /// Where the last write ended: the size, unless somebody else changed it since.
    position: u64,
    /// Set while rotation fails: not again before this.
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

    /// What it was opened for.
    pub(crate) fn spec(&self) -> &LogFileSpec {
        &self.spec
    }

    /// The size that asks for rotation, if any does.
    fn limit(&self) -> Option<u64> {
        (self.spec.max_bytes > 0).then_some(self.spec.max_bytes)
    }

    /// Appends, and rotates after every unit that brings the file to its limit.
    pub(crate) fn write(
        &mut self,
        bytes: &[u8],
        units: RotationUnit,
        events: &mut Vec<SinkEvent>,
    ) -> Written {
        let (mut count, mut rotations) = (0, 0);
        while count < bytes.len() {
            if rotations == MOST_ROTATIONS {
                return Written { count, outcome: Outcome::Paused };
            }
            let unit = self.next_unit(&bytes[count..], units);
            match (&self.file).write(unit) {
                Ok(0) => return Written { count, outcome: Outcome::Failed(io::ErrorKind::WriteZero.into()) },
                Ok(written) => {
                    let is_whole = written == unit.len();
                    count += written;
                    rotations += u32::from(self.after_write(written, is_whole, events));
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Written { count, outcome: Outcome::Failed(error) },
            }
        }
        Written { count, outcome: Outcome::Complete }
    }

    /// The bytes to write before the size has to be looked at again: up to the end of the line that crosses
    /// the limit.
    fn next_unit<'a>(&self, bytes: &'a [u8], units: RotationUnit) -> &'a [u8] {
        let Some(limit) =
            self.limit().filter(|_| units == RotationUnit::Line && self.rotation_retry.is_none())
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

    /// Rotates if that is due; whether it was tried.
    fn after_write(&mut self, written: usize, is_whole: bool, events: &mut Vec<SinkEvent>) -> bool {
        let Some(limit) = self.limit() else { return false };
        self.position = (&self.file).stream_position().unwrap_or(self.position + written as u64);
        let is_due = self.rotation_retry.is_none_or(|at| Instant::now() >= at);
        if !is_whole || self.position < limit || !is_due {
            return false;
        }
        let was_failing = self.rotation_retry.take().is_some();
        match self.rotate() {
            Ok(()) if was_failing => events.push(SinkEvent::RotationRecovered),
            Ok(()) => {}
            Err(error) => {
                self.rotation_retry = Some(Instant::now() + ROTATION_RETRY);
                if !was_failing {
                    events.push(SinkEvent::RotationFailed(error));
                }
            }
        }
        true
    }

    /// Shifts the backups and begins a new file. On an error the open file stays in use, so nothing is
    /// lost.
    fn rotate(&mut self) -> io::Result<()> {
        if !self.is_at_its_path()? {
            return self.open_again();
        }
        if self.spec.backups == 0 {
            self.file.set_len(0)?;
            self.position = 0;
            return Ok(());
        }
        // As upstream has it, a link that root laid for the log is itself what becomes the first old backup.
        let entry = Entry::itself(&self.spec.path)?;
        shift_backups(&entry, &self.spec.path, self.spec.backups)?;
        self.succeed(&entry)
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

    /// Takes the file at `entry` into use, which is made if it is not there. A file that we make after one that was ours
    /// gets the mode of that one, as far as it says who may read and write; nothing else gets one.
    fn succeed(&mut self, entry: &Entry) -> io::Result<()> {
        let old = Stat::of(&self.file)?;
        let mode = (old.uid == effective_uid()).then_some(old.mode & 0o666);
        let file = match entry.create_new(mode.unwrap_or_else(|| creation_mode(self.spec.origin))) {
            Ok(file) => {
                if let Some(mode) = mode {
                    // Whatever the umask. It is the file made above, whatever its name stands for by now.
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

    /// After a failed write: the path may lead to a file that works (a file system mounted again, a stale
    /// handle).
    pub(crate) fn recover(&mut self) {
        if !self.is_at_its_path().unwrap_or(false) {
            // The write that follows tells whether it helped.
            let _ = self.open_again();
        }
    }

    /// Empties the file the path names, which is the open one unless it was moved.
    pub(crate) fn clear(&mut self) -> Result<(), ClearError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::FileOrigin;
    use crate::scratch::Scratch;
    use crate::sinks::{Sink, clear_file};
    use proptest::prelude::*;
    use std::os::fd::AsRawFd;
    use std::path::Path;

    const LINE: &str = "0123456789012345678901234567890123456789\n";

    fn spec(path: &Path, max_bytes: u64, backups: u32) -> LogFileSpec {
        LogFileSpec { path: path.into(), origin: FileOrigin::Configured, max_bytes, backups }
    }

    fn open(path: &Path, max_bytes: u64, backups: u32) -> Sink {
        Sink::open(&spec(path, max_bytes, backups)).unwrap()
    }

    fn write(target: &mut Sink, bytes: &[u8]) -> Vec<SinkEvent> {
        let (mut events, mut count) = (Vec::new(), 0);
        loop {
            let written = target.write(&bytes[count..], RotationUnit::Line, &mut events);
            count += written.count;
            if !matches!(written.outcome, Outcome::Paused) {
                assert!(matches!(written.outcome, Outcome::Complete), "{written:?}");
                assert_eq!(count, bytes.len());
                return events;
            }
        }
    }

    fn mode(path: &Path) -> u32 {
        std::fs::metadata(path).unwrap().mode() & 0o7777
    }

    /// PROC-49.
    #[test]
    fn backups_hold_the_lines_up_to_the_one_that_crosses_the_limit() {
        let scratch = Scratch::new();
        let mut log = open(&scratch.path("log"), 100, 2);
        for _ in 0..9 {
            write(&mut log, LINE.as_bytes());
        }
        assert_eq!(scratch.read("log"), "");
        assert_eq!(scratch.read("log.1"), LINE.repeat(3));
        assert_eq!(scratch.read("log.2"), LINE.repeat(3));
        assert!(!scratch.path("log.3").exists());
    }

    /// PROC-49 with all lines in one read, as the gathering pause makes it.
    #[test]
    fn lines_that_arrive_together_are_rotated_as_if_one_by_one() {
        let scratch = Scratch::new();
        let mut log = open(&scratch.path("log"), 100, 5);
        write(&mut log, LINE.repeat(10).as_bytes());
        assert_eq!(scratch.read("log"), LINE);
        for backup in ["log.1", "log.2", "log.3"] {
            assert_eq!(scratch.read(backup), LINE.repeat(3));
        }
    }

    /// With a limit of a few bytes a write of many lines is as many rotations, which takes longer than others are to wait.
    #[test]
    fn many_rotations_pause_for_others() {
        let scratch = Scratch::new();
        let mut log = open(&scratch.path("log"), 1, 40);
        let lines = LINE.repeat(40);
        let written = log.write(lines.as_bytes(), RotationUnit::Line, &mut Vec::new());
        let done = LINE.len() * 4;
        assert!(
            matches!(written, Written { count, outcome: Outcome::Paused } if count == done),
            "{written:?}"
        );
        write(&mut log, &lines.as_bytes()[done..]);
        assert!((1..=40).all(|number| scratch.read(&format!("log.{number}")) == LINE));
    }

    #[test]
    fn a_line_longer_than_the_limit_stays_whole() {
        let scratch = Scratch::new();
        let mut log = open(&scratch.path("log"), 100, 2);
        write(&mut log, &[b'x'; 1000]);
        assert_eq!(scratch.read("log.1").len(), 1000);
        assert_eq!(scratch.read("log"), "");
    }

    /// PROC-50.
    #[test]
    fn without_backups_the_file_starts_anew_and_without_limit_it_grows() {
        let scratch = Scratch::new();
        let mut log = open(&scratch.path("log"), 100, 0);
        write(&mut log, LINE.repeat(4).as_bytes());
        assert_eq!(scratch.read("log"), LINE);
        assert!(!scratch.path("log.1").exists());
        let mut endless = open(&scratch.path("endless"), 0, 3);
        write(&mut endless, LINE.repeat(100).as_bytes());
        assert_eq!(scratch.read("endless").len(), 4100);
    }

    #[test]
    fn a_file_that_is_large_already_is_rotated_after_the_first_write() {
        let scratch = Scratch::new();
        let path = scratch.write("log", &"x".repeat(500));
        let mut log = open(&path, 100, 2);
        write(&mut log, b"y\n");
        assert_eq!(scratch.read("log.1").len(), 502);
    }

    #[test]
    fn a_file_that_was_truncated_by_others_is_not_rotated_early() {
        let scratch = Scratch::new();
        let path = scratch.path("log");
        let mut log = open(&path, 100, 2);
        write(&mut log, &[b'x'; 90]);
        File::options().write(true).truncate(true).open(&path).unwrap();
        write(&mut log, &[b'y'; 50]);
        assert_eq!(scratch.read("log"), "y".repeat(50));
        assert!(!scratch.path("log.1").exists());
    }

    #[test]
    fn two_writers_of_one_path_lose_nothing_when_one_rotates() {
        let scratch = Scratch::new();
        let path = scratch.path("log");
        let (mut one, mut two) = (open(&path, 100, 9), open(&path, 100, 9));
        let mut expected = Vec::new();
        for number in 0..20 {
            let line = format!("{number:010} {}\n", "x".repeat(20));
            write(if number % 2 == 0 { &mut one } else { &mut two }, line.as_bytes());
            expected.push(line);
        }
        let names = (1..=9).rev().map(|number| format!("log.{number}")).chain(["log".to_owned()]);
        let mut found: Vec<String> = names
            .flat_map(|name| scratch.read(&name).lines().map(|line| format!("{line}\n")).collect::<Vec<_>>())
            .collect();
        found.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_new_log_keeps_the_mode_of_its_backup() {
        let scratch = Scratch::new();
        let path = scratch.write("log", "");
        std::fs::set_permissions(&path, Permissions::from_mode(0o662)).unwrap();
        let mut log = open(&path, 10, 2);
        write(&mut log, &[b'x'; 10]);
        assert_eq!((mode(&scratch.path("log.1")), mode(&path)), (0o662, 0o662));
        assert_eq!(scratch.read("log"), "");
    }

    #[test]
    fn a_rotation_that_fails_loses_nothing_and_is_told_once() {
        let scratch = Scratch::new();
        let path = scratch.path("log");
        // A directory that is not empty stands in the way of the oldest backup.
        std::fs::create_dir_all(scratch.path("log.1/occupied")).unwrap();
        let mut log = open(&path, 50, 1);
        let mut events = Vec::new();
        for _ in 0..5 {
            events.extend(write(&mut log, LINE.as_bytes()));
        }
        assert!(matches!(events[..], [SinkEvent::RotationFailed(_)]), "{events:?}");
        assert_eq!(scratch.read("log"), LINE.repeat(5));
    }

    #[test]
    fn reopening_follows_the_path_and_keeps_the_old_file_when_it_cannot() {
        let scratch = Scratch::new();
        let directory = scratch.path("logs");
        std::fs::create_dir(&directory).unwrap();
        let path = directory.join("log");
        let mut log = open(&path, 0, 0);
        std::fs::rename(&path, directory.join("moved")).unwrap();
        log.reopen().unwrap();
        write(&mut log, b"new\n");
        assert_eq!(scratch.read("logs/log"), "new\n");
        // PROC-22: the directory vanishes.
        std::fs::rename(&directory, scratch.path("gone")).unwrap();
        log.reopen().unwrap_err();
        write(&mut log, b"kept\n");
        assert_eq!(scratch.read("gone/log"), "new\nkept\n");
        std::fs::create_dir(&directory).unwrap();
        log.reopen().unwrap();
        write(&mut log, b"back\n");
        assert_eq!(scratch.read("logs/log"), "back\n");
    }

    #[test]
    fn clearing_keeps_the_file_and_its_mode() {
        let scratch = Scratch::new();
        let path = scratch.write("log", "old\n");
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
        let mut log = open(&path, 0, 0);
        log.clear().unwrap();
        write(&mut log, b"new\n");
        assert_eq!((scratch.read("log"), mode(&path)), ("new\n".to_owned(), 0o600));
        std::fs::remove_file(&path).unwrap();
        log.clear().unwrap();
        write(&mut log, b"again\n");
        assert_eq!(scratch.read("log"), "again\n");
    }

    /// PROC-77.
    #[test]
    fn a_file_without_live_process_is_cleared_by_its_path() {
        let scratch = Scratch::new();
        let path = scratch.write("log", "old\n");
        scratch.write("log.1", "older\n");
        clear_file(&spec(&path, 0, 0)).unwrap();
        assert_eq!((scratch.read("log").as_str(), scratch.read("log.1").as_str()), ("", "older\n"));
        clear_file(&spec(&scratch.path("none"), 0, 0)).unwrap();
        assert!(!scratch.path("none").exists());
    }

    /// PROC-57.
    #[test]
    fn what_is_no_regular_file_is_not_cleared() {
        let scratch = Scratch::new();
        for path in
            [scratch.fifo("fifo"), "/dev/null".into(), "/dev/stdout".into(), scratch.root().to_owned()]
        {
            let outcome = clear_file(&spec(&path, 0, 0));
            assert!(matches!(outcome, Err(ClearError::NotRegular)), "{}: {outcome:?}", path.display());
        }
        assert!(std::fs::symlink_metadata("/dev/stdout").unwrap().is_symlink());
    }

    /// Links that only root or we could have laid; `entry` of supervisor-sys has the rules.
    #[test]
    fn a_link_is_followed_and_is_what_rotation_renames() {
        let scratch = Scratch::new();
        let target = scratch.write("target", "old\n");
        let link = scratch.path("link");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        clear_file(&spec(&link, 0, 0)).unwrap();
        write(&mut open(&link, 10, 2), LINE.as_bytes());
        assert_eq!(scratch.read("target"), LINE);
        assert!(std::fs::symlink_metadata(scratch.path("link.1")).unwrap().is_symlink());
        assert_eq!((scratch.read("link").as_str(), mode(&link)), ("", mode(&target)));
    }

    /// Everything an attacker can do to the log of a live or stopped process in a directory that others can write.
    #[test]
    fn a_link_in_a_directory_others_can_write_is_neither_written_cleared_reopened_nor_rotated_to() {
        let scratch = Scratch::new();
        let victim = scratch.write("victim", "precious");
        let directory = scratch.path("theirs");
        std::fs::create_dir(&directory).unwrap();
        std::fs::set_permissions(&directory, Permissions::from_mode(0o777)).unwrap();
        let path = directory.join("log");
        let mut log = open(&path, 10, 2);
        std::fs::rename(&path, directory.join("moved")).unwrap();
        std::os::unix::fs::symlink(&victim, &path).unwrap();
        assert!(matches!(log.clear(), Err(ClearError::Io(_))));
        assert!(matches!(clear_file(&spec(&path, 0, 0)), Err(ClearError::Io(_))));
        log.reopen().unwrap_err();
        let events = write(&mut log, LINE.as_bytes());
        assert!(matches!(events[..], [SinkEvent::RotationFailed(_)]), "{events:?}");
        Sink::open(&spec(&path, 0, 0)).unwrap_err();
        assert_eq!(
            (scratch.read("victim").as_str(), scratch.read("theirs/moved").as_str()),
            ("precious", LINE)
        );
    }

    /// A user who owns the old file chooses its mode; the new one is root's.
    #[test]
    fn a_new_log_takes_neither_special_bits_nor_the_mode_of_a_file_another_user_owned() {
        let scratch = Scratch::new();
        let plain = mode(&scratch.write("plain", ""));
        for (owner, expected) in [(effective_uid(), 0o666), (65534, plain)] {
            let path = scratch.write("log", "");
            if owner != effective_uid() && effective_uid() != 0 {
                continue;
            }
            std::os::unix::fs::chown(&path, Some(owner), None).unwrap();
            std::fs::set_permissions(&path, Permissions::from_mode(0o6777)).unwrap();
            write(&mut open(&path, 10, 2), &[b'x'; 10]);
            assert_eq!(mode(&path), expected, "owner {owner}");
        }
    }

    /// A child that had a copy would close it before it executes, and wait for the server of the file system.
    #[test]
    fn the_number_of_a_log_is_one_that_children_do_not_copy() {
        let scratch = Scratch::new();
        let mut log = open(&scratch.path("log"), 10, 2);
        assert!(log.fd().unwrap().as_raw_fd() >= 128);
        write(&mut log, &[b'x'; 10]);
        assert!(scratch.path("log.1").exists() && log.fd().unwrap().as_raw_fd() >= 128);
    }

    /// PROC-74: the error is the open's own, and no descriptor is left.
    #[test]
    fn opening_a_directory_fails_by_name() {
        let scratch = Scratch::new();
        let error = Sink::open(&spec(scratch.root(), 0, 0)).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::EISDIR));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// However lines are gathered into writes, the backups come out the same.
        #[test]
        fn coalescing_does_not_change_the_backups(
            lengths in proptest::collection::vec(0usize..80, 1..60),
            groups in proptest::collection::vec(1usize..20, 1..20),
            max_bytes in 1u64..200,
            backups in 0u32..4,
        ) {
            let line = |(number, length): (usize, &usize)| format!("{number}{}\n", "x".repeat(*length)).into_bytes();
            let lines: Vec<Vec<u8>> = lengths.iter().enumerate().map(line).collect();
            let (single, gathered) = (Scratch::new(), Scratch::new());
            let mut log = open(&single.path("log"), max_bytes, backups);
            for line in &lines {
                write(&mut log, line);
            }
            let mut log = open(&gathered.path("log"), max_bytes, backups);
            let mut rest = &lines[..];
            for group in groups.iter().cycle() {
                let (now, later) = rest.split_at((*group).min(rest.len()));
                write(&mut log, &now.concat());
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            for name in ["log", "log.1", "log.2", "log.3", "log.4"] {
                prop_assert_eq!(single.read(name), gathered.read(name), "{}", name);
            }
        }
    }
}
