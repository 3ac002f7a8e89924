//! Listening sockets and the peers that connect to them.

use crate::Credentials;
use std::fmt;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;

/// A bound and listening socket with the rules that hold for its clients.
#[derive(Debug)]
pub struct Listener {
    /// The socket; the server makes it non-blocking.
    pub socket: Socket,
    /// The configuration section it comes from, for log lines.
    pub section: String,
    /// The user that clients authenticate as; `None`: no authentication.
    pub credentials: Option<Credentials>,
}

/// A listening socket of either family.
#[derive(Debug)]
pub enum Socket {
    /// `[inet_http_server]`.
    Tcp(TcpListener),
    /// `[unix_http_server]`.
    Unix(UnixListener),
}

/// The other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A TCP client.
    Tcp(SocketAddr),
    /// A client on a Unix socket; shown as `localhost:0`.
    Unix,
}

impl fmt::Display for Peer {
    /// `127.0.0.1:54321`, or `localhost:0` for a Unix socket.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix => f.write_str("localhost:0"),
        }
    }
}
