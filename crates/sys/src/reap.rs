//! Collects children that ended.

use std::io;
use std::os::fd::BorrowedFd;
use supervisor_core::{ExitStatus, Pid};

/// Collects our child `pid` if it has ended; `None` while it runs. Never waits. `ECHILD` if it is not (or no longer) our child.
///
/// With a `pidfd` the kernel needs no look-up; the pid is still needed for the books of this crate.
#[doc(alias = "waitid")]
pub fn reap_child(pid: Pid, pidfd: Option<BorrowedFd<'_>>) -> io::Result<Option<ExitStatus>> {
    let _ = (pid, pidfd);
    Ok(None)
}

/// Collects one ended process that was re-parented to us (we are pid 1, a subreaper, or were exec'ed by a process with children),
/// leaving every child that `known` claims, and every child [`crate::spawn`] made, to [`reap_child`].
///
/// `None`: nothing to collect *now*. A known child that has ended hides others behind it, and so does a spawn that has not returned. So call it until `None`
/// after SIGCHLD, and again after collecting known children and after each spawn; then none is missed.
#[doc(alias = "waitid")]
pub fn next_stranger(known: impl Fn(Pid) -> bool) -> io::Result<Option<(Pid, ExitStatus)>> {
    let _ = known;
    Ok(None)
}

/// Collects any child that has ended, known or not: the loop for a process without own books, or a system without pidfd.
#[doc(alias = "waitpid")]
pub fn next_ended() -> io::Result<Option<(Pid, ExitStatus)>> {
    Ok(None)
}
