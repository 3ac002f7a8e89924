//! The listening sockets of FastCGI programs.
//!
//! All processes of an `[fcgi-program:x]` get one listening socket as descriptor 0. It is made just before the first of them
//! is spawned and closed after the last has been reaped: a [`Lease`] stands for one process' share of it. A socket that
//! cannot be made is a failed spawn, tried again like any other.

use std::ffi::OsString;
use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use supervisor_config::{FastCgiAddress, FastCgiSocket};
use supervisor_http::Socket;
use supervisor_log::{Level, MainLog};
use supervisor_sys::fd::FileIdentity;
use supervisor_sys::socket::{self, SocketFile};

/// What the processes of one FastCGI program share: its socket, while there is one.
#[derive(Debug)]
pub(crate) struct SharedSocket {
    config: FastCgiSocket,
    log: MainLog,
    open: Mutex<Weak<OpenSocket>>,
}

/// One process' share of an open socket.
#[derive(Clone, Debug)]
pub(crate) struct Lease(Arc<OpenSocket>);

/// A listening socket; dropping it closes it and removes its file.
struct OpenSocket {
    socket: Socket,
    file: Option<(PathBuf, FileIdentity)>,
    url: OsString,
    log: MainLog,
}

impl SharedSocket {
    /// The socket of a program; nothing is opened yet.
    pub(crate) fn new(config: FastCgiSocket, log: MainLog) -> Arc<Self> {
        Arc::new(Self { config, log, open: Mutex::default() })
    }

    /// A share of the socket, which is opened if nobody has one. The error is upstream's sentence. Resolves host names and touches
    /// the file system, so it may hang.
    pub(crate) fn lease(&self) -> Result<Lease, String> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(socket) = open.upgrade() {
            return Ok(Lease(socket));
        }
        let socket = Arc::new(self.listen()?);
        *open = Arc::downgrade(&socket);
        Ok(Lease(socket))
    }

    fn listen(&self) -> Result<OpenSocket, String> {
        let url = self.config.url();
        self.log.log(Level::Info, format!("Creating socket {}", url.display()));
        let backlog = self.config.backlog.map_or(i32::MAX, i32::from);
        let (socket, file) = match &self.config.address {
            FastCgiAddress::Tcp { host, port } => {
                socket::listen_tcp(host, *port, backlog).map(|listener| (Socket::Tcp(listener), None))
            }
            FastCgiAddress::Unix(path) => {
                let owner = self.config.owner;
                let permissions = SocketFile {
                    mode: self.config.mode,
                    uid: owner.map(|owner| owner.uid),
                    gid: owner.and_then(|owner| owner.gid),
                };
                socket::listen_unix(path, permissions, backlog)
                    .map(|bound| (Socket::Unix(bound.listener), Some((path.clone(), bound.identity))))
            }
        }
        .map_err(|error| format!("Could not create FastCGI socket {}: {}", url.display(), error.cause()))?;
        let open = OpenSocket { socket, file, url, log: self.log.clone() };
        // FastCGI servers call accept(2) and expect it to wait.
        open.set_blocking()
            .map_err(|error| format!("Could not create FastCGI socket {}: {error}", open.url.display()))?;
        Ok(open)
    }
}

impl AsFd for Lease {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.0.socket {
            Socket::Tcp(listener) => listener.as_fd(),
            Socket::Unix(listener) => listener.as_fd(),
        }
    }
}

impl AsRawFd for Lease {
    fn as_raw_fd(&self) -> RawFd {
        self.as_fd().as_raw_fd()
    }
}

impl OpenSocket {
    fn set_blocking(&self) -> std::io::Result<()> {
        match &self.socket {
            Socket::Tcp(listener) => listener.set_nonblocking(false),
            Socket::Unix(listener) => listener.set_nonblocking(false),
        }
    }
}

impl fmt::Debug for OpenSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenSocket({})", self.url.display())
    }
}

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.log.log(Level::Info, format!("Closing socket {}", self.url.display()));
        if let Some((path, identity)) = &self.file {
            // Left behind it would only be stale; the next start replaces a stale one.
            let _removed = socket::remove_socket_file(path, *identity);
        }
    }
}
