//! Connections of a client to the daemon.

use super::ConnectError;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;

/// Connects to the first address of `host` that answers, waiting as long as the kernel does.
#[doc(alias = "getaddrinfo")]
pub fn connect_tcp(host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    let _ = (host, port);
    Err(ConnectError::Resolve(-2))
}

/// Connects to the socket file at `path`, any bytes.
pub fn connect_unix(path: &[u8]) -> Result<UnixStream, ConnectError> {
    let _ = path;
    Err(ConnectError::PathTooLong)
}
