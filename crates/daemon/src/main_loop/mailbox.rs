//! What other threads report to the supervision loop: results of jobs, and notices of the pump.
//!
//! The queue needs no bound of its own, since each sender has one: a job sends one result, and the loop orders only as
//! many jobs as it has processes and requests; the pump's notices are bounded by the credit of each stream.

use crate::children::group_end::Found;
use crate::configuration::Obstacle;
use crate::configuration::prepare::PreparedGroup;
use crate::workers::spawn::SpawnResult;
use mio::Waker;
use std::sync::{Arc, Mutex, PoisonError};
use supervisor_config::{Config, Failure};
use supervisor_control::{Diff, Reply};
use supervisor_core::{CommandCheck, Fault, Ticket};
use supervisor_log::Notice;

/// One report.
pub(crate) enum Message {
    /// A spawn was carried out, or not.
    Spawned(SpawnResult),
    /// Members of process groups were looked for.
    MembersFound(Found),
    /// The commands of processes that a client wants started were looked at.
    CommandsChecked(Ticket, Vec<CommandCheck>),
    /// A group that a client wants added was prepared.
    Prepared(Box<PreparedGroup>, Reply<Result<(), Fault>>),
    /// The configuration was read again for a client.
    Reread(Box<Result<Config, Failure>>, Reply<Result<Diff, Fault>>),
    /// The configuration was read again because a client, or SIGHUP, wants a restart.
    RestartChecked(Box<Result<Config, Obstacle>>, Option<Ticket>),
    /// The pump has done what it was told: the table of descriptors can be written.
    PumpSettled,
    /// The pump has something to tell of a child's output.
    Notice(Notice),
}

/// The mailbox of one loop; clones share it.
#[derive(Clone)]
pub(crate) struct Mailbox {
    shared: Arc<Shared>,
}

struct Shared {
    queue: Mutex<Vec<Message>>,
    waker: Arc<Waker>,
}

impl Mailbox {
    /// A mailbox that wakes the loop through `waker`.
    pub(crate) fn new(waker: Arc<Waker>) -> Self {
        Self { shared: Arc::new(Shared { queue: Mutex::default(), waker }) }
    }

    /// Leaves a report, and wakes the loop if there was none: the loop takes all of them when it wakes.
    pub(crate) fn post(&self, message: Message) {
        let mut queue = self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner);
        queue.push(message);
        let was_empty = queue.len() == 1;
        drop(queue);
        if was_empty {
            wake(&self.shared.waker);
        }
    }

    /// Takes all reports, first come first, leaving `empty` in their place.
    pub(crate) fn take(&self, empty: Vec<Message>) -> Vec<Message> {
        std::mem::replace(&mut *self.shared.queue.lock().unwrap_or_else(PoisonError::into_inner), empty)
    }
}

/// Wakes the loop.
pub(crate) fn wake(waker: &Waker) {
    waker.wake().expect("an eventfd or kqueue of our own can always be written");
}
