//! A buffered output: a sink, the backlog it has not accepted, and whether it works.
//!
//! What a write does not take is kept, and nothing more is accepted until it is written: the caller stops reading its source
//! then. So the backlog is at most what one read gave, and bytes never change places. The output says when another attempt is
//! worthwhile: when its descriptor becomes writable, or at a time that doubles from one second to half a minute. The main log
//! says once when a sink fails and once when it works again.

use super::{ClearError, OpenSink, Outcome, RotationUnit, SinkReport};
use crate::label::Label;
use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};
use supervisor_core::Level;
use supervisor_sys::errno::python_text;

/// A reader may be slow; one that takes nothing for this long is worth a message.
pub(crate) const SLOW_READER: Duration = Duration::from_secs(5);

/// Messages for the main log, to be written once no lock is held.
pub(crate) type LogMessages = Vec<(Level, String)>;

/// Whether an output accepts more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// It has no backlog.
    Open,
    /// Flush it when the descriptor is writable, or at the given time at the latest.
    Blocked(Option<Instant>),
    /// Flush it at this time.
    Retry(Instant),
}

impl Flow {
    /// Of two outputs of one source: the one that is waited for. If both are, the second one's turn comes after the first.
    pub(crate) fn stricter(self, other: Self) -> Self {
        if self == Self::Open { other } else { self }
    }
}

/// See the module.
#[derive(Debug)]
pub(crate) struct BufferedOutput {
    sink: OpenSink,
    /// The name in messages: `stdout log of 'web' ('/var/log/web.log')`.
    label: Label,
    unit: RotationUnit,
    /// Boxed: hardly any of thousands of outputs has one.
    backlog: Option<Box<Backlog>>,
}

/// Why a sink does not accept output, and the bytes that wait.
#[derive(Debug)]
struct Backlog {
    cause: Cause,
    /// Not written yet from `start` on.
    bytes: Vec<u8>,
    start: usize,
}

#[derive(Clone, Copy, Debug)]
enum Cause {
    /// The write only takes long.
    Paused,
    /// The reader does not keep up.
    Blocked { since: Instant, is_reported: bool },
    /// Writes fail.
    Failing { since: Instant, retry_at: Instant, delay: Duration, is_reported: bool },
    /// No reader will ever come; bytes are dropped.
    Unreadable,
}

impl BufferedOutput {
    pub(crate) fn new(sink: OpenSink, label: Label, unit: RotationUnit) -> Self {
        Self { sink, label, unit, backlog: None }
    }

    /// Writes `bytes`, or keeps what the sink does not accept. Only to be called without a backlog, or with further parts of
    /// the same read.
    pub(crate) fn write(&mut self, bytes: &[u8], messages: &mut LogMessages) -> Flow {
        let count = if self.has_backlog() { 0 } else { self.attempt(bytes, messages) };
        if let Some(backlog) = &mut self.backlog {
            backlog.bytes.extend_from_slice(&bytes[count..]);
        }
        self.flow()
    }

    /// Tries to write the backlog.
    pub(crate) fn flush(&mut self, messages: &mut LogMessages) -> Flow {
        let Some(backlog) = self.backlog.as_mut().filter(|backlog| !backlog.bytes.is_empty()) else {
            return Flow::Open;
        };
        if let Cause::Failing { retry_at, .. } = backlog.cause {
            if Instant::now() < retry_at {
                return self.flow();
            }
            self.sink.sink_mut().recover();
        }
        let (bytes, start) = backlog.take();
        let end = start + self.attempt(&bytes[start..], messages);
        if let Some(backlog) = self.backlog.as_mut().filter(|_| end < bytes.len()) {
            (backlog.bytes, backlog.start) = (bytes, end);
        }
        self.flow()
    }

    /// Whether bytes wait to be written.
    pub(crate) fn has_backlog(&self) -> bool {
        self.backlog.as_ref().is_some_and(|backlog| !backlog.bytes.is_empty())
    }

    /// Closes and opens again; a failure is reported and the old file stays in use.
    pub(crate) fn reopen(&mut self, messages: &mut LogMessages) {
        match self.sink.reopen() {
            Ok(()) => self.retry_at_once(),
            Err(error) => {
                let why = python_text(&error);
                let message = format!(
                    "could not reopen the {}: {why}; the file opened before stays in use",
                    self.label
                );
                messages.push((Level::Error, message));
            }
        }
    }

    /// Truncates the log; the backlog belongs to what is cleared.
    pub(crate) fn clear(&mut self) -> Result<(), ClearError> {
        self.sink.sink_mut().clear()?;
        if let Some(backlog) = &mut self.backlog {
            backlog.take();
        }
        self.retry_at_once();
        Ok(())
    }

    /// The descriptor of the sink.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.sink.fd()
    }

    /// The name in messages.
    pub(crate) fn label(&self) -> &Label {
        &self.label
    }

    /// The sink was reopened or cleared: the next flush does not wait for the retry time.
    fn retry_at_once(&mut self) {
        if let Some(Cause::Failing { retry_at, .. }) = self.backlog.as_mut().map(|backlog| &mut backlog.cause)
        {
            *retry_at = Instant::now();
        }
    }

    /// Whether more may be written, as of the last attempt.
    pub(crate) fn flow(&self) -> Flow {
        let Some(backlog) = self.backlog.as_ref().filter(|backlog| !backlog.bytes.is_empty()) else {
            return Flow::Open;
        };
        match backlog.cause {
            Cause::Unreadable => Flow::Open,
            Cause::Paused => Flow::Retry(Instant::now()),
            Cause::Blocked { since, is_reported } => {
                Flow::Blocked((!is_reported).then(|| since + SLOW_READER))
            }
            Cause::Failing { retry_at, .. } => Flow::Retry(retry_at),
        }
    }

    /// Writes what the sink accepts and records how it went; returns how many bytes need not be kept.
    fn attempt(&mut self, bytes: &[u8], messages: &mut LogMessages) -> usize {
        if matches!(self.cause(), Some(Cause::Unreadable)) {
            return bytes.len();
        }
        let mut report = SinkReport { label: &self.label, messages };
        let written = self.sink.sink_mut().write(bytes, self.unit, &mut report);
        match written.outcome {
            Outcome::Complete => self.record_success(messages),
            Outcome::Paused => {
                self.record_success(messages);
                self.set_cause(Cause::Paused);
            }
            Outcome::Blocked => self.record_block(written.count > 0, messages),
            Outcome::Failed(error) => self.record_failure(&error, written.count > 0, messages),
            Outcome::Unreadable(error) => {
                self.set_cause(Cause::Unreadable);
                let why = python_text(&error);
                let message = format!(
                    "nobody reads the {} ({why}); what goes there is dropped from now on",
                    self.label
                );
                messages.push((Level::Error, message));
                return bytes.len();
            }
        }
        written.count
    }

    fn record_success(&mut self, messages: &mut LogMessages) {
        match self.backlog.take().map(|backlog| backlog.cause) {
            Some(
                Cause::Blocked { since, is_reported: true } | Cause::Failing { since, is_reported: true, .. },
            ) => {
                let seconds = since.elapsed().as_secs();
                let message = format!("the {} is written again after {seconds} seconds", self.label);
                messages.push((Level::Info, message));
            }
            Some(Cause::Paused | Cause::Blocked { .. } | Cause::Failing { .. } | Cause::Unreadable)
            | None => {}
        }
    }

    fn record_block(&mut self, has_progressed: bool, messages: &mut LogMessages) {
        let now = Instant::now();
        let (mut since, mut is_reported) = match self.cause() {
            Some(Cause::Blocked { since, is_reported } | Cause::Failing { since, is_reported, .. }) => {
                (since, is_reported)
            }
            Some(Cause::Unreadable | Cause::Paused) | None => (now, false),
        };
        if has_progressed && !is_reported {
            since = now;
        }
        if !is_reported && now >= since + SLOW_READER {
            is_reported = true;
            let message = format!(
                "the reader of the {} has taken nothing for {} seconds; the output waits for it",
                self.label,
                SLOW_READER.as_secs()
            );
            messages.push((Level::Error, message));
        }
        self.set_cause(Cause::Blocked { since, is_reported });
    }

    fn record_failure(&mut self, error: &io::Error, has_progressed: bool, messages: &mut LogMessages) {
        let policy = self.sink.sink().retry_policy();
        let now = Instant::now();
        let (since, delay, was_reported) = match self.cause() {
            Some(Cause::Failing { since, delay, is_reported, .. }) => {
                let next = if has_progressed { delay } else { (delay * 2).min(policy.longest) };
                (since, next, is_reported)
            }
            Some(Cause::Blocked { since, is_reported }) => (since, policy.first, is_reported),
            Some(Cause::Unreadable | Cause::Paused) | None => (now, policy.first, false),
        };
        let is_reported = was_reported || policy.reports_at_once || now >= since + SLOW_READER;
        if is_reported && !was_reported {
            let message = format!(
                "could not write the {}: {}; the output waits and is tried again (waiting {} seconds)",
                self.label,
                python_text(error),
                delay.as_secs().max(1)
            );
            messages.push((Level::Error, message));
        }
        self.set_cause(Cause::Failing { since, retry_at: now + delay, delay, is_reported });
    }

    fn cause(&self) -> Option<Cause> {
        self.backlog.as_ref().map(|backlog| backlog.cause)
    }

    fn set_cause(&mut self, cause: Cause) {
        match &mut self.backlog {
            Some(backlog) => backlog.cause = cause,
            None => self.backlog = Some(Box::new(Backlog { cause, bytes: Vec::new(), start: 0 })),
        }
    }
}

impl Backlog {
    /// Takes the bytes, and where in them those begin that are not written.
    fn take(&mut self) -> (Vec<u8>, usize) {
        (std::mem::take(&mut self.bytes), std::mem::take(&mut self.start))
    }
}
