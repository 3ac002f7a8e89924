//! Whether strangers can become our children.

use std::io;

/// Whether children can turn up that this process did not start: it is process 1, or a subreaper, or was
/// executed by a process that had children. Nobody else is given orphans, so nobody else has to look for
/// them. Call it before the first spawn.
#[doc(alias = "PR_GET_CHILD_SUBREAPER")]
pub fn may_adopt() -> bool {
    std::process::id() == 1 || is_subreaper() || has_children()
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn is_subreaper() -> bool {
    let mut flag: libc::c_int = 0;
    // SAFETY: PR_GET_CHILD_SUBREAPER stores one int at the pointer.
    let outcome = unsafe { libc::prctl(libc::PR_GET_CHILD_SUBREAPER, &raw mut flag) };
    outcome == 0 && flag != 0
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn is_subreaper() -> bool {
    false
}

/// A process without children is told so (`ECHILD`); any other answer means that there are some.
fn has_children() -> bool {
    let nothing_wanted = std::ptr::null_mut();
    let options = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: a null siginfo asks for nothing to be stored.
    let outcome = unsafe { libc::waitid(libc::P_ALL, 0, nothing_wanted, options) };
    outcome == 0 || io::Error::last_os_error().raw_os_error() != Some(libc::ECHILD)
}
