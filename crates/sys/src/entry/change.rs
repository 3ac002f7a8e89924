//! Owner and mode of a file that is held by a descriptor: no name is involved that could be exchanged.

use super::permission_bits;
#[cfg(any(target_os = "linux", target_os = "android"))]
use crate::errno::Errno;
use rustix::fs::{Gid, Uid};
use std::io;
#[cfg(any(target_os = "linux", target_os = "android"))]
use std::os::fd::AsRawFd;
use std::os::fd::OwnedFd;

/// Changes the owner; `None` leaves what is.
#[doc(alias = "fchownat")]
pub fn change_owner(file: &OwnedFd, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
    let (uid, gid) = (uid.map(Uid::from_raw_unchecked), gid.map(Gid::from_raw_unchecked));
    #[cfg(any(target_os = "linux", target_os = "android"))]
    return Ok(rustix::fs::chownat(file, c"", uid, gid, rustix::fs::AtFlags::EMPTY_PATH)?);
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    return Ok(rustix::fs::fchown(file, uid, gid)?);
}

/// Changes the permission bits.
///
/// The kernel refuses this for a descriptor that only stands for a file, but follows the name that procfs gives to the
/// descriptor. Without procfs it takes Linux 6.6.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[doc(alias = "fchmodat2")]
pub fn change_mode(file: &OwnedFd, mode: u32) -> io::Result<()> {
    let number = file.as_raw_fd();
    match rustix::fs::chmod(format!("/proc/self/fd/{number}"), permission_bits(mode)) {
        Err(Errno::NOENT) => {
            // SAFETY: the descriptor is open, and the empty path is NUL-terminated. By number, as no library has it yet.
            let outcome = unsafe {
                libc::syscall(libc::SYS_fchmodat2, number, c"".as_ptr(), mode, libc::AT_EMPTY_PATH)
            };
            crate::call::check(outcome).map(drop)
        }
        outcome => Ok(outcome?),
    }
}

/// Changes the permission bits.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
#[doc(alias = "fchmod")]
pub fn change_mode(file: &OwnedFd, mode: u32) -> io::Result<()> {
    Ok(rustix::fs::fchmod(file, permission_bits(mode))?)
}
