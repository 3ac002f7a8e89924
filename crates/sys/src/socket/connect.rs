//! Connections of a client to the daemon.

use super::ConnectError;
use super::address::{Family, LONGEST_PATH, resolve};
use std::ffi::OsStr;
use std::io;
use std::net::TcpStream;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;

/// Connects to the first address of `host` that answers, waiting as long as the kernel does. If none answers,
/// the error is the last one's.
#[doc(alias = "getaddrinfo")]
pub fn connect_tcp(host: &str, port: u16) -> Result<TcpStream, ConnectError> {
    let mut last = ConnectError::Resolve(libc::EAI_NONAME);
    for address in resolve(host, port, Family::Any)? {
        match TcpStream::connect(address) {
            Ok(stream) => return Ok(stream),
            Err(error) => last = error.into(),
        }
    }
    Err(last)
}

/// Connects to the socket file at `path`, any bytes but NUL.
pub fn connect_unix(path: &[u8]) -> Result<UnixStream, ConnectError> {
    if path.len() > LONGEST_PATH {
        return Err(ConnectError::PathTooLong);
    }
    if path.is_empty() || path.contains(&0) {
        return Err(io::Error::from_raw_os_error(libc::ENOENT).into());
    }
    Ok(UnixStream::connect(OsStr::from_bytes(path))?)
}
