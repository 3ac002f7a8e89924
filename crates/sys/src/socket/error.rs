//! What can go wrong with sockets, in upstream's words.

use super::address::ResolveError;
use crate::errno::{code_text, python_text};
use std::ffi::CStr;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why we cannot listen. Displays as the message upstream exits with.
#[derive(Debug)]
pub enum ListenError {
    /// Another process listens there.
    InUse,
    /// A file that is not a socket is in the way; it is left alone.
    NotASocket(PathBuf),
    /// The socket file may not be given to that owner.
    Chown {
        /// The socket file.
        path: PathBuf,
        /// The owner asked for.
        uid: Option<u32>,
        /// The group asked for.
        gid: Option<u32>,
        /// The kernel's answer.
        error: io::Error,
    },
    /// The path of the socket file does not fit into an address (107 bytes on Linux, 103 elsewhere).
    PathTooLong,
    /// The host name cannot be resolved; getaddrinfo's code.
    Resolve(i32),
    /// Any other answer of the kernel.
    Os(io::Error),
}

/// Python shows "leave it" as -1.
fn id(id: Option<u32>) -> i64 {
    id.map_or(-1, i64::from)
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const PREFIX: &str = "Cannot open an HTTP server: socket.error reported ";
        match self {
            Self::InUse => f.write_str(
                "Another program is already listening on a port that one of our HTTP servers is configured to use.  Shut this \
                 program down first before starting supervisord.",
            ),
            Self::NotASocket(path) => {
                write!(f, "Cannot open an HTTP server: {} exists and is not a socket", path.display())
            }
            Self::Chown { path, uid, gid, .. } => {
                let user = crate::user::user_by_uid(crate::user::effective_uid()).ok().flatten();
                let user = user.map_or_else(
                    || crate::user::effective_uid().to_string(),
                    |user| String::from_utf8_lossy(&user.name).into_owned(),
                );
                write!(
                    f,
                    "Not permitted to chown {} to uid/gid ({}, {}); adjust \"sockchown\" value in config file or on command line to \
                     values that the current user ({user}) can successfully chown",
                    path.display(),
                    id(*uid),
                    id(*gid)
                )
            }
            Self::PathTooLong => write!(f, "{PREFIX}AF_UNIX path too long"),
            Self::Resolve(code) => write!(f, "{PREFIX}{code}"),
            Self::Os(error) => match error.raw_os_error() {
                Some(number) => write!(f, "{PREFIX}errno.{} ({number})", code_text(error)),
                None => write!(f, "{PREFIX}{error}"),
            },
        }
    }
}

impl ListenError {
    /// What the system said, as Python shows it (`[Errno 98] Address already in use`), for messages about
    /// other servers than our own.
    pub fn cause(&self) -> String {
        match self {
            Self::InUse => python_text(&io::Error::from_raw_os_error(libc::EADDRINUSE)),
            Self::NotASocket(path) => format!("{} exists and is not a socket", path.display()),
            Self::Chown { error, .. } => {
                format!("Could not change ownership of socket file: {}", python_text(error))
            }
            Self::PathTooLong => "AF_UNIX path too long".to_owned(),
            Self::Resolve(code) => format!("[Errno {code}] {}", resolver_text(*code)),
            Self::Os(error) => python_text(error),
        }
    }
}

impl std::error::Error for ListenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Chown { error, .. } | Self::Os(error) => Some(error),
            Self::InUse | Self::NotASocket(_) | Self::PathTooLong | Self::Resolve(_) => None,
        }
    }
}

impl From<io::Error> for ListenError {
    fn from(error: io::Error) -> Self {
        if error.raw_os_error() == Some(libc::EADDRINUSE) { Self::InUse } else { Self::Os(error) }
    }
}

impl From<ResolveError> for ListenError {
    fn from(error: ResolveError) -> Self {
        match error {
            ResolveError::Code(code) => Self::Resolve(code),
            ResolveError::Os(error) => Self::Os(error),
        }
    }
}

/// Why a connection could not be made. Displays as Python does.
#[derive(Debug)]
pub enum ConnectError {
    /// The host name cannot be resolved; getaddrinfo's code, such as -2.
    Resolve(i32),
    /// The path of the socket file does not fit into an address.
    PathTooLong,
    /// The kernel's answer, such as `ECONNREFUSED`.
    Os(io::Error),
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Resolve(code) => write!(f, "[Errno {code}] {}", resolver_text(*code)),
            Self::PathTooLong => f.write_str("AF_UNIX path too long"),
            Self::Os(error) => f.write_str(&python_text(error)),
        }
    }
}

impl std::error::Error for ConnectError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Os(error) => Some(error),
            Self::Resolve(_) | Self::PathTooLong => None,
        }
    }
}

impl From<io::Error> for ConnectError {
    fn from(error: io::Error) -> Self {
        Self::Os(error)
    }
}

impl From<ResolveError> for ConnectError {
    fn from(error: ResolveError) -> Self {
        match error {
            ResolveError::Code(code) => Self::Resolve(code),
            ResolveError::Os(error) => Self::Os(error),
        }
    }
}

/// The C library's sentence for a code of getaddrinfo, such as `Name or service not known`.
#[doc(alias = "gai_strerror")]
fn resolver_text(code: i32) -> String {
    // SAFETY: gai_strerror answers with a constant NUL-terminated text for every number.
    unsafe { CStr::from_ptr(libc::gai_strerror(code)) }.to_string_lossy().into_owned()
}
