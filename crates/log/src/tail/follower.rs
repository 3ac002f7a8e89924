//! Reading a log as it grows.

use super::open_regular;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use supervisor_sys::entry::Entry;
use supervisor_sys::fd::FileIdentity;

/// How much of what is there already a follower begins with.
const FIRST: u64 = 1024;

/// The most one step returns.
const CHUNK: u64 = 64 * 1024;

/// Shown where a log was emptied in place.
const TRUNCATED: &[u8] = b"==> File truncated <==\n";

/// One step of a [`Follower`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// New bytes, at most 64 KiB; call again, there may be more.
    Data(Vec<u8>),
    /// Nothing new; wait for the waker (see [`Pump::follow`](crate::Pump::follow)).
    Idle,
}

/// Reads a log as it grows, for `/logtail` and `/mainlogtail`.
///
/// When another file takes the path (rotation), what is left of the old one is read first and the new one
/// follows from its start. A file that was removed is read on until there is a new one. If the log is rotated
/// twice between two steps, what only the middle file held is not seen.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
    file: File,
    identity: FileIdentity,
    position: u64,
}

impl Follower {
    /// Opens the log and goes to its last 1024 bytes, or its start if it is smaller.
    pub fn open(path: &Path) -> io::Result<Self> {
        Self::open_with(path, FIRST)
    }

    /// Opens the log and goes back from its end by `backlog` bytes, or to its start if it is smaller.
    pub fn open_with(path: &Path, backlog: u64) -> io::Result<Self> {
        let file = open_regular(path)?;
        let metadata = file.metadata()?;
        let identity = FileIdentity::from_metadata(&metadata);
        Ok(Self { path: path.to_owned(), file, identity, position: metadata.len().saturating_sub(backlog) })
    }

    /// When the file was last modified, for the response header.
    pub fn modified(&self) -> io::Result<SystemTime> {
        self.file.metadata()?.modified()
    }

    /// The next bytes, or the mark of a file that was emptied.
    pub fn step(&mut self) -> io::Result<Step> {
        if let Some(data) = self.read_on()? {
            return Ok(Step::Data(data));
        }
        let Some((file, identity)) = self.successor() else { return Ok(Step::Idle) };
        // The old file may have grown between the look at its end and the look at the path.
        if let Some(data) = self.read_on()? {
            return Ok(Step::Data(data));
        }
        (self.file, self.identity, self.position) = (file, identity, 0);
        Ok(self.read_on()?.map_or(Step::Idle, Step::Data))
    }

    fn read_on(&mut self) -> io::Result<Option<Vec<u8>>> {
        if self.file.metadata()?.len() < self.position {
            self.position = 0;
            return Ok(Some(TRUNCATED.to_vec()));
        }
        let mut data = Vec::new();
        self.file.seek(SeekFrom::Start(self.position))?;
        let count = (&self.file).take(CHUNK).read_to_end(&mut data)?;
        self.position += count as u64;
        Ok((count > 0).then_some(data))
    }

    /// The file that has taken the path meanwhile.
    fn successor(&self) -> Option<(File, FileIdentity)> {
        let named = Entry::of(&self.path).and_then(|entry| entry.identity()).ok()?;
        if named == self.identity {
            return None;
        }
        let file = open_regular(&self.path).ok()?;
        let identity = FileIdentity::of(&file).ok()?;
        (identity != self.identity).then_some((file, identity))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    fn data(step: Step) -> String {
        match step {
            Step::Data(bytes) => String::from_utf8(bytes).unwrap(),
            Step::Idle => String::new(),
        }
    }

    /// WEB-14.
    #[test]
    fn a_long_log_begins_with_its_last_1024_bytes() {
        let scratch = Scratch::new();
        let path = scratch.write("log", &"x".repeat(5000));
        assert_eq!(data(Follower::open(&path).unwrap().step().unwrap()).len(), 1024);
        let path = scratch.write("short", "short");
        assert_eq!(data(Follower::open(&path).unwrap().step().unwrap()), "short");
        let path = scratch.write("empty", "");
        assert_eq!(Follower::open(&path).unwrap().step().unwrap(), Step::Idle);
    }

    /// WEB-13.
    #[test]
    fn what_is_appended_comes_in_steps() {
        let scratch = Scratch::new();
        let path = scratch.write("log", "first\n");
        let mut follower = Follower::open(&path).unwrap();
        assert_eq!(data(follower.step().unwrap()), "first\n");
        assert_eq!(follower.step().unwrap(), Step::Idle);
        scratch.append("log", "second\n");
        assert_eq!(data(follower.step().unwrap()), "second\n");
        scratch.append("log", &"y".repeat(100_000));
        assert_eq!(data(follower.step().unwrap()).len(), 65_536);
        assert_eq!(data(follower.step().unwrap()).len(), 34_464);
    }

    /// WEB-15; upstream skips the rest of the old file.
    #[test]
    fn rotation_shows_the_rest_of_the_old_file_and_then_the_new_one() {
        let scratch = Scratch::new();
        let path = scratch.write("log", "first\n");
        let mut follower = Follower::open(&path).unwrap();
        follower.step().unwrap();
        scratch.append("log", "rest\n");
        std::fs::rename(&path, scratch.path("log.1")).unwrap();
        assert_eq!(data(follower.step().unwrap()), "rest\n");
        assert_eq!(follower.step().unwrap(), Step::Idle);
        scratch.write("log", "new\n");
        assert_eq!(data(follower.step().unwrap()), "new\n");
    }

    /// WEB-16; upstream closes the connection.
    #[test]
    fn an_emptied_log_is_marked_and_starts_again() {
        let scratch = Scratch::new();
        let path = scratch.write("log", "a long first line\n");
        let mut follower = Follower::open(&path).unwrap();
        follower.step().unwrap();
        std::fs::OpenOptions::new().write(true).truncate(true).open(&path).unwrap();
        scratch.append("log", "new\n");
        assert_eq!(data(follower.step().unwrap()), "==> File truncated <==\n");
        assert_eq!(data(follower.step().unwrap()), "new\n");
    }

    #[test]
    fn what_is_no_regular_file_cannot_be_followed() {
        let scratch = Scratch::new();
        Follower::open(&scratch.fifo("fifo")).unwrap_err();
        Follower::open(&scratch.path("none")).unwrap_err();
    }
}
