//! One output stream of one process: its generations in order, each from its pipe into its pipeline.
//!
//! Only the front generation is read. The next one waits until the daemon has finished the front one and all of its output
//! is written, so bytes of two generations never change places, even while the log of the first cannot be written. Reading
//! stops while a sink has a backlog or the daemon owes acknowledgements; the pipe then fills, and its child waits.

use super::command::ChannelCommand;
use super::generation::{Advance, GenerationState};
use super::report::{Descriptors, NextService, OpenDescriptors, ServiceReport};
use crate::label::Label;
use crate::notice::{Generation, Notice, StreamId};
use crate::pump::poll::registration::{SinkRegistration, UNREGISTERED_RETRY};
use crate::pump::worker::context::WorkerContext;
use crate::sinks::buffered_output::Flow;
use std::sync::Arc;
use std::time::Instant;
use supervisor_core::Level;

/// The most generations that wait behind one that cannot be written. Each holds a pipe and a log file open.
const MAX_WAITING: usize = 8;

/// See the module.
#[derive(Debug)]
pub(crate) struct StreamChannel {
    id: StreamId,
    /// Its slot in the table: the token of its registrations with the poller.
    slot: usize,
    /// The generation that is read.
    front: Option<GenerationState>,
    /// Those behind it, in order; rarely any.
    waiting: Vec<GenerationState>,
    unacknowledged: usize,
    is_followed: bool,
    sink_registration: SinkRegistration,
}

impl StreamChannel {
    pub(crate) fn new(id: StreamId, slot: usize, is_followed: bool) -> Self {
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

    /// Executes `commands`, then moves what can be moved now. `is_hung_up`: the poller saw the pipe's other end closed.
    pub(crate) fn serve(
        &mut self,
        commands: Vec<ChannelCommand>,
        is_hung_up: bool,
        context: &mut WorkerContext<'_>,
    ) -> ServiceReport {
        let mut report = ServiceReport::default();
        for command in commands {
            self.execute(command, &mut report, context);
        }
        if let Some(front) = &mut self.front {
            front.is_hung_up |= is_hung_up;
        }
        let flow = self.move_output(&mut report, context);
        self.settle(flow, &mut report, context);
        report
    }

    /// Moves the output of the front generation, and of the next one if that ends.
    fn move_output(&mut self, report: &mut ServiceReport, context: &mut WorkerContext<'_>) -> Flow {
        loop {
            let Some(front) = &mut self.front else { return Flow::Open };
            let is_urgent = self.is_followed || front.is_consumed();
            front.is_polled &= !is_urgent;
            if !front.is_polled {
                front.pipe_registration.set(self.slot, front.pipe.as_ref(), is_urgent, context.poller);
            }
            match front.advance(self.id, &mut self.unacknowledged, report, context) {
                Advance::Ended => self.end_front(context),
                Advance::QuotaUsed => {
                    report.next = NextService::AtOnce;
                    return Flow::Open;
                }
                Advance::Waits(Flow::Open) if front.is_polled && !is_urgent => {
                    front.pipe_registration.clear(context.poller);
                    report.next = NextService::AfterPause;
                    return Flow::Open;
                }
                Advance::Waits(flow) => {
                    // A new registration reports at once what has come since the pipe was found empty.
                    front.pipe_registration.set(self.slot, front.pipe.as_ref(), is_urgent, context.poller);
                    return flow;
                }
            }
        }
    }

    fn execute(
        &mut self,
        command: ChannelCommand,
        report: &mut ServiceReport,
        context: &mut WorkerContext<'_>,
    ) {
        match command {
            ChannelCommand::Attach { generation, pipe, pipeline } => {
                self.attach(GenerationState::new(generation, pipe, *pipeline), context);
            }
            ChannelCommand::Finish(generation) => self.finish(generation, context),
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
            // For other kinds of channels.
            ChannelCommand::MainCleared | ChannelCommand::Watch { .. } | ChannelCommand::Unwatch(_) => {}
        }
    }

    fn attach(&mut self, state: GenerationState, context: &mut WorkerContext<'_>) {
        if self.front.is_none() {
            self.front = Some(state);
        } else {
            self.waiting.push(state);
            self.bound_queue(context);
        }
    }

    fn finish(&mut self, generation: Generation, context: &WorkerContext<'_>) {
        let stream = self.id;
        match self.generations_mut().find(|state| state.generation == generation) {
            Some(state) => state.limit_reading(),
            // Discarded, or never attached: the daemon waits for the notice all the same.
            None => context.notify(Notice::Drained { stream, generation }),
        }
    }

    /// Discards the oldest waiting generation when too many wait behind one that cannot be written.
    fn bound_queue(&mut self, context: &mut WorkerContext<'_>) {
        // Never the front one: part of it may be written, and it is the one whose log may accept output again.
        while self.waiting.len() >= MAX_WAITING {
            let state = self.waiting.remove(0);
            let unread = state.pipe.as_ref().map(supervisor_sys::fd::readable_bytes);
            let bytes = unread.and_then(Result::ok).unwrap_or(0);
            let log = Label::Output(Arc::clone(state.pipeline.spec()));
            let message = format!(
                "the {log} cannot be written: {bytes} bytes of an earlier run of the process are lost"
            );
            context.messages.push((Level::Error, message));
            if state.allowance.is_some() {
                context.notify(Notice::Drained { stream: self.id, generation: state.generation });
            }
        }
    }

    /// Closes the front generation, reports it drained and moves the next one up.
    fn end_front(&mut self, context: &mut WorkerContext<'_>) {
        self.sink_registration.clear(context.poller);
        let next = (!self.waiting.is_empty()).then(|| self.waiting.remove(0));
        if let Some(state) = std::mem::replace(&mut self.front, next) {
            let generation = state.generation;
            drop(state);
            context.notify(Notice::Drained { stream: self.id, generation });
        }
    }

    /// Registers the channel, or sets a deadline, so that whatever it waits for leads to its next service.
    fn settle(&mut self, flow: Flow, report: &mut ServiceReport, context: &WorkerContext<'_>) {
        let sink = self.front.as_ref().and_then(|front| front.pipeline.fd());
        report.deadline = self.sink_registration.settle(self.slot, flow, sink, context.poller);
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

    /// All generations, the front one first.
    fn generations_mut(&mut self) -> impl Iterator<Item = &mut GenerationState> {
        self.front.iter_mut().chain(&mut self.waiting)
    }
}
