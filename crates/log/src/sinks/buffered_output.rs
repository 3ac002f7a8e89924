//! One target with what waits to be written to it, and whether it works.
//!
//! What a write does not take is kept, and nothing more is accepted until it is gone: the caller stops
//! reading its source then. So the memory held is what one read gave, and bytes never change places. An
//! output tells when it is worth trying again: when its descriptor becomes writable, or at a time that moves
//! away from second to second up to half a minute. People are told once when it goes wrong and once when it
//! is over.

use crate::label::Label;
use crate::sinks::{ClearError, Outcome, RotationUnit, Sink, SinkEvent};
use std::io;
use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};
use supervisor_core::Level;
use supervisor_sys::errno::python_text;

/// The first and the longest wait after a write that failed.
const RETRY: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(30));

/// The same for the system log, whose queue empties quickly but tells nobody when.
const SYSLOG_RETRY: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(1));

/// A reader may be slow; from this on it is worth a line.
const SLOW_READER: Duration = Duration::from_secs(5);

/// Lines to be put into the main log, once no lock is held.
pub(crate) type LogMessages = Vec<(Level, String)>;

/// Whether more may be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    /// Everything is written.
    Open,
    /// Something waits: try when the descriptor is writable; look at the time given at the latest.
    Blocked(Option<Instant>),
    /// Something waits: try at this time.
    Retry(Instant),
}

impl Flow {
    /// Of two outputs of one source: whichever has to be waited for; with two to wait for, the second is met
    /// again when the first is through.
    pub(crate) fn stricter(self, other: Self) -> Self {
        if self == Self::Open { other } else { self }
    }
}

/// A target, and what is wrong with it.
#[derive(Debug)]
pub(crate) struct BufferedOutput {
    target: Sink,
    /// For people: `stdout log of 'web' ('/var/log/web.log')`.
    label: Label,
    unit: RotationUnit,
    /// Boxed: hardly any of thousands of outputs has some.
    backlog: Option<Box<Backlog>>,
}

/// Why a target does not take what it is given, and what waits until it does.
#[derive(Debug)]
struct Backlog {
    stall: Stall,
    /// Not yet written, from `start` on.
    bytes: Vec<u8>,
    start: usize,
}

#[derive(Clone, Copy, Debug)]
enum Stall {
    /// It only takes long.
    Paused,
    /// The reader does not keep up.
    Blocked { since: Instant, is_reported: bool },
    /// Writes fail.
    Failing { since: Instant, retry_at: Instant, wait: Duration, is_reported: bool },
    /// Nobody will ever read it; bytes are dropped.
    Unreadable,
}

impl BufferedOutput {
    pub(crate) fn new(target: Sink, label: Label, unit: RotationUnit) -> Self {
        Self { target, label, unit, backlog: None }
    }

    /// Writes `bytes`, or keeps what is not taken. Only to be called while nothing waits, or with further
    /// parts of the same read.
    pub(crate) fn write(&mut self, bytes: &[u8], messages: &mut LogMessages) -> Flow {
        let count = if self.is_waiting() { 0 } else { self.attempt(bytes, messages) };
        if let Some(backlog) = &mut self.backlog {
            backlog.bytes.extend_from_slice(&bytes[count..]);
        }
        self.flow()
    }

    /// Tries to write what waits.
    pub(crate) fn flush(&mut self, messages: &mut LogMessages) -> Flow {
        let Some(backlog) = self.backlog.as_mut().filter(|backlog| backlog.is_pending()) else {
            return Flow::Open;
        };
        if let Stall::Failing { retry_at, .. } = backlog.stall {
            if Instant::now() < retry_at {
                return self.flow();
            }
            self.target.recover();
        }
        let (bytes, start) = backlog.take();
        let end = start + self.attempt(&bytes[start..], messages);
        if let Some(backlog) = self.backlog.as_mut().filter(|_| end < bytes.len()) {
            (backlog.bytes, backlog.start) = (bytes, end);
        }
        self.flow()
    }

    /// Whether something waits to be written.
    pub(crate) fn is_waiting(&self) -> bool {
        self.backlog.as_ref().is_some_and(|backlog| backlog.is_pending())
    }

    /// Closes and opens again; a failure is reported and the old file stays.
    pub(crate) fn reopen(&mut self, messages: &mut LogMessages) {
        match self.target.reopen() {
            Ok(()) => self.retry_at_once(),
            Err(error) => messages.push((
                Level::Error,
                format!(
                    "could not reopen the {}: {}; the file opened before stays in use",
                    self.label,
                    python_text(&error)
                ),
            )),
        }
    }

    /// Empties the log; what waits to be written belongs to what is cleared.
    pub(crate) fn clear(&mut self) -> Result<(), ClearError> {
        self.target.clear()?;
        if let Some(backlog) = &mut self.backlog {
            backlog.take();
        }
        self.retry_at_once();
        Ok(())
    }

    /// The descriptor of the target.
    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.target.fd()
    }

    /// The name for people.
    pub(crate) fn label(&self) -> &Label {
        &self.label
    }

    /// Something changed from outside: the next flush tries at once.
    fn retry_at_once(&mut self) {
        if let Some(Stall::Failing { retry_at, .. }) = self.backlog.as_mut().map(|backlog| &mut backlog.stall)
        {
            *retry_at = Instant::now();
        }
    }

    /// Whether more may be written, as of the last attempt.
    pub(crate) fn flow(&self) -> Flow {
        let Some(backlog) = self.backlog.as_ref().filter(|backlog| backlog.is_pending()) else {
            return Flow::Open;
        };
        match backlog.stall {
            Stall::Unreadable => Flow::Open,
            Stall::Paused => Flow::Retry(Instant::now()),
            Stall::Blocked { since, is_reported } => {
                Flow::Blocked((!is_reported).then(|| since + SLOW_READER))
            }
            Stall::Failing { retry_at, .. } => Flow::Retry(retry_at),
        }
    }

    /// Writes what is taken and notes how it went; returns how much is done with.
    fn attempt(&mut self, bytes: &[u8], messages: &mut LogMessages) -> usize {
        if matches!(self.stall(), Some(Stall::Unreadable)) {
            return bytes.len();
        }
        let mut events = Vec::new();
        let written = self.target.write(bytes, self.unit, &mut events);
        for event in events {
            messages.push(self.describe(&event));
        }
        match written.outcome {
            Outcome::Complete => self.recovered(messages),
            Outcome::Paused => {
                self.recovered(messages);
                self.note(Stall::Paused);
            }
            Outcome::Blocked => self.blocked(written.count > 0, messages),
            Outcome::Failed(error) => self.failed(&error, written.count > 0, messages),
            Outcome::Unreadable(error) => {
                self.note(Stall::Unreadable);
                messages.push((
                    Level::Error,
                    format!(
                        "nobody reads the {} ({}); what goes there is dropped from now on",
                        self.label,
                        python_text(&error)
                    ),
                ));
                return bytes.len();
            }
        }
        written.count
    }

    fn describe(&self, event: &SinkEvent) -> (Level, String) {
        match event {
            SinkEvent::RotationFailed(error) => {
                let why = python_text(error);
                (
                    Level::Error,
                    format!("could not rotate the {}: {why}; it grows on and is tried again", self.label),
                )
            }
            SinkEvent::Refused(error) => {
                let why = python_text(error);
                (
                    Level::Error,
                    format!(
                        "could not send the {}: {why}; they are dropped until it works again",
                        self.label
                    ),
                )
            }
            SinkEvent::Accepted => (Level::Info, format!("the {} are sent again", self.label)),
            SinkEvent::RotationRecovered => (Level::Info, format!("the {} is rotated again", self.label)),
        }
    }

    fn recovered(&mut self, messages: &mut LogMessages) {
        match self.backlog.take().map(|backlog| backlog.stall) {
            Some(
                Stall::Blocked { since, is_reported: true } | Stall::Failing { since, is_reported: true, .. },
            ) => {
                let seconds = since.elapsed().as_secs();
                let text = format!("the {} is written again after {seconds} seconds", self.label);
                messages.push((Level::Info, text));
            }
            Some(Stall::Paused | Stall::Blocked { .. } | Stall::Failing { .. } | Stall::Unreadable)
            | None => {}
        }
    }

    fn blocked(&mut self, has_progressed: bool, messages: &mut LogMessages) {
        let now = Instant::now();
        let (mut since, mut is_reported) = match self.stall() {
            Some(Stall::Blocked { since, is_reported } | Stall::Failing { since, is_reported, .. }) => {
                (since, is_reported)
            }
            Some(Stall::Unreadable | Stall::Paused) | None => (now, false),
        };
        if has_progressed && !is_reported {
            since = now;
        }
        if !is_reported && now >= since + SLOW_READER {
            is_reported = true;
            let text = format!(
                "the reader of the {} has taken nothing for {} seconds; the output waits for it",
                self.label,
                SLOW_READER.as_secs()
            );
            messages.push((Level::Error, text));
        }
        self.note(Stall::Blocked { since, is_reported });
    }

    fn failed(&mut self, error: &io::Error, has_progressed: bool, messages: &mut LogMessages) {
        let is_syslog = matches!(self.target, Sink::Syslog(_));
        let (first, longest) = if is_syslog { SYSLOG_RETRY } else { RETRY };
        let now = Instant::now();
        let (since, wait, was_reported) = match self.stall() {
            Some(Stall::Failing { since, wait, is_reported, .. }) => {
                let next = if has_progressed { wait } else { (wait * 2).min(longest) };
                (since, next, is_reported)
            }
            Some(Stall::Blocked { since, is_reported }) => (since, first, is_reported),
            Some(Stall::Unreadable | Stall::Paused) | None => (now, first, false),
        };
        // The system log's queue being full for a moment is not worth a line.
        let is_reported = was_reported || !is_syslog || now >= since + SLOW_READER;
        if is_reported && !was_reported {
            let text = format!(
                "could not write the {}: {}; the output waits and is tried again (waiting {} seconds)",
                self.label,
                python_text(error),
                wait.as_secs().max(1)
            );
            messages.push((Level::Error, text));
        }
        self.note(Stall::Failing { since, retry_at: now + wait, wait, is_reported });
    }

    fn stall(&self) -> Option<Stall> {
        self.backlog.as_ref().map(|backlog| backlog.stall)
    }

    fn note(&mut self, stall: Stall) {
        match &mut self.backlog {
            Some(backlog) => backlog.stall = stall,
            None => self.backlog = Some(Box::new(Backlog { stall, bytes: Vec::new(), start: 0 })),
        }
    }
}

impl Backlog {
    /// Whether something waits for it to end.
    fn is_pending(&self) -> bool {
        !self.bytes.is_empty()
    }

    /// What waits, and where in it.
    fn take(&mut self) -> (Vec<u8>, usize) {
        (std::mem::take(&mut self.bytes), std::mem::take(&mut self.start))
    }
}
