//! Signals: their arrival as a readable descriptor, and sending them.
//!
//! Signals are sent by the C library, as rustix knows none of the real-time signals that a program may be stopped by.
//!
//! No handler of ours ever runs on Linux: the signals the daemon handles are blocked in every thread and read
//! from a descriptor (signalfd), so a signal is one more input of the loop. Elsewhere a handler writes the
//! number into a pipe.
//!
//! Order: the kernel keeps none between different signals that are pending at once (it hands out the lowest
//! number first) and merges repetitions of one. Signals that arrive while the reader is awake are read in the
//! order they arrived.

#[cfg(any(not(target_os = "linux"), test))]
mod self_pipe;
#[cfg(target_os = "linux")]
mod signalfd;

#[cfg(not(target_os = "linux"))]
use self_pipe as source;
#[cfg(target_os = "linux")]
use signalfd as source;

use crate::call::check;
use crate::fd::poll_readable;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::process::Command;
use supervisor_core::{Pid, Signal};

/// The signals a process handles, as a non-blocking descriptor that is readable while one is pending.
#[derive(Debug)]
pub struct SignalQueue {
    source: OwnedFd,
}

impl SignalQueue {
    /// Takes these signals from their default action into the queue. Call it before the first thread is
    /// started, since only threads started later inherit the mask. They stay blocked when the queue is
    /// dropped: a signal must not change its meaning on the way out.
    #[doc(alias = "signalfd")]
    pub fn new(signals: &[Signal]) -> io::Result<Self> {
        Ok(Self { source: source::open(signals)? })
    }

    /// The next signal, or `None` when none waits.
    #[expect(clippy::should_implement_trait, reason = "fallible, and `None` is no end: the queue has none")]
    pub fn next(&mut self) -> io::Result<Option<Signal>> {
        match source::next(self.source.as_fd()) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            signal => signal,
        }
    }

    /// Waits until a signal is pending or `other` is readable; the signal, if there is one.
    #[doc(alias = "poll")]
    pub(crate) fn wait_with(&mut self, other: BorrowedFd<'_>) -> io::Result<Option<Signal>> {
        poll_readable(&[self.source.as_fd(), other], None)?;
        self.next()
    }

    /// Waits for the next signal.
    pub fn wait(&mut self) -> io::Result<Signal> {
        loop {
            poll_readable(&[self.source.as_fd()], None)?;
            if let Some(signal) = self.next()? {
                return Ok(signal);
            }
        }
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

/// Ignores SIGPIPE and SIGXFSZ, so that writing to a closed pipe or past a file-size limit is an error of
/// that write. Children get the defaults back.
pub fn ignore_write_signals() -> io::Result<()> {
    for number in [libc::SIGPIPE, libc::SIGXFSZ] {
        // SAFETY: SIG_IGN is a disposition every signal but KILL and STOP may have; no handler is involved.
        if unsafe { libc::signal(number, libc::SIG_IGN) } == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Whether `signal` is ignored, as a shell without job control has it for SIGINT of what it starts in the background, and
/// nohup(1) for SIGHUP.
#[doc(alias = "sigaction")]
pub fn is_ignored(signal: Signal) -> bool {
    let mut action = MaybeUninit::<libc::sigaction>::uninit();
    // SAFETY: a null pointer changes nothing; sigaction fills in the record, or fails.
    let asked = unsafe { libc::sigaction(signal.0.into(), std::ptr::null(), action.as_mut_ptr()) };
    // SAFETY: the record was filled in.
    asked == 0 && unsafe { action.assume_init() }.sa_sigaction == libc::SIG_IGN
}

/// Sends `signal` to one process. Signal 0 only asks whether it exists.
#[doc(alias = "kill")]
pub fn signal_process(pid: Pid, signal: Signal) -> io::Result<()> {
    // SAFETY: touches no memory. A `Pid` is never 0 or negative, which would mean a group or everybody.
    check(unsafe { libc::kill(pid.raw(), signal.0.into()) })?;
    Ok(())
}

/// Sends `signal` to every process of the group that `leader` leads.
#[doc(alias = "killpg")]
pub fn signal_group(leader: Pid, signal: Signal) -> io::Result<()> {
    // SAFETY: touches no memory. A `Pid` is never 0, which would mean our own group.
    check(unsafe { libc::killpg(leader.raw(), signal.0.into()) })?;
    Ok(())
}

/// Sends `signal` to the process a pidfd stands for: never to another one that got its number since.
#[cfg(target_os = "linux")]
#[doc(alias = "pidfd_send_signal")]
pub fn signal_by_pidfd(pidfd: BorrowedFd<'_>, signal: Signal) -> io::Result<()> {
    let information = std::ptr::null::<libc::siginfo_t>();
    let number = libc::c_int::from(signal.0);
    // SAFETY: a null siginfo asks the kernel to fill in its own; by number, as older C libraries lack the
    // function.
    check(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), number, information, 0) })?;
    Ok(())
}

/// Restores the default action of the signals of a [`SignalQueue`] that is no longer read, as far as the queue
/// changed it; the caller restores the mask ([`MaskKept`]).
pub(crate) fn release(signals: &[Signal]) -> io::Result<()> {
    source::release(signals)
}

/// Sends `signal` to ourselves.
pub(crate) fn raise(signal: Signal) -> io::Result<()> {
    // SAFETY: touches no memory; a handler that runs keeps to the rules of handlers.
    check(unsafe { libc::raise(signal.0.into()) })?;
    Ok(())
}

/// Ends this process by `signal`, also one that a [`SignalQueue`] has blocked, so that its parent sees that signal and not
/// an exit status. Returns only if that fails.
#[doc(alias = "raise")]
pub fn die_of(signal: Signal) -> io::Result<()> {
    restore_defaults(&[signal])?;
    unblock(&signal_set(&[signal]))?;
    raise(signal)
}

/// Unblocks these signals in a command's process: a mask outlives exec.
pub(crate) fn unblock_in(command: &mut Command, signals: &[Signal]) {
    let set = signal_set(signals);
    // SAFETY: between fork and exec only pthread_sigmask is called, which is async-signal-safe; nothing is allocated.
    unsafe { command.pre_exec(move || unblock(&set)) };
}

/// Takes these signals out of this thread's mask.
fn unblock(set: &libc::sigset_t) -> io::Result<()> {
    // SAFETY: the set is initialised, and the former mask is not asked for.
    match unsafe { libc::pthread_sigmask(libc::SIG_UNBLOCK, set, std::ptr::null_mut()) } {
        0 => Ok(()),
        number => Err(io::Error::from_raw_os_error(number)),
    }
}

/// Restores the default action of these signals, also of those that the launcher has ignored.
#[doc(alias = "SIG_DFL")]
pub fn restore_defaults(signals: &[Signal]) -> io::Result<()> {
    for signal in signals {
        // SAFETY: the default action involves no handler.
        if unsafe { libc::signal(signal.0.into(), libc::SIG_DFL) } == libc::SIG_ERR {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// The set of these signals. Numbers no system has are left out by the kernel's library itself.
fn signal_set(signals: &[Signal]) -> libc::sigset_t {
    let mut set = MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set, sigaddset changes an initialised one and refuses bad numbers.
    unsafe {
        libc::sigemptyset(set.as_mut_ptr());
        for signal in signals {
            libc::sigaddset(set.as_mut_ptr(), signal.0.into());
        }
        set.assume_init()
    }
}

/// This thread's signal mask, put back when dropped.
pub(crate) struct MaskKept {
    former: libc::sigset_t,
}

impl MaskKept {
    /// Keeps the mask as it is now.
    pub(crate) fn now() -> Self {
        Self::blocking(&signal_set(&[]))
    }

    /// Keeps the mask and blocks every signal until then.
    pub(crate) fn all_blocked() -> Self {
        let mut all = MaybeUninit::uninit();
        // SAFETY: sigfillset initialises the set.
        let all = unsafe {
            libc::sigfillset(all.as_mut_ptr());
            all.assume_init()
        };
        Self::blocking(&all)
    }

    fn blocking(further: &libc::sigset_t) -> Self {
        let mut former = MaybeUninit::uninit();
        // SAFETY: `further` is initialised; pthread_sigmask stores the mask in force in `former`, and fails
        // only for an unknown operation.
        unsafe {
            libc::pthread_sigmask(libc::SIG_BLOCK, further, former.as_mut_ptr());
            Self { former: former.assume_init() }
        }
    }
}

impl Drop for MaskKept {
    fn drop(&mut self) {
        // SAFETY: `former` is the mask pthread_sigmask gave.
        unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.former, std::ptr::null_mut()) };
    }
}
