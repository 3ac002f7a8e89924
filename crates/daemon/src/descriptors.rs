//! The table of descriptors: what the daemon owns and what for.
//!
//! Whoever wants to know what an open descriptor is (a leak hunt, or a new version of the program that takes over) finds it here.
//! Not in it are the standard streams, and the pollers and wakers of the threads: they hold no state and are made anew.
//! With `loglevel=blather` the table is written to the main log whenever logs are reopened (SIGUSR2).

use crate::main_loop::Loop;
use crate::main_loop::mailbox::Message;
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
    pub(crate) fn descriptors(&self) -> Vec<Descriptor> {
        let mut table = vec![Descriptor { fd: self.signals.as_raw_fd(), purpose: "signals".to_owned() }];
        let clock_set = self.clock_set.iter().map(AsRawFd::as_raw_fd);
        table.extend(clock_set.map(|fd| Descriptor { fd, purpose: "settings of the clock".to_owned() }));
        table.extend(self.listening.iter().cloned());
        for process in self.processes.iter() {
            let Some(child) = &process.child else { continue };
            let name = &process.config.name;
            let pidfd = child.pidfd.as_ref().map(|fd| (fd.as_raw_fd(), "pidfd"));
            let stdin = child.stdin.as_ref().map(|stdin| (stdin.pipe().as_raw_fd(), "stdin"));
            let socket = child.socket.as_ref().map(|lease| (lease.as_raw_fd(), "socket"));
            table.extend(
                [pidfd, stdin, socket]
                    .into_iter()
                    .flatten()
                    .map(|(fd, what)| Descriptor { fd, purpose: format!("{what} of '{name}'") }),
            );
        }
        for (raw, fd) in self.groups.descriptors() {
            let name = self.processes.name_of(raw);
            table.push(Descriptor { fd, purpose: format!("pidfd of a process of the group of '{name}'") });
        }
        let pump = self.pump.descriptors();
        table.extend(pump.into_iter().map(|held| Descriptor { fd: held.fd, purpose: held.purpose }));
        table.sort_by_key(|descriptor| descriptor.fd);
        // Processes of a FastCGI program share one socket.
        table.dedup_by_key(|descriptor| descriptor.fd);
        table
    }

    /// Has the table written to the main log, for those who want to know everything, once the pump is done with what it was told
    /// to do.
    pub(crate) fn order_descriptor_table(&self) {
        if self.log.is_enabled(Level::Blather) {
            let mailbox = self.mailbox.clone();
            self.pump.sync(move || mailbox.post(Message::PumpSettled));
        }
    }

    /// Writes the table to the main log.
    pub(crate) fn log_descriptors(&self) {
        for Descriptor { fd, purpose } in self.descriptors() {
            self.log.log(Level::Blather, format!("descriptor {fd}: {purpose}"));
        }
    }
}
