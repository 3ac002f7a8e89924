//! The handle of a running server.

use crate::mailbox::{Mailbox, Message};
use std::fmt;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// A running server. No method but `join` blocks. Dropping the handle closes the server at once,
/// without waiting for its thread.
pub struct Handle {
    mailbox: Arc<Mailbox>,
    thread: Option<JoinHandle<()>>,
}

impl Handle {
    pub(crate) fn new(mailbox: Arc<Mailbox>, thread: JoinHandle<()>) -> Self {
        Self { mailbox, thread: Some(thread) }
    }

    /// Closes the listening sockets and calls `done` on the server's thread when they are closed, so that
    /// their addresses can be bound again. Connections go on.
    pub fn stop_listening(&self, done: impl FnOnce() + Send + 'static) {
        self.mailbox.post(Message::StopListening(Box::new(done)));
    }

    /// Drains the server: closes the listening sockets, streams and idle connections; lets requests in
    /// flight get their answers for at most `within`; then closes everything, calls `done` and ends the thread.
    pub fn drain(&self, within: Duration, done: impl FnOnce() + Send + 'static) {
        self.mailbox.post(Message::Drain { within, done: Box::new(done) });
    }

    /// Whether the server's thread has ended.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for the server's thread to end; for callers that may block, after `drain`.
    pub fn join(mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic of the server's thread has been reported by the panic hook already.
            let _ = thread.join();
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.mailbox.post(Message::Drain { within: Duration::ZERO, done: Box::new(|| ()) });
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").field("is_finished", &self.is_finished()).finish_non_exhaustive()
    }
}
