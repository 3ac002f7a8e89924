//! Collects children that ended.
//!
//! Known children are collected one by one, each when its pidfd (or SIGCHLD) says so. Strangers, processes
//! that were re-parented to us, are looked for apart, and never by a call that could take a known child's
//! status: the kernel is asked first who is dead (`WNOWAIT`), and the status is taken only if the pid is
//! nobody's.

use crate::call::retry;
use crate::children;
use std::io;
use std::os::fd::BorrowedFd;
use supervisor_core::{ExitStatus, Pid, Signal};

/// Collects our child `pid` if it has ended; `None` while it runs. Never waits. `ECHILD` if it is not (or no
/// longer) our child.
///
/// With its `pidfd` the kernel needs no look-up; the pid is needed for the books of this crate.
#[doc(alias = "waitid")]
pub fn reap_child(pid: Pid, pidfd: Option<BorrowedFd<'_>>) -> io::Result<Option<ExitStatus>> {
    let mut ours = children::ours();
    let ended = match pidfd {
        Some(pidfd) => ended_by_pidfd(pid, pidfd)?,
        None => take(Whom::Child(pid))?,
    };
    Ok(ended.map(|(_, status)| {
        ours.remove(&pid);
        status
    }))
}

/// Collects one ended process that was re-parented to us (we are pid 1, a subreaper, or were exec'ed by a
/// process with children), leaving every child that `known` claims, and every child [`crate::spawn`] made, to
/// [`reap_child`].
///
/// `None`: nothing to collect *now*. A known child that has ended hides others behind it, and so does a spawn
/// that has not returned. So call it until `None` after SIGCHLD, and again after collecting known children
/// and after each spawn; then none is missed. `known` must not call back into this module.
#[doc(alias = "waitid")]
pub fn next_stranger(known: impl Fn(Pid) -> bool) -> io::Result<Option<(Pid, ExitStatus)>> {
    // Held from the look at the dead one to its burial: its owner could otherwise collect it in between, and
    // the pid be another child's.
    let ours = children::ours();
    let Some((pid, _)) = wait(Whom::Anyone, libc::WNOWAIT)? else { return Ok(None) };
    // A spawn that is under way now may be the one that made it; one that is not has entered it.
    if children::any_spawn_under_way() || ours.contains(&pid) || known(pid) {
        return Ok(None);
    }
    match take(Whom::Child(pid)) {
        // Collected meanwhile by somebody who keeps no books here, such as the standard library for a
        // `Command`.
        Err(error) if error.raw_os_error() == Some(libc::ECHILD) => Ok(None),
        stranger => stranger,
    }
}

/// Collects any child that has ended, known or not: for a process that keeps no books of its own.
#[doc(alias = "waitpid")]
pub fn next_ended() -> io::Result<Option<(Pid, ExitStatus)>> {
    let mut ours = children::ours();
    let ended = take(Whom::Anyone)?;
    if let Some((pid, _)) = ended {
        ours.remove(&pid);
    }
    Ok(ended)
}

/// Whose end is asked for.
#[derive(Clone, Copy)]
enum Whom {
    Anyone,
    Child(Pid),
    #[cfg(target_os = "linux")]
    Pidfd(libc::id_t),
}

#[cfg(target_os = "linux")]
fn ended_by_pidfd(pid: Pid, pidfd: BorrowedFd<'_>) -> io::Result<Option<(Pid, ExitStatus)>> {
    let number = libc::id_t::try_from(crate::call::raw(&pidfd)).unwrap_or_default();
    match take(Whom::Pidfd(number)) {
        // Linux 5.3 has pidfds but cannot wait for them yet. The pid is as good: it stays the child's until
        // it is collected.
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => take(Whom::Child(pid)),
        ended => ended,
    }
}

/// Nowhere else is there such a descriptor.
#[cfg(not(target_os = "linux"))]
fn ended_by_pidfd(pid: Pid, _pidfd: BorrowedFd<'_>) -> io::Result<Option<(Pid, ExitStatus)>> {
    take(Whom::Child(pid))
}

/// Collects an ended child, if there is one. Having no children at all is an answer too when anyone is asked
/// for.
fn take(whom: Whom) -> io::Result<Option<(Pid, ExitStatus)>> {
    wait(whom, 0)
}

#[allow(clippy::useless_conversion, reason = "the type of ids differs between systems")]
fn wait(whom: Whom, further: libc::c_int) -> io::Result<Option<(Pid, ExitStatus)>> {
    let (kind, id) = match whom {
        Whom::Anyone => (libc::P_ALL, 0),
        Whom::Child(pid) => (libc::P_PID, pid.raw().unsigned_abs().into()),
        #[cfg(target_os = "linux")]
        Whom::Pidfd(number) => (libc::P_PIDFD, number),
    };
    // SAFETY: siginfo_t is a plain record, valid when all zero; a pid of 0 is how "nobody has ended" is told.
    let mut ended: libc::siginfo_t = unsafe { std::mem::zeroed() };
    let options = libc::WEXITED | libc::WNOHANG | further;
    // SAFETY: `ended` is a valid place for one siginfo_t.
    match retry(|| unsafe { libc::waitid(kind, id, &raw mut ended, options) }) {
        Ok(_) => Ok(decode(&ended)),
        Err(error) if matches!(whom, Whom::Anyone) && error.raw_os_error() == Some(libc::ECHILD) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Who ended, and how, from what waitid(2) filled in.
fn decode(ended: &libc::siginfo_t) -> Option<(Pid, ExitStatus)> {
    // SAFETY: waitid fills in the fields of SIGCHLD, or leaves them zero.
    let (pid, status) = unsafe { (ended.si_pid(), ended.si_status()) };
    let signal = Signal(u8::try_from(status).unwrap_or_default());
    let outcome = match ended.si_code {
        libc::CLD_EXITED => ExitStatus::Code(status.to_le_bytes()[0]),
        libc::CLD_KILLED => ExitStatus::Signal { signal, core_dumped: false },
        libc::CLD_DUMPED => ExitStatus::Signal { signal, core_dumped: true },
        _ => ExitStatus::Unknown(status),
    };
    Pid::new(pid).map(|pid| (pid, outcome))
}
