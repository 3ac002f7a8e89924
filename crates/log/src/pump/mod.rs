//! The pump: moves child output to its logs, and the main log to its destinations.
//!
//! # Theory of operation
//!
//! ```text
//! handles ──letters──▶ Table of slots ◀──check out, check in──▶ pump thread ◀──events── Poller
//!                          ▲                                       │
//!                      watchdog ──replaces a thread that hangs─────┘ serves one channel at a time
//! ```
//!
//! One thread does all the work; it sleeps in the poller and is woken by pipes, by targets that can be
//! written again, by letters, by what others do to a log that is followed (see `watch`) and by the retry times
//! of failing files, of which there are none while all is well. A channel is served with no lock held; what
//! hangs in there costs a thread and holds up that channel, nothing else (see `watchdog`). Pipes that their
//! children fill faster than they are read take turns, between two of which all the others are looked after
//! (see `table`). Small writes of many children are gathered in pauses of 0.1 to 40 ms (see `poller`); generations of
//! one stream follow each other strictly (see `stream`).

mod channels;
mod poll;
mod shared;
#[cfg(all(test, target_pointer_width = "64"))]
mod size_budgets;
mod table;
#[cfg(test)]
mod tests;
mod worker;

use crate::pump::channels::stream::ChannelCommand;
use crate::pump::poll::Poller;
use crate::sinks::clear_file;
use crate::{ClearError, Generation, LogFileSpec, MainLog, Notice, OutputPipeline, StreamId};
use shared::{Shared, Urgency};
use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use table::{FileTask, Phase, Table};

/// A handle on the pump; cheap to clone, usable from any thread. No call waits for a file, a pipe or the pump
/// thread, except [`Pump::shutdown`].
#[derive(Clone, Debug)]
pub struct Pump {
    shared: Arc<Shared>,
}

/// A descriptor the pump owns, for the daemon's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Its number at the time of asking.
    pub fd: RawFd,
    /// What it is, for people: `stdout pipe of 'web'`, `stdout log of 'web'`, `main log ('/var/log/x')`,
    /// `poller of the log pump`.
    pub purpose: String,
}

/// What a [`FollowGuard`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FollowKey {
    /// The log of a stream; it need not be attached.
    Stream(StreamId),
    /// The main log.
    Main,
}

/// Calls the waker as long as it lives, then no more.
#[must_use = "the waker is called only as long as this lives"]
#[derive(Debug)]
pub struct FollowGuard {
    shared: Arc<Shared>,
    key: FollowKey,
    number: u64,
}

/// What was not written when [`Pump::shutdown`] gave up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The logs concerned, for people: `stdout log of 'web'`.
    pub logs: Vec<String>,
}

impl Pump {
    /// Starts the pump thread and its watchdog and takes over the writing of `main_log`. Call it after
    /// detaching: threads do not survive a fork.
    ///
    /// `notify` is called on a pump thread, never with a lock held; it must be quick (a channel send and a
    /// wake-up).
    pub fn start(main_log: &MainLog, notify: impl Fn(Notice) + Send + Sync + 'static) -> io::Result<Self> {
        let poller = Poller::new()?;
        let shared = Arc::new(Shared::new(Table::new(), poller, main_log.clone(), Box::new(notify)));
        let pump = Self { shared };
        pump.start_threads().inspect_err(|_| pump.leave())?;
        let waker = Arc::clone(&pump.shared);
        let channels = main_log.make_queued(move || waker.update(Urgency::Soon, Table::make_main_ready));
        pump.shared.update(Urgency::Now, |table| table.add_main(channels));
        Ok(pump)
    }

    /// Moves what comes out of `read_end` into `sink` until [`finish`](Self::finish). If an earlier generation of
    /// the stream is still being written, this one waits for it, so that bytes never change places; at most
    /// eight do, then the earliest is given up with a line in the main log.
    ///
    /// `read_end` becomes non-blocking; the error is that call's own, or `BrokenPipe` after
    /// [`shutdown`](Self::shutdown).
    pub fn attach(
        &self,
        stream: StreamId,
        generation: Generation,
        read_end: OwnedFd,
        pipeline: OutputPipeline,
    ) -> io::Result<()> {
        supervisor_sys::fd::set_nonblocking(&read_end)?;
        let command =
            ChannelCommand::Attach { generation, pipe: read_end.into(), pipeline: Box::new(pipeline) };
        let refused = self.shared.update(Urgency::Now, |table| {
            if table.phase != Phase::Running {
                return Some(command);
            }
            table.post(stream, command);
            None
        });
        // Dropped here, not under the lock: closing may take its time.
        if refused.is_some() { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }

    /// The process was reaped: what is in the pipe now is still read (a surviving grandchild's later output
    /// is not), written, and [`Notice::Drained`] follows. It follows for a generation that is not attached, too, but
    /// not after [`shutdown`](Self::shutdown).
    pub fn finish(&self, stream: StreamId, generation: Generation) {
        self.shared.update(Urgency::Now, |table| table.post(stream, ChannelCommand::Finish(generation)));
    }

    /// Gives credit back: the daemon has dealt with notices of this [`cost`](Notice::cost).
    pub fn acknowledge(&self, stream: StreamId, cost: usize) {
        if cost > 0 {
            self.shared.update(Urgency::Now, |table| table.acknowledge(stream, cost));
        }
    }

    /// Empties a stream's log and its capture buffer, keeping the file's mode; refuses what is no regular
    /// file. `file` is used if the stream is not attached; without one there is nothing to do. The reply
    /// comes on a pump thread, and not at all as long as the log hangs.
    pub fn clear(
        &self,
        stream: StreamId,
        file: Option<LogFileSpec>,
        reply: impl FnOnce(Result<(), ClearError>) + Send + 'static,
    ) {
        let refused = self.shared.update(Urgency::Now, |table| {
            if table.phase == Phase::Ended {
                return Some(reply);
            }
            if table.is_known(stream) {
                table.post(stream, ChannelCommand::Clear(Box::new(reply)));
                return None;
            }
            let label =
                file.as_ref().map_or_else(String::new, |file| format!("log '{}'", file.path.display()));
            let work = move || reply(file.map_or(Ok(()), |file| clear_file(&file)));
            table.add_file_task(FollowKey::Stream(stream), label.into(), FileTask::new(work));
            None
        });
        if let Some(reply) = refused {
            reply(Err(ClearError::PumpEnded));
        }
    }

    /// Empties the main log; `INFO reopening log file` goes to the copy on stdout. Without a main log there
    /// is nothing to do.
    pub fn clear_main(&self, reply: impl FnOnce(Result<(), ClearError>) + Send + 'static) {
        let refused = self.shared.update(Urgency::Now, |table| {
            if table.phase == Phase::Ended {
                Some((reply, Err(ClearError::PumpEnded)))
            } else {
                table.clear_main(reply).map(|reply| (reply, Ok(())))
            }
        });
        if let Some((reply, outcome)) = refused {
            reply(outcome);
        }
    }

    /// Closes and opens again every log file by its path (SIGUSR2). Where that fails the old file stays in
    /// use and the main log says so. Takes effect soon after the call; [`sync`](Self::sync) tells when.
    pub fn reopen_all(&self) {
        self.shared.update(Urgency::Now, |table| {
            table.post_main(|| ChannelCommand::Reopen);
            table.post_all(|| ChannelCommand::Reopen);
        });
    }

    /// The same for the log of one stream, if it is attached.
    pub fn reopen(&self, stream: StreamId) {
        self.shared.update(Urgency::Now, |table| table.post_if_known(stream, ChannelCommand::Reopen));
    }

    /// Calls `wake` after every change of the log (written, rotated, cleared), on a pump thread, with no lock
    /// held; also after those that others make to the file at `path`, as far as the kernel tells of them: Linux
    /// does, but for other machines on a network file system. While it lives the stream is not subject to the
    /// coalescing pause.
    pub fn follow(
        &self,
        key: FollowKey,
        path: &Path,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> FollowGuard {
        let number = self.shared.update(Urgency::Soon, |table| {
            let (number, is_first) = table.followers.add(key, Arc::new(wake));
            if is_first {
                table.post_followed(key, true);
            }
            table.watch(number, path.into());
            number
        });
        FollowGuard { shared: Arc::clone(&self.shared), key, number }
    }

    /// Calls `reply` once all that was in pipes and in the main log's queue at the time of the call is
    /// written, leaving aside what is held up by its target or by missing acknowledgements.
    pub fn sync(&self, reply: impl FnOnce() + Send + 'static) {
        let refused = self.shared.update(Urgency::Now, |table| {
            if table.phase == Phase::Ended {
                Some(reply)
            } else {
                table.add_barrier(Box::new(reply));
                None
            }
        });
        if let Some(reply) = refused {
            reply();
        }
    }

    /// Every descriptor the pump owns now, but for the event counter of its wake-up call.
    pub fn descriptors(&self) -> Vec<Descriptor> {
        let poller = |fd| Descriptor { fd, purpose: "poller of the log pump".to_owned() };
        let pollers = self.shared.poller.descriptors().map(poller);
        pollers.into_iter().chain(self.shared.table().descriptors()).collect()
    }

    /// Finishes every generation, writes what there is, closes everything, ends the threads and makes the main log
    /// direct again. Waits at most `patience`; what hangs or cannot be written by then is left behind and
    /// named.
    ///
    /// Notices that are not acknowledged hold their stream up here as well: go on acknowledging on another
    /// thread or within `notify`.
    pub fn shutdown(&self, patience: Duration) -> Result<(), Unfinished> {
        let deadline = Instant::now() + patience;
        self.shared.update(Urgency::Now, |table| {
            if table.phase == Phase::Running {
                table.phase = Phase::Ending;
            }
            table.post_all(|| ChannelCommand::FinishAll);
            table.post_watch(ChannelCommand::FinishAll);
            table.make_main_ready();
        });
        let table = self.shared.wait_until(deadline, Table::is_settled);
        let logs: Vec<String> = table.unsettled().map(ToString::to_string).collect();
        drop(table);
        self.leave();
        let channels = {
            let mut table = self.shared.wait_until(deadline.max(Instant::now() + LEAVING), Table::is_left);
            table.take_main()
        };
        self.shared.main_log.make_direct(channels);
        if logs.is_empty() { Ok(()) } else { Err(Unfinished { logs }) }
    }

    fn start_threads(&self) -> io::Result<()> {
        worker::watchdog::start_worker(&self.shared, &mut self.shared.table())?;
        worker::watchdog::start(&self.shared)
    }

    /// Makes the threads leave.
    fn leave(&self) {
        self.shared.update(Urgency::Now, |table| table.phase = Phase::Ended);
        self.shared.poller.wake();
        self.shared.watchdog.rouse();
    }
}

/// How long a thread that does not hang may take to leave.
const LEAVING: Duration = Duration::from_millis(500);

impl Drop for FollowGuard {
    fn drop(&mut self) {
        self.shared.update(Urgency::Soon, |table| {
            if table.followers.remove(self.key, self.number) {
                table.post_followed(self.key, false);
            }
            table.post_watch(ChannelCommand::Unwatch(self.number));
        });
    }
}
