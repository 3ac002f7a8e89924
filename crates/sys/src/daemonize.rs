//! The steps of daemonizing. The caller decides their order, and what is logged between them.

use crate::call::check;
use std::io;
use supervisor_core::Pid;

/// Which of the two processes returned from [`fork_to_background`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The launcher, which is to call [`exit_at_once`].
    Launcher {
        /// The daemon to be.
        daemon: Pid,
    },
    /// The daemon to be, a child of the launcher.
    Daemon,
}

/// Splits the process in two. Only for a process with one thread: with more it is refused, as locks they hold
/// would stay held for ever in the daemon.
#[doc(alias = "fork")]
pub fn fork_to_background() -> io::Result<Side> {
    if thread_count().is_some_and(|count| count > 1) {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "going into the background needs a single thread",
        ));
    }
    // SAFETY: with one thread nothing can be in the middle of a change in the copy.
    let pid = check(unsafe { libc::fork() })?;
    Ok(Pid::new(pid).map_or(Side::Daemon, |daemon| Side::Launcher { daemon }))
}

/// Leaves the launcher's terminal and session: the process leads a new session and group.
#[doc(alias = "setsid")]
pub fn new_session() -> io::Result<()> {
    rustix::process::setsid()?;
    Ok(())
}

/// Ends the process without running exit handlers or flushing buffers that the other side of a fork owns too.
#[doc(alias = "_exit")]
pub fn exit_at_once(code: u8) -> ! {
    // SAFETY: never returns and touches no memory.
    unsafe { libc::_exit(code.into()) }
}

/// Threads of this process, where the kernel tells.
fn thread_count() -> Option<usize> {
    std::fs::read_dir("/proc/self/task").ok().map(Iterator::count)
}
