//! Descriptors: pipes, flags, what a descriptor refers to, and those we inherited.

use crate::call::{check, owned, raw, retry};
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, FromRawFd, OwnedFd, RawFd};
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
        set_flags(&read, libc::O_NONBLOCK)?;
        Ok(Self { ours: read.into(), theirs: write.into() })
    }

    /// A pipe we write into and the child reads from.
    #[doc(alias = "pipe2")]
    pub fn to_child() -> io::Result<Self> {
        let (read, write) = io::pipe()?;
        set_flags(&write, libc::O_NONBLOCK)?;
        Ok(Self { ours: write.into(), theirs: read.into() })
    }
}

/// Makes reads and writes through this open file answer `WouldBlock` instead of waiting. The flag belongs to
/// the open file, so all duplicates of the descriptor share it.
#[doc(alias = "O_NONBLOCK")]
pub fn set_nonblocking(fd: &impl AsFd) -> io::Result<()> {
    let fd = fd.as_fd();
    // SAFETY: the descriptor is open as long as it is borrowed; the command touches no memory.
    let flags = check(unsafe { libc::fcntl(raw(&fd), libc::F_GETFL) })?;
    if flags & libc::O_NONBLOCK == 0 {
        set_flags(&fd, flags | libc::O_NONBLOCK)?;
    }
    Ok(())
}

fn set_flags(fd: &impl AsFd, flags: libc::c_int) -> io::Result<()> {
    let fd = fd.as_fd();
    // SAFETY: the descriptor is open as long as it is borrowed; the command touches no memory.
    check(unsafe { libc::fcntl(raw(&fd), libc::F_SETFL, flags) }).map(drop)
}

/// Reads what is there, up to the size of `buffer`; 0 is the end of file. Retries after a signal.
pub fn read(fd: &impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    let fd = fd.as_fd();
    // SAFETY: the pointer and the length describe one exclusive slice.
    let count = retry(|| unsafe { libc::read(raw(&fd), buffer.as_mut_ptr().cast(), buffer.len()) })?;
    Ok(count.unsigned_abs())
}

/// Writes as much of `bytes` as is taken at once. Retries after a signal. A pipe without reader is
/// `BrokenPipe`: SIGPIPE is ignored in this process.
pub fn write(fd: &impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    let fd = fd.as_fd();
    // SAFETY: the pointer and the length describe one slice.
    let count = retry(|| unsafe { libc::write(raw(&fd), bytes.as_ptr().cast(), bytes.len()) })?;
    Ok(count.unsigned_abs())
}

/// Bytes that wait to be read from a pipe, socket or terminal.
#[doc(alias = "FIONREAD")]
pub fn readable_bytes(fd: &impl AsFd) -> io::Result<usize> {
    let mut count: libc::c_int = 0;
    // SAFETY: FIONREAD stores one int at the pointer.
    check(unsafe { libc::ioctl(raw(&fd.as_fd()), libc::FIONREAD, &raw mut count) })?;
    Ok(usize::try_from(count).unwrap_or_default())
}

/// Waits until there is something to read, or `timeout` is over, or a signal came. Other than the waits of a poller it knows
/// parts of a millisecond; the kernel may add its timer slack, 50 µs unless it was told otherwise (`prctl(2)`).
#[doc(alias = "ppoll")]
pub fn wait_readable(fd: RawFd, timeout: Duration) -> io::Result<()> {
    let mut asked = libc::pollfd { fd, events: libc::POLLIN, revents: 0 };
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let outcome = {
        let seconds = libc::time_t::try_from(timeout.as_secs()).unwrap_or(libc::time_t::MAX);
        let timeout = libc::timespec { tv_sec: seconds, tv_nsec: timeout.subsec_nanos().into() };
        // SAFETY: there is one record, and both pointers are valid for the call; a number that is no descriptor is told.
        check(unsafe { libc::ppoll(&raw mut asked, 1, &raw const timeout, std::ptr::null()) })
    };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let outcome = {
        let milliseconds = timeout.as_micros().div_ceil(1000);
        let milliseconds = libc::c_int::try_from(milliseconds).unwrap_or(libc::c_int::MAX);
        // SAFETY: there is one record, and the pointer is valid for the call; a number that is no descriptor is told.
        check(unsafe { libc::poll(&raw mut asked, 1, milliseconds) })
    };
    match outcome {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        outcome => outcome.map(drop),
    }
}

/// Bytes the pipe holds before a writer has to wait.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[doc(alias = "F_GETPIPE_SZ")]
pub fn pipe_capacity(fd: &impl AsFd) -> io::Result<usize> {
    // SAFETY: the descriptor is open as long as it is borrowed; the command touches no memory.
    let capacity = check(unsafe { libc::fcntl(raw(&fd.as_fd()), libc::F_GETPIPE_SZ) })?;
    Ok(usize::try_from(capacity).unwrap_or_default())
}

/// Asks for room for `bytes` in the pipe; answers with what the kernel made of it (a power of two of pages).
/// `EPERM` beyond `/proc/sys/fs/pipe-max-size` or the user's share, `EBUSY` below what the pipe holds now.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[doc(alias = "F_SETPIPE_SZ")]
pub fn set_pipe_capacity(fd: &impl AsFd, bytes: usize) -> io::Result<usize> {
    let bytes = libc::c_int::try_from(bytes).unwrap_or(libc::c_int::MAX);
    // SAFETY: as above.
    let capacity = check(unsafe { libc::fcntl(raw(&fd.as_fd()), libc::F_SETPIPE_SZ, bytes) })?;
    Ok(usize::try_from(capacity).unwrap_or_default())
}

/// Pipes elsewhere have a size nobody can ask for or change.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn pipe_capacity(_fd: &impl AsFd) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Pipes elsewhere have a size nobody can ask for or change.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub fn set_pipe_capacity(_fd: &impl AsFd, _bytes: usize) -> io::Result<usize> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What tells one file from another on this machine, whatever its names.
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
        metadata(fd).map(|metadata| Self::from_metadata(&metadata))
    }

    /// The identity of what `path` names now, a link itself rather than its target.
    #[doc(alias = "lstat")]
    pub fn of_path(path: &Path) -> io::Result<Self> {
        std::fs::symlink_metadata(path).map(|metadata| Self::from_metadata(&metadata))
    }
}

/// Whether the open file is a regular one: only those may be rotated, truncated, renamed or removed.
pub fn is_regular(fd: &impl AsFd) -> io::Result<bool> {
    Ok(metadata(fd)?.file_type().is_file())
}

/// Everything fstat(2) tells of the open file.
pub fn metadata(fd: &impl AsFd) -> io::Result<Metadata> {
    // SAFETY: the descriptor is open as long as it is borrowed, and the `File` is never dropped, so it closes
    // nothing.
    let file = ManuallyDrop::new(unsafe { File::from_raw_fd(raw(&fd.as_fd())) });
    file.metadata()
}

/// Opens `path` for appending and creates it with `mode` less the umask if it is missing.
///
/// Never waits and never adopts a terminal: a FIFO nobody reads is `ENXIO` at once, and writes to one that is
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
    // SAFETY: touches no memory; the descriptor is open. The kernel answers with a new descriptor, which is ours alone.
    let moved = unsafe { owned(libc::fcntl(raw(&file), libc::F_DUPFD_CLOEXEC, BEYOND_CHILDREN)) };
    moved.map_or(file, File::from)
}

/// Points descriptors 0, 1 and 2 at `/dev/null`. None of them is closed before: the language's runtime opens
/// those that are at start.
#[doc(alias = "dup2")]
pub fn redirect_standard_streams_to_null() -> io::Result<()> {
    let null = OpenOptions::new().read(true).write(true).open("/dev/null")?;
    for target in 0..=2 {
        // SAFETY: 0, 1 and 2 are the standard streams, which no owner in this process closes; replacing what
        // they refer to is the purpose.
        retry(|| unsafe { libc::dup2(raw(&null), target) })?;
    }
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
pub(crate) fn mark_range_cloexec(first: libc::c_uint) -> bool {
    // SAFETY: with CLOEXEC the call closes nothing and touches no memory; by number, as older C libraries
    // lack the function.
    unsafe { libc::syscall(libc::SYS_close_range, first, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) == 0 }
}

/// Other kernels close, but do not mark, a range.
#[cfg(not(target_os = "linux"))]
pub(crate) fn mark_range_cloexec(_first: libc::c_uint) -> bool {
    false
}

/// Whether [`mark_range_cloexec`] works here; asked of a range that is always empty, once.
pub(crate) fn can_mark_range() -> bool {
    static ANSWER: OnceLock<bool> = OnceLock::new();
    *ANSWER.get_or_init(|| mark_range_cloexec(libc::c_uint::MAX))
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
