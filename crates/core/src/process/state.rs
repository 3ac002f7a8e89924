//! The states of a process, each with the data that makes sense in it.
//!
//! ```text
//!            start                    spawned                startsecs passed
//!  STOPPED ────────▶ STARTING (no pid) ──────▶ STARTING (pid) ───────▶ RUNNING
//!     ▲                │ failed        exited │ too quickly             │ exited
//!     │                ▼                      ▼                         ▼
//!     │             BACKOFF ◀─────────────────┘     autorestart ◀──── EXITED
//!     │                │ too many failures
//!     │                ▼
//!     │              FATAL       STARTING, RUNNING ──stop──▶ STOPPING ──exited──┐
//!     └─────────────────────────────────────────────────────────────────────────┘
//! ```
//! A process with a pid enters UNKNOWN when the kernel refuses a signal, and leaves it when that child exits.

use crate::Pid;
use crate::snapshot::codec::codec_enum;
use std::fmt;
use std::time::Duration;

/// What a process is doing. Times are on the monotonic clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Does not run, and is not meant to.
    Stopped,
    /// A spawn is in flight; there is no pid yet. STARTING on the wire.
    Spawning {
        /// How many attempts in a row have failed so far.
        failures: u32,
        /// When the spawn was ordered; `startsecs` count from here.
        since: Duration,
    },
    /// Runs, but not yet for `startsecs`.
    Starting {
        pid: Pid,
        /// How many attempts in a row have failed so far.
        failures: u32,
        /// When the spawn was ordered.
        since: Duration,
        /// When it has stayed up for long enough.
        running_at: Duration,
    },
    /// Runs, and has stayed up.
    Running { pid: Pid },
    /// An attempt failed; the next is made at `retry_at`.
    Backoff {
        /// How many attempts in a row have failed, this one included.
        failures: u32,
        retry_at: Duration,
    },
    /// The stop signal was sent; SIGKILL follows at `kill_at`, and repeats. With `killasgroup` the child may have ended while
    /// members of its process group live.
    Stopping { pid: Pid, kill_at: Duration },
    /// Ended by itself.
    Exited {
        /// `Some` while a restart is due then.
        restart_at: Option<Duration>,
    },
    /// Too many attempts have failed.
    Fatal,
    /// Runs, but the kernel refused to signal it.
    Unknown {
        pid: Pid,
        /// It could not be signalled during shutdown either; the daemon ends without it.
        given_up: bool,
    },
}

codec_enum!(State {
    0 => Stopped,
    1 => Spawning { failures, since },
    2 => Starting { pid, failures, since, running_at },
    3 => Running { pid },
    4 => Backoff { failures, retry_at },
    5 => Stopping { pid, kill_at },
    6 => Exited { restart_at },
    7 => Fatal,
    8 => Unknown { pid, given_up },
});

/// A state as the wire knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProcessState {
    /// Does not run, and is not meant to.
    Stopped,
    /// Is being started, or has not stayed up for `startsecs` yet.
    Starting,
    /// Runs.
    Running,
    /// Waits for the next attempt to start.
    Backoff,
    /// Is stopping.
    Stopping,
    /// Ended by itself.
    Exited,
    /// Could not be started.
    Fatal,
    /// Cannot be signalled.
    Unknown,
}

impl ProcessState {
    /// Every state, by its code.
    pub const ALL: [Self; 8] = [
        Self::Stopped,
        Self::Starting,
        Self::Running,
        Self::Backoff,
        Self::Stopping,
        Self::Exited,
        Self::Fatal,
        Self::Unknown,
    ];

    /// `state` on the wire.
    pub const fn code(self) -> i32 {
        match self {
            Self::Stopped => 0,
            Self::Starting => 10,
            Self::Running => 20,
            Self::Backoff => 30,
            Self::Stopping => 40,
            Self::Exited => 100,
            Self::Fatal => 200,
            Self::Unknown => 1000,
        }
    }

    /// `statename` on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stopped => "STOPPED",
            Self::Starting => "STARTING",
            Self::Running => "RUNNING",
            Self::Backoff => "BACKOFF",
            Self::Stopping => "STOPPING",
            Self::Exited => "EXITED",
            Self::Fatal => "FATAL",
            Self::Unknown => "UNKNOWN",
        }
    }

    /// A start is refused and a stop accepted.
    pub const fn is_running(self) -> bool {
        match self {
            Self::Starting | Self::Running | Self::Backoff => true,
            Self::Stopped | Self::Stopping | Self::Exited | Self::Fatal | Self::Unknown => false,
        }
    }

    /// Satisfies a wait for a stop.
    pub const fn is_stopped(self) -> bool {
        match self {
            Self::Stopped | Self::Exited | Self::Fatal | Self::Unknown => true,
            Self::Starting | Self::Running | Self::Backoff | Self::Stopping => false,
        }
    }

    /// Clients may signal it.
    pub const fn is_signallable(self) -> bool {
        match self {
            Self::Starting | Self::Running | Self::Stopping => true,
            Self::Stopped | Self::Backoff | Self::Exited | Self::Fatal | Self::Unknown => false,
        }
    }
}

impl fmt::Display for ProcessState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl State {
    /// The name for it on the wire.
    pub(crate) const fn shown(&self) -> ProcessState {
        match self {
            Self::Stopped => ProcessState::Stopped,
            Self::Spawning { .. } | Self::Starting { .. } => ProcessState::Starting,
            Self::Running { .. } => ProcessState::Running,
            Self::Backoff { .. } => ProcessState::Backoff,
            Self::Stopping { .. } => ProcessState::Stopping,
            Self::Exited { .. } => ProcessState::Exited,
            Self::Fatal => ProcessState::Fatal,
            Self::Unknown { .. } => ProcessState::Unknown,
        }
    }

    /// The live child, if there is one that we know of.
    pub(crate) const fn pid(&self) -> Option<Pid> {
        match *self {
            Self::Starting { pid, .. }
            | Self::Running { pid }
            | Self::Stopping { pid, .. }
            | Self::Unknown { pid, .. } => Some(pid),
            Self::Stopped
            | Self::Spawning { .. }
            | Self::Backoff { .. }
            | Self::Exited { .. }
            | Self::Fatal => None,
        }
    }

    /// When its timer fires.
    pub(crate) const fn deadline(&self) -> Option<Duration> {
        match *self {
            Self::Starting { running_at, .. } => Some(running_at),
            Self::Backoff { retry_at, .. } => Some(retry_at),
            Self::Stopping { kill_at, .. } => Some(kill_at),
            Self::Exited { restart_at } => restart_at,
            Self::Stopped
            | Self::Spawning { .. }
            | Self::Running { .. }
            | Self::Fatal
            | Self::Unknown { .. } => None,
        }
    }

    /// How many attempts to start it have failed in a row, while another one is in flight or due.
    pub(crate) const fn failures(&self) -> u32 {
        match *self {
            Self::Spawning { failures, .. }
            | Self::Starting { failures, .. }
            | Self::Backoff { failures, .. } => failures,
            Self::Stopped
            | Self::Running { .. }
            | Self::Stopping { .. }
            | Self::Exited { .. }
            | Self::Fatal
            | Self::Unknown { .. } => 0,
        }
    }

    /// When it is started again, if it waits for that.
    pub(crate) const fn next_attempt(&self) -> Option<Duration> {
        match *self {
            Self::Backoff { retry_at, .. } => Some(retry_at),
            Self::Exited { restart_at } => restart_at,
            Self::Stopped
            | Self::Spawning { .. }
            | Self::Starting { .. }
            | Self::Running { .. }
            | Self::Stopping { .. }
            | Self::Fatal
            | Self::Unknown { .. } => None,
        }
    }

    /// Whether neither the end of the daemon nor the removal of its group has to wait for it: it has no child that can still be
    /// signalled.
    pub(crate) const fn is_at_rest(&self) -> bool {
        match *self {
            Self::Stopped | Self::Exited { .. } | Self::Fatal | Self::Unknown { given_up: true, .. } => true,
            Self::Spawning { .. }
            | Self::Starting { .. }
            | Self::Running { .. }
            | Self::Backoff { .. }
            | Self::Stopping { .. }
            | Self::Unknown { given_up: false, .. } => false,
        }
    }
}
