//! Listening sockets and connections to them.

mod address;
mod connect;
mod error;
mod keep_alive;
mod unix;

pub use connect::{connect_tcp, connect_unix};
pub use error::{ConnectError, ListenError};
pub use keep_alive::keep_alive;
pub use unix::{BoundUnix, SocketFile, listen_unix, remove_socket_file};

use address::{Family, resolve};
use std::net::TcpListener;
use std::os::fd::AsFd;

/// How many connections may wait to be accepted on the HTTP servers.
pub const BACKLOG: i32 = 1024;

/// Listens on an IPv4 address and port. An empty `host` is every address. Non-blocking; the address can be
/// taken again at once after a restart (`SO_REUSEADDR`). A host name is resolved, which may wait.
#[doc(alias = "SO_REUSEADDR")]
pub fn listen_tcp(host: &str, port: u16, backlog: i32) -> Result<TcpListener, ListenError> {
    let host = if host.is_empty() { "0.0.0.0" } else { host };
    let addresses = resolve(host, port, Family::V4)?;
    // As upstream: a name with several addresses is the first of them.
    let first = addresses.first().ok_or(ListenError::Resolve(libc::EAI_NONAME))?;
    let listener = TcpListener::bind(first)?;
    listen(&listener, backlog)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Starts listening, or changes the backlog of a socket that does.
fn listen(socket: &impl AsFd, backlog: i32) -> std::io::Result<()> {
    // SAFETY: the descriptor is open as long as it is borrowed; touches no memory.
    crate::call::check(unsafe { libc::listen(crate::call::raw(&socket.as_fd()), backlog) })?;
    Ok(())
}
