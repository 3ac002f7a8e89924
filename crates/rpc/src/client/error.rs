//! Why a call did not give a value.

use super::EndpointError;
use crate::Fault;
use crate::decode::Malformed;
use std::fmt;
use std::io;

/// Why a call did not give a value.
#[derive(Debug)]
pub enum ClientError {
    /// The server raised a fault.
    Fault(Fault),
    /// The server answered something else than 200.
    Http {
        /// The status code.
        status: u16,
        /// The words after it.
        reason: String,
    },
    /// The URL names no server.
    Endpoint(EndpointError),
    /// The host name is not known.
    Resolve {
        /// The number `getaddrinfo(3)` gives, where it is known.
        code: Option<i32>,
        /// Its reason phrase.
        message: String,
    },
    /// No connection: `ConnectionRefused` without a listener, `NotFound` if there is no socket file.
    Connect(io::Error),
    /// The connection broke, a wait took too long, or a [`Waiter`](super::Waiter) gave up.
    Io(io::Error),
    /// The server closed the connection before it answered.
    Closed,
    /// What came is no HTTP, no XML-RPC, or not what the method returns.
    Malformed(Malformed),
    /// The answer is larger than allowed.
    TooLarge {
        /// The bytes allowed.
        limit: usize,
    },
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fault(fault) => fault.fmt(f),
            // The host is a fixed word in upstream's client, whatever it talks to.
            Self::Http { status, reason } => {
                write!(f, "<ProtocolError for 127.0.0.1/RPC2: {status} {reason}>")
            }
            Self::Endpoint(error) => error.fmt(f),
            Self::Resolve { code: Some(code), message } => write!(f, "[Errno {code}] {message}"),
            Self::Resolve { code: None, message } => f.write_str(message),
            Self::Connect(error) | Self::Io(error) => f.write_str(&os_error_text(error)),
            Self::Closed => f.write_str("Remote end closed connection without response"),
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::TooLarge { limit } => write!(f, "the answer has more than {limit} bytes"),
        }
    }
}

impl std::error::Error for ClientError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Fault(fault) => Some(fault),
            Self::Endpoint(error) => Some(error),
            Self::Connect(error) | Self::Io(error) => Some(error),
            Self::Malformed(malformed) => Some(malformed),
            Self::Http { .. } | Self::Resolve { .. } | Self::Closed | Self::TooLarge { .. } => None,
        }
    }
}

/// `[Errno 111] Connection refused`: the number and the C library's words, as upstream's users know them.
pub fn os_error_text(error: &io::Error) -> String {
    let text = error.to_string();
    match error.raw_os_error() {
        Some(number) => {
            let words = text.strip_suffix(&format!(" (os error {number})")).unwrap_or(&text);
            format!("[Errno {number}] {words}")
        }
        None => text,
    }
}

impl From<Fault> for ClientError {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<EndpointError> for ClientError {
    fn from(error: EndpointError) -> Self {
        Self::Endpoint(error)
    }
}

impl From<io::Error> for ClientError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Malformed> for ClientError {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_errors_show_number_and_words() {
        let refused = io::Error::from_raw_os_error(111);
        let shown = ClientError::Connect(refused).to_string();
        assert!(shown.starts_with("[Errno 111] ") && !shown.contains("os error"), "{shown}");
    }

    #[test]
    fn http_errors_look_as_upstream_shows_them() {
        let error = ClientError::Http { status: 401, reason: "Unauthorized".into() };
        assert_eq!(error.to_string(), "<ProtocolError for 127.0.0.1/RPC2: 401 Unauthorized>");
    }
}
