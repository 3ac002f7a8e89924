//! One output stream of one process: its generations in order, each from its pipe into its sink.
//!
//! Only the first generation is read. The next one waits until the first was finished by the daemon and everything
//! of it is written, so bytes of two lives never change places, even while the log of the first cannot be
//! written. Reading stops while the sink holds something back or while the daemon owes acknowledgements; the
//! pipe then fills and its child waits.

use super::generation::{GenerationState, Progress};
use super::poll_registration::{TargetWatch, UNWATCHED_RETRY};
use super::service_report::{Descriptors, Held, Next, Served};
use super::worker_context::Desk;
use crate::ClearError;
use crate::label::Label;
use crate::notice::{Generation, Notice, StreamId};
use crate::pipeline::OutputPipeline;
use crate::sinks::buffered_output::Flow;
use std::fmt;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use supervisor_core::Level;

/// So many generations may wait for one that cannot be written. Each holds a pipe and a log file open.
const LONGEST_QUEUE: usize = 8;

/// What the rest of the program asks of a stream.
pub(super) enum Letter {
    /// A new generation begins.
    Attach { generation: Generation, pipe: File, sink: Box<OutputPipeline> },
    /// The generation's process was reaped.
    Finish(Generation),
    /// The pump is being shut down: no generation gets more.
    FinishAll,
    /// Open the log again.
    Reopen,
    /// Empty the log.
    Clear(ClearReply),
    /// The daemon has dealt with notices.
    Acknowledge(usize),
    /// Whether somebody follows the log.
    Followed(bool),
    /// The main log was emptied: for its copy on stdout.
    MainCleared,
    /// A log is followed: for the watch.
    Watch { number: u64, path: Arc<Path> },
    /// It is followed no more by this follower: for the watch.
    Unwatch(u64),
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Attach { .. } => "Attach",
            Self::Finish(_) => "Finish",
            Self::FinishAll => "FinishAll",
            Self::Reopen => "Reopen",
            Self::Clear(_) => "Clear",
            Self::Acknowledge(_) => "Acknowledge",
            Self::Followed(_) => "Followed",
            Self::MainCleared => "MainCleared",
            Self::Watch { .. } => "Watch",
            Self::Unwatch(_) => "Unwatch",
        })
    }
}

/// Where the outcome of clearing goes.
pub(super) type ClearReply = Box<dyn FnOnce(Result<(), ClearError>) + Send>;

/// See the module.
#[derive(Debug)]
pub(super) struct StreamChannel {
    id: StreamId,
    /// Its slot in the pump's table, for registering with the poller.
    slot: usize,
    /// The generation that is read.
    front: Option<GenerationState>,
    /// Those after it, in order. Apart, as there are hardly ever any.
    waiting: Vec<GenerationState>,
    unacknowledged: usize,
    is_followed: bool,
    target_watch: TargetWatch,
}

impl StreamChannel {
    pub(super) fn new(id: StreamId, slot: usize, is_followed: bool) -> Self {
        Self {
            id,
            slot,
            front: None,
            waiting: Vec::new(),
            unacknowledged: 0,
            is_followed,
            target_watch: TargetWatch::default(),
        }
    }

    /// Moves what can be moved now. `hung_up` tells that the poller saw the pipe's other end closed.
    pub(super) fn serve(&mut self, mail: Vec<Letter>, hung_up: bool, desk: &mut Desk<'_>) -> Served {
        let mut served = Served::default();
        for letter in mail {
            self.accept(letter, &mut served, desk);
        }
        if let Some(front) = &mut self.front {
            front.is_hung_up |= hung_up;
        }
        let flow = loop {
            let Some(front) = &mut self.front else { break Flow::Open };
            let is_urgent = self.is_followed || front.is_consumed();
            front.rests &= !is_urgent;
            if !front.rests {
                front.pipe_watch.set(self.slot, front.pipe.as_ref(), is_urgent, desk.waiter);
            }
            match front.advance(self.id, &mut self.unacknowledged, &mut served, desk) {
                Progress::Ended => self.end_front(desk),
                Progress::OutOfTurn => {
                    served.next = Next::More;
                    break Flow::Open;
                }
                Progress::Waits(Flow::Open) if front.rests && !is_urgent => {
                    front.pipe_watch.clear(desk.waiter);
                    served.next = Next::Rest;
                    break Flow::Open;
                }
                Progress::Waits(flow) => {
                    // What came since it was found empty is told at once.
                    front.pipe_watch.set(self.slot, front.pipe.as_ref(), is_urgent, desk.waiter);
                    break flow;
                }
            }
        };
        self.settle(flow, &mut served, desk);
        served
    }

    fn accept(&mut self, letter: Letter, served: &mut Served, desk: &mut Desk<'_>) {
        match letter {
            Letter::Attach { generation, pipe, sink } => {
                let state = GenerationState::new(generation, pipe, *sink);
                if self.front.is_none() {
                    self.front = Some(state);
                } else {
                    self.waiting.push(state);
                    self.bound_queue(desk);
                }
            }
            Letter::Finish(generation) => {
                let stream = self.id;
                match self.generations_mut().find(|state| state.generation == generation) {
                    Some(state) => state.limit_reading(),
                    // Given up, or never begun: the daemon waits for the notice all the same.
                    None => desk.notify(Notice::Drained { stream, generation }),
                }
            }
            Letter::FinishAll => self.generations_mut().for_each(GenerationState::limit_reading),
            Letter::Reopen => {
                self.target_watch.clear(desk.waiter);
                self.generations_mut().for_each(|state| state.sink.reopen(&mut desk.lines));
                served.has_changed_log = true;
            }
            Letter::Clear(reply) => {
                let outcome = self.generations_mut().try_for_each(|state| state.sink.clear());
                served.has_changed_log = true;
                served.replies.push(Box::new(|| reply(outcome)));
            }
            Letter::Acknowledge(cost) => self.unacknowledged = self.unacknowledged.saturating_sub(cost),
            Letter::Followed(is_followed) => self.is_followed = is_followed,
            // Nothing to a stream.
            Letter::MainCleared | Letter::Watch { .. } | Letter::Unwatch(_) => {}
        }
    }

    /// Gives up the oldest waiting generation when too many wait behind one that cannot be written.
    fn bound_queue(&mut self, desk: &mut Desk<'_>) {
        // Not the one that is read: part of it may be written, and it is the one whose log may work again.
        while self.waiting.len() >= LONGEST_QUEUE {
            let state = self.waiting.remove(0);
            let bytes = state
                .pipe
                .as_ref()
                .and_then(|pipe| supervisor_sys::fd::readable_bytes(pipe).ok())
                .unwrap_or(0);
            let log = Label::Output(Arc::clone(state.sink.spec()));
            let line = format!(
                "the {log} cannot be written: {bytes} bytes of an earlier run of the process are lost"
            );
            desk.lines.push((Level::Error, line));
            if state.allowance.is_some() {
                desk.notify(Notice::Drained { stream: self.id, generation: state.generation });
            }
        }
    }

    fn end_front(&mut self, desk: &mut Desk<'_>) {
        self.target_watch.clear(desk.waiter);
        let next = (!self.waiting.is_empty()).then(|| self.waiting.remove(0));
        if let Some(state) = std::mem::replace(&mut self.front, next) {
            let generation = state.generation;
            drop(state);
            desk.notify(Notice::Drained { stream: self.id, generation });
        }
    }

    /// Leaves the channel such that whatever it waits for wakes it.
    fn settle(&mut self, flow: Flow, served: &mut Served, desk: &Desk<'_>) {
        let target = self.front.as_ref().and_then(|front| front.sink.fd());
        served.deadline = self.target_watch.settle(self.slot, flow, target, desk.waiter);
        if self.front.as_ref().is_some_and(|front| front.pipe.is_some() && !front.pipe_watch.is_set()) {
            served.deadline.get_or_insert_with(|| Instant::now() + UNWATCHED_RETRY);
        }
        if self.front.is_none() {
            served.next = Next::Gone;
        }
        served.descriptors = Descriptors {
            front: self.front.as_ref().map_or(Held::default(), GenerationState::descriptors),
            waiting: self.waiting.iter().map(GenerationState::descriptors).collect(),
        };
    }

    /// Every generation, the first one first.
    fn generations_mut(&mut self) -> impl Iterator<Item = &mut GenerationState> {
        self.front.iter_mut().chain(&mut self.waiting)
    }
}
