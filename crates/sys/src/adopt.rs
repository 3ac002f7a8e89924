//! Whether strangers can become our children.

use crate::errno::Errno;
use rustix::process::{WaitId, WaitIdOptions};

/// Whether children can turn up that this process did not start: it is process 1, or a subreaper, or was
/// executed by a process that had children. Nobody else is given orphans, so nobody else has to look for
/// them. Call it before the first spawn.
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

/// A process without children is told so (`ECHILD`); any other answer means that there are some.
fn has_children() -> bool {
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    !matches!(rustix::process::waitid(WaitId::All, options), Err(Errno::CHILD))
}
