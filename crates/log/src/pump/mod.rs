//! The pump: moves child output to its logs, and the main log to its outputs.
//!
//! # Theory of operation
//!
//! ```text
//! handles ──commands──▶ table of channels ◀──check out, check in──▶ worker ◀──events── poller
//!                           ▲                                         │
//!                       watchdog ──replaces a worker that is stuck────┘ serves one channel at a time
//! ```
//!
//! One thread, the worker, does all the work. It sleeps in the poller and is woken by pipes, by sinks that accept output again,
//! by commands, by what other programs do to a log that is followed (`channels/file_watch`) and by the retry times of failing
//! sinks, of which there are none while all is well.
//!
//! - A channel is served with no lock held; what hangs there costs a thread and delays that channel, nothing else
//!   (`worker/watchdog.rs`).
//! - Ready channels are served first. Backlogged streams, whose children write faster than the pump reads, are served
//!   round-robin, one after each round of ready ones (`table/schedule.rs`).
//! - Small writes of many children are coalesced for 0.1 to 40 ms (`worker/coalescing.rs`).
//! - Generations of one stream follow each other strictly (`channels/stream.rs`).

mod channels;
#[cfg(all(test, loom))]
mod model;
mod poll;
mod shared;
#[cfg(all(test, target_pointer_width = "64"))]
mod size_budgets;
mod table;
#[cfg(test)]
mod tests;
mod worker;

use crate::{ClearError, Generation, LogFileSpec, MainLog, Notice, OutputPipeline, StreamId};
use channels::command::ChannelCommand;
use channels::file_task::FileTask;
use poll::Poller;
use shared::{Shared, Urgency};
use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};
use table::{Phase, Table};
use worker::watchdog;

/// How long a worker that is not stuck may take to leave.
const LEAVE_TIMEOUT: Duration = Duration::from_millis(500);

/// A handle on the pump; cheap to clone, usable from any thread. No call waits for a file, a pipe or a thread of the pump,
/// except [`Pump::shutdown`].
#[derive(Clone, Debug)]
pub struct Pump {
    shared: Arc<Shared>,
}

/// A descriptor the pump owns, for the daemon's table of descriptors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Its number at the time of the call.
    pub fd: RawFd,
    /// What it is, for people: `stdout pipe of 'web'`, `stdout log of 'web'`, `main log ('/var/log/x')`,
    /// `poller of the log pump`.
    pub purpose: String,
}

/// The log a follower follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FollowKey {
    /// The log of a stream; it need not be attached.
    Stream(StreamId),
    /// The main log.
    Main,
}

/// Keeps a follower of a log registered; its waker is not called any more once this is dropped.
#[must_use = "the waker is called only as long as this lives"]
#[derive(Debug)]
pub struct FollowGuard {
    shared: Arc<Shared>,
    key: FollowKey,
    number: u64,
}

/// What was not written when [`Pump::shutdown`] timed out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The logs concerned, for people: `stdout log of 'web'`.
    pub logs: Vec<String>,
}

impl Pump {
    /// Starts the worker and its watchdog and takes over the writing of `main_log`. Call it after detaching: threads do not
    /// survive a fork.
    ///
    /// `notify` is called on a thread of the pump, never with a lock held; it must be quick (a channel send and a wake-up).
    pub fn start(main_log: &MainLog, notify: impl Fn(Notice) + Send + Sync + 'static) -> io::Result<Self> {
        let poller = Poller::new()?;
        let shared = Arc::new(Shared::new(Table::new(), poller, main_log.clone(), Box::new(notify)));
        let pump = Self { shared };
        pump.start_threads().inspect_err(|_| pump.abort())?;
        let waker = Arc::clone(&pump.shared);
        let outputs = main_log.make_queued(move || waker.update(Urgency::Soon, Table::make_main_ready));
        pump.shared.update(Urgency::Now, |table| table.add_main(outputs));
        Ok(pump)
    }

    /// Moves what comes out of `read_end` through `pipeline` until [`finish`](Self::finish). If an earlier generation of the
    /// stream is still being written, this one waits for it, so that bytes never change places. At most eight wait; then the
    /// earliest is discarded with a message in the main log.
    ///
    /// `read_end` becomes non-blocking; the error is that call's own, or `BrokenPipe` after [`shutdown`](Self::shutdown).
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
        // Dropped here, not under the lock: closing a file may take its time.
        if refused.is_some() { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }

    /// The process was reaped: what is in the pipe now is still read (a surviving grandchild's later output is not) and
    /// written, and [`Notice::Drained`] follows. It follows for a generation that is not attached, too, but not after
    /// [`shutdown`](Self::shutdown).
    pub fn finish(&self, stream: StreamId, generation: Generation) {
        self.shared.update(Urgency::Now, |table| table.post(stream, ChannelCommand::Finish(generation)));
    }

    /// Returns credit: the daemon has processed notices of this [`cost`](Notice::cost).
    pub fn acknowledge(&self, stream: StreamId, cost: usize) {
        if cost > 0 {
            self.shared.update(Urgency::Now, |table| table.acknowledge(stream, cost));
        }
    }

    /// Truncates a stream's log and discards its capture buffer, keeping the file's mode; refuses what is no regular file.
    /// `file` is used if the stream is not attached; without one there is nothing to do. The reply comes on a thread of the
    /// pump; while the log hangs, only at [`shutdown`](Self::shutdown).
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
            let reply = Box::new(reply);
            if table.is_known(stream) {
                table.post(stream, ChannelCommand::Clear(reply));
            } else {
                let label =
                    file.as_ref().map_or_else(String::new, |file| format!("log '{}'", file.path.display()));
                let task = FileTask::clear(file, reply);
                table.add_file_task(FollowKey::Stream(stream), label.into(), task);
            }
            None
        });
        if let Some(reply) = refused {
            reply(Err(ClearError::PumpEnded));
        }
    }

    /// Truncates the main log; `INFO reopening log file` goes to the copy on stdout. Without a main log there is nothing to do.
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

    /// Closes every log file and opens it again by its path (SIGUSR2). Where that fails the old file stays in use and the main
    /// log says so. Takes effect soon after the call; [`sync`](Self::sync) reports when.
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

    /// Calls `wake` after every change of the log (written, rotated, truncated), on a thread of the pump, with no lock held;
    /// also after changes that other programs make to the file at `path`, as far as the kernel reports them: Linux does, but
    /// for other machines on a network file system. While a stream has followers, no coalescing pause delays it.
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

    /// Calls `reply` once all that was in pipes and in the main log's queue at the time of the call is written, but for what
    /// waits for its sink or for missing acknowledgements.
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

    /// Every descriptor the pump owns now, but for the event counter of the poller's wake-up call.
    pub fn descriptors(&self) -> Vec<Descriptor> {
        let poller = |fd| Descriptor { fd, purpose: "poller of the log pump".to_owned() };
        let pollers = self.shared.poller.descriptors().map(poller);
        pollers.into_iter().chain(self.shared.table().descriptors()).collect()
    }

    /// Finishes every generation, writes what there is, closes everything, ends the threads and makes the main log direct
    /// again. Waits for at most `timeout`; what hangs or cannot be written by then is left behind and named. Every reply that
    /// is still owed is called.
    ///
    /// Notices that are not acknowledged delay their stream here as well: go on acknowledging on another thread or within
    /// `notify`.
    pub fn shutdown(&self, timeout: Duration) -> Result<(), Unfinished> {
        let deadline = Instant::now() + timeout;
        self.shared.update(Urgency::Now, |table| {
            if table.phase == Phase::Running {
                table.phase = Phase::Ending;
            }
            table.post_all(|| ChannelCommand::FinishAll);
            table.post_file_watch(ChannelCommand::FinishAll);
            table.make_main_ready();
        });
        let (table, is_settled) = self.shared.wait_until(deadline, Table::is_settled);
        // Asked once: a thread may log at any time, and its line is written below.
        let logs: Vec<String> =
            if is_settled { Vec::new() } else { table.unsettled().map(ToString::to_string).collect() };
        // Under the same lock: what comes later is refused, and so has its answer.
        for reply in self.shared.close(table) {
            reply();
        }
        let outputs = {
            let deadline = deadline.max(Instant::now() + LEAVE_TIMEOUT);
            let (mut table, _) = self.shared.wait_until(deadline, |table| table.workers.have_left());
            table.take_main()
        };
        self.shared.main_log.make_direct(outputs);
        if logs.is_empty() { Ok(()) } else { Err(Unfinished { logs }) }
    }

    fn start_threads(&self) -> io::Result<()> {
        watchdog::start_worker(&self.shared, &mut self.shared.table())?;
        watchdog::start(&self.shared)
    }

    /// Makes the threads leave before anything was posted.
    fn abort(&self) {
        self.shared.close(self.shared.table());
    }
}

impl Drop for FollowGuard {
    fn drop(&mut self) {
        self.shared.update(Urgency::Soon, |table| {
            if table.followers.remove(self.key, self.number) {
                table.post_followed(self.key, false);
            }
            table.post_file_watch(ChannelCommand::Unwatch(self.number));
        });
    }
}
