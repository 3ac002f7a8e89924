//! The client behind a sequence of commands.

use crate::{Command, Control, Reply, Request};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use supervisor_core::{Answer, Ticket};

/// Gives commands on behalf of a client, one after the other, and cancels the one under way when the client disconnects. Clones
/// share it.
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
    /// A connected client. Its interface calls [`Caller::disconnect`] when it disconnects.
    pub fn new(control: &Control) -> Self {
        let control = control.clone();
        let shared = Shared { control, current: AtomicU64::new(0), is_gone: AtomicBool::new(false) };
        Self { shared: Arc::new(shared) }
    }

    /// Gives a command; `take` takes its answer, and is dropped if the client disconnects before.
    pub fn command(&self, command: Command, take: impl FnOnce(Answer) + Send + 'static) {
        let Shared { control, current, .. } = &*self.shared;
        let ticket = control.ticket();
        current.store(ticket.0, Ordering::SeqCst);
        control.send(Request::Command { ticket, command, reply: Reply::new(take) });
        if self.is_gone() {
            // It may have disconnected before `current` was set.
            control.send(Request::Cancel(ticket));
        }
    }

    /// The client has disconnected.
    pub fn disconnect(&self) {
        self.shared.is_gone.store(true, Ordering::SeqCst);
        let ticket = Ticket(self.shared.current.load(Ordering::SeqCst));
        if ticket != Ticket(0) {
            self.shared.control.send(Request::Cancel(ticket));
        }
    }

    /// Whether the client has disconnected.
    pub fn is_gone(&self) -> bool {
        self.shared.is_gone.load(Ordering::SeqCst)
    }
}
