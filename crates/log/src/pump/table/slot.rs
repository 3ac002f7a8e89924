//! A place in the table: a channel, or the trace of one that a worker has checked out, with what waits for it.

use super::super::channels::Channel;
use super::super::channels::command::Pending;
use super::super::channels::report::Descriptors;
use super::super::worker::WorkerId;
use super::super::{Descriptor, FollowKey};
use crate::label::Label;
use std::time::Instant;

/// See the module. A daemon has two for each of thousands of processes, so what is rare is boxed.
#[derive(Debug)]
pub(crate) struct Slot {
    /// What followers of its log name it by; `None` for the file watch.
    pub(super) key: Option<FollowKey>,
    /// Its name in messages.
    pub(super) label: Label,
    /// `None` while a worker serves it.
    pub(super) channel: Option<Channel>,
    /// What has reached it since it was served last; rarely anything.
    pub(super) pending: Option<Box<Pending>>,
    /// It is in the ready queue, or enters it as soon as its channel is checked in.
    pub(super) is_ready: bool,
    /// Its child writes faster than the pump reads, and nothing else makes it ready.
    pub(super) is_backlogged: bool,
    /// Its number is in the backlogged queue, perhaps without effect: it was served for another reason meanwhile.
    pub(super) is_in_backlogged_queue: bool,
    /// It reads no more until the daemon acknowledges notices.
    pub(super) awaits_credit: bool,
    pub(super) deadline: Option<Instant>,
    pub(super) descriptors: Descriptors,
    /// The worker that serves it, or served it last.
    pub(super) holder: WorkerId,
}

impl Slot {
    pub(super) fn new(key: Option<FollowKey>, label: Label, channel: Channel) -> Self {
        Self {
            key,
            label,
            channel: Some(channel),
            pending: None,
            is_ready: false,
            is_backlogged: false,
            is_in_backlogged_queue: false,
            awaits_credit: false,
            deadline: None,
            descriptors: Descriptors::default(),
            holder: WorkerId::default(),
        }
    }

    pub(super) fn pending(&mut self) -> &mut Pending {
        self.pending.get_or_insert_default()
    }

    pub(super) fn has_commands(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| !pending.commands.is_empty())
    }

    /// Whether the daemon has acknowledged since the channel was served last.
    pub(super) fn has_credit(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| pending.acknowledged > 0)
    }

    pub(super) fn descriptors(&self) -> impl Iterator<Item = Descriptor> {
        let Descriptors { front, waiting } = &self.descriptors;
        std::iter::once(front).chain(waiting).flat_map(|open| {
            let pipe = open.pipe.map(|fd| Descriptor { fd, purpose: self.label.of_pipe().to_string() });
            let sink = open.sink.map(|fd| Descriptor { fd, purpose: self.label.to_string() });
            [pipe, sink].into_iter().flatten()
        })
    }

    /// Whether a shutdown need not wait for it.
    pub(super) fn is_settled(&self) -> bool {
        match &self.channel {
            Some(Channel::MainLog(main_log)) => main_log.is_settled() && !self.has_commands(),
            Some(Channel::Stream(_) | Channel::FileWatch(_) | Channel::FileTask(_)) => false,
            #[cfg(all(test, loom))]
            Some(Channel::Model(model)) => model.is_settled() && !self.has_commands(),
            // Only a file watch may hang: nothing is lost with it.
            None => self.key.is_none(),
        }
    }
}
