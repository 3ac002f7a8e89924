//! Directory entries that other users may exchange while we use them.
//!
//! # Theory of operation
//!
//! supervisord opens, creates, renames, empties and removes files by configured paths, often as root, and often in a
//! directory that the user of a program can write. Such a user can put a symbolic link, or a hard link, in the place of
//! any component that lies in a directory of theirs, at any moment. Every such path is therefore resolved here, component
//! by component, and what is done next is done relative to the descriptor of the directory that was reached. A directory
//! is *exposed* if users other than root and our effective user can write it.
//!
//! - A link in a directory that is not exposed was laid by root or by us: it is followed.
//! - A link as an intermediate component in an exposed directory is followed if root or we own it. One of another owner
//!   is followed too (`current -> releases/42` of a deployment), but then the file must lie in a directory of that
//!   owner, or in one that everybody can write: there the owner of the link could have made the file without us. This is
//!   what systemd calls an unsafe path transition (`tmpfiles.d(5)`), judged at the end of the path.
//! - A link as the last component in an exposed directory is refused, unless it leads to `/dev/null` or to a standard
//!   stream of ours or of process 1, as images of containers have it. If we are not root, one of root's or ours is followed
//!   where only our own group can write besides, as with a umask of 002.
//! - In an exposed directory a file with more than one link is refused: the other name may be one of root's. A link with a
//!   second name is one that another user may have laid.
//! - What lies on a file system in user space is the user's who mounted it, whatever owner it shows.
//!
//! Between the resolution and the use nothing is followed any more (`O_NOFOLLOW`), so what is exchanged in between is an
//! error, never a file of the attacker's choice.

mod change;
mod mount;
mod refusal;
mod stat;
#[cfg(test)]
mod tests;
mod walk;

pub use change::{change_mode, change_owner};
pub use refusal::Refusal;
pub use stat::Stat;

use crate::errno::Errno;
use crate::fd::FileIdentity;
use rustix::fs::{AtFlags, Mode, OFlags, RawMode};
use rustix::io::retry_on_intr;
use std::ffi::{CStr, CString, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use walk::Last;

/// What a path leads to.
#[derive(Debug)]
pub enum Resolved {
    /// A descriptor that this process inherited (`/dev/stdout`, `/dev/fd/3`, `/proc/self/fd/1`, or a link to one). It
    /// belongs to the launcher: it is written to, never reopened, emptied, renamed or removed.
    Descriptor(RawFd),
    /// An entry of a directory, which may be missing.
    Entry(Entry),
}

/// A name in a directory that is held open. See the [module](self) for what may be followed on the way to it.
#[derive(Debug)]
pub struct Entry {
    directory: OwnedFd,
    name: CString,
    /// As it was asked for: for messages only.
    path: PathBuf,
    /// Users other than root and us can write the directory.
    is_exposed: bool,
    /// A link of procfs, which the kernel follows to the open file itself (`/proc/1/fd/1`).
    is_magic: bool,
}

/// How an entry is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// For reading.
    Read,
    /// For writing at the end; a missing file is created with this mode less the umask.
    Append {
        /// Permission bits.
        mode: u32,
    },
    /// For writing at the end of what is there already.
    AppendExisting,
    /// For reading and writing of what is there already: a FIFO opened so has a reader.
    Both,
    /// For writing from the start; a missing file is created with this mode less the umask. Nothing is truncated.
    Write {
        /// Permission bits.
        mode: u32,
    },
}

impl Resolved {
    /// Resolves `path`, of which the last component may be missing. The error is the system's, or a [`Refusal`].
    #[doc(alias = "openat2")]
    pub fn of(path: &Path) -> io::Result<Self> {
        walk::resolve(path, Last::Followed)
    }
}

impl Entry {
    /// The entry that `path` leads to; a descriptor's name is `EINVAL`.
    pub fn of(path: &Path) -> io::Result<Self> {
        match Resolved::of(path)? {
            Resolved::Entry(entry) => Ok(entry),
            Resolved::Descriptor(_) => Err(Errno::INVAL.into()),
        }
    }

    /// The entry that `path` names, even if that is a symbolic link: what is renamed or removed. A descriptor's name is
    /// `EINVAL`.
    pub fn itself(path: &Path) -> io::Result<Self> {
        match walk::resolve(path, Last::Itself)? {
            Resolved::Entry(entry) => Ok(entry),
            Resolved::Descriptor(_) => Err(Errno::INVAL.into()),
        }
    }

    /// Whether this is a name that procfs gives to an open file of a process. The file belongs to that process: it is
    /// written to, never emptied, renamed or removed.
    pub fn is_open_file(&self) -> bool {
        self.is_magic
    }

    /// Opens the entry. Never blocks and never takes a controlling terminal: a FIFO without a reader is `ENXIO`.
    #[doc(alias = "openat")]
    pub fn open(&self, access: Access) -> io::Result<File> {
        let (flags, mode) = match access {
            Access::Read => (OFlags::RDONLY, 0),
            Access::Append { mode } => (OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE, mode),
            Access::AppendExisting => (OFlags::WRONLY | OFlags::APPEND, 0),
            Access::Both => (OFlags::RDWR, 0),
            Access::Write { mode } => (OFlags::WRONLY | OFlags::CREATE, mode),
        };
        let file = self.open_with(flags, mode).map_err(|error| match error {
            Errno::LOOP => Refusal::Link { path: self.path.clone() }.into(),
            _ => io::Error::from(error),
        })?;
        self.check_links(&file)?;
        Ok(file)
    }

    /// Creates the file with `mode` less the umask; `EEXIST` if the name is taken, be it by a link.
    #[doc(alias = "O_EXCL")]
    pub fn create_new(&self, mode: u32) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::APPEND | OFlags::CREATE | OFlags::EXCL;
        Ok(self.open_with(flags, mode)?)
    }

    fn open_with(&self, flags: OFlags, mode: u32) -> Result<File, Errno> {
        let follow = if self.is_magic { OFlags::empty() } else { OFlags::NOFOLLOW };
        let flags = flags | follow | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        open_at(&self.directory, &self.name, flags, permission_bits(mode)).map(File::from)
    }

    /// In an exposed directory a second name of a file may be a name that only root can write to.
    fn check_links(&self, file: &File) -> io::Result<()> {
        if !self.is_exposed {
            return Ok(());
        }
        let found = Stat::of(file)?;
        if !found.is_directory() && found.links > 1 {
            return Err(Refusal::HardLinks { path: self.path.clone(), links: found.links }.into());
        }
        Ok(())
    }

    /// A descriptor that stands for the entry, a link itself, without opening what it is: for [`change_owner`] and
    /// [`change_mode`]. Kernels without such descriptors open it for reading.
    #[doc(alias = "O_PATH")]
    pub fn handle(&self) -> io::Result<OwnedFd> {
        Ok(open_at(&self.directory, &self.name, HANDLE | OFlags::NOFOLLOW, Mode::empty())?)
    }

    /// What the name stands for now, a link itself rather than its target.
    #[doc(alias = "fstatat")]
    pub fn stat(&self) -> io::Result<Stat> {
        let look = if self.is_magic { Stat::behind } else { Stat::at };
        look(&self.directory, &self.name)
    }

    /// What tells the file from others.
    pub fn identity(&self) -> io::Result<FileIdentity> {
        self.stat().map(|stat| stat.identity)
    }

    /// Renames `from` to `to`, both names in this entry's directory; what `to` named before is gone. Names are not
    /// followed.
    #[doc(alias = "renameat")]
    pub fn rename_within(&self, from: &OsStr, to: &OsStr) -> io::Result<()> {
        let directory = &self.directory;
        Ok(rustix::fs::renameat(directory, &*entry_name(from)?, directory, &*entry_name(to)?)?)
    }

    /// The name itself.
    pub fn name(&self) -> &OsStr {
        OsStr::from_bytes(self.name.as_bytes())
    }

    /// Removes the name, a link itself rather than its target.
    #[doc(alias = "unlinkat")]
    pub fn remove(&self) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.directory, &*self.name, AtFlags::empty())?)
    }
}

/// A duplicate of a descriptor this process inherited; `EBADF` for any other, so that a path such as `/dev/fd/9` never
/// reaches a descriptor that is the daemon's own.
#[doc(alias = "F_DUPFD_CLOEXEC")]
pub fn duplicate_inherited(number: RawFd) -> io::Result<OwnedFd> {
    if !crate::fd::is_inherited(number) {
        return Err(Errno::BADF.into());
    }
    // SAFETY: no process of ours closes what it inherited, so the number is open; a closed one is EBADF.
    unsafe { BorrowedFd::borrow_raw(number) }.try_clone_to_owned()
}

/// A component as a C string; a NUL byte in it is `EINVAL`.
fn entry_name(name: &OsStr) -> Result<CString, Errno> {
    CString::new(name.as_bytes()).map_err(|_| Errno::INVAL)
}

fn open_at(directory: &OwnedFd, name: &CStr, flags: OFlags, mode: Mode) -> Result<OwnedFd, Errno> {
    retry_on_intr(|| rustix::fs::openat(directory, name, flags, mode))
}

/// The kernel's form of permission bits, set-user-id and its like among them.
#[allow(clippy::cast_possible_truncation, reason = "twelve bits fit, where the type is shorter")]
fn permission_bits(mode: u32) -> Mode {
    Mode::from_raw_mode((mode & 0o7777) as RawMode)
}

/// A descriptor that stands for a file or directory without opening it. Other kernels have none and open it for reading.
#[cfg(any(target_os = "linux", target_os = "android"))]
const HANDLE: OFlags = OFlags::PATH.union(OFlags::CLOEXEC);
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const HANDLE: OFlags = OFlags::NONBLOCK.union(OFlags::CLOEXEC);
