//! One connection, TCP or Unix.

use super::{ClientError, Endpoint, Waiter};
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Stream {
    pub(super) fn connect(
        endpoint: &Endpoint,
        timeout: Option<Duration>,
        waiter: Option<&dyn Waiter>,
    ) -> Result<Self, ClientError> {
        let stream = match endpoint {
            Endpoint::Unix(path) => Self::Unix(connect_unix(path)?),
            Endpoint::Tcp { host, port } => Self::Tcp(match waiter {
                Some(waiter) => connect_in_thread(host.clone(), *port, timeout, waiter)?,
                None => connect_tcp(host, *port, timeout)?,
            }),
        };
        stream.set_timeout(timeout)?;
        Ok(stream)
    }

    fn set_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_read_timeout(timeout).and(stream.set_write_timeout(timeout)),
            Self::Unix(stream) => stream.set_read_timeout(timeout).and(stream.set_write_timeout(timeout)),
        }
    }

    /// Whether nothing has arrived on a connection that waits for its next request: neither its end nor
    /// bytes that belong to no answer.
    pub(super) fn is_idle(&self) -> bool {
        let mut byte = [0];
        let read = match self {
            Self::Tcp(stream) => {
                without_waiting(stream, TcpStream::set_nonblocking, |mut s| s.read(&mut byte))
            }
            Self::Unix(stream) => {
                without_waiting(stream, UnixStream::set_nonblocking, |mut s| s.read(&mut byte))
            }
        };
        matches!(read, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    pub(super) fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

fn without_waiting<'s, S>(
    stream: &'s S,
    set_nonblocking: fn(&S, bool) -> io::Result<()>,
    read: impl FnOnce(&'s S) -> io::Result<usize>,
) -> io::Result<usize> {
    set_nonblocking(stream, true)?;
    let result = read(stream);
    set_nonblocking(stream, false)?;
    result
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let result = match self {
                Self::Tcp(stream) => stream.read(buffer),
                Self::Unix(stream) => stream.read(buffer),
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(_) | Err(_) => return result,
            }
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn connect_unix(path: &Path) -> Result<UnixStream, ClientError> {
    UnixStream::connect(path).map_err(|error| {
        // The standard library's words for a path of more than 107 bytes name a constant of C.
        let is_too_long = error.kind() == io::ErrorKind::InvalidInput && error.raw_os_error().is_none();
        ClientError::Connect(if is_too_long {
            io::Error::new(io::ErrorKind::InvalidInput, "AF_UNIX path too long")
        } else {
            error
        })
    })
}

/// Resolves the host and tries its addresses in turn; the error is that of the first.
fn connect_tcp(host: &str, port: u16, timeout: Option<Duration>) -> Result<TcpStream, ClientError> {
    let mut first_error = None;
    for address in resolve(host, port)? {
        let attempt = match timeout {
            Some(timeout) => TcpStream::connect_timeout(&address, timeout),
            None => TcpStream::connect(address),
        };
        match attempt {
            Ok(stream) => {
                // Small requests and answers: Nagle's algorithm would only add its delay.
                stream.set_nodelay(true).map_err(ClientError::Connect)?;
                return Ok(stream);
            }
            Err(error) => first_error = first_error.or(Some(error)),
        }
    }
    let error = first_error.unwrap_or_else(|| io::ErrorKind::AddrNotAvailable.into());
    Err(ClientError::Connect(error))
}

/// Connects in a thread while `waiter` waits: resolving a name and connecting to a host that drops packets block in a
/// system call. If the waiter gives up, the thread is left to end by itself.
fn connect_in_thread(
    host: String,
    port: u16,
    timeout: Option<Duration>,
    waiter: &dyn Waiter,
) -> Result<TcpStream, ClientError> {
    let (finished, when_finished) = UnixStream::pair()?;
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::Builder::new().name("connect".to_owned()).spawn(move || {
        // Without a receiver, since the waiter gave up, the connection is closed unused.
        let _ = sender.send(connect_tcp(&host, port, timeout));
        drop(when_finished);
    })?;
    waiter.wait_readable(finished.as_fd())?;
    receiver.recv().unwrap_or(Err(ClientError::Closed))
}

fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, ClientError> {
    // An empty host means this machine, as upstream's client takes it.
    let host = if host.is_empty() { "localhost" } else { host };
    match (host, port).to_socket_addrs() {
        Ok(addresses) => Ok(addresses.collect()),
        Err(error) => Err(resolve_error(&error)),
    }
}

/// The standard library gives the words of `gai_strerror(3)`, but not the number they belong to.
fn resolve_error(error: &io::Error) -> ClientError {
    const PREFIX: &str = "failed to lookup address information: ";
    const NUMBERS: &[(&str, i32)] = &[
        ("Name or service not known", -2),
        ("Temporary failure in name resolution", -3),
        ("Non-recoverable failure in name resolution", -4),
        ("No address associated with hostname", -5),
        ("ai_family not supported", -6),
        ("Servname not supported for ai_socktype", -8),
        ("Memory allocation failure", -10),
        ("System error", -11),
    ];
    let text = error.to_string();
    let message = text.strip_prefix(PREFIX).unwrap_or(&text).to_owned();
    let code = NUMBERS.iter().find(|(words, _)| *words == message).map(|&(_, code)| code);
    ClientError::Resolve { code, message }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_does_not_resolve_has_pythons_number() {
        let error = io::Error::other("failed to lookup address information: Name or service not known");
        assert_eq!(resolve_error(&error).to_string(), "[Errno -2] Name or service not known");
        assert_eq!(resolve_error(&io::Error::other("odd")).to_string(), "odd");
    }

    #[test]
    fn a_closed_or_talking_connection_is_not_idle() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let stream = Stream::Unix(ours);
        assert!(stream.is_idle());
        theirs.write_all(b"x").unwrap();
        assert!(!stream.is_idle());
        assert!(stream.is_idle());
        drop(theirs);
        assert!(!stream.is_idle());
    }
}
