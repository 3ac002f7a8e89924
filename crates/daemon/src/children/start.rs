//! The beginning of a child: what a spawn came to, its outputs, and the watch for its end.

use super::{ChildToken, Children};
use crate::workers::spawn::{Output, SpawnFailure, SpawnResult, stream_id};
use mio::Interest;
use mio::unix::SourceFd;
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use supervisor_core::{Input, Level, ProcessId};
use supervisor_log::Generation;
use supervisor_sys::errno::words;

/// What a spawn came to.
pub(crate) struct SpawnOutcome {
    /// For the core.
    pub(crate) input: Input,
    /// To be [attached](Children::attach) once the core has heard of the spawn, so that nothing the child writes comes before.
    pub(crate) outputs: Option<NewOutputs>,
}

/// The outputs of a new child.
pub(crate) struct NewOutputs {
    process: ProcessId,
    generation: Generation,
    outputs: Vec<Output>,
    /// How often logs were reopened before these were opened, at least.
    reopens: u64,
}

impl Children {
    /// Takes in the child that a spawn made, if it made one.
    pub(crate) fn begin(&mut self, result: SpawnResult) -> SpawnOutcome {
        let SpawnResult { process: id, generation, reopens, outcome } = result;
        let launched = match outcome {
            Ok(launched) => launched,
            Err(SpawnFailure { message, detail }) => {
                if let Some(detail) = detail {
                    self.log.log(Level::Error, detail);
                }
                return SpawnOutcome { input: Input::SpawnFailed { process: id, message }, outputs: None };
            }
        };
        let input = Input::Spawned { process: id, pid: launched.pid };
        // The core keeps a process for as long as a spawn is under way, so there is one; yet no child may be left behind, and
        // the core orders one it does not know to be killed.
        let outputs = self.processes.get_mut(id).map(|process| {
            let outputs = process.begin(generation, launched);
            NewOutputs { process: id, generation, outputs, reopens }
        });
        SpawnOutcome { input, outputs }
    }

    /// Hands the outputs of a new child to the pump, and watches for its end.
    pub(crate) fn attach(&mut self, new: NewOutputs) {
        let NewOutputs { process: id, generation, outputs, reopens } = new;
        for Output { channel, pipe, pipeline } in outputs {
            if let Err(error) = self.pump.attach(stream_id(id, channel), generation, pipe, pipeline) {
                let text = format!("cannot read the {} of process {id}: {}", channel.name(), words(&error));
                self.log.log(Level::Critical, text);
            }
            if reopens != self.reopens {
                // It may have been opened before they were.
                self.pump.reopen(stream_id(id, channel));
            }
        }
        let child = self.processes.get(id).and_then(|process| process.child.as_ref());
        let Some(child) = child.filter(|child| child.generation == generation) else { return };
        match child.pidfd.as_ref().map(AsRawFd::as_raw_fd) {
            Some(pidfd) => {
                if let Err(error) = self.watch_end(id.raw(), pidfd) {
                    self.cannot_watch(id, &error);
                }
            }
            None => self.watch_by_signal(id.raw()),
        }
    }

    /// Wakes the loop when the process of this pidfd has ended.
    pub(super) fn watch_end(&self, raw: u64, pidfd: RawFd) -> io::Result<()> {
        self.registry.register(&mut SourceFd(&pidfd), ChildToken::End(raw).into(), Interest::READABLE)
    }

    /// Without a watch on its pidfd a child is one of a kernel without pidfds.
    fn cannot_watch(&mut self, id: ProcessId, error: &io::Error) {
        if let Some(child) = self.processes.get_mut(id).and_then(|process| process.child.as_mut()) {
            child.pidfd = None;
        }
        self.log.log(Level::Critical, format!("cannot watch for the end of process {id}: {}", words(error)));
        self.watch_by_signal(id.raw());
    }

    /// Only SIGCHLD will tell of the end of this child, and may have done so already.
    fn watch_by_signal(&mut self, raw: u64) {
        self.unwatched.insert(raw);
        self.reap_if_ended(raw);
    }

    /// Ends the watch on a descriptor.
    pub(super) fn unwatch(&self, descriptor: RawFd) {
        if let Err(error) = self.registry.deregister(&mut SourceFd(&descriptor)) {
            self.log.log(
                Level::Error,
                format!("cannot stop watching descriptor {descriptor}: {}", words(&error)),
            );
        }
    }
}
