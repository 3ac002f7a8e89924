//! Descriptors: pipes, flags, what a descriptor refers to, and those we inherited.

use crate::entry::Stat;
use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::fs::OFlags;
use rustix::io::{Errno, retry_on_intr};
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A pipe between us and a child. Both ends are close-on-exec; only ours is non-blocking, as the flag belongs
/// to the end, and programs expect blocking standard streams.
#[derive(Debug)]
pub struct Pipe {
    /// The end we keep, non-blocking.
    pub ours: OwnedFd,
    /// The end that becomes a standard stream of the child.
    pub theirs: OwnedFd,
}

impl Pipe {
    /// A pipe the child writes into and we read from.
    #[doc(alias = "pipe2")]
    pub fn from_child() -> io::Result<Self> {
        let (read, write) = io::pipe()?;
        // A new pipe has no other flags.
        rustix::fs::fcntl_setfl(&read, OFlags::NONBLOCK)?;
        Ok(Self { ours: read.into(), theirs: write.into() })
    }

    /// A pipe we write into and the child reads from.
    #[doc(alias = "pipe2")]
    pub fn to_child() -> io::Result<Self> {
        let (read, write) = io::pipe()?;
        rustix::fs::fcntl_setfl(&write, OFlags::NONBLOCK)?;
        Ok(Self { ours: write.into(), theirs: read.into() })
    }
}

/// Makes reads and writes through this open file answer `WouldBlock` instead of waiting. The flag belongs to
/// the open file, so all duplicates of the descriptor share it.
#[doc(alias = "O_NONBLOCK")]
pub fn set_nonblocking(fd: &impl AsFd) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(fd)?;
    if !flags.contains(OFlags::NONBLOCK) {
        rustix::fs::fcntl_setfl(fd, flags | OFlags::NONBLOCK)?;
    }
    Ok(())
}

/// Reads what is there, up to the size of `buffer`; 0 is the end of file. Retries after a signal.
pub fn read(fd: &impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(retry_on_intr(|| rustix::io::read(fd, &mut *buffer))?)
}

/// Writes as much of `bytes` as is taken at once. Retries after a signal. A pipe without reader is
/// `BrokenPipe`: SIGPIPE is ignored in this process.
pub fn write(fd: &impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(retry_on_intr(|| rustix::io::write(fd, bytes))?)
}

/// Bytes that wait to be read from a pipe, socket or terminal.
#[doc(alias = "FIONREAD")]
pub fn readable_bytes(fd: &impl AsFd) -> io::Result<usize> {
    Ok(usize::try_from(rustix::io::ioctl_fionread(fd)?).unwrap_or(usize::MAX))
}

/// Waits until there is something to read, or `timeout` is over, or a signal came. Unlike the waits of a poller it
/// resolves parts of a millisecond; the kernel may add the thread's timer slack, 50 µs by default (`prctl(2)`).
#[doc(alias = "ppoll")]
pub fn wait_readable(fd: &impl AsRawFd, timeout: Duration) -> io::Result<()> {
    // SAFETY: its owner is borrowed for the call, so the descriptor stays open.
    let fd = unsafe { BorrowedFd::borrow_raw(fd.as_raw_fd()) };
    let timeout = Timespec {
        tv_sec: timeout.as_secs().try_into().unwrap_or(i64::MAX),
        tv_nsec: timeout.subsec_nanos().into(),
    };
    match rustix::event::poll(&mut [PollFd::from_borrowed_fd(fd, PollFlags::IN)], Some(&timeout)) {
        Err(Errno::INTR) => Ok(()),
        outcome => Ok(outcome.map(drop)?),
    }
}

/// Waits until one of the descriptors is readable or at its end, or `timeout` is over; how many are.
#[doc(alias = "poll")]
pub(crate) fn poll_readable(fds: &[BorrowedFd<'_>], timeout: Option<&Timespec>) -> io::Result<usize> {
    let mut watched: Vec<PollFd<'_>> =
        fds.iter().map(|fd| PollFd::from_borrowed_fd(*fd, PollFlags::IN)).collect();
    Ok(retry_on_intr(|| rustix::event::poll(&mut watched, timeout))?)
}

/// The capacity of the pipe in bytes.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[doc(alias = "F_GETPIPE_SZ")]
pub fn pipe_capacity(fd: &impl AsFd) -> io::Result<usize> {
    Ok(rustix::pipe::fcntl_getpipe_size(fd)?)
}

/// Sets the capacity of the pipe; the result is what the kernel made of it (a power of two of pages).
/// `EPERM` beyond `/proc/sys/fs/pipe-max-size` or the user's share, `EBUSY` below what the pipe holds now.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[doc(alias = "F_SETPIPE_SZ")]
pub fn set_pipe_capacity(fd: &impl AsFd, bytes: usize) -> io::Result<usize> {
    Ok(rustix::pipe::fcntl_setpipe_size(fd, bytes)?)
}

/// Pipes elsewhere have a fixed capacity.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn pipe_capacity(_fd: &impl AsFd) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Pipes elsewhere have a fixed capacity.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn set_pipe_capacity(_fd: &impl AsFd, _bytes: usize) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Device and inode: the identity of a file on this machine, whatever its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileIdentity {
    /// The file system.
    pub device: u64,
    /// The file on it.
    pub inode: u64,
}

impl FileIdentity {
    /// The identity of what `metadata` was read from.
    pub fn from_metadata(metadata: &Metadata) -> Self {
        Self { device: metadata.dev(), inode: metadata.ino() }
    }

    /// The identity of the open file.
    #[doc(alias = "fstat")]
    pub fn of(fd: &impl AsFd) -> io::Result<Self> {
        Stat::of(fd).map(|stat| stat.identity)
    }

    /// The identity of what `path` names now, a link itself rather than its target.
    #[doc(alias = "lstat")]
    pub fn of_path(path: &Path) -> io::Result<Self> {
        std::fs::symlink_metadata(path).map(|metadata| Self::from_metadata(&metadata))
    }
}

/// Whether the open file is a regular one: only those may be rotated, truncated, renamed or removed.
pub fn is_regular(fd: &impl AsFd) -> io::Result<bool> {
    Ok(Stat::of(fd)?.is_file())
}

/// Opens `path` for appending and creates it with `mode` less the umask if it is missing.
///
/// Never blocks and never takes a controlling terminal: a FIFO without a reader is `ENXIO` at once, and writes to one that is
/// full, or to a slow terminal, answer `WouldBlock`. On regular files the flag has no effect.
#[doc(alias = "O_APPEND")]
pub fn open_append(path: &Path, mode: u32) -> io::Result<File> {
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    OpenOptions::new().append(true).create(true).mode(mode).custom_flags(flags).open(path)
}

/// Numbers from here on are in no child's table, for a moment either: the kernel copies a table in pieces of 64, and the
/// streams of children have low numbers.
const BEYOND_CHILDREN: RawFd = 128;

/// Gives an open file a number that children do not get a copy of, if one is free. On a network file system, and on one in
/// user space, closing a file waits for the server: a child that had a copy would wait with it before it executes.
#[doc(alias = "F_DUPFD_CLOEXEC")]
pub fn keep_from_children(file: File) -> File {
    let moved = rustix::io::fcntl_dupfd_cloexec(&file, BEYOND_CHILDREN);
    moved.map_or(file, File::from)
}

/// Points descriptors 0, 1 and 2 at `/dev/null`. None of them is closed before: the language's runtime opens
/// those that are at start.
#[doc(alias = "dup2")]
pub fn redirect_standard_streams_to_null() -> io::Result<()> {
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    retry_on_intr(|| rustix::stdio::dup2_stdin(&null))?;
    retry_on_intr(|| rustix::stdio::dup2_stdout(&null))?;
    retry_on_intr(|| rustix::stdio::dup2_stderr(&null))?;
    Ok(())
}

/// The inherited descriptors below 64, a bit for each.
static INHERITED: AtomicU64 = AtomicU64::new(0);

/// Whether this process got the descriptor from its launcher: a standard stream, or one below 64 that was open when
/// [`mark_inherited_cloexec`] ran.
pub fn is_inherited(number: RawFd) -> bool {
    let recorded = || number < 64 && INHERITED.load(Ordering::Relaxed) >> number & 1 == 1;
    (0..=2).contains(&number) || (number > 2 && recorded())
}

/// Marks every descriptor from 3 up as close-on-exec, and remembers those below 64: what the launcher left open must not
/// reach our children, unless a log names it (`/dev/fd/3`).
///
/// Runs at start, before threads and before anything that is meant to be inherited is opened.
#[doc(alias = "close_range")]
pub fn mark_inherited_cloexec() -> io::Result<()> {
    // SAFETY: F_GETFD touches no memory; on a closed descriptor it answers EBADF.
    let is_open = |fd: &RawFd| unsafe { libc::fcntl(*fd, libc::F_GETFD) } != -1;
    let inherited = (3..64).filter(is_open).fold(0, |bits, fd| bits | 1 << fd);
    INHERITED.store(inherited, Ordering::Relaxed);
    if mark_range_cloexec(3) {
        return Ok(());
    }
    for fd in 3..=highest_open() {
        // SAFETY: F_SETFD touches no memory, and on a closed descriptor it only answers EBADF, which is what
        // we want to skip. The flag changes nothing for an owner of the descriptor before an exec.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    Ok(())
}

/// Marks all descriptors from `first` up as close-on-exec in one call; false if this kernel has none (Linux
/// before 5.11). Async-signal-safe.
#[cfg(target_os = "linux")]
pub(crate) fn mark_range_cloexec(first: RawFd) -> bool {
    // SAFETY: with this flag the call closes nothing.
    unsafe { close_range(first, libc::CLOSE_RANGE_CLOEXEC) }.is_ok()
}

/// Applies `close_range(2)` to all descriptors from `first` up. Async-signal-safe.
///
/// # Safety
/// The descriptors that the call closes are not used afterwards.
#[cfg(target_os = "linux")]
pub(crate) unsafe fn close_range(first: RawFd, flags: libc::c_uint) -> Result<(), Errno> {
    // By number, as older C libraries lack the function.
    // SAFETY: touches no memory; what it closes is the caller's matter.
    match unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, flags) } {
        0 => Ok(()),
        _ => Err(crate::errno::last()),
    }
}

/// Other kernels close, but do not mark, a range.
#[cfg(not(target_os = "linux"))]
pub(crate) fn mark_range_cloexec(_first: RawFd) -> bool {
    false
}

/// Whether [`mark_range_cloexec`] works here; asked of a range that is always empty (from the highest number), once.
pub(crate) fn can_mark_range() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| mark_range_cloexec(-1))
}

/// The highest descriptor open now, or, where no directory lists them, the highest there can be.
pub(crate) fn highest_open() -> libc::c_int {
    let listed = std::fs::read_dir("/dev/fd").ok().and_then(|entries| {
        let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
        numbers.max()
    });
    listed.unwrap_or_else(|| {
        let limit =
            crate::limits::limit(crate::limits::Resource::OpenFiles).ok().and_then(|limit| limit.soft);
        limit.and_then(|soft| libc::c_int::try_from(soft).ok()).map_or(65_535, |soft| soft - 1)
    })
}
