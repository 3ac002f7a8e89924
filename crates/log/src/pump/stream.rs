//! One output stream of one process: its runs in order, each from its pipe into its sink.
//!
//! Only the first run is read. The next one waits until the first was finished by the daemon and everything
//! of it is written, so bytes of two lives never change places, even while the log of the first cannot be
//! written. Reading stops while the sink holds something back or while the daemon owes acknowledgements; the
//! pipe then fills and its child waits.

use super::desk::Desk;
use super::interest::{PipeWatch, TargetWatch, UNWATCHED_RETRY};
use super::served::{Next, Owned, Served};
use crate::ClearError;
use crate::label::Label;
use crate::notice::{CREDIT, Notice, Run, StreamId};
use crate::outlet::Flow;
use crate::sink::{Delivered, Delivery, Sink, Surroundings};
use std::collections::VecDeque;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Instant;
use supervisor_core::Level;

/// The most that is read from one pipe before others get their turn.
const ROUND: usize = 256 * 1024;

/// A pipe with this much in it may have been full, and its child waiting: a write that does not fit into what is left of
/// the last page takes a new one, so that writes of little more than half a page fill a pipe of 64 KiB with half of that.
const FULL: usize = 32 * 1024;

/// A pipe that is found full so often, without a small read in between, gets more room.
const HOT: u32 = 4;

/// A read that shows that its child is no flood: a page, the least a pipe gives a writer.
const SMALL: usize = 4096;

/// The room a hot pipe gets; more gains nothing.
const HOT_CAPACITY: usize = 256 * 1024;

/// What may be in a pipe whose content cannot be asked for: the most an unprivileged process can make it
/// hold.
const LARGEST_PIPE: usize = 1024 * 1024;

/// So many runs may wait for one that cannot be written. Each holds a pipe and a log file open.
const LONGEST_QUEUE: usize = 8;

/// What the rest of the program asks of a stream.
pub(super) enum Letter {
    /// A new run begins.
    Attach { run: Run, pipe: File, sink: Box<Sink> },
    /// The run's process was reaped.
    Finish(Run),
    /// The pump is being shut down: no run gets more.
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
    runs: VecDeque<RunState>,
    unacknowledged: usize,
    is_followed: bool,
    target_watch: TargetWatch,
    /// The descriptors last told to the table.
    reported: Box<[Owned]>,
}

/// One life of the process.
#[derive(Debug)]
struct RunState {
    run: Run,
    sink: Box<Sink>,
    /// `None` once its end was reached or reading it is over.
    pipe: Option<File>,
    pipe_watch: PipeWatch,
    /// `Some` once the process was reaped: how much may still be read. What was in the pipe then, so that a
    /// grandchild that goes on writing cannot keep the run alive.
    allowance: Option<usize>,
    full_finds: u32,
    /// The poller saw the other end closed; it tells so only once.
    is_hung_up: bool,
}

/// How far a run got.
enum Progress {
    /// All is written and closed.
    Ended,
    /// There is more, but it is the turn of others.
    OutOfTurn,
    /// Something has to happen first.
    Waits(Flow),
}

impl StreamChannel {
    pub(super) fn new(id: StreamId, slot: usize, is_followed: bool) -> Self {
        Self {
            id,
            slot,
            // Hardly ever more than one; a queue that grows begins with room for four.
            runs: VecDeque::with_capacity(1),
            unacknowledged: 0,
            is_followed,
            target_watch: TargetWatch::default(),
            reported: Box::default(),
        }
    }

    /// Moves what can be moved now. `hung_up` tells that the poller saw the pipe's other end closed.
    pub(super) fn serve(&mut self, mail: Vec<Letter>, hung_up: bool, desk: &mut Desk<'_>) -> Served {
        let mut served = Served::default();
        for letter in mail {
            self.accept(letter, &mut served, desk);
        }
        if let Some(front) = self.runs.front_mut() {
            front.is_hung_up |= hung_up;
        }
        let flow = loop {
            let Some(front) = self.runs.front_mut() else { break Flow::Open };
            front.pipe_watch.set(
                self.slot,
                front.pipe.as_ref(),
                self.is_followed || front.is_consumed(),
                desk.waiter,
            );
            match front.advance(self.id, &mut self.unacknowledged, &mut served, desk) {
                Progress::Ended => self.end_front(desk),
                Progress::OutOfTurn => {
                    served.next = Next::More;
                    break Flow::Open;
                }
                Progress::Waits(flow) => break flow,
            }
        };
        self.settle(flow, &mut served, desk);
        served
    }

    fn accept(&mut self, letter: Letter, served: &mut Served, desk: &mut Desk<'_>) {
        match letter {
            Letter::Attach { run, pipe, sink } => {
                self.runs.push_back(RunState::new(run, pipe, sink));
                self.bound_queue(desk);
            }
            Letter::Finish(run) => match self.runs.iter_mut().find(|state| state.run == run) {
                Some(state) => state.limit_reading(),
                // Given up, or never begun: the daemon waits for the notice all the same.
                None => desk.notify(Notice::Drained { stream: self.id, run }),
            },
            Letter::FinishAll => self.runs.iter_mut().for_each(RunState::limit_reading),
            Letter::Reopen => {
                self.target_watch.clear(desk.waiter);
                self.runs.iter_mut().for_each(|state| state.sink.reopen(&mut desk.lines));
                served.has_changed_log = true;
            }
            Letter::Clear(reply) => {
                let outcome = self.runs.iter_mut().try_for_each(|state| state.sink.clear());
                served.has_changed_log = true;
                served.replies.push(Box::new(|| reply(outcome)));
            }
            Letter::Acknowledge(cost) => self.unacknowledged = self.unacknowledged.saturating_sub(cost),
            Letter::Followed(is_followed) => self.is_followed = is_followed,
            // Nothing to a stream.
            Letter::MainCleared => {}
        }
    }

    /// Gives up the oldest waiting run when too many wait behind one that cannot be written.
    fn bound_queue(&mut self, desk: &mut Desk<'_>) {
        while self.runs.len() > LONGEST_QUEUE {
            // Not the first: part of it may be written, and it is the one whose log may work again.
            let Some(state) = self.runs.remove(1) else { return };
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
                desk.notify(Notice::Drained { stream: self.id, run: state.run });
            }
        }
    }

    fn end_front(&mut self, desk: &mut Desk<'_>) {
        self.target_watch.clear(desk.waiter);
        if let Some(state) = self.runs.pop_front() {
            let run = state.run;
            drop(state);
            desk.notify(Notice::Drained { stream: self.id, run });
        }
    }

    /// Leaves the channel such that whatever it waits for wakes it.
    fn settle(&mut self, flow: Flow, served: &mut Served, desk: &Desk<'_>) {
        let target = self.runs.front().and_then(|front| front.sink.fd());
        served.deadline = self.target_watch.settle(self.slot, flow, target, desk.waiter);
        if self.runs.front().is_some_and(|front| front.pipe.is_some() && !front.pipe_watch.is_set()) {
            served.deadline.get_or_insert_with(|| Instant::now() + UNWATCHED_RETRY);
        }
        if self.runs.is_empty() {
            served.next = Next::Gone;
        }
        if !self.descriptors().eq(self.reported.iter().copied()) {
            self.reported = self.descriptors().collect();
            served.descriptors = Some(self.reported.clone());
        }
    }

    fn descriptors(&self) -> impl Iterator<Item = Owned> {
        self.runs.iter().flat_map(RunState::descriptors).flatten()
    }
}

impl RunState {
    fn new(run: Run, pipe: File, sink: Box<Sink>) -> Self {
        Self {
            run,
            sink,
            pipe: Some(pipe),
            pipe_watch: PipeWatch::default(),
            allowance: None,
            full_finds: 0,
            is_hung_up: false,
        }
    }

    /// Whether the daemon waits for the bytes, so that gathering them would delay it.
    fn is_consumed(&self) -> bool {
        self.sink.spec().delivery != Delivery::Nothing
    }

    fn limit_reading(&mut self) {
        if self.allowance.is_none() {
            let waiting = self.pipe.as_ref().map(supervisor_sys::fd::readable_bytes);
            self.allowance = Some(waiting.map_or(0, |bytes| bytes.unwrap_or(LARGEST_PIPE)));
        }
    }

    fn advance(
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
            if bytes >= ROUND || echoes_too_fast {
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
                    self.note_size(count, served);
                    flow = self.pass(stream, Part::Chunk(count), unacknowledged, desk);
                    // A short read has emptied the pipe. After a hang-up nothing would tell of its end: read
                    // on.
                    if count < room && !self.is_hung_up && self.allowance.is_none() && flow == Flow::Open {
                        return Progress::Waits(Flow::Open);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock && self.allowance.is_none() => {
                    return Progress::Waits(Flow::Open);
                }
                // Empty and the process is gone; or an error no pipe should give, after which there is
                // nothing to read.
                Err(_) => flow = self.close(stream, unacknowledged, desk),
            }
        }
        Progress::Waits(flow)
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
        let run = self.run;
        let notify = desk.notify;
        let mut deliver = |delivered| {
            let notice = match delivered {
                Delivered::Output(data) => Notice::Output { stream, run, data },
                Delivered::Captured(data) => Notice::Captured { stream, run, data },
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

    /// Notices a pipe that is always full and gives it room once.
    fn note_size(&mut self, count: usize, served: &mut Served) {
        if count < FULL {
            if count < SMALL {
                self.full_finds = 0;
            }
            return;
        }
        served.was_full = true;
        self.full_finds = self.full_finds.saturating_add(1);
        if self.full_finds == HOT
            && let Some(pipe) = &self.pipe
        {
            // Refused where the user's share of pipe memory is used up: slower, but as right.
            let _ = supervisor_sys::fd::set_pipe_capacity(pipe, HOT_CAPACITY);
        }
    }

    fn descriptors(&self) -> [Option<Owned>; 2] {
        let pipe = self.pipe.as_ref().map(|pipe| Owned::Pipe(pipe.as_raw_fd()));
        [pipe, self.sink.fd().map(|fd| Owned::Target(fd.as_raw_fd()))]
    }
}

/// A part of a run's output.
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
