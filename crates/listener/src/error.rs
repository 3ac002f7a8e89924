//! What can go wrong between a listener and supervisord.

use std::{fmt, io};

/// Why no event could be read, or no result written.
#[derive(Debug)]
pub enum Error {
    /// Standard input or output cannot be used.
    Io(io::Error),
    /// The input ended in the middle of an event.
    Truncated,
    /// A line that should announce an event does not: this field is missing or no number.
    BadHeader {
        /// The field.
        field: &'static str,
        /// The line.
        line: String,
    },
    /// An event has, or is announced with, more bytes than [`Listener::with_limit`](crate::Listener::with_limit) allows.
    TooLarge {
        /// The bytes announced.
        announced: usize,
        /// The bytes allowed.
        limit: usize,
    },
    /// A result without an event before it, or an event asked for before the result of the last.
    OutOfTurn(&'static str),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot talk to supervisord: {error}"),
            Self::Truncated => f.write_str("the input ended in the middle of an event"),
            Self::BadHeader { field, line } => write!(f, "no usable '{field}' in the header '{line}'"),
            Self::TooLarge { announced, limit } => {
                write!(f, "an event of {announced} bytes was announced, more than the limit of {limit}")
            }
            Self::OutOfTurn(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Truncated | Self::BadHeader { .. } | Self::TooLarge { .. } | Self::OutOfTurn(_) => None,
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
