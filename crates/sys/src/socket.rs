//! Listening sockets and connections to them.

mod connect;
mod error;

pub use connect::{connect_tcp, connect_unix};
pub use error::{ConnectError, ListenError};

use crate::fd::FileIdentity;
use std::io;
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;

/// How many connections may wait to be accepted on the HTTP servers.
pub const BACKLOG: i32 = 1024;

/// Listens on an IPv4 address and port. An empty `host` is every address. Non-blocking; the address can be taken again at once
/// after a restart (`SO_REUSEADDR`). A host name is resolved, which may wait.
#[doc(alias = "SO_REUSEADDR")]
pub fn listen_tcp(host: &str, port: u16, backlog: i32) -> Result<TcpListener, ListenError> {
    let _ = (host, port, backlog);
    Err(ListenError::InUse)
}

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

/// Listens on a socket file at `path`.
pub fn listen_unix(path: &Path, file: SocketFile, backlog: i32) -> Result<BoundUnix, ListenError> {
    let _ = (path, file, backlog);
    Err(ListenError::InUse)
}

/// Removes the socket file at `path` if it still is the one we made; false if it is another one or gone.
#[doc(alias = "unlink")]
pub fn remove_socket_file(path: &Path, identity: FileIdentity) -> io::Result<bool> {
    let _ = (path, identity);
    Ok(false)
}
