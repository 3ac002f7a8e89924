//! How other threads reach the server: a queue and a waker.
//!
//! The queue needs no bound of its own: there is at most one answer per open connection, one wake-up per stream
//! (see `StreamWaker`) and a handful of commands from the handle.

use crate::Charge;
use crate::reply::Answer;
use mio::Waker;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Names a connection for as long as the server runs; never used twice.
pub(crate) type ConnectionId = usize;

/// A message from another thread.
pub(crate) enum Message {
    /// The answer to the request a connection waits on, and what it is charged to.
    Answer(ConnectionId, Answer, Option<Charge>),
    /// The source of a stream has data.
    StreamReady(ConnectionId),
    /// See `Handle::stop_listening`.
    StopListening(Box<dyn FnOnce() + Send>),
    /// See `Handle::drain`.
    Drain { within: Duration, done: Box<dyn FnOnce() + Send> },
}

/// The queue, and the waker of the server's poll.
pub(crate) struct Mailbox {
    queue: Mutex<Queue>,
    waker: Waker,
}

#[derive(Default)]
struct Queue {
    messages: Vec<Message>,
    /// The server sleeps, or is about to, and has not been woken yet.
    is_asleep: bool,
}

impl Mailbox {
    pub(crate) fn new(waker: Waker) -> Self {
        Self { queue: Mutex::default(), waker }
    }

    /// Adds a message and wakes the server if it sleeps.
    pub(crate) fn post(&self, message: Message) {
        let was_asleep = {
            let mut queue = self.lock();
            queue.messages.push(message);
            std::mem::take(&mut queue.is_asleep)
        };
        if was_asleep {
            // An eventfd or pipe write of one byte: fails only if the poll is gone, and the server with it.
            let _ = self.waker.wake();
        }
    }

    /// Whether the server may go to sleep: no message waits, and from now on each one wakes it.
    pub(crate) fn may_sleep(&self) -> bool {
        let mut queue = self.lock();
        queue.is_asleep = queue.messages.is_empty();
        queue.is_asleep
    }

    /// Takes all messages in their order; the server is awake.
    pub(crate) fn take(&self) -> Vec<Message> {
        let mut queue = self.lock();
        queue.is_asleep = false;
        std::mem::take(&mut queue.messages)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use mio::{Events, Poll, Token};

    #[test]
    fn only_a_server_that_sleeps_is_woken() {
        let mut poll = Poll::new().unwrap();
        let mailbox = Mailbox::new(Waker::new(poll.registry(), Token(0)).unwrap());
        let mut woken = || {
            let mut events = Events::with_capacity(1);
            poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
            !events.is_empty()
        };
        mailbox.post(Message::StreamReady(1));
        assert!(!woken(), "it is awake");
        assert!(!mailbox.may_sleep(), "a message waits");
        assert_eq!(mailbox.take().len(), 1);
        assert!(mailbox.may_sleep());
        mailbox.post(Message::StreamReady(1));
        assert!(woken());
        mailbox.post(Message::StreamReady(2));
        assert!(!woken(), "it has been woken already");
        assert_eq!(mailbox.take().len(), 2);
    }
}
