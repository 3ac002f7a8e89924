//! How handles reach channels: commands that wait in a slot, acknowledgements, new channels.

use super::super::FollowKey;
use super::super::channels::Channel;
use super::super::channels::command::ChannelCommand;
use super::super::channels::file_task::FileTask;
use super::super::channels::file_watch::FileWatchChannel;
use super::super::channels::main_log::MainLogChannel;
use super::super::channels::stream::StreamChannel;
use super::{Phase, Table};
use crate::label::Label;
use crate::main_log::MainLogOutput;
use crate::{ClearError, StreamId};
use std::path::Path;
use std::sync::Arc;

impl Table {
    /// Adds the outputs of the main log.
    pub(crate) fn add_main(&mut self, outputs: Vec<MainLogOutput>) {
        for output in outputs {
            let label = output.label().clone();
            let is_log = output.is_log();
            let slot = self.insert(Some(FollowKey::Main), label, |slot| {
                Channel::MainLog(Box::new(MainLogChannel::new(output, slot)))
            });
            self.main.push(slot);
            self.main_log = if is_log { Some(slot) } else { self.main_log };
            self.make_ready(slot);
        }
    }

    /// Adds an operation on a file, to be done once.
    pub(crate) fn add_file_task(&mut self, key: FollowKey, label: Label, task: FileTask) {
        let slot = self.insert(Some(key), label, |_| Channel::FileTask(Box::new(task)));
        self.make_ready(slot);
    }

    /// Posts a command to a stream, which gets a slot if it has none.
    pub(crate) fn post(&mut self, stream: StreamId, command: ChannelCommand) {
        let slot = self.streams.get(&stream).copied().unwrap_or_else(|| self.add_stream(stream));
        if let ChannelCommand::Attach { pipeline, .. } = &command {
            self.slot_mut(slot).label = Label::Output(Arc::clone(pipeline.spec()));
        }
        self.post_to_slot(slot, command);
    }

    /// Posts a command to a stream if it has a slot.
    pub(crate) fn post_if_known(&mut self, stream: StreamId, command: ChannelCommand) {
        if self.is_known(stream) {
            self.post(stream, command);
        }
    }

    pub(crate) fn is_known(&self, stream: StreamId) -> bool {
        self.streams.contains_key(&stream)
    }

    /// Posts a command to each stream.
    pub(crate) fn post_all(&mut self, command: impl Fn() -> ChannelCommand) {
        let slots: Vec<usize> = self.streams.values().copied().collect();
        for slot in slots {
            self.post_to_slot(slot, command());
        }
    }

    /// Posts a command to each output of the main log.
    pub(crate) fn post_main(&mut self, command: impl Fn() -> ChannelCommand) {
        for slot in self.main.clone() {
            self.post_to_slot(slot, command());
        }
    }

    /// Truncates the main log. Returns `reply` if there is none.
    pub(crate) fn clear_main<F>(&mut self, reply: F) -> Option<F>
    where
        F: FnOnce(Result<(), ClearError>) + Send + 'static,
    {
        let Some(log) = self.main_log else { return Some(reply) };
        self.post_main(|| ChannelCommand::MainCleared);
        self.post_to_slot(log, ChannelCommand::Clear(Box::new(reply)));
        None
    }

    /// Records an acknowledgement; a stream that does not wait for it is not served because of it.
    pub(crate) fn acknowledge(&mut self, stream: StreamId, cost: usize) {
        let Some(&index) = self.streams.get(&stream) else { return };
        let slot = self.slot_mut(index);
        slot.pending().acknowledged += cost;
        if slot.awaits_credit {
            self.make_ready(index);
        }
    }

    /// Tells a stream whether its log has followers; the main log is never delayed and need not know.
    pub(crate) fn post_followed(&mut self, key: FollowKey, is_followed: bool) {
        match key {
            FollowKey::Stream(stream) => self.post_if_known(stream, ChannelCommand::Followed(is_followed)),
            FollowKey::Main => {}
        }
    }

    /// Watches the log of a follower.
    pub(crate) fn watch(&mut self, number: u64, path: Arc<Path>) {
        if self.phase != Phase::Running {
            return;
        }
        let slot = self.file_watch.unwrap_or_else(|| {
            let label = String::from("watch over followed logs").into();
            self.insert(None, label, |slot| Channel::FileWatch(Box::new(FileWatchChannel::new(slot))))
        });
        self.file_watch = Some(slot);
        self.post_to_slot(slot, ChannelCommand::Watch { number, path });
    }

    /// Posts a command to the file watch, if there is one.
    pub(crate) fn post_file_watch(&mut self, command: ChannelCommand) {
        if let Some(slot) = self.file_watch {
            self.post_to_slot(slot, command);
        }
    }

    /// The kernel reported changes of logs whose followers are still to be woken.
    pub(crate) fn make_file_watch_ready(&mut self) {
        if let Some(slot) = self.file_watch {
            self.make_ready(slot);
        }
    }

    /// The main log has records to write.
    pub(crate) fn make_main_ready(&mut self) {
        for position in 0..self.main.len() {
            self.make_ready(self.main[position]);
        }
    }

    /// Adds a model's stream.
    #[cfg(all(test, loom))]
    pub(crate) fn add_model(&mut self, stream: StreamId, channel: super::super::model::ModelChannel) {
        let key = FollowKey::Stream(stream);
        let slot = self.insert(Some(key), Label::Text(Arc::default()), |_| Channel::Model(Box::new(channel)));
        self.streams.insert(stream, slot);
    }

    fn post_to_slot(&mut self, slot: usize, command: ChannelCommand) {
        self.slot_mut(slot).pending().commands.push(command);
        self.make_ready(slot);
    }

    fn add_stream(&mut self, stream: StreamId) -> usize {
        let key = FollowKey::Stream(stream);
        let is_followed = self.followers.any(key);
        let channel = |slot| Channel::Stream(Box::new(StreamChannel::new(stream, slot, is_followed)));
        let slot = self.insert(Some(key), Label::Text(Arc::default()), channel);
        self.streams.insert(stream, slot);
        slot
    }
}
