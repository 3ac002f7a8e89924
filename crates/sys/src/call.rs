//! The C library's way of saying "failed", turned into `io::Result` once: for the calls that rustix does not offer.

use std::io;
use std::os::fd::{FromRawFd, OwnedFd};

/// `outcome`, or the error that errno holds if it is -1. Call it on the result of a C function at once.
pub(crate) fn check<T: PartialEq + From<i8>>(outcome: T) -> io::Result<T> {
    if outcome == T::from(-1) { Err(io::Error::last_os_error()) } else { Ok(outcome) }
}

/// Takes ownership of the descriptor a C function has just returned, or of its error.
///
/// # Safety
/// A non-negative `outcome` is an open descriptor that nobody else owns.
pub(crate) unsafe fn owned(outcome: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: the caller's promise.
    check(outcome).map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
}
