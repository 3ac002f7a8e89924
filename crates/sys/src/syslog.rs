//! Messages to the system log, never waiting for it.
//!
//! The C library's syslog(3) blocks when the system log does not keep up, and with it would block
//! supervision. Here a message that cannot be taken at once is refused, and the caller decides what to say
//! about it; nothing is queued.

use crate::clock;
use std::io;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};

/// Where the system log listens for datagrams.
#[cfg(not(any(target_os = "macos", target_os = "ios", target_os = "freebsd")))]
const SYSTEM_LOG: &str = "/dev/log";
#[cfg(any(target_os = "macos", target_os = "ios"))]
const SYSTEM_LOG: &str = "/var/run/syslog";
#[cfg(target_os = "freebsd")]
const SYSTEM_LOG: &str = "/var/run/log";

/// Facility USER (1), priority INFO (6), as one number.
const PRIORITY: u32 = 8 + 6;

/// A connection to the local system log that is made when needed and made again when lost.
#[derive(Debug)]
pub struct Syslog {
    path: PathBuf,
    ident: String,
    socket: Option<UnixDatagram>,
}

impl Syslog {
    /// Messages signed `ident`, such as `supervisord`, to the system's log socket.
    #[doc(alias = "openlog")]
    pub fn new(ident: &str) -> Self {
        Self::at(Path::new(SYSTEM_LOG), ident)
    }

    /// The same to the datagram socket at `path`.
    pub fn at(path: &Path, ident: &str) -> Self {
        Self { path: path.to_owned(), ident: ident.to_owned(), socket: None }
    }

    /// Sends one message: `<14>Nov 21 04:10:48 supervisord: text`.
    ///
    /// `WouldBlock` when the system log does not keep up, `NotFound` or `ConnectionRefused` when there is
    /// none, `EMSGSIZE` when the text is larger than a datagram may be (about 200 KB on Linux). The message
    /// is then lost to the system log.
    #[doc(alias = "syslog")]
    pub fn send(&mut self, text: &[u8]) -> io::Result<()> {
        let message = self.message(text);
        match self.connection()?.send(&message) {
            Ok(_) => Ok(()),
            Err(error) if is_about_the_connection(&error) => {
                // The system log was restarted since: its new socket is another one.
                self.socket = None;
                self.connection()?.send(&message).map(|_| ())
            }
            Err(error) => Err(error),
        }
    }

    fn message(&self, text: &[u8]) -> Vec<u8> {
        let head = format!("<{PRIORITY}>{} {}: ", clock::syslog_time(clock::now().wall), self.ident);
        [head.as_bytes(), text].concat()
    }

    fn connection(&mut self) -> io::Result<&UnixDatagram> {
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => connect(&self.path)?,
        };
        Ok(self.socket.insert(socket))
    }
}

fn connect(path: &Path) -> io::Result<UnixDatagram> {
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect(path)?;
    Ok(socket)
}

fn is_about_the_connection(error: &io::Error) -> bool {
    let number = error.raw_os_error();
    matches!(
        number,
        Some(libc::ECONNREFUSED | libc::ECONNRESET | libc::ENOTCONN | libc::EPIPE | libc::EDESTADDRREQ)
    )
}
