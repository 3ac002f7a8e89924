//! One life of a process on a stream: from its pipe into its sink.

use super::poll_registration::PipeWatch;
use super::service_report::{Fill, Held, Served};
use super::worker_context::Desk;
use crate::notice::{CREDIT, Generation, Notice, StreamId};
use crate::pipeline::{Delivered, Delivery, OutputPipeline, Surroundings};
use crate::sinks::buffered_output::Flow;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use supervisor_core::Level;

/// A pipe with this much in it may have been full, and its child waiting: a write that does not fit into what is left of
/// the last page takes a new one, so that writes of little more than half a page fill a pipe of 64 KiB with half of that.
const FULL: usize = 32 * 1024;

/// A pipe that is found full so often, without two small reads in a row between, gets more room.
const HOT: u8 = 4;

/// Less than this is a small read: a page, the least a pipe gives a writer.
const SMALL: usize = 4096;

/// The room a hot pipe gets; more gains nothing.
const HOT_CAPACITY: usize = 256 * 1024;

/// A hot pipe with this much in it was nearly full.
const BRIM: usize = HOT_CAPACITY / 4 * 3;

/// What may be in a pipe whose content cannot be asked for: the most an unprivileged process can make it
/// hold.
const LARGEST_PIPE: usize = 1024 * 1024;

/// One life of the process.
#[derive(Debug)]
pub(super) struct GenerationState {
    pub(super) generation: Generation,
    pub(super) sink: OutputPipeline,
    /// `None` once its end was reached or reading it is over.
    pub(super) pipe: Option<File>,
    pub(super) pipe_watch: PipeWatch,
    /// `Some` once the process was reaped: how much may still be read. What was in the pipe then, so that a
    /// grandchild that goes on writing cannot keep the generation alive.
    pub(super) allowance: Option<usize>,
    /// Its pipe is looked at after each pause instead of being watched: being watched costs its child a seventh of the time
    /// of each small write, however long the pause.
    pub(super) rests: bool,
    heat: Heat,
    /// The poller saw the other end closed; it tells so only once.
    pub(super) is_hung_up: bool,
}

/// How hard a child presses.
#[derive(Clone, Copy, Debug, Default)]
struct Heat {
    full_finds: u8,
    /// The last read was small.
    was_small: bool,
}

impl Heat {
    /// Whether its pipe has been given more room.
    fn is_hot(self) -> bool {
        self.full_finds >= HOT
    }

    /// How full its pipe was, from a read of `count` bytes and what this turn has found in it so far.
    fn fill(self, count: usize, bytes: usize) -> Fill {
        match (count, self.is_hot()) {
            (_, true) if bytes >= BRIM => Fill::Brimming,
            (FULL.., true) if bytes < BRIM / 2 => Fill::Roomy,
            (FULL.., _) => Fill::High,
            _ => Fill::Low,
        }
    }

    /// Takes note of a read; says once that its pipe is hot. One small read says nothing: a child that waited for room has
    /// written no more than that when the pipe is looked at right after it was emptied. A second one says that it is no flood.
    fn note(&mut self, count: usize) -> bool {
        let is_small = count < SMALL;
        if is_small && self.was_small {
            self.full_finds = 0;
        }
        self.was_small = is_small;
        if count < FULL {
            return false;
        }
        self.full_finds = self.full_finds.saturating_add(1);
        self.full_finds == HOT
    }
}

/// How far a generation got.
pub(super) enum Progress {
    /// All is written and closed.
    Ended,
    /// There is more, but it is the turn of others.
    OutOfTurn,
    /// Something has to happen first.
    Waits(Flow),
}

impl GenerationState {
    pub(super) fn new(generation: Generation, pipe: File, sink: OutputPipeline) -> Self {
        Self {
            generation,
            sink,
            pipe: Some(pipe),
            pipe_watch: PipeWatch::default(),
            allowance: None,
            rests: false,
            heat: Heat::default(),
            is_hung_up: false,
        }
    }

    /// Whether the daemon waits for the bytes, so that gathering them would delay it.
    pub(super) fn is_consumed(&self) -> bool {
        self.sink.spec().delivery != Delivery::Nothing
    }

    pub(super) fn limit_reading(&mut self) {
        if self.allowance.is_none() {
            let waiting = self.pipe.as_ref().map(supervisor_sys::fd::readable_bytes);
            self.allowance = Some(waiting.map_or(0, |bytes| bytes.unwrap_or(LARGEST_PIPE)));
        }
    }

    pub(super) fn advance(
        &mut self,
        stream: StreamId,
        unacknowledged: &mut usize,
        served: &mut Served,
        desk: &mut Desk<'_>,
    ) -> Progress {
        let mut flow = self.sink.flush(&mut desk.lines);
        let mut bytes = 0;
        while flow == Flow::Open {
            let Some(pipe) = &self.pipe else {
                return if self.allowance.is_some() { Progress::Ended } else { Progress::Waits(Flow::Open) };
            };
            if *unacknowledged >= CREDIT {
                served.awaits_credit = true;
                return Progress::Waits(Flow::Open);
            }
            let echoes_too_fast = desk.main_log.is_enabled(Level::Debug) && desk.main_log.is_crowded();
            if desk.turn.is_over(bytes) || echoes_too_fast {
                return Progress::OutOfTurn;
            }
            let room = desk.buffer.len().min(self.allowance.unwrap_or(usize::MAX));
            let read = if room == 0 { Ok(0) } else { read(pipe, &mut desk.buffer[..room]) };
            match read {
                Ok(0) => flow = self.close(stream, unacknowledged, desk),
                Ok(count) => {
                    bytes += count;
                    served.has_changed_log = true;
                    served.has_moved = true;
                    self.note_size(count, bytes, served);
                    flow = self.pass(stream, Part::Chunk(count), unacknowledged, desk);
                    // A short read has emptied the pipe. After a hang-up nothing would tell of its end: read
                    // on.
                    if count < room && !self.is_hung_up && self.allowance.is_none() && flow == Flow::Open {
                        self.rest_after(bytes, served.fill);
                        return Progress::Waits(Flow::Open);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && self.allowance.is_none() => {
                    self.rest_after(bytes, served.fill);
                    return Progress::Waits(Flow::Open);
                }
                // Empty and the process is gone; or an error no pipe should give, after which there is
                // nothing to read.
                Err(_) => flow = self.close(stream, unacknowledged, desk),
            }
        }
        Progress::Waits(flow)
    }

    /// Decides what tells of more in a pipe that was just emptied of so many bytes: a child that floods its log by small
    /// writes has written again after the next pause. Once it has not, the poller tells.
    fn rest_after(&mut self, bytes: usize, fill: Fill) {
        self.rests = bytes > 0 && self.heat.is_hot() && (self.rests || fill == Fill::Low);
    }

    /// The end of the output: what the sink held back goes its way.
    fn close(&mut self, stream: StreamId, unacknowledged: &mut usize, desk: &mut Desk<'_>) -> Flow {
        self.pipe_watch.clear(desk.waiter);
        if let Some(pipe) = self.pipe.take() {
            let spec = self.sink.spec();
            let channel = spec.channel.name();
            let line = format!(
                "fd {} closed, stopped monitoring <POutputDispatcher for <Subprocess with name {}> ({channel})>",
                pipe.as_raw_fd(),
                spec.process_name
            );
            desk.lines.push((Level::Debug, line));
        }
        self.pass(stream, Part::End, unacknowledged, desk)
    }

    /// Gives a part of the output to the sink and what comes out of it to the daemon.
    fn pass(
        &mut self,
        stream: StreamId,
        part: Part,
        unacknowledged: &mut usize,
        desk: &mut Desk<'_>,
    ) -> Flow {
        let generation = self.generation;
        let notify = desk.notify;
        let mut deliver = |delivered| {
            let notice = match delivered {
                Delivered::Output(data) => Notice::Output { stream, generation, data },
                Delivered::Captured(data) => Notice::Captured { stream, generation, data },
            };
            *unacknowledged += notice.cost();
            notify(notice);
        };
        let mut around = Surroundings {
            main_log: desk.main_log,
            visible: &mut desk.visible,
            deliver: &mut deliver,
            lines: &mut desk.lines,
        };
        match part {
            Part::Chunk(count) => self.sink.take(&desk.buffer[..count], &mut around),
            Part::End => self.sink.finish(&mut around),
        }
    }

    /// Notices a pipe that is always full and gives it room once. `bytes` is what this turn has found in it so far.
    fn note_size(&mut self, count: usize, bytes: usize, served: &mut Served) {
        served.fill = served.fill.max(self.heat.fill(count, bytes));
        if self.heat.note(count)
            && let Some(pipe) = &self.pipe
        {
            // Refused where the user's share of pipe memory is used up: slower, but as right.
            let _ = supervisor_sys::fd::set_pipe_capacity(pipe, HOT_CAPACITY);
        }
    }

    pub(super) fn descriptors(&self) -> Held {
        Held {
            pipe: self.pipe.as_ref().map(AsRawFd::as_raw_fd),
            target: self.sink.fd().map(|fd| fd.as_raw_fd()),
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
        let mut heat = Heat::default();
        reads.iter().fold(false, |is_hot, &count| is_hot | heat.note(count))
    }

    #[test]
    fn a_pipe_that_is_found_full_again_and_again_is_hot() {
        assert!(is_hot_after(&[FULL; 4]));
        assert!(!is_hot_after(&[FULL; 3]));
        let mut heat = Heat::default();
        let told = [FULL; 600].iter().filter(|&&count| heat.note(count)).count();
        assert_eq!(told, 1, "it is told once");
    }

    #[test]
    fn how_full_a_pipe_is_depends_on_the_room_it_has() {
        let (cold, hot) = (Heat::default(), Heat { full_finds: HOT, was_small: false });
        let fills = |heat: Heat| [100, FULL, BRIM / 2, BRIM].map(|count| heat.fill(count, count));
        assert_eq!(fills(cold), [Fill::Low, Fill::High, Fill::High, Fill::High]);
        assert_eq!(fills(hot), [Fill::Low, Fill::Roomy, Fill::High, Fill::Brimming]);
        assert_eq!(hot.fill(100, BRIM + 100), Fill::Brimming, "the last piece of much");
    }

    #[test]
    fn what_is_found_right_after_a_full_pipe_does_not_count() {
        assert!(is_hot_after(&[FULL, 100, FULL, 700, FULL, 100, FULL]));
        assert!(is_hot_after(&[FULL, SMALL, SMALL, FULL, 100, FULL, FULL]));
        assert!(!is_hot_after(&[FULL, FULL, FULL, 100, 100, FULL]));
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
        let sink = OutputPipeline::over(&std::sync::Arc::new(spec), None, None);
        let mut state = GenerationState::new(Generation(1), std::os::fd::OwnedFd::from(pipe).into(), sink);
        let mut rests_after = |looks: &[(usize, Fill)]| -> Vec<bool> {
            let mut look = |&(bytes, fill)| {
                state.rest_after(bytes, fill);
                state.rests
            };
            let rests = looks.iter().map(&mut look).collect();
            state.heat.full_finds = HOT;
            rests
        };
        assert_eq!(rests_after(&[(100, Fill::Low)]), [false], "not hot yet");
        let looks = [(FULL, Fill::High), (100, Fill::Low), (FULL, Fill::High), (0, Fill::Low)];
        assert_eq!(rests_after(&looks), [false, true, true, false]);
    }
}
