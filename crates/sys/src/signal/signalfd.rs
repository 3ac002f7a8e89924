//! Linux: blocked signals, read as records from a descriptor.

use super::{restore_defaults, signal_set};
use crate::call::owned;
use rustix::io::retry_on_intr;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use supervisor_core::Signal;

pub(super) fn open(signals: &[Signal]) -> io::Result<OwnedFd> {
    let set = signal_set(signals);
    // SAFETY: the set is initialised.
    match unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut()) } {
        // The launcher may have left signals ignored. Ignoring SIGCHLD also makes the kernel discard the exit statuses of
        // children. Blocked, none of them acts.
        0 => restore_defaults(signals)?,
        number => return Err(io::Error::from_raw_os_error(number)),
    }
    // SAFETY: the set is initialised, and -1 asks for a new descriptor, which is ours alone.
    unsafe { owned(libc::signalfd(-1, &raw const set, libc::SFD_CLOEXEC | libc::SFD_NONBLOCK)) }
}

pub(super) fn next(source: BorrowedFd<'_>) -> io::Result<Option<Signal>> {
    let mut record = [0; size_of::<libc::signalfd_siginfo>()];
    retry_on_intr(|| rustix::io::read(source, &mut record))?;
    // The record begins with the number. Unread, it is the 0 that no signal has.
    let number = u32::from_ne_bytes([record[0], record[1], record[2], record[3]]);
    Ok(u8::try_from(number).ok().filter(|number| *number > 0).map(Signal))
}

/// Blocking is all that was done.
#[expect(clippy::unnecessary_wraps, reason = "the other source can fail here")]
pub(super) fn release(_signals: &[Signal]) -> io::Result<()> {
    Ok(())
}
