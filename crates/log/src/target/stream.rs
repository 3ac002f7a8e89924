//! A log with a reader at its other end: FIFO, pipe, terminal, socket, device.
//!
//! Nothing here ever waits. The file is opened anew by its path wherever that works, so that the non-blocking
//! flag is ours alone; a terminal or pipe shared with whoever started us keeps its flags. Where it does not
//! work (a socket behind `/dev/stdout`), the shared one is asked for room before each small write.
//!
//! A named FIFO is held open for reading as well: then its bytes survive a change of readers, and it becomes
//! writable, instead of failing, when the next one takes them. Opening it still needs a reader (`ENXIO`
//! otherwise).

use super::{Outcome, Written};
use crate::LogFileSpec;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;
use std::time::Duration;
use supervisor_sys::access::descriptor_behind;

/// What a shared descriptor that has any room surely takes: `PIPE_BUF`, a page.
const SHARED_WRITE: usize = 4096;

/// An open non-regular file.
#[derive(Debug)]
pub(crate) struct StreamTarget {
    file: File,
    /// How it is opened again; `None` for a descriptor inherited from whoever started us, whose far end never
    /// comes back.
    spec: Option<LogFileSpec>,
    /// For a description shared with others, which must stay blocking.
    gate: Option<Gate>,
}

impl StreamTarget {
    /// `file` was opened for `spec` and is not regular.
    pub(crate) fn opened(file: File, spec: &LogFileSpec, is_fifo: bool) -> Self {
        if descriptor_behind(&spec.path).is_some() {
            return Self { file, spec: None, gate: None };
        }
        let file = if is_fifo { open_both_ways(&spec.path).unwrap_or(file) } else { file };
        Self { file, spec: Some(spec.clone()), gate: None }
    }

    /// `/dev/stdout` and `/dev/stderr` where opening them fails, as it does for sockets; `None` for any other
    /// path.
    pub(crate) fn open_standard(path: &Path) -> Option<io::Result<Self>> {
        let name = descriptor_behind(path).unwrap_or_else(|| path.to_owned());
        let fd = match name.to_str()? {
            "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => io::stdout().as_fd().try_clone_to_owned(),
            "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => io::stderr().as_fd().try_clone_to_owned(),
            _ => return None,
        };
        Some(fd.and_then(Self::shared))
    }

    /// The copy of the main log on our own stdout.
    pub(crate) fn stdout() -> io::Result<Self> {
        let fd = io::stdout().as_fd().try_clone_to_owned()?;
        if supervisor_sys::fd::is_regular(&fd)? {
            // The shared offset keeps what others write to the same redirection from being overwritten.
            return Ok(Self { file: fd.into(), spec: None, gate: None });
        }
        match supervisor_sys::fd::open_append(Path::new("/dev/fd/1"), 0o600) {
            Ok(file) => Ok(Self { file, spec: None, gate: None }),
            Err(_) => Self::shared(fd),
        }
    }

    fn shared(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self { gate: Some(Gate::new(&fd)?), file: fd.into(), spec: None })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> Written {
        let mut count = 0;
        while count < bytes.len() {
            let outcome = match self.write_some(&bytes[count..]) {
                Ok(0) => Outcome::Failed(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    count += written;
                    continue;
                }
                Err(error) => match error.kind() {
                    io::ErrorKind::Interrupted => continue,
                    io::ErrorKind::WouldBlock => Outcome::Blocked,
                    _ if self.spec.is_none() => Outcome::Unreadable(error),
                    _ => Outcome::Failed(error),
                },
            };
            return Written { count, outcome };
        }
        Written { count, outcome: Outcome::Complete }
    }

    fn write_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(gate) = &mut self.gate else { return (&self.file).write(bytes) };
        if !gate.has_room(&self.file)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        (&self.file).write(&bytes[..bytes.len().min(SHARED_WRITE)])
    }

    /// How it is opened again, if it can be.
    pub(super) fn spec(&self) -> Option<&LogFileSpec> {
        self.spec.as_ref()
    }

    /// Before another try after a failed write: a terminal or reader that went away may be back.
    pub(crate) fn revive(&mut self) {
        let Some(spec) = &self.spec else { return };
        // Not created: a regular file in the place of a device that went away would grow without limit.
        let mut options = OpenOptions::new();
        let opened = options.append(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(&spec.path);
        let Ok(file) = opened else { return };
        let Ok(kind) = file.metadata().map(|metadata| metadata.file_type()) else { return };
        if !kind.is_file() {
            *self = Self::opened(file, &spec.clone(), kind.is_fifo());
        }
    }
}

impl AsFd for StreamTarget {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

/// A FIFO opened for both directions neither waits nor fails for want of a reader (Linux; others in
/// practice).
fn open_both_ways(path: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path)
}

/// Tells whether a blocking descriptor would take a small write at once.
#[derive(Debug)]
struct Gate {
    /// `None` for what is always ready (and cannot be asked).
    poll: Option<Poll>,
    events: Events,
}

impl Gate {
    fn new(fd: &OwnedFd) -> io::Result<Self> {
        let poll = Poll::new()?;
        let registered =
            poll.registry().register(&mut SourceFd(&fd.as_raw_fd()), Token(0), Interest::WRITABLE);
        let can_be_asked = match registered {
            Ok(()) => true,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => false,
            Err(error) => return Err(error),
        };
        Ok(Self { poll: can_be_asked.then_some(poll), events: Events::with_capacity(1) })
    }

    fn has_room(&mut self, file: &File) -> io::Result<bool> {
        let Some(poll) = &mut self.poll else { return Ok(true) };
        // Registering again makes the poller say how things stand now, not only what changed.
        poll.registry().reregister(&mut SourceFd(&file.as_raw_fd()), Token(0), Interest::WRITABLE)?;
        poll.poll(&mut self.events, Some(Duration::ZERO))?;
        Ok(!self.events.is_empty())
    }
}
