//! What reading a configuration asks of a machine.
//!
//! This crate opens no file and makes no system call: everything it wants to know goes through [`Host`]. The
//! programs answer from the kernel; [`MemoryHost`] answers from maps, for tests, fuzzing and previews.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

mod caching;
mod memory;

pub(crate) use caching::CachingHost;
pub use memory::MemoryHost;

/// An entry of the user database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Log-in name.
    pub name: OsString,
    /// User id.
    pub uid: u32,
    /// Id of the user's primary group.
    pub gid: u32,
    /// Home directory.
    pub home: PathBuf,
}

/// The machine as a configuration sees it. Every path handed to it is absolute: relative ones are joined to
/// [`Host::current_dir`] before.
pub trait Host {
    /// The whole content of a file. Reading stops after `limit + 1` bytes, so that the caller can tell a file
    /// that is too long from one that just fits.
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>>;

    /// Whether anything stands at this path, symbolic links followed.
    fn exists(&self, path: &Path) -> bool;

    /// Whether a directory stands at this path, symbolic links followed.
    fn is_dir(&self, path: &Path) -> bool;

    /// The names in a directory, in any order, without `.` and `..`.
    fn names_in(&self, directory: &Path) -> io::Result<Vec<OsString>>;

    /// The permission bits of a file, or `None` if they cannot be read.
    fn mode(&self, path: &Path) -> Option<u32>;

    /// Whether a file could be created in this directory; asked of the candidates for temporary files.
    fn is_writable_dir(&self, path: &Path) -> bool;

    /// The user of this name.
    fn user_named(&self, name: &OsStr) -> Option<Account>;

    /// The user with this id.
    fn user_with_id(&self, uid: u32) -> Option<Account>;

    /// The id of the group of this name.
    fn group_named(&self, name: &OsStr) -> Option<u32>;

    /// Whether the group database has this id.
    fn has_group_id(&self, gid: u32) -> bool;

    /// The environment of this program, as it was when it started.
    fn environment(&self) -> Vec<(OsString, OsString)>;

    /// The node name, as `uname -n` prints it.
    fn hostname(&self) -> OsString;

    /// The directory relative paths start from: for supervisord the one it was *started* in, also after it has
    /// moved elsewhere, so that a file read again means the same files.
    fn current_dir(&self) -> PathBuf;

    /// The user id this program runs under.
    fn uid(&self) -> u32;
}
