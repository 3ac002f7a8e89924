//! Descriptors that stand for processes.

use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use supervisor_core::Pid;

/// A descriptor for the process that has this number now; anybody's process, not only a child. It is readable once the
/// process has ended, reaped or not.
#[cfg(target_os = "linux")]
#[doc(alias = "pidfd_open")]
pub(crate) fn open(pid: Pid) -> io::Result<OwnedFd> {
    // SAFETY: by number, as older C libraries lack the function; touches no memory.
    let fd = unsafe { libc::syscall(libc::SYS_pidfd_open, pid.raw(), 0) };
    let fd = libc::c_int::try_from(fd).unwrap_or(-1);
    // SAFETY: the kernel answers with a new descriptor, close-on-exec, which is ours alone.
    unsafe { crate::call::owned(fd) }
}

/// Nowhere else is there such a descriptor.
#[cfg(not(target_os = "linux"))]
pub(crate) fn open(_pid: Pid) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether the process has ended. A zombie has.
#[doc(alias = "poll")]
pub(crate) fn has_ended(pidfd: BorrowedFd<'_>) -> io::Result<bool> {
    let mut watched = libc::pollfd { fd: crate::call::raw(&pidfd), events: libc::POLLIN, revents: 0 };
    // SAFETY: the pointer and the count describe one record. A timeout of 0 never waits.
    let ready = crate::call::retry(|| unsafe { libc::poll(&raw mut watched, 1, 0) })?;
    Ok(ready > 0)
}
