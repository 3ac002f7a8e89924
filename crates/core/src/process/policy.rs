//! What the configuration wants of one process, as far as decisions depend on it.

use crate::snapshot::codec::{codec_enum, codec_struct};
use crate::{ExitStatus, Signal};
use std::time::Duration;

/// When an exit leads to a new start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Autorestart {
    /// Never.
    Never,
    /// After an exit whose code is not among `exitcodes`.
    Unexpected,
    /// After every exit.
    Always,
}

codec_enum!(Autorestart { 0 => Never, 1 => Unexpected, 2 => Always });

/// The options of a `[program:x]` that the state machine needs. Numbers keep the sign and range the file
/// gave them; each rule says what a negative one means.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Policy {
    /// Order within a group for requests and shutdown; low starts first.
    pub priority: i64,
    /// Start when the group is added and at daemon start.
    pub autostart: bool,
    /// Whether an exit leads to a restart.
    pub autorestart: Autorestart,
    /// Seconds a start must survive; zero or less: running at once.
    pub startsecs: i64,
    /// Further attempts after a failed first one; zero or less: none.
    pub startretries: i64,
    /// The signal that asks the process to stop.
    pub stopsignal: Signal,
    /// Seconds between the stop signal and SIGKILL; zero or less: at once.
    pub stopwaitsecs: i64,
    /// The stop signal goes to the whole process group.
    pub stopasgroup: bool,
    /// SIGKILL goes to the whole process group.
    pub killasgroup: bool,
    /// Exit codes that count as expected; empty: none is.
    pub exitcodes: Vec<u8>,
}

codec_struct!(Policy {
    priority,
    autostart,
    autorestart,
    startsecs,
    startretries,
    stopsignal,
    stopwaitsecs,
    stopasgroup,
    killasgroup,
    exitcodes,
});

impl Policy {
    /// For how long a start must survive.
    pub(crate) fn start_time(&self) -> Duration {
        seconds(self.startsecs)
    }

    /// How long after the stop signal SIGKILL is sent.
    pub(crate) fn stop_time(&self) -> Duration {
        seconds(self.stopwaitsecs)
    }

    /// Whether a stop is over only when the process group is empty. `stopasgroup` does not count by itself: without
    /// `killasgroup` nothing would ever end a member that ignores the stop signal. The configuration refuses that pair.
    pub(crate) fn stops_group(&self) -> bool {
        self.killasgroup
    }

    /// How long after one SIGKILL the next is sent. Upstream waits `stopwaitsecs` even if that is nothing,
    /// and then floods the process; we wait a second at least.
    pub(crate) fn kill_interval(&self) -> Duration {
        self.stop_time().max(Duration::from_secs(1))
    }

    /// How long after the given number of failures in a row the next attempt is made.
    pub(crate) fn backoff_time(failures: u32) -> Duration {
        Duration::from_secs(u64::from(failures))
    }

    /// Whether another attempt is made after the given number of failures in a row.
    pub(crate) fn retries_after(&self, failures: u32) -> bool {
        i64::from(failures) <= self.startretries
    }

    /// Whether a process that ends like this was expected to.
    pub(crate) fn expects(&self, status: ExitStatus) -> bool {
        match status {
            ExitStatus::Code(code) => self.exitcodes.contains(&code),
            ExitStatus::Signal { .. } | ExitStatus::Unknown(_) => false,
        }
    }

    /// Whether a process that ended by itself is started again.
    pub(crate) fn restarts_after(&self, status: ExitStatus) -> bool {
        match self.autorestart {
            Autorestart::Never => false,
            Autorestart::Unexpected => !self.expects(status),
            Autorestart::Always => true,
        }
    }
}

/// A number of seconds from the configuration; negative ones mean none.
fn seconds(number: i64) -> Duration {
    Duration::from_secs(u64::try_from(number).unwrap_or(0))
}

impl Default for Policy {
    /// The defaults of the manual's `[program:x]` section.
    fn default() -> Self {
        Self {
            priority: 999,
            autostart: true,
            autorestart: Autorestart::Unexpected,
            startsecs: 1,
            startretries: 3,
            stopsignal: Signal::TERM,
            stopwaitsecs: 10,
            stopasgroup: false,
            killasgroup: false,
            exitcodes: vec![0],
        }
    }
}
