//! Listening sockets and connections to them.

mod address;
mod connect;
mod error;
mod keep_alive;
mod owner;
mod unix;

pub use connect::{connect_tcp, connect_unix};
pub use error::{ConnectError, ListenError};
pub use keep_alive::keep_alive;
pub use owner::{Owner, has_ipv6, owner_of_path, owner_of_port};
pub use unix::{BoundUnix, SocketFile, listen_unix, remove_socket_file};

use address::{Family, resolve};
use std::io;
use std::net::TcpListener;

/// How many connections may wait to be accepted on the HTTP servers.
pub const BACKLOG: i32 = 1024;

/// Listens on an address and port. An empty `host` is every IPv4 address; one with a colon is an IPv6 address, and `::` is every
/// address, of IPv4 as well unless `net.ipv6.bindv6only` says otherwise. Non-blocking; the address can be taken again at
/// once after a restart (`SO_REUSEADDR`). A host name is resolved, which may wait.
#[doc(alias = "SO_REUSEADDR")]
pub fn listen_tcp(host: &str, port: u16, backlog: i32) -> Result<TcpListener, ListenError> {
    let host = if host.is_empty() { "0.0.0.0" } else { host };
    let addresses = if host.contains(':') {
        resolve(host, port, Family::V6)?
    } else {
        // As upstream, which knows IPv4 only; a name that has none may have an address of IPv6.
        resolve(host, port, Family::V4).or_else(|error| resolve(host, port, Family::V6).map_err(|_| error))?
    };
    // As upstream: a name with several addresses is the first of them.
    let first = addresses.first().ok_or(ListenError::Resolve(libc::EAI_NONAME))?;
    let listener = TcpListener::bind(first)?;
    // It listens already: this changes the backlog.
    rustix::net::listen(&listener, backlog).map_err(io::Error::from)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}
