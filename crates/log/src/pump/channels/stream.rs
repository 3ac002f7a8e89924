//! One output stream of one process: its generations in order, each from its pipe into its sink.
//!
//! Only the first generation is read. The next one waits until the first was finished by the daemon and everything
//! of it is written, so bytes of two lives never change places, even while the log of the first cannot be
//! written. Reading stops while the sink holds something back or while the daemon owes acknowledgements; the
//! pipe then fills and its child waits.

use crate::ClearError;
use crate::label::Label;
use crate::notice::{Generation, Notice, StreamId};
use crate::pipeline::OutputPipeline;
use crate::pump::channels::generation::{Advance, GenerationState};
use crate::pump::channels::report::{Descriptors, NextService, OpenDescriptors, ServiceReport};
use crate::pump::poll::registration::{SinkRegistration, UNREGISTERED_RETRY};
use crate::pump::worker::context::WorkerContext;
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
pub(in crate::pump) enum ChannelCommand {
    /// A new generation begins.
    Attach { generation: Generation, pipe: File, pipeline: Box<OutputPipeline> },
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

impl fmt::Debug for ChannelCommand {
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
pub(in crate::pump) type ClearReply = Box<dyn FnOnce(Result<(), ClearError>) + Send>;

/// See the module.
#[derive(Debug)]
pub(in crate::pump) struct StreamChannel {
    id: StreamId,
    /// Its slot in the pump's table, for registering with the poller.
    slot: usize,
    /// The generation that is read.
    front: Option<GenerationState>,
    /// Those after it, in order. Apart, as there are hardly ever any.
    waiting: Vec<GenerationState>,
    unacknowledged: usize,
    is_followed: bool,
    sink_registration: SinkRegistration,
}

impl StreamChannel {
    pub(in crate::pump) fn new(id: StreamId, slot: usize, is_followed: bool) -> Self {
        Self {
            id,
            slot,
            front: None,
            waiting: Vec::new(),
            unacknowledged: 0,
            is_followed,
            sink_registration: SinkRegistration::default(),
        }
    }

    /// Moves what can be moved now. `hung_up` tells that the poller saw the pipe's other end closed.
    pub(in crate::pump) fn serve(
        &mut self,
        commands: Vec<ChannelCommand>,
        hung_up: bool,
        context: &mut WorkerContext<'_>,
    ) -> ServiceReport {
        let mut report = ServiceReport::default();
        for command in commands {
            self.accept(command, &mut report, context);
        }
        if let Some(front) = &mut self.front {
            front.is_hung_up |= hung_up;
        }
        let flow = loop {
            let Some(front) = &mut self.front else { break Flow::Open };
            let is_urgent = self.is_followed || front.is_consumed();
            front.is_polled &= !is_urgent;
            if !front.is_polled {
                front.pipe_registration.set(self.slot, front.pipe.as_ref(), is_urgent, context.poller);
            }
            match front.advance(self.id, &mut self.unacknowledged, &mut report, context) {
                Advance::Ended => self.end_front(context),
                Advance::OutOfTurn => {
                    report.next = NextService::AtOnce;
                    break Flow::Open;
                }
                Advance::Waits(Flow::Open) if front.is_polled && !is_urgent => {
                    front.pipe_registration.clear(context.poller);
                    report.next = NextService::AfterPause;
                    break Flow::Open;
                }
                Advance::Waits(flow) => {
                    // What came since it was found empty is told at once.
                    front.pipe_registration.set(self.slot, front.pipe.as_ref(), is_urgent, context.poller);
                    break flow;
                }
            }
        };
        self.settle(flow, &mut report, context);
        report
    }

    fn accept(
        &mut self,
        command: ChannelCommand,
        report: &mut ServiceReport,
        context: &mut WorkerContext<'_>,
    ) {
        match command {
            ChannelCommand::Attach { generation, pipe, pipeline } => {
                let state = GenerationState::new(generation, pipe, *pipeline);
                if self.front.is_none() {
                    self.front = Some(state);
                } else {
                    self.waiting.push(state);
                    self.bound_queue(context);
                }
            }
            ChannelCommand::Finish(generation) => {
                let stream = self.id;
                match self.generations_mut().find(|state| state.generation == generation) {
                    Some(state) => state.limit_reading(),
                    // Given up, or never begun: the daemon waits for the notice all the same.
                    None => context.notify(Notice::Drained { stream, generation }),
                }
            }
            ChannelCommand::FinishAll => self.generations_mut().for_each(GenerationState::limit_reading),
            ChannelCommand::Reopen => {
                self.sink_registration.clear(context.poller);
                self.generations_mut().for_each(|state| state.pipeline.reopen(&mut context.messages));
                report.has_changed_log = true;
            }
            ChannelCommand::Clear(reply) => {
                let outcome = self.generations_mut().try_for_each(|state| state.pipeline.clear());
                report.has_changed_log = true;
                report.replies.push(Box::new(|| reply(outcome)));
            }
            ChannelCommand::Acknowledge(cost) => {
                self.unacknowledged = self.unacknowledged.saturating_sub(cost);
            }
            ChannelCommand::Followed(is_followed) => self.is_followed = is_followed,
            // Nothing to a stream.
            ChannelCommand::MainCleared | ChannelCommand::Watch { .. } | ChannelCommand::Unwatch(_) => {}
        }
    }

    /// Gives up the oldest waiting generation when too many wait behind one that cannot be written.
    fn bound_queue(&mut self, context: &mut WorkerContext<'_>) {
        // Not the one that is read: part of it may be written, and it is the one whose log may work again.
        while self.waiting.len() >= LONGEST_QUEUE {
            let state = self.waiting.remove(0);
            let bytes = state
                .pipe
                .as_ref()
                .and_then(|pipe| supervisor_sys::fd::readable_bytes(pipe).ok())
                .unwrap_or(0);
            let log = Label::Output(Arc::clone(state.pipeline.spec()));
            let line = format!(
                "the {log} cannot be written: {bytes} bytes of an earlier run of the process are lost"
            );
            context.messages.push((Level::Error, line));
            if state.allowance.is_some() {
                context.notify(Notice::Drained { stream: self.id, generation: state.generation });
            }
        }
    }

    fn end_front(&mut self, context: &mut WorkerContext<'_>) {
        self.sink_registration.clear(context.poller);
        let next = (!self.waiting.is_empty()).then(|| self.waiting.remove(0));
        if let Some(state) = std::mem::replace(&mut self.front, next) {
            let generation = state.generation;
            drop(state);
            context.notify(Notice::Drained { stream: self.id, generation });
        }
    }

    /// Leaves the channel such that whatever it waits for wakes it.
    fn settle(&mut self, flow: Flow, report: &mut ServiceReport, context: &WorkerContext<'_>) {
        let target = self.front.as_ref().and_then(|front| front.pipeline.fd());
        report.deadline = self.sink_registration.settle(self.slot, flow, target, context.poller);
        if self.front.as_ref().is_some_and(|front| front.pipe.is_some() && !front.pipe_registration.is_set())
        {
            report.deadline.get_or_insert_with(|| Instant::now() + UNREGISTERED_RETRY);
        }
        if self.front.is_none() {
            report.next = NextService::Never;
        }
        report.descriptors = Descriptors {
            front: self.front.as_ref().map_or(OpenDescriptors::default(), GenerationState::descriptors),
            waiting: self.waiting.iter().map(GenerationState::descriptors).collect(),
        };
    }

    /// Every generation, the first one first.
    fn generations_mut(&mut self) -> impl Iterator<Item = &mut GenerationState> {
        self.front.iter_mut().chain(&mut self.waiting)
    }
}
