//! Linux: blocked signals, read as records from a descriptor.

use super::{restore_defaults, signal_set};
use crate::call::{check, owned, retry};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use supervisor_core::Signal;

pub(super) fn open(signals: &[Signal]) -> io::Result<OwnedFd> {
    let set = signal_set(signals);
    // SAFETY: the set is initialised.
    match unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) } {
        // Whoever started us may have left signals ignored. With SIGCHLD that is more than not being told: the
        // kernel throws the exit statuses of children away. Blocked, none of them acts.
        0 => restore_defaults(signals)?,
        number => return Err(io::Error::from_raw_os_error(number)),
    }
    // SAFETY: the set is initialised, and -1 asks for a new descriptor, which is ours alone.
    unsafe { owned(libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)) }
}

pub(super) fn next(source: BorrowedFd<'_>) -> io::Result<Option<Signal>> {
    let mut record = MaybeUninit::<libc::signalfd_siginfo>::uninit();
    let size = size_of_val(&record);
    // SAFETY: the pointer and the size describe `record`.
    let count = retry(|| unsafe { libc::read(source.as_raw_fd(), record.as_mut_ptr().cast(), size) })?;
    if count.unsigned_abs() != size {
        return check(-1_i32).map(|_| None);
    }
    // SAFETY: the kernel has written the whole record.
    let number = unsafe { record.assume_init() }.ssi_signo;
    Ok(u8::try_from(number).ok().map(Signal))
}

/// Blocking is all that was done.
#[expect(clippy::unnecessary_wraps, reason = "the other source can fail here")]
pub(super) fn give_back(_signals: &[Signal]) -> io::Result<()> {
    Ok(())
}
