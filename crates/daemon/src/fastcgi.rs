//! The listening sockets of FastCGI programs.
//!
//! All processes of an `[fcgi-program:x]` get one listening socket as descriptor 0. It is made just before the first of them
//! is spawned and closed after the last has been reaped: a [`Lease`] stands for one process' share of it. A socket that
//! cannot be made is a failed spawn, tried again like any other.
//!
//! The lock of a [`SharedSocket`] is held while its socket is made, which may take long, and while it is closed. Only the
//! end of the last lease closes it, and as long as there is a lease no thread opens one, so dropping a lease never waits
//! for a slow one. The file of a Unix socket stays when it is closed, as upstream has it: a leftover is replaced by
//! the next socket, and the loop, which closes it, touches no disk.

use crate::startup::StartError;
use crate::startup::advice;
use std::ffi::OsString;
use std::fmt;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use supervisor_config::{FastCgiAddress, FastCgiSocket};
use supervisor_core::Level;
use supervisor_http::Socket;
use supervisor_log::MainLog;
use supervisor_sys::errno::python_text;
use supervisor_sys::socket::{self, SocketFile};

/// What the processes of one FastCGI program share: its socket, while there is one.
#[derive(Debug)]
pub(crate) struct SharedSocket {
    config: Arc<FastCgiSocket>,
    log: MainLog,
    open: Mutex<Weak<OpenSocket>>,
}

/// One process' share of an open socket.
#[derive(Debug)]
pub(crate) struct Lease {
    program: Arc<SharedSocket>,
    /// Taken out only when dropped.
    socket: Option<Arc<OpenSocket>>,
}

/// A listening socket.
struct OpenSocket {
    socket: Socket,
    url: OsString,
}

impl SharedSocket {
    /// The socket of a program; nothing is opened yet.
    pub(crate) fn new(config: Arc<FastCgiSocket>, log: MainLog) -> Arc<Self> {
        Arc::new(Self { config, log, open: Mutex::default() })
    }

    /// A share of the socket, which is opened if there is no lease yet. The error is upstream's sentence. Resolves host
    /// names and touches the file system, so it may hang.
    pub(crate) fn lease(self: &Arc<Self>) -> Result<Lease, StartError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let socket = if let Some(socket) = open.upgrade() {
            socket
        } else {
            let socket = Arc::new(self.listen()?);
            *open = Arc::downgrade(&socket);
            socket
        };
        Ok(Lease { program: Arc::clone(self), socket: Some(socket) })
    }

    fn listen(&self) -> Result<OpenSocket, StartError> {
        let url = self.config.url();
        self.log.log(Level::Info, format!("Creating socket {}", url.display()));
        let backlog = self.config.backlog.map_or(i32::MAX, i32::from);
        let socket = match &self.config.address {
            FastCgiAddress::Tcp { host, port } => socket::listen_tcp(host, *port, backlog).map(Socket::Tcp),
            FastCgiAddress::Unix(path) => {
                let owner = self.config.owner;
                let permissions = SocketFile {
                    mode: self.config.mode,
                    uid: owner.map(|owner| owner.uid),
                    gid: owner.and_then(|owner| owner.gid),
                };
                socket::listen_unix(path, permissions, backlog).map(|bound| Socket::Unix(bound.listener))
            }
        }
        .map_err(|error| {
            let text = format!("Could not create FastCGI socket {}: {}", url.display(), error.cause());
            StartError::advised(text, advice::about_fastcgi(&self.config.address, &error))
        })?;
        let open = OpenSocket { socket, url };
        // FastCGI servers call accept(2) and expect it to wait.
        open.set_blocking().map_err(|error| {
            StartError::new(format!(
                "Could not create FastCGI socket {}: {}",
                open.url.display(),
                python_text(&error)
            ))
        })?;
        Ok(open)
    }
}

impl AsFd for Lease {
    fn as_fd(&self) -> BorrowedFd<'_> {
        let socket = self.socket.as_ref().expect("a lease has its socket until it is dropped");
        match &socket.socket {
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

impl Drop for Lease {
    fn drop(&mut self) {
        // A thread that takes the next lease must find the socket open or closed, not about to be closed.
        let _open = self.program.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(OpenSocket { socket, url }) = self.socket.take().and_then(Arc::into_inner) {
            // Closed before the log says so.
            drop(socket);
            self.program.log.log(Level::Info, format!("Closing socket {}", url.display()));
        }
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
