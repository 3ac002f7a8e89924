//! The C library's way of saying "failed", turned into `io::Result` once.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// A C return value whose negative half means "look at errno".
pub(crate) trait Outcome: Copy {
    fn is_failure(self) -> bool;
}

impl Outcome for i32 {
    fn is_failure(self) -> bool {
        self == -1
    }
}

impl Outcome for i64 {
    fn is_failure(self) -> bool {
        self == -1
    }
}

impl Outcome for isize {
    fn is_failure(self) -> bool {
        self == -1
    }
}

/// `outcome`, or the error that errno holds. Call it on the result of a C function at once.
pub(crate) fn check<T: Outcome>(outcome: T) -> io::Result<T> {
    if outcome.is_failure() { Err(io::Error::last_os_error()) } else { Ok(outcome) }
}

/// Runs `call` again as long as a signal interrupted it.
pub(crate) fn retry<T: Outcome>(mut call: impl FnMut() -> T) -> io::Result<T> {
    loop {
        match check(call()) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

/// Takes ownership of the descriptor a C function has just returned, or of its error.
///
/// # Safety
/// A non-negative `outcome` is an open descriptor that nobody else owns.
pub(crate) unsafe fn owned(outcome: libc::c_int) -> io::Result<OwnedFd> {
    // SAFETY: the caller's promise.
    check(outcome).map(|fd| unsafe { OwnedFd::from_raw_fd(fd) })
}

/// The number of a descriptor, for a call within the lifetime of `fd`.
pub(crate) fn raw(fd: &impl AsRawFd) -> libc::c_int {
    fd.as_raw_fd()
}
