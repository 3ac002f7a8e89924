//! The thread that owns every connection.

use crate::{Handle, Limits, Listener, ReplyTo, Request};
use std::io;

/// What answers requests. Runs on the server's thread and must not block: what takes time moves `reply` elsewhere.
pub trait Service: Send {
    /// Takes a complete request of an authenticated client.
    fn call(&mut self, request: Request, reply: ReplyTo);
}

/// The weight of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Every request.
    Trace,
    /// What an operator should see: limits reached, clients turned away.
    Warn,
    /// What the server could not do.
    Error,
}

/// Where log lines go; called on the server's thread and must not block.
pub type Log = Box<dyn Fn(Level, &str) + Send>;

/// Starts a server on its own thread.
///
/// # Errors
///
/// If the poll, its waker or the thread cannot be made, or a listener cannot be registered.
pub fn serve(
    listeners: Vec<Listener>,
    limits: Limits,
    service: Box<dyn Service>,
    log: Log,
) -> io::Result<Handle> {
    let _ = (listeners, limits, service, log);
    Err(io::ErrorKind::Unsupported.into())
}
