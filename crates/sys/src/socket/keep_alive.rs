//! Finding out that the other end of a silent connection is gone.

use rustix::net::sockopt;
use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

/// For how long nothing has come before the kernel probes the other end.
const IDLE: Duration = Duration::from_secs(300);

/// How far apart the probes are.
const INTERVAL: Duration = Duration::from_secs(60);

/// How many probes without an answer are the end of the connection.
const PROBES: u32 = 5;

/// Has the kernel end a TCP connection whose other end has been gone for ten minutes: a machine that lost its power or its
/// network closes nothing. Set on a listening socket, it holds for every connection accepted from it.
#[doc(alias = "SO_KEEPALIVE")]
pub fn keep_alive(socket: &impl AsFd) -> io::Result<()> {
    sockopt::set_socket_keepalive(socket, true)?;
    sockopt::set_tcp_keepidle(socket, IDLE)?;
    sockopt::set_tcp_keepintvl(socket, INTERVAL)?;
    Ok(sockopt::set_tcp_keepcnt(socket, PROBES)?)
}
