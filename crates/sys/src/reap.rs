//! Reaps children.
//!
//! Known children are reaped one by one, each when its pidfd (or SIGCHLD) reports its exit. Orphans, processes
//! that were re-parented to us, are reaped separately, and never by a call that could take a known child's
//! status: `waitid` with `WNOWAIT` names a zombie first, and it is reaped only if its pid is not a known one.

use crate::call::check;
use crate::children;
use crate::errno::{Errno, errno_of};
use rustix::io::retry_on_intr;
use rustix::process::{WaitId, WaitIdOptions, WaitIdStatus};
use std::io;
use std::os::fd::BorrowedFd;
use supervisor_core::{ExitStatus, Pid, Signal};

/// Reaps our child `pid` if it has ended; `None` while it runs. Never waits. `ECHILD` if it is not (or no
/// longer) our child.
///
/// With its `pidfd` the kernel needs no look-up; the pid is needed for the table of this crate.
#[doc(alias = "waitid")]
pub fn reap_child(pid: Pid, pidfd: Option<BorrowedFd<'_>>) -> io::Result<Option<ExitStatus>> {
    let mut ours = children::ours();
    let status = match pidfd {
        Some(pidfd) => reap_by_pidfd(pid, pidfd)?,
        None => reap(&WaitId::Pid(kernel_pid(pid)))?,
    };
    if status.is_some() {
        ours.remove(&pid);
    }
    Ok(status)
}

/// Reaps one zombie that was re-parented to us (we are pid 1, a subreaper, or were exec'ed by a
/// process with children), leaving every child that `known` claims, and every child [`crate::spawn`] made, to
/// [`reap_child`].
///
/// `None`: nothing to reap *now*. A known child that has ended hides others behind it, and so does a spawn
/// that has not returned. So call it until `None` after SIGCHLD, and again after reaping known children
/// and after each spawn; then none is missed. `known` must not call back into this module.
#[doc(alias = "waitid")]
pub fn reap_orphan(known: impl Fn(Pid) -> bool) -> io::Result<Option<(Pid, ExitStatus)>> {
    // Held from finding the zombie until it is reaped: its owner could otherwise reap it in between, and
    // the pid be another child's.
    let ours = children::ours();
    let Some(pid) = peek_ended()? else { return Ok(None) };
    // A spawn that is under way now may be the one that made it; a finished one has recorded it.
    if children::any_spawn_under_way() || ours.contains(&pid) || known(pid) {
        return Ok(None);
    }
    match reap(&WaitId::Pid(kernel_pid(pid))) {
        // Reaped meanwhile by other code, such as the standard library for a `Command`.
        Err(Errno::CHILD) => Ok(None),
        status => Ok(status?.map(|status| (pid, status))),
    }
}

#[cfg(target_os = "linux")]
fn reap_by_pidfd(pid: Pid, pidfd: BorrowedFd<'_>) -> io::Result<Option<ExitStatus>> {
    match reap(&WaitId::PidFd(pidfd)) {
        // Linux 5.3 has pidfds but cannot wait for them yet. The pid is as good: it stays the child's until
        // it is reaped.
        Err(Errno::INVAL) => Ok(reap(&WaitId::Pid(kernel_pid(pid)))?),
        reaped => Ok(reaped?),
    }
}

/// Only Linux has pidfds.
#[cfg(not(target_os = "linux"))]
fn reap_by_pidfd(pid: Pid, _pidfd: BorrowedFd<'_>) -> io::Result<Option<ExitStatus>> {
    Ok(reap(&WaitId::Pid(kernel_pid(pid)))?)
}

/// Reaps a child if it has ended.
fn reap(child: &WaitId<'_>) -> Result<Option<ExitStatus>, Errno> {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
    let ended = retry_on_intr(|| rustix::process::waitid(child.clone(), options))?;
    Ok(ended.map(|status| decode(&status)))
}

fn decode(status: &WaitIdStatus) -> ExitStatus {
    if let Some(code) = status.exit_status() {
        ExitStatus::Code(code.to_le_bytes()[0])
    } else if let Some(signal) = status.terminating_signal() {
        let signal = Signal(u8::try_from(signal).unwrap_or_default());
        ExitStatus::Signal { signal, core_dumped: status.dumped() }
    } else {
        ExitStatus::Unknown(status.raw_code())
    }
}

/// One child that has ended, left unreaped; `None` also without any children.
///
/// By the C library, as rustix keeps the pid of the answer to itself.
fn peek_ended() -> io::Result<Option<Pid>> {
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: siginfo_t is a plain record, valid when all zero, and `ended` is a place for one. waitid fills in the
    // fields of SIGCHLD, or leaves them zero: so it reports that there is none.
    let (outcome, pid) = unsafe {
        let mut ended: libc::siginfo_t = std::mem::zeroed();
        let outcome = check(libc::waitid(libc::P_ALL, 0, &raw mut ended, options));
        (outcome, ended.si_pid())
    };
    match outcome {
        Ok(_) => Ok(Pid::new(pid)),
        Err(error) if errno_of(&error) == Some(Errno::CHILD) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The pid as rustix has it.
pub(crate) fn kernel_pid(pid: Pid) -> rustix::process::Pid {
    rustix::process::Pid::from_raw(pid.raw()).expect("a pid is never 0")
}
