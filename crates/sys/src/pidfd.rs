//! Descriptors that stand for processes.

use crate::fd::poll_readable;
#[cfg(target_os = "linux")]
use crate::reap::kernel_pid;
use rustix::event::Timespec;
#[cfg(target_os = "linux")]
use rustix::process::PidfdFlags;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use supervisor_core::Pid;

/// A descriptor for the process that has this pid now, a child or not. It is readable once the process has ended, reaped
/// or not.
#[cfg(target_os = "linux")]
#[doc(alias = "pidfd_open")]
pub(crate) fn open(pid: Pid) -> io::Result<OwnedFd> {
    Ok(rustix::process::pidfd_open(kernel_pid(pid), PidfdFlags::empty())?)
}

/// Only Linux has pidfds.
#[cfg(not(target_os = "linux"))]
pub(crate) fn open(_pid: Pid) -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Whether the process has ended. A zombie has.
#[doc(alias = "poll")]
pub(crate) fn has_ended(pidfd: BorrowedFd<'_>) -> io::Result<bool> {
    Ok(poll_readable(&[pidfd], Some(&Timespec::default()))? > 0)
}
