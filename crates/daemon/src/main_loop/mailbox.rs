//! The way of a message from any thread to the loop.
//!
//! The queue needs no bound of its own, since each sender has one: a job posts one message, and the loop submits only as many
//! jobs as it has processes and requests; the pump's notices are bounded by the credit of each stream.

use super::shared::Wake;
use crate::sync::{Mutex, lock};
use std::sync::Arc;

/// The mailbox of one loop; clones share it.
pub(crate) struct Mailbox<M> {
    shared: Arc<Shared<M>>,
}

struct Shared<M> {
    queue: Mutex<Vec<M>>,
    waker: Arc<dyn Wake>,
}

impl<M> Mailbox<M> {
    /// A mailbox that wakes the loop through `waker`.
    pub(crate) fn new(waker: Arc<dyn Wake>) -> Self {
        Self { shared: Arc::new(Shared { queue: Mutex::new(Vec::new()), waker }) }
    }

    /// Posts a message, and wakes the loop if there was none: the loop takes all of them when it wakes.
    pub(crate) fn post(&self, message: M) {
        let mut queue = lock(&self.shared.queue);
        queue.push(message);
        let was_empty = queue.len() == 1;
        drop(queue);
        if was_empty {
            self.shared.waker.wake();
        }
    }

    /// Takes all messages, first come first, leaving `empty` in their place.
    pub(crate) fn take(&self, empty: Vec<M>) -> Vec<M> {
        std::mem::replace(&mut *lock(&self.shared.queue), empty)
    }
}

impl<M> Clone for Mailbox<M> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}
