//! Listening on a socket file.
//!
//! The file appears under its name in one step, complete: bound under a name nobody can guess in the same
//! directory with no permissions at all, given its owner and mode there, listening, and only then linked to
//! its place. So there is no moment at which it is open to more than it should be, half ready, or missing for
//! a client that waits for it.
//!
//! What is already in its place is looked at before it goes: a socket somebody listens on is a running
//! daemon's and stays; a socket nobody listens on is a leftover and is removed; anything else is somebody's
//! file and stays.

use super::address::{LONGEST_PATH, unix_address};
use super::{ListenError, listen};
use crate::call::{check, owned, raw, retry};
use crate::fd::{self, FileIdentity};
use crate::random;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
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
    /// The socket, non-blocking. Its own idea of its address is the temporary name it was bound under.
    pub listener: UnixListener,
    /// What to compare with before the file is removed at the end ([`remove_socket_file`]).
    pub identity: FileIdentity,
    /// A socket file nobody listened on was in the way and has been removed.
    pub replaced_stale: bool,
}

/// How often we try again when somebody else acts on the same path at the same moment, or a random name, as
/// short as one letter where the path leaves no more room, is taken.
const ATTEMPTS: usize = 100;

/// Listens on a socket file at `path`.
///
/// Non-blocking; a program that gets the socket as a standard stream expects it blocking, and the flag is
/// shared by all duplicates, so for such a socket switch it off again.
pub fn listen_unix(path: &Path, file: SocketFile, backlog: i32) -> Result<BoundUnix, ListenError> {
    if path.as_os_str().len() > LONGEST_PATH {
        return Err(ListenError::PathTooLong);
    }
    let (socket, temporary) = bind_temporary(path)?;
    give_away(&temporary, path, file)?;
    listen(&socket, backlog)?;
    let identity = FileIdentity::of_path(temporary.path())?;
    let replaced_stale = publish(&temporary, path)?;
    Ok(BoundUnix { listener: UnixListener::from(socket), identity, replaced_stale })
}

/// Removes the socket file at `path` if it still is the one we made; false if it is another one or gone.
#[doc(alias = "unlink")]
pub fn remove_socket_file(path: &Path, identity: FileIdentity) -> io::Result<bool> {
    match FileIdentity::of_path(path) {
        Ok(found) if found == identity => fs::remove_file(path).map(|()| true),
        Ok(_) => Ok(false),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// A name of ours in the directory of the socket; what it names is removed on every way out.
struct Temporary(PathBuf);

impl Temporary {
    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove; any other failure leaves an unused name behind and
        // harms nobody.
        let _ = fs::remove_file(&self.0);
    }
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A random name beside `path`, no longer than an address holds: any directory that has room for `path` has
/// room for it.
fn name_beside(path: &Path) -> io::Result<PathBuf> {
    const LENGTH: usize = 12;
    let directory = directory_of(path);
    let room = LONGEST_PATH.saturating_sub(directory.as_os_str().len() + 1);
    let mut name = random::token(LENGTH.min(room))?;
    if name.len() == LENGTH {
        name.replace_range(..1, ".");
    }
    Ok(directory.join(name))
}

/// A socket bound to a new file without any permission.
fn bind_temporary(path: &Path) -> Result<(OwnedFd, Temporary), ListenError> {
    for _ in 0..ATTEMPTS {
        let name = name_beside(path)?;
        if name == path {
            continue;
        }
        let socket = stream_socket()?;
        match bind_without_permissions(&socket, name.as_os_str()) {
            Ok(()) => return Ok((socket, Temporary(name))),
            Err(error) if error.raw_os_error() == Some(libc::EADDRINUSE) => {}
            Err(error) => return Err(ListenError::Os(error)),
        }
    }
    Err(ListenError::InUse)
}

/// On Linux the file takes the mode of the socket, so nobody can reach it from its first moment.
#[cfg(target_os = "linux")]
fn bind_without_permissions(socket: &OwnedFd, name: &OsStr) -> io::Result<()> {
    // SAFETY: touches no memory.
    check(unsafe { libc::fchmod(raw(socket), 0) })?;
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
    let name = name.as_bytes();
    let address = unix_address(name).filter(|_| !name.contains(&0));
    let (address, length) = address.ok_or_else(|| io::Error::from_raw_os_error(libc::EINVAL))?;
    // SAFETY: the pointer and the length describe `address`.
    check(unsafe { libc::bind(raw(socket), (&raw const address).cast(), length) })?;
    Ok(())
}

/// Gives the file its owner, then its mode.
fn give_away(temporary: &Temporary, path: &Path, file: SocketFile) -> Result<(), ListenError> {
    let SocketFile { mode, uid, gid } = file;
    if uid.is_some() || gid.is_some() {
        std::os::unix::fs::lchown(temporary.path(), uid, gid).map_err(|error| {
            match error.raw_os_error() {
                Some(libc::EPERM) => ListenError::Chown { path: path.to_owned(), uid, gid, error },
                _ => ListenError::Os(error),
            }
        })?;
    }
    fs::set_permissions(temporary.path(), fs::Permissions::from_mode(mode)).map_err(ListenError::Os)
}

/// Puts the file in its place and says whether a leftover had to go for it.
fn publish(temporary: &Temporary, path: &Path) -> Result<bool, ListenError> {
    let mut replaced_stale = false;
    for _ in 0..ATTEMPTS {
        match place(temporary.path(), path) {
            Ok(()) => return Ok(replaced_stale),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                replaced_stale |= clear_the_way(path)?;
            }
            Err(error) => return Err(ListenError::Os(error)),
        }
    }
    Err(ListenError::InUse)
}

/// Gives the file its name unless that is taken (`EEXIST`).
fn place(temporary: &Path, path: &Path) -> io::Result<()> {
    match fs::hard_link(temporary, path) {
        // Shared folders of virtual machines, and some others, have no links: the name is looked at and taken
        // in two steps there.
        Err(error)
            if matches!(
                error.raw_os_error(),
                Some(libc::EPERM | libc::EOPNOTSUPP | libc::ENOSYS | libc::EMLINK)
            ) =>
        {
            match fs::symlink_metadata(path) {
                Ok(_) => Err(io::Error::from_raw_os_error(libc::EEXIST)),
                Err(_) => fs::rename(temporary, path),
            }
        }
        placed => placed,
    }
}

/// Removes what is at `path` if it is a socket nobody listens on. False: it has gone by itself.
fn clear_the_way(path: &Path) -> Result<bool, ListenError> {
    // From the look at the leftover to its removal nobody else may remove it and put a new socket there: that
    // one would be removed in its stead.
    let _alone = lock_directory(directory_of(path));
    let found = match fs::symlink_metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(ListenError::Os(error)),
    };
    if !found.file_type().is_socket() {
        return Err(ListenError::NotASocket(path.to_owned()));
    }
    if somebody_listens(path)? {
        return Err(ListenError::InUse);
    }
    fs::remove_file(path).map_err(ListenError::Os)?;
    Ok(true)
}

/// A lock among those who remove leftovers in this directory, held until the file is closed.
///
/// None where the directory cannot be opened, its file system has no locks, or somebody holds the lock for
/// longer than a removal takes: anybody who can read the directory can, and must not keep us from starting.
#[doc(alias = "flock")]
fn lock_directory(directory: &Path) -> Option<File> {
    const PATIENCE: u32 = 100;
    const PAUSE: Duration = Duration::from_millis(1);
    let file = File::open(directory).ok()?;
    for _ in 0..PATIENCE {
        // SAFETY: touches no memory.
        match retry(|| unsafe { libc::flock(raw(&file), libc::LOCK_EX | libc::LOCK_NB) }) {
            Ok(_) => return Some(file),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => std::thread::sleep(PAUSE),
            Err(_) => return None,
        }
    }
    None
}

/// Whether a connection to `path` finds somebody. Does not wait for an answer, nor for room in a full queue.
fn somebody_listens(path: &Path) -> Result<bool, ListenError> {
    let socket = stream_socket()?;
    let (address, length) = unix_address(path.as_os_str().as_bytes()).ok_or(ListenError::PathTooLong)?;
    // SAFETY: the pointer and the length describe `address`.
    let connected = retry(|| unsafe { libc::connect(raw(&socket), (&raw const address).cast(), length) });
    match connected {
        Ok(_) => Ok(true),
        Err(error) => match error.raw_os_error() {
            Some(libc::ECONNREFUSED | libc::ENOENT) => Ok(false),
            // A full queue, a connection that is under way, or a socket of another kind: each has somebody
            // behind it.
            Some(libc::EAGAIN | libc::EINPROGRESS | libc::EPROTOTYPE) => Ok(true),
            _ => Err(ListenError::Os(error)),
        },
    }
}

/// A new stream socket, non-blocking.
fn stream_socket() -> io::Result<OwnedFd> {
    // macOS cannot make it close-on-exec in the same call; a child marks its whole range before it executes
    // anyway.
    #[cfg(any(target_os = "macos", target_os = "ios"))]
    const CLOEXEC: libc::c_int = 0;
    #[cfg(not(any(target_os = "macos", target_os = "ios")))]
    const CLOEXEC: libc::c_int = libc::SOCK_CLOEXEC;
    // SAFETY: the kernel answers with a new descriptor, which is ours alone.
    let socket = unsafe { owned(libc::socket(libc::AF_UNIX, libc::SOCK_STREAM | CLOEXEC, 0)) }?;
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
        let (_socket, temporary) = bind_temporary(&path).unwrap();
        assert_eq!(fs::symlink_metadata(temporary.path()).unwrap().permissions().mode() & 0o7777, 0);
        assert!(!path.exists());
    }

    #[test]
    fn temporary_name_fits_wherever_the_path_fits() {
        for length in 1..LONGEST_PATH - 2 {
            let path = Path::new("/").join("d".repeat(length)).join("s");
            let name = name_beside(&path).unwrap();
            assert_eq!(name.parent(), path.parent());
            let is_too_long = name.as_os_str().len() > LONGEST_PATH;
            assert_eq!(is_too_long, path.as_os_str().len() > LONGEST_PATH, "{length}");
        }
        assert_eq!(name_beside(Path::new("relative")).unwrap().parent(), Some(Path::new(".")));
    }
}
