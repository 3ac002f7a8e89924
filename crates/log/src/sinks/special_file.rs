//! Logs that are not ours to rotate: a FIFO, terminal, socket or device at the path, or a descriptor the daemon inherited.
//!
//! Nothing here ever waits. Wherever that works, the file is reopened by its path, so that the non-blocking flag is ours
//! alone; a terminal or pipe shared with the process that started the daemon keeps its flags. Where it does not work (a socket
//! behind `/dev/stdout`), the shared descriptor is asked for room before each small write.
//!
//! A named FIFO is held open for reading as well: its bytes then survive a change of readers, and it becomes writable, instead
//! of failing, when the next one takes them. Opening it still needs a reader (`ENXIO` otherwise).

use super::{ClearError, Outcome, RotationUnit, Sink, SinkReport, Written};
use crate::spec::LogFileSpec;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use std::fs::{File, Metadata};
use std::io::{self, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::time::Duration;
use supervisor_sys::entry::{self, Access, Entry};
use supervisor_sys::fd::FileIdentity;

/// What a shared descriptor with any room accepts: `PIPE_BUF`, a page.
const SHARED_WRITE: usize = 4096;

/// An open file that is not ours to rotate: not regular, or behind a descriptor of the launcher.
#[derive(Debug)]
pub(crate) struct SpecialFile {
    file: File,
    /// How it is opened again; `None` for an inherited descriptor, whose other end never comes back.
    spec: Option<LogFileSpec>,
    /// It is a regular file: it has no other end, and a write that fails (a full disk) may work later.
    is_file: bool,
    /// For an open file description that other processes share, and that must stay blocking.
    gate: Option<Gate>,
}

impl SpecialFile {
    /// `file` was opened as `entry`, where `spec` led.
    pub(crate) fn opened(file: File, metadata: &Metadata, entry: &Entry, spec: &LogFileSpec) -> Self {
        if entry.is_open_file() {
            return Self { file, spec: None, is_file: metadata.is_file(), gate: None };
        }
        let is_fifo = metadata.file_type().is_fifo();
        let both_ways = is_fifo.then(|| open_both_ways(entry, metadata)).flatten();
        Self { file: both_ways.unwrap_or(file), spec: Some(spec.clone()), is_file: false, gate: None }
    }

    /// A descriptor the daemon inherited, such as `/dev/stdout`.
    pub(crate) fn inherited(number: RawFd) -> io::Result<Self> {
        let fd = entry::duplicate_inherited(number)?;
        if supervisor_sys::fd::is_regular(&fd)? {
            // The shared offset keeps the writers of one redirection from overwriting each other.
            return Ok(Self { file: fd.into(), spec: None, is_file: true, gate: None });
        }
        match supervisor_sys::fd::open_append(Path::new(&format!("/dev/fd/{number}")), 0o600) {
            Ok(file) => Ok(Self { file, spec: None, is_file: false, gate: None }),
            Err(_) => Self::shared(fd),
        }
    }

    /// The copy of the main log on our own stdout.
    pub(crate) fn stdout() -> io::Result<Self> {
        Self::inherited(1)
    }

    fn shared(fd: OwnedFd) -> io::Result<Self> {
        Ok(Self { gate: Some(Gate::new(&fd)?), file: fd.into(), spec: None, is_file: false })
    }

    fn write_some(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(gate) = &mut self.gate else { return (&self.file).write(bytes) };
        if !gate.has_room(&self.file)? {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        (&self.file).write(&bytes[..bytes.len().min(SHARED_WRITE)])
    }
}

impl Sink for SpecialFile {
    fn write(&mut self, bytes: &[u8], _unit: RotationUnit, _report: &mut SinkReport<'_>) -> Written {
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
                    _ if self.spec.is_none() && !self.is_file => Outcome::Unreadable(error),
                    _ => Outcome::Failed(error),
                },
            };
            return Written { count, outcome };
        }
        Written::complete(count)
    }

    /// A terminal or reader that went away may be back.
    fn recover(&mut self) {
        let Some(spec) = &self.spec else { return };
        // Not created: a regular file in the place of a device that went away would grow without limit.
        let reopened = Entry::of(&spec.path).and_then(|entry| {
            let file = entry.open(Access::AppendExisting)?;
            file.metadata().map(|metadata| (entry, file, metadata))
        });
        if let Ok((entry, file, metadata)) = reopened
            && !metadata.is_file()
        {
            *self = Self::opened(file, &metadata, &entry, &spec.clone());
        }
    }

    fn clear(&mut self) -> Result<(), ClearError> {
        Err(ClearError::NotRegular)
    }

    fn spec(&self) -> Option<&LogFileSpec> {
        self.spec.as_ref()
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        Some(self.file.as_fd())
    }
}

/// A FIFO opened for both directions neither waits nor fails without a reader (Linux; others in
/// practice). `None` if it cannot be, or if another file has its name by now.
fn open_both_ways(entry: &Entry, opened: &Metadata) -> Option<File> {
    let file = entry.open(Access::Both).ok()?;
    let is_same = FileIdentity::of(&file).ok()? == FileIdentity::from_metadata(opened);
    is_same.then_some(file)
}

/// Asks whether a blocking descriptor would accept a small write at once.
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
