//! A client that commands are given for, one after the other.

use crate::{Command, Control, Reply, Request};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use supervisor_core::{Answer, Ticket};

/// Gives commands for a client and cancels the one under way when the client disconnects. Clones share it.
#[derive(Clone, Debug)]
pub struct Caller {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    control: Control,
    /// The ticket of the command under way; 0 before the first.
    current: AtomicU64,
    is_gone: AtomicBool,
}

impl Caller {
    /// A client that is there. Its interface calls [`Caller::disconnect`] when it goes away.
    pub fn new(control: &Control) -> Self {
        let control = control.clone();
        let shared = Shared { control, current: AtomicU64::new(0), is_gone: AtomicBool::new(false) };
        Self { shared: Arc::new(shared) }
    }

    /// Gives a command; `take` takes its answer, and is dropped if the client goes away before.
    pub fn command(&self, command: Command, take: impl FnOnce(Answer) + Send + 'static) {
        let Shared { control, current, .. } = &*self.shared;
        let ticket = control.ticket();
        current.store(ticket.0, Ordering::SeqCst);
        control.send(Request::Command { ticket, command, reply: Reply::new(take) });
        if self.is_gone() {
            // It may have gone before it was known what to cancel.
            control.send(Request::Cancel(ticket));
        }
    }

    /// The client has gone away.
    pub fn disconnect(&self) {
        self.shared.is_gone.store(true, Ordering::SeqCst);
        let ticket = Ticket(self.shared.current.load(Ordering::SeqCst));
        if ticket != Ticket(0) {
            self.shared.control.send(Request::Cancel(ticket));
        }
    }

    /// Whether the client has gone away.
    pub fn is_gone(&self) -> bool {
        self.shared.is_gone.load(Ordering::SeqCst)
    }
}
