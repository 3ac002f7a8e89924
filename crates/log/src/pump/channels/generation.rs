//! One life of a process on a stream: from its pipe into its sink.

use crate::notice::{CREDIT, Generation, Notice, StreamId};
use crate::pipeline::{Delivered, Delivery, OutputPipeline, StageContext};
use crate::pump::channels::report::{OpenDescriptors, PipeFill, ServiceReport};
use crate::pump::poll::registration::PipeRegistration;
use crate::pump::worker::context::WorkerContext;
use crate::sinks::buffered_output::Flow;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use supervisor_core::Level;

/// A pipe with this much in it may have been full, and its child waiting: a write that does not fit into what is left of
/// the last page takes a new one, so that writes of little more than half a page fill a pipe of 64 KiB with half of that.
const FULL_READ: usize = 32 * 1024;

/// A pipe that is found full so often, without two small reads in a row between, gets more room.
const HOT_AFTER: u8 = 4;

/// Less than this is a small read: a page, the least a pipe gives a writer.
const SMALL_READ: usize = 4096;

/// The room a hot pipe gets; more gains nothing.
const HOT_CAPACITY: usize = 256 * 1024;

/// A hot pipe with this much in it was nearly full.
const NEARLY_FULL: usize = HOT_CAPACITY / 4 * 3;

/// What may be in a pipe whose content cannot be asked for: the most an unprivileged process can make it
/// hold.
const LARGEST_PIPE: usize = 1024 * 1024;

/// One life of the process.
#[derive(Debug)]
pub(in crate::pump) struct GenerationState {
    pub(in crate::pump) generation: Generation,
    pub(in crate::pump) pipeline: OutputPipeline,
    /// `None` once its end was reached or reading it is over.
    pub(in crate::pump) pipe: Option<File>,
    pub(in crate::pump) pipe_registration: PipeRegistration,
    /// `Some` once the process was reaped: how much may still be read. What was in the pipe then, so that a
    /// grandchild that goes on writing cannot keep the generation alive.
    pub(in crate::pump) allowance: Option<usize>,
    /// Its pipe is looked at after each pause instead of being watched: being watched costs its child a seventh of the time
    /// of each small write, however long the pause.
    pub(in crate::pump) is_polled: bool,
    load: PipeLoad,
    /// The poller saw the other end closed; it tells so only once.
    pub(in crate::pump) is_hung_up: bool,
}

/// How hard a child writes.
#[derive(Clone, Copy, Debug, Default)]
struct PipeLoad {
    full_reads: u8,
    /// The last read was small.
    last_was_small: bool,
}

impl PipeLoad {
    /// Whether its pipe has been given more room.
    fn is_hot(self) -> bool {
        self.full_reads >= HOT_AFTER
    }

    /// How full its pipe was, from a read of `count` bytes and what this turn has found in it so far.
    fn fill(self, count: usize, bytes: usize) -> PipeFill {
        match (count, self.is_hot()) {
            (_, true) if bytes >= NEARLY_FULL => PipeFill::NearlyFull,
            (FULL_READ.., true) if bytes < NEARLY_FULL / 2 => PipeFill::Moderate,
            (FULL_READ.., _) => PipeFill::High,
            _ => PipeFill::Low,
        }
    }

    /// Takes note of a read; says once that its pipe is hot. One small read says nothing: a child that waited for room has
    /// written no more than that when the pipe is looked at right after it was emptied. A second one says that it is no flood.
    fn note(&mut self, count: usize) -> bool {
        let is_small = count < SMALL_READ;
        if is_small && self.last_was_small {
            self.full_reads = 0;
        }
        self.last_was_small = is_small;
        if count < FULL_READ {
            return false;
        }
        self.full_reads = self.full_reads.saturating_add(1);
        self.full_reads == HOT_AFTER
    }
}

/// How far a generation got.
pub(in crate::pump) enum Advance {
    /// All is written and closed.
    Ended,
    /// There is more, but it is the turn of others.
    OutOfTurn,
    /// Something has to happen first.
    Waits(Flow),
}

impl GenerationState {
    pub(in crate::pump) fn new(generation: Generation, pipe: File, pipeline: OutputPipeline) -> Self {
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

    /// Whether the daemon waits for the bytes, so that coalescing them would delay it.
    pub(in crate::pump) fn is_consumed(&self) -> bool {
        self.pipeline.spec().delivery != Delivery::Nothing
    }

    pub(in crate::pump) fn limit_reading(&mut self) {
        if self.allowance.is_none() {
            let waiting = self.pipe.as_ref().map(supervisor_sys::fd::readable_bytes);
            self.allowance = Some(waiting.map_or(0, |bytes| bytes.unwrap_or(LARGEST_PIPE)));
        }
    }

    pub(in crate::pump) fn advance(
        &mut self,
        stream: StreamId,
        unacknowledged: &mut usize,
        report: &mut ServiceReport,
        context: &mut WorkerContext<'_>,
    ) -> Advance {
        let mut flow = self.pipeline.flush(&mut context.messages);
        let mut bytes = 0;
        while flow == Flow::Open {
            let Some(pipe) = &self.pipe else {
                return if self.allowance.is_some() { Advance::Ended } else { Advance::Waits(Flow::Open) };
            };
            if *unacknowledged >= CREDIT {
                report.awaits_credit = true;
                return Advance::Waits(Flow::Open);
            }
            let echoes_too_fast = context.main_log.is_enabled(Level::Debug) && context.main_log.is_crowded();
            if context.quota.is_used_up(bytes) || echoes_too_fast {
                return Advance::OutOfTurn;
            }
            let room = context.buffer.len().min(self.allowance.unwrap_or(usize::MAX));
            let read = if room == 0 { Ok(0) } else { read(pipe, &mut context.buffer[..room]) };
            match read {
                Ok(0) => flow = self.close(stream, unacknowledged, context),
                Ok(count) => {
                    bytes += count;
                    report.has_changed_log = true;
                    report.has_moved = true;
                    self.note_size(count, bytes, report);
                    flow = self.pass(stream, Part::Chunk(count), unacknowledged, context);
                    // A short read has emptied the pipe. After a hang-up nothing would tell of its end: read
                    // on.
                    if count < room && !self.is_hung_up && self.allowance.is_none() && flow == Flow::Open {
                        self.choose_wakeup(bytes, report.fill);
                        return Advance::Waits(Flow::Open);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && self.allowance.is_none() => {
                    self.choose_wakeup(bytes, report.fill);
                    return Advance::Waits(Flow::Open);
                }
                // Empty and the process is gone; or an error no pipe should give, after which there is
                // nothing to read.
                Err(_) => flow = self.close(stream, unacknowledged, context),
            }
        }
        Advance::Waits(flow)
    }

    /// Decides what tells of more in a pipe that was just emptied of so many bytes: a child that floods its log by small
    /// writes has written again after the next pause. Once it has not, the poller tells.
    fn choose_wakeup(&mut self, bytes: usize, fill: PipeFill) {
        self.is_polled = bytes > 0 && self.load.is_hot() && (self.is_polled || fill == PipeFill::Low);
    }

    /// The end of the output: what the sink held back goes its way.
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
            let line = format!(
                "fd {} closed, stopped monitoring <POutputDispatcher for <Subprocess with name {}> ({channel})>",
                pipe.as_raw_fd(),
                spec.process_name
            );
            context.messages.push((Level::Debug, line));
        }
        self.pass(stream, Part::End, unacknowledged, context)
    }

    /// Gives a part of the output to the sink and what comes out of it to the daemon.
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
            visible: &mut context.visible,
            deliver: &mut deliver,
            messages: &mut context.messages,
        };
        match part {
            Part::Chunk(count) => self.pipeline.take(&context.buffer[..count], &mut stage_context),
            Part::End => self.pipeline.finish(&mut stage_context),
        }
    }

    /// Notices a pipe that is always full and gives it room once. `bytes` is what this turn has found in it so far.
    fn note_size(&mut self, count: usize, bytes: usize, report: &mut ServiceReport) {
        report.fill = report.fill.max(self.load.fill(count, bytes));
        if self.load.note(count)
            && let Some(pipe) = &self.pipe
        {
            // Refused where the user's share of pipe memory is used up: slower, but as right.
            let _ = supervisor_sys::fd::set_pipe_capacity(pipe, HOT_CAPACITY);
        }
    }

    pub(in crate::pump) fn descriptors(&self) -> OpenDescriptors {
        OpenDescriptors {
            pipe: self.pipe.as_ref().map(AsRawFd::as_raw_fd),
            sink: self.pipeline.fd().map(|fd| fd.as_raw_fd()),
        }
    }
}

/// A part of a generation's output.
#[derive(Clone, Copy)]
enum Part {
    /// So many bytes of the buffer.
    Chunk(usize),
    /// Nothing more.
    End,
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

    fn is_hot_after(reads: &[usize]) -> bool {
        let mut load = PipeLoad::default();
        reads.iter().fold(false, |is_hot, &count| is_hot | load.note(count))
    }

    #[test]
    fn a_pipe_that_is_found_full_again_and_again_is_hot() {
        assert!(is_hot_after(&[FULL_READ; 4]));
        assert!(!is_hot_after(&[FULL_READ; 3]));
        let mut load = PipeLoad::default();
        let told = [FULL_READ; 600].iter().filter(|&&count| load.note(count)).count();
        assert_eq!(told, 1, "it is told once");
    }

    #[test]
    fn how_full_a_pipe_is_depends_on_the_room_it_has() {
        let (cold, hot) = (PipeLoad::default(), PipeLoad { full_reads: HOT_AFTER, last_was_small: false });
        let fills = |load: PipeLoad| {
            [100, FULL_READ, NEARLY_FULL / 2, NEARLY_FULL].map(|count| load.fill(count, count))
        };
        assert_eq!(fills(cold), [PipeFill::Low, PipeFill::High, PipeFill::High, PipeFill::High]);
        assert_eq!(fills(hot), [PipeFill::Low, PipeFill::Moderate, PipeFill::High, PipeFill::NearlyFull]);
        assert_eq!(hot.fill(100, NEARLY_FULL + 100), PipeFill::NearlyFull, "the last piece of much");
    }

    #[test]
    fn what_is_found_right_after_a_full_pipe_does_not_count() {
        assert!(is_hot_after(&[FULL_READ, 100, FULL_READ, 700, FULL_READ, 100, FULL_READ]));
        assert!(is_hot_after(&[FULL_READ, SMALL_READ, SMALL_READ, FULL_READ, 100, FULL_READ, FULL_READ]));
        assert!(!is_hot_after(&[FULL_READ, FULL_READ, FULL_READ, 100, 100, FULL_READ]));
    }

    #[test]
    fn only_a_hot_pipe_that_is_not_full_after_a_pause_rests_and_only_as_long_as_something_comes() {
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
        let pipeline = OutputPipeline::over(&std::sync::Arc::new(spec), None, None);
        let mut state =
            GenerationState::new(Generation(1), std::os::fd::OwnedFd::from(pipe).into(), pipeline);
        let mut polled_after = |looks: &[(usize, PipeFill)]| -> Vec<bool> {
            let mut look = |&(bytes, fill)| {
                state.choose_wakeup(bytes, fill);
                state.is_polled
            };
            let is_polled = looks.iter().map(&mut look).collect();
            state.load.full_reads = HOT_AFTER;
            is_polled
        };
        assert_eq!(polled_after(&[(100, PipeFill::Low)]), [false], "not hot yet");
        let looks = [
            (FULL_READ, PipeFill::High),
            (100, PipeFill::Low),
            (FULL_READ, PipeFill::High),
            (0, PipeFill::Low),
        ];
        assert_eq!(polled_after(&looks), [false, true, true, false]);
    }
}
