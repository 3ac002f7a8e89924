//! supervisord's own log.
//!
//! The thread that logs a line formats it, at the moment of the event, and pushes it into one queue per output; so a terminal
//! that stands still does not delay the file. At first that thread writes the queues as well ("direct"); once the pump runs, its
//! worker does ("queued").

mod output;
mod queue;
mod record;
mod spec;

pub(crate) use output::MainLogOutput;
pub(crate) use record::Layout;
pub use spec::{MainDestination, MainLogSpec};

use crate::sinks::buffered_output::{BufferedOutput, LogMessages};
use crate::sinks::syslog::SyslogSink;
use crate::sinks::{OpenSink, RotationUnit, SpecialFile};
use crate::spec::{FileOrigin, LogFileSpec};
use crate::sync::{Mutex, MutexGuard};
use queue::{Pushed, Queue};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use supervisor_core::Level;
use supervisor_sys::clock;

/// A handle on the main log; cheap to clone, usable from any thread.
///
/// Until [`Pump::start`](crate::Pump::start) the caller writes each line ("direct"); from then on it goes into a queue of 1 MiB
/// per output, which the pump writes. Lines that do not fit are dropped and counted, and the log says how many they were when it
/// accepts output again.
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

/// Which thread writes the queues.
enum Mode {
    /// The one that logs.
    Direct(Vec<MainLogOutput>),
    /// The pump's worker, which this wakes.
    Queued(Box<dyn Fn() + Send>),
}

impl MainLog {
    /// Opens the log. An error is the open's own; supervisord ends with `Error:` and exit code 2 then.
    pub fn open(spec: &MainLogSpec) -> io::Result<Self> {
        let mut outputs = Vec::new();
        let mut path = None;
        match &spec.destination {
            MainDestination::File { path: file, max_bytes, backups } => {
                let (max_bytes, backups) = (*max_bytes, *backups);
                let log = LogFileSpec {
                    path: file.as_path().into(),
                    origin: FileOrigin::Configured,
                    max_bytes,
                    backups,
                };
                let label = format!("main log ('{}')", file.display());
                outputs.push(MainLogOutput::log(buffered(OpenSink::open(&log)?, label), Layout::Text));
                path = Some(file.clone());
            }
            MainDestination::Syslog => {
                let sink = OpenSink::other(SyslogSink::for_main_log());
                let label = "messages of the main log to syslog".to_owned();
                outputs.push(MainLogOutput::log(buffered(sink, label), Layout::Messages));
            }
            MainDestination::Nothing => {}
        }
        if spec.copy_to_stdout {
            let sink = OpenSink::other(SpecialFile::stdout()?);
            outputs.push(MainLogOutput::copy(buffered(sink, "copy of the main log on stdout".to_owned())));
        }
        Ok(Self::over(spec.level, path, outputs))
    }

    /// A log that goes nowhere, for tests and for what runs without a configuration.
    pub fn nowhere() -> Self {
        Self::over(Level::Critical, None, Vec::new())
    }

    /// A log over outputs of the caller's choice.
    pub(crate) fn over(level: Level, path: Option<PathBuf>, outputs: Vec<MainLogOutput>) -> Self {
        let queues = outputs.iter().map(MainLogOutput::queue).collect();
        Self { inner: Arc::new(Inner { level, path, queues, mode: Mutex::new(Mode::Direct(outputs)) }) }
    }

    /// Whether a line of `level` is written at all; cheap, for callers that would format a costly message.
    pub fn is_enabled(&self, level: Level) -> bool {
        level >= self.inner.level && !self.inner.queues.is_empty()
    }

    /// Whether a queue is so full that it should be written before more output is echoed.
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

    /// Logs the messages that came up while a channel was served.
    pub(crate) fn log_all(&self, messages: &mut LogMessages) {
        for (level, message) in messages.drain(..) {
            self.log(level, message);
        }
    }

    /// From now on `wake` is called when a queue is no longer empty, and the caller, who gets the outputs, writes them.
    pub(crate) fn make_queued(&self, wake: impl Fn() + Send + 'static) -> Vec<MainLogOutput> {
        match std::mem::replace(&mut *self.mode(), Mode::Queued(Box::new(wake))) {
            Mode::Direct(outputs) => outputs,
            Mode::Queued(_) => Vec::new(),
        }
    }

    /// Writes the queues and, from now on, every line at once. An output that is missing (its disk hangs) stays unwritten.
    pub(crate) fn make_direct(&self, mut outputs: Vec<MainLogOutput>) {
        let mut mode = self.mode();
        write_directly(&mut outputs, &self.inner.queues);
        *mode = Mode::Direct(outputs);
    }

    fn put(&self, level: Level, message: &[u8]) {
        let mut mode = self.mode();
        // One timestamp for all outputs: people compare them line by line.
        let now = clock::now().wall;
        let mut is_first = false;
        for queue in &self.inner.queues {
            is_first |= queue.push(now, level, message) == Pushed::First;
        }
        match &mut *mode {
            Mode::Direct(outputs) => write_directly(outputs, &self.inner.queues),
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

fn buffered(sink: OpenSink, label: String) -> BufferedOutput {
    BufferedOutput::new(sink, label.into(), RotationUnit::Write)
}

/// Writes the queues as far as the sinks accept output, and the messages that leads to.
fn write_directly(outputs: &mut [MainLogOutput], queues: &[Arc<Queue>]) {
    let mut messages = LogMessages::new();
    for output in &mut *outputs {
        while output.drain(&mut messages).has_more {}
    }
    for (level, message) in messages.drain(..) {
        let now = clock::now().wall;
        for queue in queues {
            queue.push(now, level, message.as_bytes());
        }
    }
    for output in outputs {
        while output.drain(&mut messages).has_more {}
    }
}
