//! What kind of file system a file is on.

use super::Stat;
#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::fs::{FsWord, PROC_SUPER_MAGIC};
use std::io;
use std::os::fd::OwnedFd;

/// Whether the links of this directory lead to open files rather than to the paths they show.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn is_procfs(directory: &OwnedFd) -> bool {
    kind(directory).is_ok_and(|kind| kind == PROC_SUPER_MAGIC)
}

/// Other kernels have no such links.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn is_procfs(_directory: &OwnedFd) -> bool {
    false
}

/// What fstatfs(2) tells of a file system in user space.
#[cfg(any(target_os = "linux", target_os = "android"))]
const FUSE_SUPER_MAGIC: FsWord = 0x6573_5546;

/// The user whose process answers for a file system in user space (FUSE), which is who mounted it with `fusermount`. With
/// `user_allow_other` in `/etc/fuse.conf` root sees such a file system, too, and files of root's in it that are none.
/// `None` for all others. `(uid_t) -1` stands for an unknown user.
#[cfg(any(target_os = "linux", target_os = "android"))]
#[doc(alias = "FUSE_SUPER_MAGIC")]
pub(super) fn user_behind(file: &OwnedFd, found: &Stat) -> io::Result<Option<u32>> {
    if kind(file)? != FUSE_SUPER_MAGIC {
        return Ok(None);
    }
    let mounts = std::fs::read("/proc/self/mountinfo").unwrap_or_default();
    let mounts = String::from_utf8_lossy(&mounts);
    let device = found.identity.device;
    let device = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    let options = mounts.lines().find_map(|line| options_of(line, &device));
    Ok(match options {
        Some(options) => options.split(',').find_map(|option| option.strip_prefix("user_id=")?.parse().ok()),
        None => Some(u32::MAX),
    })
}

/// Other kernels have no file systems of ordinary users.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn user_behind(_file: &OwnedFd, _found: &Stat) -> io::Result<Option<u32>> {
    Ok(None)
}

/// The options of the file system of a line of `/proc/self/mountinfo` (`proc_pid_mountinfo(5)`), if it is on this device.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn options_of<'a>(line: &'a str, device: &str) -> Option<&'a str> {
    let (mount, file_system) = line.split_once(" - ")?;
    let is_there = mount.split(' ').nth(2) == Some(device);
    is_there.then(|| file_system.splitn(3, ' ').nth(2).unwrap_or_default())
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[doc(alias = "fstatfs")]
fn kind(file: &OwnedFd) -> io::Result<FsWord> {
    Ok(rustix::fs::fstatfs(file)?.f_type)
}

#[cfg(all(test, any(target_os = "linux", target_os = "android")))]
mod tests {
    use super::*;

    #[test]
    fn options_are_those_of_the_device() {
        let line =
            "42 27 0:39 / /home/app/log rw,nosuid shared:7 - fuse.sshfs a - b rw,user_id=1000,group_id=1000";
        assert_eq!(options_of(line, "0:3"), None);
        assert_eq!(options_of("", "0:39"), None);
        assert_eq!(options_of(line, "0:39"), Some("- b rw,user_id=1000,group_id=1000"));
    }
}
