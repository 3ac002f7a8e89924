//! supervisord's own log.
//!
//! A line is formatted by whoever logs it, at the moment of the event, and put into a queue per destination;
//! so a terminal that stands still does not hold up the file. At first the caller writes the queues as well
//! ("direct"); once the pump runs it does.

mod destination;
mod queue;

pub(crate) use destination::MainLogOutput;
pub(crate) use queue::Queue;

use crate::sinks::buffered_output::{BufferedOutput, LogMessages};
use crate::sinks::{RotationUnit, Sink, SpecialFile, SyslogSink};
use crate::{FileOrigin, LogFileSpec};
pub(crate) use queue::Layout;
use queue::Pushed;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use supervisor_core::{Level, Wall};
use supervisor_sys::{CopyBuffer, clock};

/// Where the main log goes, beside the copy on stdout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MainDestination {
    /// A rotating file, or whatever else the path names (never rotated then).
    File {
        /// As configured.
        path: PathBuf,
        /// Rotate at this many bytes; 0 is never.
        max_bytes: u64,
        /// Backups to keep.
        backups: u32,
    },
    /// The system log: ident `supervisord`, facility USER, priority INFO, each line with its own timestamp.
    Syslog,
    /// Nowhere.
    Nothing,
}

/// The configuration of the main log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MainLogSpec {
    /// The least important level that is written.
    pub level: Level,
    /// The log proper.
    pub destination: MainDestination,
    /// Also on stdout: in the foreground, unless `silent`.
    pub copy_to_stdout: bool,
}

/// A handle on the main log; cheap to clone, usable from any thread.
///
/// Until [`Pump::start`](crate::Pump::start) a line is written by the caller ("direct"); from then on it goes
/// into a queue of 1 MiB per destination that the pump writes. Lines that do not fit are counted, and the log
/// says how many they were when it can be written again.
#[derive(Clone)]
pub struct MainLog {
    inner: Arc<Inner>,
}

struct Inner {
    level: Level,
    path: Option<PathBuf>,
    queues: Vec<Arc<Queue>>,
    mode: Mutex<Mode>,
}

/// Who writes the queues.
enum Mode {
    /// Whoever logs.
    Direct(Vec<MainLogOutput>),
    /// The pump, which this wakes.
    Queued(Box<dyn Fn() + Send>),
}

impl MainLog {
    /// Opens the log. An error is the open's own; supervisord ends with `Error:` and exit code 2 then.
    pub fn open(spec: &MainLogSpec) -> io::Result<Self> {
        let mut channels = Vec::new();
        let mut log_path = None;
        match &spec.destination {
            MainDestination::File { path, max_bytes, backups } => {
                let origin = FileOrigin::Configured;
                let (max_bytes, backups) = (*max_bytes, *backups);
                let file = LogFileSpec { path: path.as_path().into(), origin, max_bytes, backups };
                let label = format!("main log ('{}')", path.display());
                channels.push(MainLogOutput::log(output(Sink::open(&file)?, label), Layout::Text));
                log_path = Some(path.clone());
            }
            MainDestination::Syslog => {
                let target = Sink::Syslog(Box::new(SyslogSink::for_main_log()));
                channels.push(MainLogOutput::log(
                    output(target, "messages of the main log to syslog".into()),
                    Layout::Messages,
                ));
            }
            MainDestination::Nothing => {}
        }
        if spec.copy_to_stdout {
            let target = Sink::Special(Box::new(SpecialFile::stdout()?));
            channels.push(MainLogOutput::copy(output(target, "copy of the main log on stdout".into())));
        }
        Ok(Self::over(spec.level, log_path, channels))
    }

    /// A log that goes nowhere, for tests and for what runs without a configuration.
    pub fn nowhere() -> Self {
        Self::over(Level::Critical, None, Vec::new())
    }

    /// A log over channels of the caller's choice.
    pub(crate) fn over(level: Level, path: Option<PathBuf>, channels: Vec<MainLogOutput>) -> Self {
        let queues = channels.iter().map(MainLogOutput::queue).collect();
        Self { inner: Arc::new(Inner { level, path, queues, mode: Mutex::new(Mode::Direct(channels)) }) }
    }

    /// Whether a line of `level` is written at all; cheap, for callers that would format a costly message.
    pub fn is_enabled(&self, level: Level) -> bool {
        level >= self.inner.level && !self.inner.queues.is_empty()
    }

    /// Whether whoever would echo output had better let the log be written first. Not while it cannot be
    /// written: then echoes are counted as missing rather than holding up children.
    pub(crate) fn is_crowded(&self) -> bool {
        self.inner.queues.iter().any(|queue| queue.is_crowded())
    }

    /// Writes one line: timestamp, level word, `message`, newline. `message` may be any bytes and may hold
    /// several lines.
    pub fn log(&self, level: Level, message: impl AsRef<[u8]>) {
        if self.is_enabled(level) {
            self.put(level, message.as_ref());
        }
    }

    /// The file, if it is one: what `readLog` reads and `/mainlogtail` follows.
    pub fn path(&self) -> Option<&Path> {
        self.inner.path.as_deref()
    }

    /// Logs what came up while something was served.
    pub(crate) fn log_all(&self, messages: &mut LogMessages) {
        for (level, line) in messages.drain(..) {
            self.log(level, line);
        }
    }

    /// From now on `wake` is called when a queue is no longer empty, and whoever gets the channels writes
    /// them.
    pub(crate) fn make_queued(&self, wake: impl Fn() + Send + 'static) -> Vec<MainLogOutput> {
        match std::mem::replace(&mut *self.mode(), Mode::Queued(Box::new(wake))) {
            Mode::Direct(channels) => channels,
            Mode::Queued(_) => Vec::new(),
        }
    }

    /// Writes what waits and, from now on, every line at once. Channels that are missing (a disk hangs) stay
    /// unwritten.
    pub(crate) fn make_direct(&self, channels: Vec<MainLogOutput>) {
        let mut mode = self.mode();
        let mut channels = channels;
        serve_directly(&mut channels, &self.inner.queues);
        *mode = Mode::Direct(channels);
    }

    fn put(&self, level: Level, message: &[u8]) {
        let mut mode = self.mode();
        // One time for all destinations, which people compare line by line.
        let now = clock::now().wall;
        let mut is_first = false;
        for queue in &self.inner.queues {
            is_first |= queue.push(now, level, message) == Pushed::First;
        }
        match &mut *mode {
            Mode::Direct(channels) => serve_directly(channels, &self.inner.queues),
            Mode::Queued(wake) if is_first => wake(),
            Mode::Queued(_) => {}
        }
    }

    fn mode(&self) -> MutexGuard<'_, Mode> {
        self.inner.mode.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MainLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MainLog")
            .field("level", &self.inner.level)
            .field("path", &self.inner.path)
            .finish_non_exhaustive()
    }
}

fn output(target: Sink, label: String) -> BufferedOutput {
    BufferedOutput::new(target, label.into(), RotationUnit::Write)
}

/// Writes the queues as far as they can be written now, and what that brought up.
fn serve_directly(channels: &mut [MainLogOutput], queues: &[Arc<Queue>]) {
    let mut messages = LogMessages::new();
    for channel in &mut *channels {
        while channel.serve(&mut messages).has_more {}
    }
    for (level, line) in messages.drain(..) {
        let now = clock::now().wall;
        for queue in queues {
            queue.push(now, level, line.as_bytes());
        }
    }
    for channel in channels {
        while channel.serve(&mut messages).has_more {}
    }
}

/// A message as it is written. An echo of what a child wrote may be long.
fn format(layout: Layout, at: Wall, level: Level, message: &[u8]) -> CopyBuffer {
    let timestamp = clock::log_timestamp(at);
    let mut formatted = CopyBuffer::default();
    formatted.refill(message.len() + 32, |record| {
        let mut line = |text: &[u8]| {
            record.extend_from_slice(timestamp.as_bytes());
            record.push(b' ');
            record.extend_from_slice(level.word().as_bytes());
            record.push(b' ');
            record.extend_from_slice(text);
            record.push(b'\n');
        };
        match layout {
            Layout::Text => line(message),
            Layout::Messages => without_final_newlines(message).split(|byte| *byte == b'\n').for_each(line),
        }
    });
    formatted
}

/// The system log gets no messages for newlines at the end.
fn without_final_newlines(message: &[u8]) -> &[u8] {
    let end = message.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
    &message[..end]
}
