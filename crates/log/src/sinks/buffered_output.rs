//! One target with what waits to be written to it, and whether it works.
//!
//! What a write does not take is kept, and nothing more is accepted until it is gone: the caller stops
//! reading its source then. So the memory held is what one read gave, and bytes never change places. An
//! outlet tells when it is worth trying again: when its descriptor becomes writable, or at a time that moves
//! away from second to second up to half a minute. People are told once when it goes wrong and once when it
//! is over.

use crate::label::Label;
use crate::sinks::{ClearError, Outcome, Remark, Target, Units};
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
pub(crate) type Lines = Vec<(Level, String)>;

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
    /// Of two outlets of one source: whichever has to be waited for; with two to wait for, the second is met
    /// again when the first is through.
    pub(crate) fn stricter(self, other: Self) -> Self {
        if self == Self::Open { other } else { self }
    }
}

/// A target, and what is wrong with it.
#[derive(Debug)]
pub(crate) struct Outlet {
    target: Target,
    /// For people: `stdout log of 'web' ('/var/log/web.log')`.
    label: Label,
    units: Units,
    /// Boxed: hardly any of thousands of outlets has some.
    trouble: Option<Box<Trouble>>,
}

/// Why a target does not take what it is given, and what waits until it does.
#[derive(Debug)]
struct Trouble {
    health: Health,
    /// Not yet written, from `start` on.
    backlog: Vec<u8>,
    start: usize,
}

#[derive(Clone, Copy, Debug)]
enum Health {
    /// It only takes long.
    Paused,
    /// The reader does not keep up.
    Blocked { since: Instant, is_reported: bool },
    /// Writes fail.
    Failing { since: Instant, retry_at: Instant, wait: Duration, is_reported: bool },
    /// Nobody will ever read it; bytes are dropped.
    Unreadable,
}

impl Outlet {
    pub(crate) fn new(target: Target, label: Label, units: Units) -> Self {
        Self { target, label, units, trouble: None }
    }

    /// Writes `bytes`, or keeps what is not taken. Only to be called while nothing waits, or with further
    /// parts of the same read.
    pub(crate) fn write(&mut self, bytes: &[u8], lines: &mut Lines) -> Flow {
        let count = if self.is_waiting() { 0 } else { self.attempt(bytes, lines) };
        if let Some(trouble) = &mut self.trouble {
            trouble.backlog.extend_from_slice(&bytes[count..]);
        }
        self.flow()
    }

    /// Tries to write what waits.
    pub(crate) fn flush(&mut self, lines: &mut Lines) -> Flow {
        let Some(trouble) = self.trouble.as_mut().filter(|trouble| trouble.is_waited_for()) else {
            return Flow::Open;
        };
        if let Health::Failing { retry_at, .. } = trouble.health {
            if Instant::now() < retry_at {
                return self.flow();
            }
            self.target.revive();
        }
        let (backlog, start) = trouble.take_backlog();
        let end = start + self.attempt(&backlog[start..], lines);
        if let Some(trouble) = self.trouble.as_mut().filter(|_| end < backlog.len()) {
            (trouble.backlog, trouble.start) = (backlog, end);
        }
        self.flow()
    }

    /// Whether something waits to be written.
    pub(crate) fn is_waiting(&self) -> bool {
        self.trouble.as_ref().is_some_and(|trouble| trouble.is_waited_for())
    }

    /// Closes and opens again; a failure is reported and the old file stays.
    pub(crate) fn reopen(&mut self, lines: &mut Lines) {
        match self.target.reopen() {
            Ok(()) => self.expect_better(),
            Err(error) => lines.push((
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
        if let Some(trouble) = &mut self.trouble {
            trouble.take_backlog();
        }
        self.expect_better();
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
    fn expect_better(&mut self) {
        if let Some(Health::Failing { retry_at, .. }) =
            self.trouble.as_mut().map(|trouble| &mut trouble.health)
        {
            *retry_at = Instant::now();
        }
    }

    /// Whether more may be written, as of the last attempt.
    pub(crate) fn flow(&self) -> Flow {
        let Some(trouble) = self.trouble.as_ref().filter(|trouble| trouble.is_waited_for()) else {
            return Flow::Open;
        };
        match trouble.health {
            Health::Unreadable => Flow::Open,
            Health::Paused => Flow::Retry(Instant::now()),
            Health::Blocked { since, is_reported } => {
                Flow::Blocked((!is_reported).then(|| since + SLOW_READER))
            }
            Health::Failing { retry_at, .. } => Flow::Retry(retry_at),
        }
    }

    /// Writes what is taken and notes how it went; returns how much is done with.
    fn attempt(&mut self, bytes: &[u8], lines: &mut Lines) -> usize {
        if matches!(self.health(), Some(Health::Unreadable)) {
            return bytes.len();
        }
        let mut remarks = Vec::new();
        let written = self.target.write(bytes, self.units, &mut remarks);
        for remark in remarks {
            lines.push(self.describe(&remark));
        }
        match written.outcome {
            Outcome::Complete => self.recovered(lines),
            Outcome::Paused => {
                self.recovered(lines);
                self.note(Health::Paused);
            }
            Outcome::Blocked => self.blocked(written.count > 0, lines),
            Outcome::Failed(error) => self.failed(&error, written.count > 0, lines),
            Outcome::Unreadable(error) => {
                self.note(Health::Unreadable);
                lines.push((
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

    fn describe(&self, remark: &Remark) -> (Level, String) {
        match remark {
            Remark::RotationFailed(error) => {
                let why = python_text(error);
                (
                    Level::Error,
                    format!("could not rotate the {}: {why}; it grows on and is tried again", self.label),
                )
            }
            Remark::Refused(error) => {
                let why = python_text(error);
                (
                    Level::Error,
                    format!(
                        "could not send the {}: {why}; they are dropped until it works again",
                        self.label
                    ),
                )
            }
            Remark::Accepted => (Level::Info, format!("the {} are sent again", self.label)),
            Remark::RotationRecovered => (Level::Info, format!("the {} is rotated again", self.label)),
        }
    }

    fn recovered(&mut self, lines: &mut Lines) {
        match self.trouble.take().map(|trouble| trouble.health) {
            Some(
                Health::Blocked { since, is_reported: true }
                | Health::Failing { since, is_reported: true, .. },
            ) => {
                let seconds = since.elapsed().as_secs();
                let text = format!("the {} is written again after {seconds} seconds", self.label);
                lines.push((Level::Info, text));
            }
            Some(Health::Paused | Health::Blocked { .. } | Health::Failing { .. } | Health::Unreadable)
            | None => {}
        }
    }

    fn blocked(&mut self, has_progressed: bool, lines: &mut Lines) {
        let now = Instant::now();
        let (mut since, mut is_reported) = match self.health() {
            Some(Health::Blocked { since, is_reported } | Health::Failing { since, is_reported, .. }) => {
                (since, is_reported)
            }
            Some(Health::Unreadable | Health::Paused) | None => (now, false),
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
            lines.push((Level::Error, text));
        }
        self.note(Health::Blocked { since, is_reported });
    }

    fn failed(&mut self, error: &io::Error, has_progressed: bool, lines: &mut Lines) {
        let is_syslog = matches!(self.target, Target::Syslog(_));
        let (first, longest) = if is_syslog { SYSLOG_RETRY } else { RETRY };
        let now = Instant::now();
        let (since, wait, was_reported) = match self.health() {
            Some(Health::Failing { since, wait, is_reported, .. }) => {
                let next = if has_progressed { wait } else { (wait * 2).min(longest) };
                (since, next, is_reported)
            }
            Some(Health::Blocked { since, is_reported }) => (since, first, is_reported),
            Some(Health::Unreadable | Health::Paused) | None => (now, first, false),
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
            lines.push((Level::Error, text));
        }
        self.note(Health::Failing { since, retry_at: now + wait, wait, is_reported });
    }

    fn health(&self) -> Option<Health> {
        self.trouble.as_ref().map(|trouble| trouble.health)
    }

    fn note(&mut self, health: Health) {
        match &mut self.trouble {
            Some(trouble) => trouble.health = health,
            None => self.trouble = Some(Box::new(Trouble { health, backlog: Vec::new(), start: 0 })),
        }
    }
}

impl Trouble {
    /// Whether something waits for it to end.
    fn is_waited_for(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// What waits, and where in it.
    fn take_backlog(&mut self) -> (Vec<u8>, usize) {
        (std::mem::take(&mut self.backlog), std::mem::take(&mut self.start))
    }
}
