//! How other threads reach the server: a queue and a wake-up.
//!
//! The queue needs no bound of its own: there is at most one answer per open connection, one wake-up per stream
//! (see `StreamWaker`) and a handful of orders from the handle.

use crate::reply::Answer;
use mio::Waker;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Names a connection for as long as the server runs; never used twice.
pub(crate) type ConnectionId = usize;

/// What other threads tell the server.
pub(crate) enum Message {
    /// The answer to the request a connection waits on.
    Answer(ConnectionId, Answer),
    /// A stream has something to give.
    StreamReady(ConnectionId),
    /// See `Handle::stop_listening`.
    StopListening(Box<dyn FnOnce() + Send>),
    /// See `Handle::drain`.
    Drain { within: Duration, done: Box<dyn FnOnce() + Send> },
}

/// The queue, and the waker of the server's poll.
pub(crate) struct Mailbox {
    messages: Mutex<Vec<Message>>,
    waker: Waker,
}

impl Mailbox {
    pub(crate) fn new(waker: Waker) -> Self {
        Self { messages: Mutex::new(Vec::new()), waker }
    }

    /// Adds a message and wakes the server if it may be asleep.
    pub(crate) fn post(&self, message: Message) {
        let was_empty = {
            let mut messages = self.messages.lock().unwrap_or_else(PoisonError::into_inner);
            messages.push(message);
            messages.len() == 1
        };
        if was_empty {
            // An eventfd or pipe write of one byte: fails only if the poll is gone, and then nobody listens.
            let _ = self.waker.wake();
        }
    }

    /// Takes all messages in their order.
    pub(crate) fn take(&self) -> Vec<Message> {
        std::mem::take(&mut *self.messages.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
