//! Event sources of the loop: signals, the clock, and other threads.

use super::mailbox::Mailbox;
use super::message::Message;
use crate::main_loop::descriptors::Descriptor;
use mio::unix::SourceFd;
use mio::{Interest, Registry, Token};
use std::io;
use std::os::fd::AsRawFd;
use supervisor_core::Signal;
use supervisor_sys::clock_set::ClockSet;
use supervisor_sys::signal::SignalQueue;

/// Readable when a signal is pending.
pub(crate) const SIGNALS: Token = Token(0);
/// Woken by other threads.
pub(crate) const WAKER: Token = Token(1);
/// Readable when the wall clock was set. No child has this token: they count from below.
pub(crate) const CLOCK: Token = Token(usize::MAX);

/// The sources that are the loop's own.
pub(crate) struct Sources {
    signals: SignalQueue,
    /// Reports when the wall clock is set, where the system does.
    clock_set: Option<ClockSet>,
    mailbox: Mailbox<Message>,
    /// Room for messages, kept between turns.
    spare: Vec<Message>,
}

impl Sources {
    /// Watches the signals and the clock through `registry`.
    pub(crate) fn new(
        signals: SignalQueue,
        mailbox: Mailbox<Message>,
        registry: &Registry,
    ) -> io::Result<Self> {
        registry.register(&mut SourceFd(&signals.as_raw_fd()), SIGNALS, Interest::READABLE)?;
        Ok(Self { signals, clock_set: watch_clock(registry), mailbox, spare: Vec::new() })
    }

    /// The next signal that is pending.
    pub(crate) fn next_signal(&mut self) -> io::Result<Option<Signal>> {
        self.signals.next()
    }

    /// Whether the wall clock was set since this was asked last.
    pub(crate) fn clock_was_set(&self) -> bool {
        self.clock_set.as_ref().is_some_and(ClockSet::take)
    }

    /// Where other threads post messages.
    pub(crate) fn mailbox(&self) -> &Mailbox<Message> {
        &self.mailbox
    }

    /// Takes all messages, first come first. Return the `Vec` with [`Self::reuse`].
    pub(crate) fn messages(&mut self) -> Vec<Message> {
        self.mailbox.take(std::mem::take(&mut self.spare))
    }

    /// Keeps the `Vec` of messages that were handled, for its room.
    pub(crate) fn reuse(&mut self, mut messages: Vec<Message>) {
        messages.clear();
        self.spare = messages;
    }

    /// Their descriptors, with their purposes.
    pub(crate) fn descriptors(&self) -> impl Iterator<Item = Descriptor> + '_ {
        let signals = Descriptor { fd: self.signals.as_raw_fd(), purpose: "signals".to_owned() };
        let clock = self.clock_set.iter().map(AsRawFd::as_raw_fd);
        let clock = clock.map(|fd| Descriptor { fd, purpose: "settings of the clock".to_owned() });
        std::iter::once(signals).chain(clock)
    }

    /// The signals, for the next loop.
    pub(crate) fn into_signals(self) -> SignalQueue {
        self.signals
    }
}

/// Without it, ticks come late after the clock was put forward.
fn watch_clock(registry: &Registry) -> Option<ClockSet> {
    let watch = ClockSet::watch().ok()?;
    registry.register(&mut SourceFd(&watch.as_raw_fd()), CLOCK, Interest::READABLE).ok()?;
    Some(watch)
}
