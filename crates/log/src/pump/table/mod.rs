//! The table of channels, shared by pump threads and everyone who has a wish.
//!
//! A thread that serves a channel takes it out of its slot, so nothing that hangs in there holds the lock.
//! Letters for a channel that is out wait in the slot. The lock is held for moves within memory only, and
//! never while a callback runs.

pub(in crate::pump) mod barriers;
pub(in crate::pump) mod followers;
#[cfg(test)]
mod scheduling_tests;

use crate::label::Label;
use crate::main_log::MainLogOutput;
use crate::pump::channels::file_watch::FileWatchChannel;
use crate::pump::channels::main_log::MainLogChannel;
use crate::pump::channels::report::{Descriptors, NextService, ServiceReport};
use crate::pump::channels::stream::{ChannelCommand, StreamChannel};
use crate::pump::table::barriers::{Barriers, Visit};
use crate::pump::table::followers::Followers;
use crate::pump::{Descriptor, FollowKey};
use crate::{ClearError, StreamId};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Instant;

/// What a slot holds.
#[derive(Debug)]
pub(in crate::pump) enum Channel {
    Stream(Box<StreamChannel>),
    Main(Box<MainLogChannel>),
    /// What tells of followed logs.
    Watch(Box<FileWatchChannel>),
    /// Something with a file that is no stream's.
    FileTask(Box<FileTask>),
}

/// Work that may hang, with its answer.
pub(in crate::pump) struct FileTask(Option<Box<dyn FnOnce() + Send>>);

impl FileTask {
    pub(in crate::pump) fn new(work: impl FnOnce() + Send + 'static) -> Self {
        Self(Some(Box::new(work)))
    }

    /// Does it, once.
    pub(in crate::pump) fn run(&mut self) {
        if let Some(work) = self.0.take() {
            work();
        }
    }
}

impl std::fmt::Debug for FileTask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FileTask")
    }
}

/// A place in the table.
#[derive(Debug)]
pub(in crate::pump) struct Slot {
    /// What it is followed as; `None` for the watch.
    pub(in crate::pump) key: Option<FollowKey>,
    /// For people.
    pub(in crate::pump) label: Label,
    /// `None` while a thread serves it.
    channel: Option<Channel>,
    /// Boxed: of thousands of channels hardly any has some.
    pending: Option<Box<Pending>>,
    /// It is in the queue of those to serve, or will be as soon as its channel is back.
    is_ready: bool,
    /// Its child writes faster than it is read, and nothing else makes it due.
    is_backlogged: bool,
    /// It stands in the queue of those that press, or has stood there and was served for another reason.
    is_in_backlogged_queue: bool,
    /// It cannot go on before the daemon acknowledges.
    awaits_credit: bool,
    deadline: Option<Instant>,
    descriptors: Descriptors,
    /// The worker that serves it.
    holder: u64,
}

/// What a channel is told when it is served next.
#[derive(Debug, Default)]
struct Pending {
    commands: Vec<ChannelCommand>,
    /// What the daemon has acknowledged.
    acknowledged: usize,
    is_hung_up: bool,
}

/// What the current pump thread is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pump) enum Activity {
    /// It serves, or is about to look at the queue.
    Serving,
    /// It waits in a coalescing pause: woken by letters, not by lines of the main log.
    Coalescing,
    /// It waits for anything.
    Sleeping,
}

/// Everything behind the lock.
#[derive(Debug)]
pub(in crate::pump) struct Table {
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    streams: HashMap<StreamId, usize>,
    main: Vec<usize>,
    /// The main log proper, if there is one beside the copy on stdout.
    main_log: Option<usize>,
    watch: Option<usize>,
    /// Those that something has events to.
    ready: VecDeque<usize>,
    /// Those whose turn was over before their pipe was empty. They are served one at a time, so that however many children
    /// flood their logs, what happens to others is looked at between two of their turns.
    backlogged: VecDeque<usize>,
    deadlines: BTreeSet<(Instant, usize)>,
    pub(in crate::pump) activity: Activity,
    /// Which thread is the pump now; others that return from a hanging call have been replaced.
    pub(in crate::pump) worker: u64,
    /// Odd while the current thread serves a channel; counted on with each.
    pub(in crate::pump) progress: Arc<AtomicU64>,
    /// Replaced threads that have not returned yet.
    pub(in crate::pump) stuck: usize,
    /// Pump threads that have not left yet.
    pub(in crate::pump) threads: usize,
    pub(in crate::pump) barriers: Barriers,
    pub(in crate::pump) followers: Followers,
    pub(in crate::pump) phase: Phase,
}

/// The pump's own life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pump) enum Phase {
    Running,
    /// Nothing new is accepted.
    Ending,
    /// Threads leave as soon as they look.
    Ended,
}

/// A channel on its way to a thread.
pub(in crate::pump) struct CheckedOut {
    pub(in crate::pump) slot: usize,
    pub(in crate::pump) channel: Channel,
    pub(in crate::pump) commands: Vec<ChannelCommand>,
    pub(in crate::pump) is_hung_up: bool,
}

impl Table {
    pub(in crate::pump) fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            streams: HashMap::new(),
            main: Vec::new(),
            main_log: None,
            watch: None,
            ready: VecDeque::new(),
            backlogged: VecDeque::new(),
            deadlines: BTreeSet::new(),
            activity: Activity::Serving,
            worker: 0,
            progress: Arc::default(),
            stuck: 0,
            threads: 0,
            barriers: Barriers::default(),
            followers: Followers::default(),
            phase: Phase::Running,
        }
    }

    /// Takes over the main log.
    pub(in crate::pump) fn add_main(&mut self, channels: Vec<MainLogOutput>) {
        for channel in channels {
            let label = channel.label().clone();
            let is_log = channel.is_log();
            let slot = self.insert(Some(FollowKey::Main), label, |slot| {
                Channel::Main(Box::new(MainLogChannel::new(channel, slot)))
            });
            self.main.push(slot);
            self.main_log = if is_log { Some(slot) } else { self.main_log };
            self.make_ready(slot);
        }
    }

    /// Leaves a command for a stream, which gets a slot if it has none.
    pub(in crate::pump) fn post(&mut self, stream: StreamId, command: ChannelCommand) {
        let slot = self.streams.get(&stream).copied().unwrap_or_else(|| self.add_stream(stream));
        if let ChannelCommand::Attach { pipeline, .. } = &command {
            self.slot_mut(slot).label = Label::Output(Arc::clone(pipeline.spec()));
        }
        self.slot_mut(slot).pending().commands.push(command);
        self.make_ready(slot);
    }

    /// Notes an acknowledgement; only a stream that waits for it is served because of it.
    pub(in crate::pump) fn acknowledge(&mut self, stream: StreamId, cost: usize) {
        let Some(&index) = self.streams.get(&stream) else { return };
        let slot = self.slot_mut(index);
        slot.pending().acknowledged += cost;
        if slot.awaits_credit {
            self.make_ready(index);
        }
    }

    /// Leaves a command for a stream that has a slot.
    pub(in crate::pump) fn post_if_known(&mut self, stream: StreamId, command: ChannelCommand) {
        if self.is_known(stream) {
            self.post(stream, command);
        }
    }

    pub(in crate::pump) fn is_known(&self, stream: StreamId) -> bool {
        self.streams.contains_key(&stream)
    }

    /// Leaves a command for each stream.
    pub(in crate::pump) fn post_all(&mut self, command: impl Fn() -> ChannelCommand) {
        let streams: Vec<StreamId> = self.streams.keys().copied().collect();
        for stream in streams {
            self.post(stream, command());
        }
    }

    /// Leaves a command for each destination of the main log.
    pub(in crate::pump) fn post_main(&mut self, command: impl Fn() -> ChannelCommand) {
        for slot in self.main.clone() {
            self.slot_mut(slot).pending().commands.push(command());
            self.make_ready(slot);
        }
    }

    /// Empties the main log. Gives `reply` back if there is none to empty.
    pub(in crate::pump) fn clear_main<F>(&mut self, reply: F) -> Option<F>
    where
        F: FnOnce(Result<(), ClearError>) + Send + 'static,
    {
        let Some(log) = self.main_log else { return Some(reply) };
        self.post_main(|| ChannelCommand::MainCleared);
        self.slot_mut(log).pending().commands.push(ChannelCommand::Clear(Box::new(reply)));
        None
    }

    /// Tells a stream whether it is followed; the main log need not know.
    pub(in crate::pump) fn post_followed(&mut self, key: FollowKey, is_followed: bool) {
        match key {
            FollowKey::Stream(stream) => self.post_if_known(stream, ChannelCommand::Followed(is_followed)),
            FollowKey::Main => {}
        }
    }

    /// Watches the log of a follower.
    pub(in crate::pump) fn watch(&mut self, number: u64, path: Arc<Path>) {
        if self.phase != Phase::Running {
            return;
        }
        let slot = self.watch.unwrap_or_else(|| {
            let label = String::from("watch over followed logs").into();
            self.insert(None, label, |slot| Channel::Watch(Box::new(FileWatchChannel::new(slot))))
        });
        self.watch = Some(slot);
        self.post_watch(ChannelCommand::Watch { number, path });
    }

    /// Leaves a command for the watch, if there is one.
    pub(in crate::pump) fn post_watch(&mut self, command: ChannelCommand) {
        if let Some(slot) = self.watch {
            self.slot_mut(slot).pending().commands.push(command);
            self.make_ready(slot);
        }
    }

    /// Something was told that concerns others than those who took it.
    pub(in crate::pump) fn make_watch_ready(&mut self) {
        if let Some(slot) = self.watch {
            self.make_ready(slot);
        }
    }

    /// The main log has lines.
    pub(in crate::pump) fn make_main_ready(&mut self) {
        for slot in self.main.clone() {
            self.make_ready(slot);
        }
    }

    /// Something to be done once.
    pub(in crate::pump) fn add_file_task(&mut self, key: FollowKey, label: Label, task: FileTask) {
        let slot = self.insert(Some(key), label, |_| Channel::FileTask(Box::new(task)));
        self.make_ready(slot);
    }

    /// Notes what a poller saw; a slot may be gone or be another's by now, who then looks in vain.
    pub(in crate::pump) fn note(&mut self, event: crate::pump::poll::Event) {
        let Some(Some(slot)) = self.slots.get_mut(event.slot) else { return };
        if event.is_hang_up {
            slot.pending().is_hung_up = true;
        }
        // That there is more in its pipe is why it is backlogged.
        if !slot.is_backlogged {
            self.make_ready(event.slot);
        }
    }

    /// Makes those due whose time has come.
    pub(in crate::pump) fn expire(&mut self, now: Instant) {
        while let Some(&(at, slot)) = self.deadlines.first() {
            if at > now {
                return;
            }
            self.set_deadline(slot, None);
            self.make_ready(slot);
        }
    }

    /// The earliest time at which something is due by itself.
    pub(in crate::pump) fn next_deadline(&self) -> Option<Instant> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// Whether there is something to serve.
    pub(in crate::pump) fn is_busy(&self) -> bool {
        !self.ready.is_empty() || !self.backlogged.is_empty()
    }

    /// How many channels are to be served before one of those that press.
    pub(in crate::pump) fn ready_count(&self) -> usize {
        self.ready.len()
    }

    /// Takes out the next channel to serve.
    pub(in crate::pump) fn check_out(&mut self) -> Option<CheckedOut> {
        while let Some(index) = self.ready.pop_front() {
            // Out already: it stays due and is looked at when it comes back.
            if let Some(out) = self.take_out(index) {
                return Some(out);
            }
        }
        None
    }

    /// Takes out the next of those that press.
    pub(in crate::pump) fn check_out_backlogged(&mut self) -> Option<CheckedOut> {
        while let Some(index) = self.backlogged.pop_front() {
            let Some(slot) = &mut self.slots[index] else {
                self.free.push(index);
                continue;
            };
            slot.is_in_backlogged_queue = false;
            if slot.is_backlogged
                && let Some(out) = self.take_out(index)
            {
                return Some(out);
            }
        }
        None
    }

    fn take_out(&mut self, index: usize) -> Option<CheckedOut> {
        let worker = self.worker;
        let slot = self.slot_mut(index);
        let channel = slot.channel.take()?;
        slot.is_ready = false;
        slot.is_backlogged = false;
        slot.holder = worker;
        let Pending { mut commands, acknowledged, is_hung_up } =
            slot.pending.take().map_or_else(Pending::default, |pending| *pending);
        if acknowledged > 0 {
            commands.push(ChannelCommand::Acknowledge(acknowledged));
        }
        Some(CheckedOut { slot: index, channel, commands, is_hung_up })
    }

    /// Puts a channel back.
    pub(in crate::pump) fn check_in(&mut self, index: usize, channel: Channel, report: &mut ServiceReport) {
        self.set_deadline(index, report.deadline);
        let slot = self.slot_mut(index);
        slot.descriptors = std::mem::take(&mut report.descriptors);
        if report.next == NextService::Never && !slot.has_commands() {
            self.remove(index);
            return;
        }
        let has_more = report.next == NextService::AtOnce;
        let is_backlogged = has_more && matches!(channel, Channel::Stream(_));
        slot.channel = Some(channel);
        slot.awaits_credit = report.awaits_credit;
        let has_credit =
            slot.awaits_credit && slot.pending.as_ref().is_some_and(|pending| pending.acknowledged > 0);
        if slot.is_ready || has_credit || has_more && !is_backlogged {
            slot.is_ready = true;
            self.ready.push_back(index);
        } else if is_backlogged {
            slot.is_backlogged = true;
            if !std::mem::replace(&mut slot.is_in_backlogged_queue, true) {
                self.backlogged.push_back(index);
            }
        }
    }

    /// The slot `worker` has checked out.
    pub(in crate::pump) fn held_by(&self, worker: u64) -> Option<(usize, &Label)> {
        self.slots.iter().enumerate().find_map(|(index, slot)| {
            let slot = slot.as_ref()?;
            (slot.channel.is_none() && slot.holder == worker).then_some((index, &slot.label))
        })
    }

    /// Calls `reply` (see [`pass_barriers`](Self::pass_barriers)) once everything present now is written.
    pub(in crate::pump) fn add_barrier(&mut self, reply: Box<dyn FnOnce() + Send>) {
        let is_other = |index: &usize| self.is_reachable(*index) && !self.main.contains(index);
        let others: Vec<usize> = (0..self.slots.len()).filter(is_other).collect();
        let slots = &self.slots;
        let is_out = |index: usize| slots[index].as_ref().is_some_and(|slot| slot.channel.is_none());
        self.barriers.add(others.iter().map(|&index| (index, is_out(index))), reply);
        // The main log is served even if there is no stream, so that some thread passes the barrier.
        others.into_iter().chain(self.main.clone()).for_each(|slot| self.make_ready(slot));
    }

    /// Notes that `slot` was served; returns the replies of barriers nothing holds up any more, to be called
    /// without the lock.
    pub(in crate::pump) fn pass_barriers(
        &mut self,
        slot: usize,
        visit: Visit,
    ) -> Vec<Box<dyn FnOnce() + Send>> {
        if self.barriers.is_empty() {
            return Vec::new();
        }
        let is_gone = self.slots.get(slot).is_none_or(Option::is_none);
        self.barriers.pass(slot, if is_gone { Visit::Abandoned } else { visit });
        let main: Vec<usize> = self.main.iter().copied().filter(|slot| self.is_reachable(*slot)).collect();
        let passed = self.barriers.advance(&main);
        passed.due.into_iter().for_each(|slot| self.make_ready(slot));
        passed.replies
    }

    /// Whether a slot is served when it is due: there is one, and no replaced thread holds its channel.
    fn is_reachable(&self, index: usize) -> bool {
        let slot = self.slots.get(index).and_then(Option::as_ref);
        slot.is_some_and(|slot| slot.channel.is_some() || slot.holder == self.worker)
    }

    /// The name of a slot for people.
    pub(in crate::pump) fn label(&self, index: usize) -> String {
        let slot = self.slots.get(index).and_then(Option::as_ref);
        slot.map(|slot| slot.label.to_string()).unwrap_or_default()
    }

    /// The key under which a slot is followed.
    pub(in crate::pump) fn key(&self, index: usize) -> Option<FollowKey> {
        self.slots.get(index)?.as_ref()?.key
    }

    /// Whether streams and file tasks are through and the main log is written.
    pub(in crate::pump) fn is_settled(&self) -> bool {
        self.unsettled().next().is_none()
    }

    /// The labels of those that are not through.
    pub(in crate::pump) fn unsettled(&self) -> impl Iterator<Item = &Label> {
        self.slots.iter().flatten().filter(|slot| !slot.is_settled()).map(|slot| &slot.label)
    }

    /// Whether all pump threads have left but those that hang.
    pub(in crate::pump) fn is_left(&self) -> bool {
        self.threads <= self.stuck
    }

    pub(in crate::pump) fn descriptors(&self) -> Vec<Descriptor> {
        let slots = self.slots.iter().flatten();
        slots.flat_map(Slot::descriptors).collect()
    }

    /// Gives the main log's channels away, as far as no thread has them.
    pub(in crate::pump) fn take_main(&mut self) -> Vec<MainLogOutput> {
        let main = std::mem::take(&mut self.main);
        let channels = main.into_iter().filter_map(|index| self.slot_mut(index).channel.take());
        let channels: Vec<Channel> = channels.collect();
        let main = channels.into_iter().filter_map(|channel| match channel {
            Channel::Main(server) => Some(server.into_channel()),
            Channel::Stream(_) | Channel::Watch(_) | Channel::FileTask(_) => None,
        });
        main.collect()
    }

    pub(in crate::pump) fn make_ready(&mut self, index: usize) {
        let slot = self.slot_mut(index);
        slot.is_backlogged = false;
        if !std::mem::replace(&mut slot.is_ready, true) && slot.channel.is_some() {
            self.ready.push_back(index);
        }
    }

    fn add_stream(&mut self, stream: StreamId) -> usize {
        let key = FollowKey::Stream(stream);
        let is_followed = self.followers.any(key);
        let channel = |slot| Channel::Stream(Box::new(StreamChannel::new(stream, slot, is_followed)));
        let slot = self.insert(Some(key), Label::Text(Arc::default()), channel);
        self.streams.insert(stream, slot);
        slot
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
        let channel = channel(index);
        self.slots[index] = Some(Slot {
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
            holder: 0,
        });
        index
    }

    fn remove(&mut self, index: usize) {
        self.set_deadline(index, None);
        // Its channel is out, and only what is in stands in the queue.
        debug_assert!(!self.ready.contains(&index), "a slot that is report is not queued");
        self.watch = self.watch.filter(|watch| *watch != index);
        let Some(slot) = self.slots[index].take() else { return };
        if let Some(FollowKey::Stream(stream)) = slot.key
            && self.streams.get(&stream) == Some(&index)
        {
            self.streams.remove(&stream);
        }
        // Its place would be taken for that of the next one with this number.
        if !slot.is_in_backlogged_queue {
            self.free.push(index);
        }
    }

    fn set_deadline(&mut self, index: usize, deadline: Option<Instant>) {
        let slot = self.slot_mut(index);
        let old = std::mem::replace(&mut slot.deadline, deadline);
        if let Some(old) = old {
            self.deadlines.remove(&(old, index));
        }
        if let Some(new) = deadline {
            self.deadlines.insert((new, index));
        }
    }

    fn slot_mut(&mut self, index: usize) -> &mut Slot {
        self.slots[index]
            .as_mut()
            .expect("an index in circulation names a slot until `remove`, which takes it out")
    }
}

impl Slot {
    fn pending(&mut self) -> &mut Pending {
        self.pending.get_or_insert_default()
    }

    fn has_commands(&self) -> bool {
        self.pending.as_ref().is_some_and(|pending| !pending.commands.is_empty())
    }

    fn descriptors(&self) -> impl Iterator<Item = Descriptor> {
        let Descriptors { front, waiting } = &self.descriptors;
        std::iter::once(front).chain(waiting).flat_map(|held| {
            let pipe = held.pipe.map(|fd| Descriptor { fd, purpose: self.label.of_pipe().to_string() });
            let target = held.sink.map(|fd| Descriptor { fd, purpose: self.label.to_string() });
            [pipe, target].into_iter().flatten()
        })
    }

    fn is_settled(&self) -> bool {
        match &self.channel {
            Some(Channel::Main(main)) => main.is_settled() && !self.has_commands(),
            Some(Channel::Stream(_) | Channel::Watch(_) | Channel::FileTask(_)) => false,
            // A watch that hangs owes nobody anything.
            None => self.key.is_none(),
        }
    }
}
