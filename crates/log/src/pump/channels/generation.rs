//! The output of one generation of a process: read from its pipe, passed through its pipeline.

use super::pipe_load::{HOT_CAPACITY, PipeLoad};
use super::report::{OpenDescriptors, PipeFill, ServiceReport};
use crate::notice::{CREDIT, Generation, Notice, StreamId};
use crate::pipeline::OutputPipeline;
use crate::pump::poll::registration::PipeRegistration;
use crate::pump::worker::context::WorkerContext;
use crate::sinks::buffered_output::Flow;
use crate::spec::Delivery;
use crate::stages::{Delivered, StageContext};
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use supervisor_core::Level;

/// What may be in a pipe whose content cannot be asked for: the largest capacity an unprivileged process can set.
const MAX_PIPE_CAPACITY: usize = 1024 * 1024;

/// A generation that is attached.
#[derive(Debug)]
pub(crate) struct GenerationState {
    pub(super) generation: Generation,
    pub(super) pipeline: OutputPipeline,
    /// `None` once its end was reached or the allowance is used up.
    pub(super) pipe: Option<File>,
    pub(super) pipe_registration: PipeRegistration,
    /// `Some` once the process was reaped: how many bytes may still be read. That is what was in the pipe then, so that a
    /// grandchild that goes on writing cannot keep the generation alive.
    pub(super) allowance: Option<usize>,
    /// The pipe is read after each coalescing pause instead of being registered with the poller: a registration costs the
    /// child a seventh of the time of each small write, however long the pause.
    pub(super) is_polled: bool,
    load: PipeLoad,
    /// The poller saw the other end closed; it reports that only once.
    pub(super) is_hung_up: bool,
}

/// How far [`GenerationState::advance`] got.
pub(super) enum Advance {
    /// All output is written and everything closed.
    Ended,
    /// The read quota is used up before the pipe was empty.
    QuotaUsed,
    /// Nothing can be moved before the pipe, the sink or the daemon is ready again.
    Waits(Flow),
}

/// A part of a generation's output.
#[derive(Clone, Copy)]
enum Part {
    /// So many bytes of the worker's buffer.
    Chunk(usize),
    /// The end of the output.
    End,
}

impl GenerationState {
    pub(super) fn new(generation: Generation, pipe: File, pipeline: OutputPipeline) -> Self {
        Self {
            generation,
            pipeline,
            pipe: Some(pipe),
            pipe_registration: PipeRegistration::default(),
            allowance: None,
            is_polled: false,
            load: PipeLoad::default(),
            is_hung_up: false,
        }
    }

    /// Whether the daemon consumes the bytes, so that a coalescing pause would delay it.
    pub(super) fn is_consumed(&self) -> bool {
        self.pipeline.spec().delivery != Delivery::Nothing
    }

    /// From now on only what is in the pipe is read.
    pub(super) fn limit_reading(&mut self) {
        if self.allowance.is_none() {
            let waiting = self.pipe.as_ref().map(supervisor_sys::fd::readable_bytes);
            self.allowance = Some(waiting.map_or(0, |bytes| bytes.unwrap_or(MAX_PIPE_CAPACITY)));
        }
    }

    /// Moves output until the pipe is empty, the sink does not accept more, or the quota is used up.
    pub(super) fn advance(
        &mut self,
        stream: StreamId,
        unacknowledged: &mut usize,
        report: &mut ServiceReport,
        context: &mut WorkerContext<'_>,
    ) -> Advance {
        let mut flow = self.pipeline.flush(&mut context.messages);
        let mut total = 0;
        while flow == Flow::Open {
            let Some(pipe) = &self.pipe else {
                return if self.allowance.is_some() { Advance::Ended } else { Advance::Waits(Flow::Open) };
            };
            if *unacknowledged >= CREDIT {
                report.awaits_credit = true;
                return Advance::Waits(Flow::Open);
            }
            let echoes_too_fast = context.main_log.is_enabled(Level::Debug) && context.main_log.is_crowded();
            if context.quota.is_used_up(total) || echoes_too_fast {
                return Advance::QuotaUsed;
            }
            let room = context.buffer.len().min(self.allowance.unwrap_or(usize::MAX));
            let read = if room == 0 { Ok(0) } else { read(pipe, &mut context.buffer[..room]) };
            match read {
                Ok(0) => flow = self.close(stream, unacknowledged, context),
                Ok(count) => {
                    total += count;
                    self.count_read(count, total, report);
                    flow = self.pass(stream, Part::Chunk(count), unacknowledged, context);
                    // A short read has emptied the pipe. After a hang-up no event will report its end: read on.
                    if count < room && !self.is_hung_up && self.allowance.is_none() && flow == Flow::Open {
                        self.choose_wakeup(total, report.fill);
                        return Advance::Waits(Flow::Open);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && self.allowance.is_none() => {
                    self.choose_wakeup(total, report.fill);
                    return Advance::Waits(Flow::Open);
                }
                // The pipe is empty and the process reaped; or an error no pipe should give, after which nothing can be read.
                Err(_) => flow = self.close(stream, unacknowledged, context),
            }
        }
        Advance::Waits(flow)
    }

    /// Chooses between polling and the poller for a pipe just emptied of `total` bytes: a child that floods its log with small
    /// writes has written again by the end of the next pause. Once one of them has not, the poller reports again.
    fn choose_wakeup(&mut self, total: usize, fill: PipeFill) {
        self.is_polled = total > 0 && self.load.is_hot() && (self.is_polled || fill == PipeFill::Low);
    }

    /// The end of the output: the stages release what they hold.
    fn close(
        &mut self,
        stream: StreamId,
        unacknowledged: &mut usize,
        context: &mut WorkerContext<'_>,
    ) -> Flow {
        self.pipe_registration.clear(context.poller);
        if let Some(pipe) = self.pipe.take() {
            let spec = self.pipeline.spec();
            let channel = spec.channel.name();
            let message = format!(
                "fd {} closed, stopped monitoring <POutputDispatcher for <Subprocess with name {}> ({channel})>",
                pipe.as_raw_fd(),
                spec.process_name
            );
            context.messages.push((Level::Debug, message));
        }
        self.pass(stream, Part::End, unacknowledged, context)
    }

    /// Passes a part of the output through the pipeline, and what that delivers to the daemon.
    fn pass(
        &mut self,
        stream: StreamId,
        part: Part,
        unacknowledged: &mut usize,
        context: &mut WorkerContext<'_>,
    ) -> Flow {
        let generation = self.generation;
        let notify = context.notify;
        let mut deliver = |delivered| {
            let notice = match delivered {
                Delivered::Output(data) => Notice::Output { stream, generation, data },
                Delivered::Captured(data) => Notice::Captured { stream, generation, data },
            };
            *unacknowledged += notice.cost();
            notify(notice);
        };
        let mut stage_context = StageContext {
            main_log: context.main_log,
            scratch: &mut context.scratch,
            deliver: &mut deliver,
            messages: &mut context.messages,
        };
        match part {
            Part::Chunk(count) => self.pipeline.write(&context.buffer[..count], &mut stage_context),
            Part::End => self.pipeline.finish(&mut stage_context),
        }
    }

    /// Counts a read of `count` bytes, the `total` of this service so far, and gives a pipe that becomes hot more capacity.
    fn count_read(&mut self, count: usize, total: usize, report: &mut ServiceReport) {
        report.has_changed_log = true;
        report.has_moved = true;
        report.fill = report.fill.max(self.load.fill(count, total));
        if self.load.count_read(count)
            && let Some(pipe) = &self.pipe
        {
            // Refused where the user's share of pipe memory is used up: slower, but as right.
            let _ = supervisor_sys::fd::set_pipe_capacity(pipe, HOT_CAPACITY);
        }
    }

    pub(super) fn descriptors(&self) -> OpenDescriptors {
        OpenDescriptors {
            pipe: self.pipe.as_ref().map(AsRawFd::as_raw_fd),
            sink: self.pipeline.fd().map(|fd| fd.as_raw_fd()),
        }
    }
}

fn read(mut pipe: &File, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match pipe.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_hot_pipe_is_polled_and_only_while_each_pause_finds_bytes() {
        let (pipe, _writer) = io::pipe().unwrap();
        let spec = crate::StreamSpec {
            process_name: "web".into(),
            channel: supervisor_core::Channel::Stdout,
            file: None,
            syslog: false,
            strip_ansi: false,
            capture_max_bytes: 0,
            delivery: Delivery::Nothing,
        };
        let pipeline = OutputPipeline::over(&std::sync::Arc::new(spec), None);
        let mut state =
            GenerationState::new(Generation(1), std::os::fd::OwnedFd::from(pipe).into(), pipeline);
        let mut polled_after = |reads: &[(usize, PipeFill)]| -> Vec<bool> {
            let mut read = |&(total, fill)| {
                state.choose_wakeup(total, fill);
                state.is_polled
            };
            let polled = reads.iter().map(&mut read).collect();
            state.load = PipeLoad::hot();
            polled
        };
        assert_eq!(polled_after(&[(100, PipeFill::Low)]), [false], "not hot yet");
        let reads =
            [(100_000, PipeFill::High), (100, PipeFill::Low), (100_000, PipeFill::High), (0, PipeFill::Low)];
        assert_eq!(polled_after(&reads), [false, true, true, false]);
    }
}
