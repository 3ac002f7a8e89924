//! Exit statuses, as scripts know them. Most follow the Linux Standard Base for init scripts.

use std::io;

/// Why the program ends with a status other than 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Anything that has no number of its own.
    Generic,
    /// `start` without a name, or of an unknown group.
    BadArguments,
    /// The server has no `supervisor` methods.
    NoInterface,
    /// `status` showed a process that does not run.
    SomeStopped,
    /// The server refuses connections.
    Refused,
    /// `status` could not find a process, or the server.
    StatusUnknown,
    /// The server speaks another version of the interface.
    WrongVersion,
    /// The process does not run, or did not start; or there is no socket.
    NotRunning,
}

impl Exit {
    /// The number.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Generic => 1,
            Self::BadArguments => 2,
            Self::NoInterface | Self::SomeStopped => 3,
            Self::Refused | Self::StatusUnknown => 4,
            Self::WrongVersion => 5,
            Self::NotRunning => 7,
        }
    }
}

/// What a shell shows for a program that SIGINT ended.
pub(crate) const ENDED_BY_INTERRUPT: u8 = 128 + 2;

/// What a shell shows for a program that SIGPIPE ended, as it does with most tools in front of `head`.
pub(crate) const ENDED_BY_PIPE: u8 = 128 + 13;

/// The status for output that could not be written.
pub(crate) fn of_output_error(error: &io::Error) -> u8 {
    if error.kind() == io::ErrorKind::BrokenPipe { ENDED_BY_PIPE } else { Exit::Generic.code() }
}
