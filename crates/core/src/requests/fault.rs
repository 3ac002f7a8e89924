//! Faults: upstream's numbers and texts for a request that fails.

use crate::snapshot::codec::codec_enum;
use std::fmt;

/// A fault as clients see it. `code` and the `Display` text are upstream's to the byte.
///
/// A `String` in a variant is the detail behind the colon: the name exactly as the client wrote it, or the
/// sentence that says what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The arguments do not fit the method.
    IncorrectParameters(String),
    /// The daemon is stopping and refuses further requests.
    ShutdownState,
    /// No process or group has this name.
    BadName(String),
    /// No signal has this name or number.
    BadSignal(String),
    /// A file is missing: the command's, or the pipe of a standard input that was closed.
    NoFile(String),
    /// There is no log file. `NO_FILE` without a detail.
    NoLogFile,
    /// The command cannot be executed.
    NotExecutable(String),
    /// The system refused.
    Failed(String),
    /// The process ended up neither starting nor running.
    AbnormalTermination(String),
    /// The process could not be spawned, or exited too quickly.
    SpawnError(String),
    /// The process is starting, running or about to be retried.
    AlreadyStarted(String),
    /// The process is not running.
    NotRunning(String),
    /// The group is already active.
    AlreadyAdded(String),
    /// A member of the group has not stopped.
    StillRunning(String),
    /// The configuration cannot be read.
    CantReread(String),
}

codec_enum!(Fault {
    2 => IncorrectParameters(detail),
    6 => ShutdownState,
    10 => BadName(detail),
    11 => BadSignal(detail),
    20 => NoFile(detail),
    21 => NotExecutable(detail),
    22 => NoLogFile,
    30 => Failed(detail),
    40 => AbnormalTermination(detail),
    50 => SpawnError(detail),
    60 => AlreadyStarted(detail),
    70 => NotRunning(detail),
    90 => AlreadyAdded(detail),
    91 => StillRunning(detail),
    92 => CantReread(detail),
});

impl Fault {
    /// The status that stands for success in the results of group requests.
    pub const SUCCESS: i32 = 80;

    /// The number on the wire.
    pub const fn code(&self) -> i32 {
        self.parts().0
    }

    /// The name without its detail, such as `ALREADY_STARTED`.
    pub const fn name(&self) -> &'static str {
        self.parts().1
    }

    /// What stands behind the colon, if anything.
    pub const fn detail(&self) -> Option<&String> {
        self.parts().2
    }

    const fn parts(&self) -> (i32, &'static str, Option<&String>) {
        match self {
            Self::IncorrectParameters(detail) => (2, "INCORRECT_PARAMETERS", Some(detail)),
            Self::ShutdownState => (6, "SHUTDOWN_STATE", None),
            Self::BadName(detail) => (10, "BAD_NAME", Some(detail)),
            Self::BadSignal(detail) => (11, "BAD_SIGNAL", Some(detail)),
            Self::NoFile(detail) => (20, "NO_FILE", Some(detail)),
            Self::NoLogFile => (20, "NO_FILE", None),
            Self::NotExecutable(detail) => (21, "NOT_EXECUTABLE", Some(detail)),
            Self::Failed(detail) => (30, "FAILED", Some(detail)),
            Self::AbnormalTermination(detail) => (40, "ABNORMAL_TERMINATION", Some(detail)),
            Self::SpawnError(detail) => (50, "SPAWN_ERROR", Some(detail)),
            Self::AlreadyStarted(detail) => (60, "ALREADY_STARTED", Some(detail)),
            Self::NotRunning(detail) => (70, "NOT_RUNNING", Some(detail)),
            Self::AlreadyAdded(detail) => (90, "ALREADY_ADDED", Some(detail)),
            Self::StillRunning(detail) => (91, "STILL_RUNNING", Some(detail)),
            Self::CantReread(detail) => (92, "CANT_REREAD", Some(detail)),
        }
    }
}

impl fmt::Display for Fault {
    /// `ALREADY_STARTED: grp:x`, or the name alone.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.parts() {
            (_, name, Some(detail)) => write!(f, "{name}: {detail}"),
            (_, name, None) => f.write_str(name),
        }
    }
}

impl std::error::Error for Fault {}
