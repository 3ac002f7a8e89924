//! A destination of the main log in the pump's table.

use super::poll_registration::TargetWatch;
use super::service_report::{Descriptors, Held, Next, Served};
use super::stream::Letter;
use super::worker_context::Desk;
use crate::main_log::MainChannel;
use std::os::fd::AsRawFd;

/// The channel and what it is registered for.
#[derive(Debug)]
pub(super) struct MainServer {
    channel: MainChannel,
    slot: usize,
    target_watch: TargetWatch,
}

impl MainServer {
    pub(super) fn new(channel: MainChannel, slot: usize) -> Self {
        Self { channel, slot, target_watch: TargetWatch::default() }
    }

    pub(super) fn into_channel(self) -> MainChannel {
        self.channel
    }

    pub(super) fn is_settled(&self) -> bool {
        self.channel.is_settled()
    }

    /// Writes what can be written now.
    pub(super) fn serve(&mut self, mail: Vec<Letter>, desk: &mut Desk<'_>) -> Served {
        let mut served = Served { has_changed_log: !mail.is_empty(), ..Served::default() };
        for letter in mail {
            self.accept(letter, &mut served, desk);
        }
        let outcome = self.channel.serve(&mut desk.lines);
        served.has_changed_log |= outcome.has_written;
        served.next = if outcome.has_more { Next::More } else { Next::Wait };
        served.deadline = self.target_watch.settle(self.slot, outcome.flow, self.channel.fd(), desk.waiter);
        let target = self.channel.fd().map(|fd| fd.as_raw_fd());
        served.descriptors = Descriptors { front: Held { pipe: None, target }, ..Descriptors::default() };
        served
    }

    fn accept(&mut self, letter: Letter, served: &mut Served, desk: &mut Desk<'_>) {
        match letter {
            Letter::Reopen => {
                self.write_out(desk);
                self.target_watch.clear(desk.waiter);
                self.channel.reopen(&mut desk.lines);
            }
            Letter::Clear(reply) => {
                self.write_out(desk);
                let outcome = self.channel.clear();
                served.replies.push(Box::new(|| reply(outcome)));
            }
            Letter::MainCleared => self.channel.note_cleared(),
            // Only streams get these.
            Letter::Attach { .. }
            | Letter::Finish(_)
            | Letter::FinishAll
            | Letter::Acknowledge(_)
            | Letter::Followed(_)
            | Letter::Watch { .. }
            | Letter::Unwatch(_) => {}
        }
    }

    /// What was logged before a file is left or emptied belongs into it.
    fn write_out(&mut self, desk: &mut Desk<'_>) {
        while self.channel.serve(&mut desk.lines).has_more {}
    }
}
