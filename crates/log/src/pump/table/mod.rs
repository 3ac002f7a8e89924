//! The table of channels, shared by the workers and the handles.
//!
//! A worker that serves a channel checks it out of its slot, so nothing that hangs there holds the lock. Commands for a channel
//! that is checked out wait in its slot. The lock is held for moves within memory only, and never while a callback runs.

pub(crate) mod barriers;
pub(crate) mod followers;
mod post;
mod schedule;
#[cfg(test)]
mod scheduling_tests;
mod slot;

pub(crate) use schedule::CheckedOut;
pub(crate) use slot::Slot;

use super::channels::Channel;
use super::worker::Workers;
use super::{Descriptor, FollowKey};
use crate::label::Label;
use crate::main_log::MainLogOutput;
use crate::{ClearError, StreamId};
use barriers::Barriers;
use followers::Followers;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::time::Instant;

/// All that the lock protects.
#[derive(Debug)]
pub(crate) struct Table {
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    streams: HashMap<StreamId, usize>,
    /// The outputs of the main log.
    main: Vec<usize>,
    /// The main log proper, if there is one beside its copy on stdout.
    main_log: Option<usize>,
    file_watch: Option<usize>,
    /// Channels with an event, a command or an expired deadline.
    ready: VecDeque<usize>,
    /// Channels whose read quota was used up before their pipe was empty. They are served one at a time, so that however many
    /// children flood their logs, all ready channels are served between two of them.
    backlogged: VecDeque<usize>,
    deadlines: BTreeSet<(Instant, usize)>,
    pub(crate) activity: Activity,
    pub(crate) workers: Workers,
    pub(crate) barriers: Barriers,
    pub(crate) followers: Followers,
    pub(crate) phase: Phase,
}

/// What the current worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Activity {
    /// It serves, or is about to look at the queues.
    Serving,
    /// It waits in a coalescing pause: commands wake it, lines of the main log do not.
    Coalescing,
    /// It waits for anything.
    Sleeping,
}

/// How far the pump's shutdown is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Running,
    /// No new generation is accepted.
    Ending,
    /// The threads leave as soon as they look.
    Ended,
}

/// A call to a handle's reply, for when the lock is released.
pub(crate) type Reply = Box<dyn FnOnce() + Send>;

impl Table {
    pub(crate) fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            streams: HashMap::new(),
            main: Vec::new(),
            main_log: None,
            file_watch: None,
            ready: VecDeque::new(),
            backlogged: VecDeque::new(),
            deadlines: BTreeSet::new(),
            activity: Activity::Serving,
            workers: Workers::default(),
            barriers: Barriers::default(),
            followers: Followers::default(),
            phase: Phase::Running,
        }
    }

    /// The name of a slot in messages.
    pub(crate) fn label(&self, index: usize) -> String {
        self.slot(index).map(|slot| slot.label.to_string()).unwrap_or_default()
    }

    /// What followers name a slot's log by.
    pub(crate) fn key(&self, index: usize) -> Option<FollowKey> {
        self.slot(index)?.key
    }

    /// Whether all streams and file tasks are finished and the main log is written.
    pub(crate) fn is_settled(&self) -> bool {
        self.unsettled().next().is_none()
    }

    /// The labels of those a shutdown waits for.
    pub(crate) fn unsettled(&self) -> impl Iterator<Item = &Label> {
        self.slots.iter().flatten().filter(|slot| !slot.is_settled()).map(|slot| &slot.label)
    }

    pub(crate) fn descriptors(&self) -> Vec<Descriptor> {
        self.slots.iter().flatten().flat_map(Slot::descriptors).collect()
    }

    /// Takes the outputs of the main log out of the table, but for those a stuck worker holds.
    pub(crate) fn take_main(&mut self) -> Vec<MainLogOutput> {
        let main = std::mem::take(&mut self.main);
        let channels: Vec<Channel> =
            main.into_iter().filter_map(|index| self.slot_mut(index).channel.take()).collect();
        let outputs = channels.into_iter().filter_map(|channel| match channel {
            Channel::MainLog(channel) => Some(channel.into_output()),
            Channel::Stream(_) | Channel::FileWatch(_) | Channel::FileTask(_) => None,
            #[cfg(all(test, loom))]
            Channel::Model(_) => None,
        });
        outputs.collect()
    }

    /// Ends the pump: from now on no channel is served, and no command is accepted that has a reply. Returns the replies to
    /// all that still wait, so that none is lost.
    pub(crate) fn close(&mut self) -> Vec<Reply> {
        self.phase = Phase::Ended;
        let mut replies = self.barriers.take_replies();
        for slot in self.slots.iter_mut().flatten() {
            // The other commands stay: dropping one may close a file, which must not happen under the lock.
            let commands = slot.pending.iter_mut().flat_map(|pending| pending.take_clears());
            replies.extend(commands.map(|reply| -> Reply { Box::new(|| reply(Err(ClearError::PumpEnded))) }));
            if let Some(Channel::FileTask(task)) = &mut slot.channel {
                replies.extend(task.cancel());
            }
        }
        replies
    }

    fn insert(
        &mut self,
        key: Option<FollowKey>,
        label: Label,
        channel: impl FnOnce(usize) -> Channel,
    ) -> usize {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        self.slots[index] = Some(Slot::new(key, label, channel(index)));
        index
    }

    /// Removes a slot whose channel is checked out.
    fn remove(&mut self, index: usize) {
        self.set_deadline(index, None);
        debug_assert!(!self.ready.contains(&index), "only a slot with its channel is in the ready queue");
        self.file_watch = self.file_watch.filter(|watch| *watch != index);
        let Some(slot) = self.slots[index].take() else { return };
        if let Some(FollowKey::Stream(stream)) = slot.key
            && self.streams.get(&stream) == Some(&index)
        {
            self.streams.remove(&stream);
        }
        // While its number is in the backlogged queue it would be taken for that of the next slot with this number.
        if !slot.is_in_backlogged_queue {
            self.free.push(index);
        }
    }

    fn slot(&self, index: usize) -> Option<&Slot> {
        self.slots.get(index)?.as_ref()
    }

    fn slot_mut(&mut self, index: usize) -> &mut Slot {
        self.slots[index]
            .as_mut()
            .expect("an index in circulation names a slot until `remove`, which takes it out")
    }
}
