//! What the kernel knows of a directory entry.

use crate::fd::FileIdentity;
use rustix::fs::{AtFlags, FileType, RawMode};
use std::ffi::CStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};

/// A file's attributes, as far as decisions need them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// What tells it from other files.
    pub identity: FileIdentity,
    /// Type and permission bits.
    pub mode: u32,
    /// The owner.
    pub uid: u32,
    /// The group.
    pub gid: u32,
    /// How many names it has.
    pub links: u64,
}

impl Stat {
    /// Of an open file.
    #[doc(alias = "fstat")]
    pub fn of(fd: &impl AsFd) -> io::Result<Self> {
        Ok(Self::from_raw(&rustix::fs::fstat(fd)?))
    }

    /// Of a name in a directory, a link itself rather than its target.
    #[doc(alias = "fstatat")]
    pub(super) fn at(directory: &OwnedFd, name: &CStr) -> io::Result<Self> {
        Ok(Self::from_raw(&rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW)?))
    }

    /// Of what a name in a directory leads to.
    pub(super) fn behind(directory: &OwnedFd, name: &CStr) -> io::Result<Self> {
        Ok(Self::from_raw(&rustix::fs::statat(directory, name, AtFlags::empty())?))
    }

    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_sign_loss,
        reason = "the widths differ from system to system"
    )]
    fn from_raw(stat: &rustix::fs::Stat) -> Self {
        Self {
            identity: FileIdentity { device: stat.st_dev as u64, inode: stat.st_ino as u64 },
            mode: stat.st_mode as u32,
            uid: stat.st_uid,
            gid: stat.st_gid,
            links: stat.st_nlink as u64,
        }
    }

    /// The permission bits, with set-user-id and its like.
    pub fn permissions(&self) -> u32 {
        self.mode & 0o7777
    }

    /// A regular file.
    pub fn is_file(&self) -> bool {
        self.kind() == FileType::RegularFile
    }

    /// A directory.
    pub fn is_directory(&self) -> bool {
        self.kind() == FileType::Directory
    }

    /// A symbolic link.
    pub fn is_link(&self) -> bool {
        self.kind() == FileType::Symlink
    }

    /// A socket file.
    pub fn is_socket(&self) -> bool {
        self.kind() == FileType::Socket
    }

    #[allow(
        clippy::useless_conversion,
        clippy::unnecessary_cast,
        reason = "the widths differ from system to system"
    )]
    #[allow(clippy::cast_possible_truncation, reason = "it came from that type")]
    fn kind(&self) -> FileType {
        FileType::from_raw_mode(self.mode as RawMode)
    }
}
