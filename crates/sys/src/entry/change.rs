//! Owner and mode of a file that is held by a descriptor: no name is involved that could be exchanged.

use super::entry_name;
use crate::call::{check, raw};
use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;

/// Changes the owner; `None` leaves what is.
#[doc(alias = "fchownat")]
pub fn change_owner(file: &OwnedFd, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
    // (uid_t) -1 leaves what is.
    let (uid, gid) = (uid.unwrap_or(u32::MAX), gid.unwrap_or(u32::MAX));
    #[cfg(any(target_os = "linux", target_os = "android"))]
    // SAFETY: the descriptor is open, and the empty path is NUL-terminated.
    let outcome = unsafe { libc::fchownat(raw(file), c"".as_ptr(), uid, gid, libc::AT_EMPTY_PATH) };
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    // SAFETY: touches no memory.
    let outcome = unsafe { libc::fchown(raw(file), uid, gid) };
    check(outcome).map(drop)
}

/// Changes the permission bits.
///
/// The kernel refuses this for a descriptor that only stands for a file, but follows the name that procfs gives to the
/// descriptor. Without procfs it takes Linux 6.6.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[doc(alias = "fchmodat2")]
pub fn change_mode(file: &OwnedFd, mode: u32) -> io::Result<()> {
    let name = entry_name(OsStr::new(&format!("/proc/self/fd/{}", raw(file))))?;
    // SAFETY: the path is NUL-terminated and outlives the call.
    match check(unsafe { libc::chmod(name.as_ptr(), mode) }) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            // SAFETY: the descriptor is open, and the empty path is NUL-terminated.
            let outcome = unsafe {
                libc::syscall(libc::SYS_fchmodat2, raw(file), c"".as_ptr(), mode, libc::AT_EMPTY_PATH)
            };
            check(outcome).map(drop)
        }
        outcome => outcome.map(drop),
    }
}

/// Changes the permission bits.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[doc(alias = "fchmod")]
pub fn change_mode(file: &OwnedFd, mode: u32) -> io::Result<()> {
    let mode = libc::mode_t::try_from(mode & 0o7777).unwrap_or_default();
    // SAFETY: touches no memory.
    check(unsafe { libc::fchmod(raw(file), mode) }).map(drop)
}
