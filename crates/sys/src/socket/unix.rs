//! Listening on a socket file.
//!
//! The file is bound under its own name, which is what the kernel shows for the socket (`ss -lx`, `getsockname(2)`), and
//! has no permissions until the socket listens: on Linux a socket file takes the mode of its socket. Owner and mode are
//! then given to the file that was made, by descriptor, whatever its name stands for by then.
//!
//! What is already in its place is looked at before it goes: a socket with a listener is a running daemon's and
//! stays; a socket without one is stale and is removed; anything else is a file of another purpose and stays.

use super::ListenError;
use super::address::LONGEST_PATH;
use crate::entry::{self, Entry, Stat};
use crate::errno::{Errno, errno_of};
use crate::fd::{self, FileIdentity};
use crate::user;
use rustix::fs::FlockOperation;
use rustix::io::retry_on_intr;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType};
use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

/// The permissions of a socket file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SocketFile {
    /// Permission bits, exactly: the umask has no say.
    pub mode: u32,
    /// The owner; `None` leaves ours.
    pub uid: Option<u32>,
    /// The group; `None` leaves ours.
    pub gid: Option<u32>,
}

/// A listening Unix socket and its file.
#[derive(Debug)]
pub struct BoundUnix {
    /// The socket, non-blocking.
    pub listener: UnixListener,
    /// What to compare with before the file is removed at the end ([`remove_socket_file`]).
    pub identity: FileIdentity,
    /// A stale socket file was in the way and has been removed.
    pub replaced_stale: bool,
}

/// How often a name that was freed is found taken again before it counts as in use.
const ATTEMPTS: usize = 100;

/// Listens on a socket file at `path`.
///
/// Non-blocking; a program that gets the socket as a standard stream expects it blocking, and the flag is
/// shared by all duplicates, so for such a socket switch it off again.
pub fn listen_unix(path: &Path, file: SocketFile, backlog: i32) -> Result<BoundUnix, ListenError> {
    if path.as_os_str().len() > LONGEST_PATH {
        return Err(ListenError::PathTooLong);
    }
    // The kernel follows links on the way, whatever their owner. What is exchanged after this check gets a file without any
    // permission, which is all that is left of it: `publish` looks again.
    Entry::itself(path).map_err(ListenError::Os)?;
    // A socket that is bound but does not listen yet looks stale to others, and a stale one that is removed may have
    // been replaced since it was looked at.
    let _lock = lock_directory(directory_of(path));
    let mut replaced_stale = false;
    for _ in 0..ATTEMPTS {
        let socket = stream_socket()?;
        match bind_without_permissions(&socket, path.as_os_str()) {
            Ok(()) => {
                let identity = publish(&socket, path, file, backlog)?;
                return Ok(BoundUnix { listener: UnixListener::from(socket), identity, replaced_stale });
            }
            Err(error) if errno_of(&error) == Some(Errno::ADDRINUSE) => {
                replaced_stale |= remove_stale(path)?;
            }
            Err(error) => return Err(ListenError::Os(error)),
        }
    }
    Err(ListenError::InUse)
}

/// Removes the socket file at `path` if it still is the one we made; false if it is another one or gone.
#[doc(alias = "unlink")]
pub fn remove_socket_file(path: &Path, identity: FileIdentity) -> io::Result<bool> {
    let entry = Entry::itself(path)?;
    match entry.identity() {
        Ok(found) if found == identity => entry.remove().map(|()| true),
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Listens on the bound socket and opens its file to those who may connect. On an error the file is removed.
fn publish(
    socket: &OwnedFd,
    path: &Path,
    file: SocketFile,
    backlog: i32,
) -> Result<FileIdentity, ListenError> {
    let entry = Entry::itself(path)?;
    let ours = entry.handle()?;
    let made = Stat::of(&ours)?;
    if !made.is_socket() || made.permissions() != 0 || made.uid != user::effective_uid() || made.links != 1 {
        let error = io::Error::other("the socket file was replaced by another user while it was made");
        return Err(ListenError::Os(error));
    }
    let published = rustix::net::listen(socket, backlog)
        .map_err(|error| ListenError::Os(error.into()))
        .and_then(|()| give_away(&ours, path, file));
    if published.is_err() {
        // The error is what counts; a file that stays is stale, and is replaced by the next start.
        let _ = remove_socket_file(path, made.identity);
    }
    published.map(|()| made.identity)
}

/// On Linux the file takes the mode of the socket, so it cannot be connected to from its first moment.
#[cfg(target_os = "linux")]
fn bind_without_permissions(socket: &OwnedFd, name: &OsStr) -> io::Result<()> {
    rustix::fs::fchmod(socket, rustix::fs::Mode::empty())?;
    bind(socket, name)
}

/// Elsewhere the umask decides, which other threads of ours share for this moment.
#[cfg(not(target_os = "linux"))]
fn bind_without_permissions(socket: &OwnedFd, name: &OsStr) -> io::Result<()> {
    let former = crate::limits::replace_umask(0o777);
    let bound = bind(socket, name);
    crate::limits::replace_umask(former);
    bound
}

fn bind(socket: &OwnedFd, name: &OsStr) -> io::Result<()> {
    Ok(rustix::net::bind(socket, &SocketAddrUnix::new(name)?)?)
}

/// Gives the file its owner, then its mode.
fn give_away(ours: &OwnedFd, path: &Path, file: SocketFile) -> Result<(), ListenError> {
    let SocketFile { mode, uid, gid } = file;
    if uid.is_some() || gid.is_some() {
        entry::change_owner(ours, uid, gid).map_err(|error| match errno_of(&error) {
            Some(Errno::PERM) => ListenError::Chown { path: path.to_owned(), uid, gid, error },
            _ => ListenError::Os(error),
        })?;
    }
    entry::change_mode(ours, mode).map_err(ListenError::Os)
}

/// Removes what is at `path` if it is a socket without a listener. False: it has gone by itself.
fn remove_stale(path: &Path) -> Result<bool, ListenError> {
    let entry = Entry::itself(path)?;
    let found = match entry.stat() {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(ListenError::Os(error)),
    };
    if !found.is_socket() {
        return Err(ListenError::NotASocket(path.to_owned()));
    }
    // One without permissions was left by a start that ended half-way; its owner could not connect to find out.
    let is_unfinished = found.permissions() == 0 && found.uid == user::effective_uid();
    if !is_unfinished && has_listener(path)? {
        return Err(ListenError::InUse);
    }
    entry.remove().map_err(ListenError::Os)?;
    Ok(true)
}

/// A lock among those who make or remove socket files in this directory, held until the file is closed.
///
/// None where the directory cannot be opened, its file system has no locks, or another process holds the lock
/// for longer than that takes: any user who can read the directory can, and must not keep us from starting.
#[doc(alias = "flock")]
fn lock_directory(directory: &Path) -> Option<File> {
    const PATIENCE: u32 = 100;
    const PAUSE: Duration = Duration::from_millis(1);
    // Never waits, should a FIFO have come into its place.
    let flags = libc::O_DIRECTORY | libc::O_NONBLOCK;
    let file = File::options().read(true).custom_flags(flags).open(directory).ok()?;
    for _ in 0..PATIENCE {
        match retry_on_intr(|| rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive)) {
            Ok(()) => return Some(file),
            Err(Errno::WOULDBLOCK) => std::thread::sleep(PAUSE),
            Err(_) => return None,
        }
    }
    None
}

/// Whether a connection to `path` finds a listener. Does not wait for an answer, nor for room in a full queue.
fn has_listener(path: &Path) -> Result<bool, ListenError> {
    let socket = stream_socket()?;
    let address = SocketAddrUnix::new(path).map_err(io::Error::from)?;
    match retry_on_intr(|| rustix::net::connect(&socket, &address)) {
        Err(Errno::CONNREFUSED | Errno::NOENT) => Ok(false),
        // A full queue, a connection that is under way, or a socket of another kind: each has an owner that runs.
        Ok(()) | Err(Errno::AGAIN | Errno::INPROGRESS | Errno::PROTOTYPE) => Ok(true),
        Err(error) => Err(ListenError::Os(error.into())),
    }
}

/// A new stream socket, non-blocking.
fn stream_socket() -> io::Result<OwnedFd> {
    // macOS cannot make it close-on-exec in the same call; a child marks its whole range before it executes
    // anyway.
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    const CLOEXEC: SocketFlags = SocketFlags::empty();
    #[cfg(not(any(target_os = "macos", target_os = "ios")))]
    const CLOEXEC: SocketFlags = SocketFlags::CLOEXEC;
    let socket = rustix::net::socket_with(AddressFamily::UNIX, SocketType::STREAM, CLOEXEC, None)?;
    fd::set_nonblocking(&socket)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whatever the umask: between bind and chmod there is nothing to connect to.
    #[test]
    fn file_has_no_permission_until_it_is_given_some() {
        let path = std::env::temp_dir().join(format!("sys-socket-{}", std::process::id()));
        let socket = stream_socket().unwrap();
        bind_without_permissions(&socket, path.as_os_str()).unwrap();
        assert_eq!(Entry::itself(&path).unwrap().stat().unwrap().permissions(), 0);
        std::fs::remove_file(&path).unwrap();
    }
}
