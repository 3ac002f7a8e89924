//! What the kernel knows of a directory entry.

use crate::call::{check, raw};
use crate::fd::FileIdentity;
use std::ffi::CStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd};

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
        let mut stat = MaybeUninit::uninit();
        // SAFETY: the descriptor is open as long as it is borrowed, and the kernel fills the record or fails.
        check(unsafe { libc::fstat(raw(&fd.as_fd()), stat.as_mut_ptr()) })?;
        // SAFETY: the call succeeded.
        Ok(Self::from_raw(&unsafe { stat.assume_init() }))
    }

    /// Of a name in a directory; a link itself unless it is to be followed.
    #[doc(alias = "fstatat")]
    pub(super) fn at(directory: BorrowedFd<'_>, name: &CStr, is_followed: bool) -> io::Result<Self> {
        let flags = if is_followed { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
        let mut stat = MaybeUninit::uninit();
        // SAFETY: the name is NUL-terminated, the directory is open, and the kernel fills the record or fails.
        check(unsafe { libc::fstatat(raw(&directory), name.as_ptr(), stat.as_mut_ptr(), flags) })?;
        // SAFETY: the call succeeded.
        Ok(Self::from_raw(&unsafe { stat.assume_init() }))
    }

    #[allow(
        clippy::unnecessary_cast,
        clippy::cast_sign_loss,
        reason = "the widths differ from system to system"
    )]
    fn from_raw(stat: &libc::stat) -> Self {
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

    /// The file type's bits.
    #[allow(clippy::unnecessary_cast, reason = "the widths differ from system to system")]
    fn kind(&self) -> u32 {
        self.mode & libc::S_IFMT as u32
    }

    /// A regular file.
    pub fn is_file(&self) -> bool {
        self.is(libc::S_IFREG)
    }

    /// A directory.
    pub fn is_directory(&self) -> bool {
        self.is(libc::S_IFDIR)
    }

    /// A symbolic link.
    pub fn is_link(&self) -> bool {
        self.is(libc::S_IFLNK)
    }

    /// A socket file.
    pub fn is_socket(&self) -> bool {
        self.is(libc::S_IFSOCK)
    }

    #[allow(clippy::unnecessary_cast, reason = "the widths differ from system to system")]
    fn is(&self, kind: libc::mode_t) -> bool {
        self.kind() == kind as u32
    }
}
