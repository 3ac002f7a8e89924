//! Starts a child.
//!
//! On Linux the child is made by clone(2) with our memory shared and the calling thread suspended until it
//! has executed its program (what vfork does, but on a stack of its own). Nothing is copied, so a start costs
//! the same however large the daemon has grown; a fork costs three times as much at 5 MB and seventy times at
//! 200 MB. Where the kernel or a sandbox refuses, and on other systems, fork(2) does.
//!
//! Both run the same function, `child`, under the same rules:
//!
//! 1. Everything that allocates is laid out before (`child::Layout`); the child makes async-signal-safe calls
//!    only.
//! 2. The child has its own stack, used by no other spawn at the same time (`shared_memory`).
//! 3. All signals are blocked while the child is made. The child puts every disposition back to default first
//!    (ignored ones would survive the exec: a program that inherits an ignored SIGPIPE may keep writing to a
//!    closed pipe) and empties its mask last.
//! 4. The change of user is made by bare system calls: the C library's own would change the daemon's other
//!    threads. With shared memory it clears the daemon's *dumpable* flag, which is put back.
//! 5. Every descriptor above 2 is marked close-on-exec, also those opened by libraries. With shared memory the
//!    table of descriptors is shared at first as well, and not touched before the child has its own
//!    (`low_streams`): a start costs the same however many descriptors the daemon has open.
//! 6. The limit of open files the daemon has raised for itself is lowered again
//!    ([`crate::limits::raise_own_open_files`]).
//!
//! A failure in the child is written to its stderr, in upstream's words, and ends it with exit status 127.

mod child;
#[cfg(target_os = "linux")]
mod low_streams;
#[cfg(target_os = "linux")]
mod shared_memory;

use crate::call::check;
use crate::children::SpawnUnderWay;
use crate::pidfd;
use crate::signal::MaskKept;
use crate::user::Credentials;
use child::Layout;
use std::ffi::CString;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use supervisor_core::Pid;

/// Everything about a child that is decided before it exists.
#[derive(Debug)]
pub struct SpawnPlan<'fd> {
    /// The file to execute, used as is (after the change of directory).
    pub path: CString,
    /// The arguments, the first being the name the program sees for itself.
    pub argv: Vec<CString>,
    /// The whole environment, `NAME=value` each.
    pub envp: Vec<CString>,
    /// Becomes descriptor 0.
    pub stdin: BorrowedFd<'fd>,
    /// Becomes descriptor 1.
    pub stdout: BorrowedFd<'fd>,
    /// Becomes descriptor 2, and takes the message if the child cannot be started. It must take a line of the
    /// length of the longest path without waiting for a reader: a new pipe does.
    pub stderr: BorrowedFd<'fd>,
    /// The user the child becomes.
    pub user: ChildUser,
    /// The directory the child changes to.
    pub directory: Option<CString>,
    /// The child's umask.
    pub umask: Option<u32>,
}

/// The user a child becomes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChildUser {
    /// Ours.
    Same,
    /// Another one.
    Switch(Credentials),
    /// The change is known to be impossible; the child says so on its stderr and exits with 127, as
    /// upstream's does.
    Refused {
        /// The user that was asked for.
        uid: u32,
        /// Why not, such as `Can't drop privilege as nonroot user`.
        why: String,
    },
}

impl ChildUser {
    /// What becoming the user `uid` takes for a child of this process. Looks into the user database (may
    /// wait), so ask once per configuration, not per spawn.
    pub fn from_uid(uid: u32) -> Self {
        match crate::user::plan_switch(uid) {
            Ok(None) => Self::Same,
            Ok(Some(credentials)) => Self::Switch(credentials),
            Err(error) => Self::Refused { uid, why: error.to_string() },
        }
    }
}

/// A child that was started; it may have failed to execute its program, or have ended, by now.
#[derive(Debug)]
pub struct Spawned {
    /// Its id, which is also the id of its process group.
    pub pid: Pid,
    /// A descriptor that becomes readable when the child ends, where the kernel has such (Linux 5.3).
    pub pidfd: Option<OwnedFd>,
}

/// Starts a child. Errors are those of making the process only (`EAGAIN`: too many processes; `ENOMEM`);
/// whatever fails in the child is written to its stderr and ends it with exit status 127.
///
/// May be called by several threads at once. Blocks until the child has executed its program or failed, which may
/// take as long as a network file system does. Reap the child with [`crate::reap::reap_child`].
pub fn spawn(plan: &SpawnPlan<'_>) -> io::Result<Spawned> {
    spawn_with(plan, Strategy::SharedMemory)
}

/// How the child comes into being. The result is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// The child borrows our memory until it executes (Linux); falls back to `Fork` where the kernel refuses.
    SharedMemory,
    /// The child gets a copy of our memory.
    Fork,
}

/// [`spawn`] in a given way.
pub fn spawn_with(plan: &SpawnPlan<'_>, strategy: Strategy) -> io::Result<Spawned> {
    let layout = Layout::new(plan);
    let under_way = SpawnUnderWay::begin();
    let spawned = match strategy {
        Strategy::SharedMemory => share_or_fork(&layout),
        Strategy::Fork => fork(&layout),
    }?;
    under_way.finish(spawned.pid);
    Ok(spawned)
}

#[cfg(target_os = "linux")]
fn share_or_fork(layout: &Layout<'_>) -> io::Result<Spawned> {
    match shared_memory::spawn(layout) {
        Some(spawned) => spawned,
        None => fork(layout),
    }
}

#[cfg(not(target_os = "linux"))]
fn share_or_fork(layout: &Layout<'_>) -> io::Result<Spawned> {
    fork(layout)
}

fn fork(layout: &Layout<'_>) -> io::Result<Spawned> {
    let blocked = MaskKept::all_blocked();
    // SAFETY: the child calls nothing but `child::run`, which keeps to async-signal-safe calls and never
    // returns.
    let pid = check(unsafe { libc::fork() })?;
    let Some(pid) = Pid::new(pid) else { child::run(layout, &layout.own_table()) };
    drop(blocked);
    // It cannot be another process: the child has not been reaped yet.
    Ok(Spawned { pid, pidfd: pidfd::open(pid).ok() })
}
