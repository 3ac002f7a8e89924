//! The pump.

use crate::{ClearError, LogFileSpec, MainLog, Notice, Run, Sink, StreamId};
use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::time::Duration;

/// A handle on the pump; cheap to clone, usable from any thread. No call waits for a file, a pipe or the pump thread,
/// except [`Pump::shutdown`].
#[derive(Clone, Debug)]
pub struct Pump {}

/// A descriptor the pump owns, for the daemon's table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Descriptor {
    /// Its number at the time of asking.
    pub fd: RawFd,
    /// What it is, for people: `stdout pipe of 'web'`, `stdout log of 'web'`, `main log`, `poller of the pump`.
    pub purpose: String,
}

/// What a [`Follow`] is about.
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
pub struct Follow {}

/// What was not written when [`Pump::shutdown`] gave up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfinished {
    /// The logs concerned, for people: `stdout log of 'web'`.
    pub logs: Vec<String>,
}

impl Pump {
    /// Starts the pump thread and its watchdog and takes over the writing of `main_log`. Call it after detaching: threads
    /// do not survive a fork.
    ///
    /// `notify` is called on a pump thread, never with a lock held; it must be quick (a channel send and a wake-up).
    pub fn start(main_log: &MainLog, notify: impl Fn(Notice) + Send + Sync + 'static) -> io::Result<Self> {
        let _ = (main_log, notify);
        Ok(Self {})
    }

    /// Moves what comes out of `read_end` into `sink` until [`finish`](Self::finish). If an earlier run of the stream is still
    /// being written, this one waits for it, so that bytes never change places.
    ///
    /// `read_end` becomes non-blocking; the error is that call's own.
    pub fn attach(&self, stream: StreamId, run: Run, read_end: OwnedFd, sink: Sink) -> io::Result<()> {
        let _ = (stream, run, read_end, sink);
        Ok(())
    }

    /// The process was reaped: what is in the pipe now is still read (a surviving grandchild's later output is not), written,
    /// and [`Notice::Drained`] follows.
    pub fn finish(&self, stream: StreamId, run: Run) {
        let _ = (stream, run);
    }

    /// Gives credit back: the daemon has dealt with notices of this [`cost`](Notice::cost).
    pub fn acknowledge(&self, stream: StreamId, cost: usize) {
        let _ = (stream, cost);
    }

    /// Empties a stream's log and its capture buffer, keeping the file's mode; refuses what is no regular file. `file` is used if the stream is not attached.
    pub fn clear(
        &self,
        stream: StreamId,
        file: Option<LogFileSpec>,
        reply: impl FnOnce(Result<(), ClearError>) + Send + 'static,
    ) {
        let _ = (stream, file);
        reply(Ok(()));
    }

    /// Empties the main log; `INFO reopening log file` goes to the copy on stdout.
    pub fn clear_main(&self, reply: impl FnOnce(Result<(), ClearError>) + Send + 'static) {
        reply(Ok(()));
    }

    /// Closes and opens again every log file by its path (SIGUSR2). Where that fails the old file stays in use and the
    /// main log says so.
    pub fn reopen_all(&self) {}

    /// Calls `wake` after every change of the log (written, rotated, cleared), on a pump thread, with no lock held. While it lives the
    /// stream is not subject to the gathering pause.
    pub fn follow(&self, key: FollowKey, wake: impl Fn() + Send + Sync + 'static) -> Follow {
        let _ = (key, wake);
        Follow {}
    }

    /// Calls `reply` once all that was in pipes and in the main log's queue at the time of the call is written, leaving aside what is
    /// held up by its target.
    pub fn sync(&self, reply: impl FnOnce() + Send + 'static) {
        reply();
    }

    /// Every descriptor the pump owns now.
    pub fn descriptors(&self) -> Vec<Descriptor> {
        Vec::new()
    }

    /// Writes what there is, closes everything, ends the threads and makes the main log direct again. Waits at most
    /// `patience`; what hangs then is left behind and named.
    pub fn shutdown(&self, patience: Duration) -> Result<(), Unfinished> {
        let _ = patience;
        Ok(())
    }
}
