//! Reading logs: by offset for RPC, continuously for streams.

use std::io;
use std::path::{Path, PathBuf};

/// The most one [`read`] or [`tail`] returns: 16 MiB.
pub const MAX_READ: u64 = 16 * 1024 * 1024;

/// Why a log could not be read.
#[derive(Debug)]
pub enum ReadError {
    /// The file is not there, or is no regular file.
    NoFile,
    /// The offset and the length make no sense together.
    BadArguments,
    /// The system refused.
    Failed(io::Error),
}

/// What [`tail`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tail {
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Where the next call should start: the file's size.
    pub offset: u64,
    /// Whether there was more than was asked for.
    pub overflow: bool,
}

/// `readLog`, `readProcess*Log`.
pub fn read(path: &Path, offset: i64, length: i64) -> Result<Vec<u8>, ReadError> {
    let _ = (path, offset, length);
    Err(ReadError::NoFile)
}

/// `tailProcess*Log`. A file that cannot be read is as good as empty.
pub fn tail(path: &Path, offset: i64, length: i64) -> Tail {
    let _ = (path, offset, length);
    Tail { bytes: Vec::new(), offset: 0, overflow: false }
}

/// One step of a [`Follower`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// New bytes, at most 64 KiB; call again, there may be more.
    Data(Vec<u8>),
    /// Nothing new; wait for the waker.
    Idle,
}

/// Reads a log as it grows, for `/logtail` and `/mainlogtail`.
#[derive(Debug)]
pub struct Follower {
    path: PathBuf,
}

impl Follower {
    /// Opens the log and goes to its last 1024 bytes, or its start if it is smaller.
    pub fn open(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned() })
    }

    /// When the file was last modified, for the response header.
    pub fn modified(&self) -> io::Result<std::time::SystemTime> {
        std::fs::metadata(&self.path)?.modified()
    }

    /// The next bytes.
    pub fn step(&mut self) -> io::Result<Step> {
        Ok(Step::Idle)
    }
}
