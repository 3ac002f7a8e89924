//! The table of descriptors: what the daemon owns and what for.
//!
//! It says what an open descriptor is for: to find descriptor leaks, or for a new version of the program that takes over.
//! Not in it are the standard streams, and the pollers and wakers of the threads: they hold no state, and a new version of the
//! program makes its own.
//! With `loglevel=blather` the table is written to the main log whenever logs are reopened (SIGUSR2).

use super::Loop;
use super::message::Message;
use std::os::fd::{AsRawFd, RawFd};
use supervisor_core::Level;
use supervisor_http::{Listener, Socket};

/// A descriptor and what it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Descriptor {
    /// Its number.
    pub(crate) fd: RawFd,
    /// What it is, for people: `stdin of 'web'`.
    pub(crate) purpose: String,
}

impl Descriptor {
    /// The listening socket of a server section.
    pub(crate) fn of_listener(listener: &Listener) -> Self {
        let fd = match &listener.socket {
            Socket::Tcp(socket) => socket.as_raw_fd(),
            Socket::Unix(socket) => socket.as_raw_fd(),
        };
        Self { fd, purpose: format!("socket of [{}]", listener.section) }
    }
}

impl Loop {
    /// Everything the daemon owns now, by number.
    fn descriptors(&self) -> Vec<Descriptor> {
        let mut table: Vec<Descriptor> = self.sources.descriptors().collect();
        table.extend(self.clients.servers().iter().cloned());
        table.extend(self.children.descriptors());
        let pump = self.pump.descriptors();
        table.extend(pump.into_iter().map(|held| Descriptor { fd: held.fd, purpose: held.purpose }));
        table.sort_by_key(|descriptor| descriptor.fd);
        // Processes of a FastCGI program share one socket.
        table.dedup_by_key(|descriptor| descriptor.fd);
        table
    }

    /// Writes the table to the main log, if that takes everything, once the pump has reopened the logs.
    pub(super) fn log_descriptors_when_reopened(&self) {
        if self.log.is_enabled(Level::Blather) {
            let mailbox = self.sources.mailbox().clone();
            self.pump.sync(move || mailbox.post(Message::PumpSettled));
        }
    }

    /// Writes the table to the main log.
    pub(super) fn log_descriptors(&self) {
        for Descriptor { fd, purpose } in self.descriptors() {
            self.log.log(Level::Blather, format!("descriptor {fd}: {purpose}"));
        }
    }
}
