//! What keeps a command from finishing.

use std::io;
use supervisor_rpc::Fault;
use supervisor_rpc::client::{ClientError, os_error_text};

/// What keeps a command from finishing; [`Session::execute`](crate::session::Session::execute) tells the user.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The server, or the way to it.
    Client(ClientError),
    /// A result with a number no command expects.
    UnknownResult {
        /// The number.
        code: i64,
        /// The process it is about.
        name: String,
    },
    /// The input ended where an answer was expected.
    EndOfInput,
    /// Nothing more can be done at all.
    Fatal(Fatal),
}

/// What ends the program.
#[derive(Debug)]
pub(crate) enum Fatal {
    /// Ctrl-C.
    Interrupted,
    /// Standard output cannot be written.
    Output(io::Error),
}

impl From<ClientError> for Failure {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Io(error) if error.kind() == io::ErrorKind::Interrupted => {
                Self::Fatal(Fatal::Interrupted)
            }
            other @ (ClientError::Fault(_)
            | ClientError::Http { .. }
            | ClientError::Endpoint(_)
            | ClientError::Resolve { .. }
            | ClientError::Connect(_)
            | ClientError::Io(_)
            | ClientError::Closed
            | ClientError::Malformed(_)
            | ClientError::TooLarge { .. }) => Self::Client(other),
        }
    }
}

impl From<Fatal> for Failure {
    fn from(fatal: Fatal) -> Self {
        Self::Fatal(fatal)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Client(ClientError::Fault(fault))
    }
}

/// The line for a failure no command explains better. Upstream adds its own file and line; we leave them out.
pub(crate) fn error_line(kind: &str, message: &str) -> String {
    format!("error: <class '{kind}'>, {}", message.replace('\n', " "))
}

/// The kind upstream's users know an error by, and what it says.
pub(crate) fn describe(error: &ClientError) -> (&'static str, String) {
    let kind = match error {
        ClientError::Fault(_) => "xmlrpc.client.Fault",
        ClientError::Http { .. } => "xmlrpc.client.ProtocolError",
        ClientError::Endpoint(_) | ClientError::TooLarge { .. } => "ValueError",
        ClientError::Resolve { .. } => "socket.gaierror",
        ClientError::Connect(error) | ClientError::Io(error) => return describe_system(error),
        ClientError::Closed => "http.client.RemoteDisconnected",
        ClientError::Malformed(malformed) if malformed.is_ill_formed() => "xml.parsers.expat.ExpatError",
        ClientError::Malformed(_) => "xmlrpc.client.ResponseError",
    };
    (kind, error.to_string())
}

/// The same for an error of the operating system.
pub(crate) fn describe_system(error: &io::Error) -> (&'static str, String) {
    let kind = match error.kind() {
        io::ErrorKind::ConnectionRefused => "ConnectionRefusedError",
        io::ErrorKind::NotFound => "FileNotFoundError",
        io::ErrorKind::PermissionDenied => "PermissionError",
        io::ErrorKind::ConnectionReset => "ConnectionResetError",
        io::ErrorKind::ConnectionAborted => "ConnectionAbortedError",
        io::ErrorKind::BrokenPipe => "BrokenPipeError",
        io::ErrorKind::TimedOut => "TimeoutError",
        io::ErrorKind::NotADirectory => "NotADirectoryError",
        io::ErrorKind::IsADirectory => "IsADirectoryError",
        _ => "OSError",
    };
    (kind, os_error_text(error))
}
