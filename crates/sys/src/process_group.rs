//! Which processes live in a process group.
//!
//! # Theory
//!
//! A process group is empty when its last member has ended, and no call waits for that: most members are children of
//! others, and `kill(-pgid, 0)` counts zombies, whose parents may never reap them. What the kernel does tell is the
//! end of one process, whatever its parent: a pidfd becomes readable. So to wait for a group, find one living member,
//! wait for its end and look again, until there is none. One descriptor at a time is enough, however many
//! members there are.
//!
//! The members are found in `/proc`, whose listing is no snapshot: the last member may fork and exit during the scan,
//! and its child have a pid that the scan has passed already. So a group counts as empty only when two
//! scans in a row have found no member. A process that `/proc` hides from us (`hidepid`) belongs to another user and
//! could not be signalled either; it is not found.
//!
//! The caller keeps the numbers valid: a pgid is not given out again while a member lives, nor while the leader has not
//! been reaped.

use crate::pidfd;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use supervisor_core::Pid;

/// How many scans in a row have to find no member.
const SCANS: usize = 2;

/// A process that lives in a group.
#[derive(Debug)]
pub struct Member {
    /// Its number.
    pub pid: Pid,
    /// Readable once it has ended.
    pub pidfd: OwnedFd,
}

impl Member {
    /// Whether it has ended since it was found.
    pub fn has_ended(&self) -> io::Result<bool> {
        pidfd::has_ended(self.pidfd.as_fd())
    }
}

/// For each of these groups in which a process lives, one that does; zombies do not. It is the one with the lowest number,
/// mostly the oldest, which tends to wait for the others.
///
/// Takes some microseconds for each process of the machine.
#[doc(alias = "getpgid")]
pub fn living_members(groups: &BTreeSet<Pid>) -> io::Result<BTreeMap<Pid, Member>> {
    let mut found = BTreeMap::new();
    for _ in 0..SCANS {
        if found.len() < groups.len() {
            scan_proc(groups, &mut found)?;
        }
    }
    Ok(found)
}

/// Scans `/proc` once.
fn scan_proc(groups: &BTreeSet<Pid>, found: &mut BTreeMap<Pid, Member>) -> io::Result<()> {
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = number(&entry?.file_name()) else { continue };
        let Some(group) = group_of(pid).filter(|group| groups.contains(group)) else { continue };
        if !found.contains_key(&group)
            && let Some(member) = living(pid, group)?
        {
            found.insert(group, member);
        }
    }
    Ok(())
}

/// The process a name in `/proc` stands for.
fn number(name: &OsStr) -> Option<Pid> {
    Pid::new(name.to_str()?.parse().ok()?)
}

/// The group of a process; `None` if there is no such process.
fn group_of(pid: Pid) -> Option<Pid> {
    // By the C library, as rustix takes a group of 0 for impossible, which threads of the kernel have.
    // SAFETY: touches no memory. It fails only for a process that is gone.
    Pid::new(unsafe { libc::getpgid(pid.raw()) })
}

/// The process, if it lives and is in the group.
fn living(pid: Pid, group: Pid) -> io::Result<Option<Member>> {
    let pidfd = match pidfd::open(pid) {
        Ok(pidfd) => pidfd,
        Err(error) if error.raw_os_error() == Some(libc::ESRCH) => return Ok(None),
        Err(error) => return Err(error),
    };
    // Its group is asked for again: another process may have got the number before the descriptor was opened. What
    // has not ended after that has had the number all the time.
    let member = Member { pid, pidfd };
    Ok((group_of(pid) == Some(group) && !member.has_ended()?).then_some(member))
}
