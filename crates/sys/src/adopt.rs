//! Whether orphans can be re-parented to us.

use crate::errno::Errno;
use rustix::process::{WaitId, WaitIdOptions};

/// Whether this process can have children that it did not start: it is process 1, or a subreaper, or was
/// executed by a process that had children. Any other process need not reap orphans. Call it before the first
/// spawn.
#[doc(alias = "PR_GET_CHILD_SUBREAPER")]
pub fn may_adopt() -> bool {
    std::process::id() == 1 || is_subreaper() || has_children()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_subreaper() -> bool {
    rustix::process::child_subreaper().is_ok_and(|flag| flag.is_some())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_subreaper() -> bool {
    false
}

/// Without children waitid fails with `ECHILD`; any other answer means that there are some.
fn has_children() -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(rustix::process::waitid(WaitId::All, options), Err(Errno::CHILD))
}
