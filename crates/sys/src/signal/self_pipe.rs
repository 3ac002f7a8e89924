//! Systems without signalfd: a handler that writes the signal's number into a pipe.

use super::{restore_defaults, signal_set};
use crate::call::check;
use crate::fd;
use std::io;
use std::os::fd::{BorrowedFd, IntoRawFd, OwnedFd};
use std::sync::atomic::{AtomicI32, Ordering};
use supervisor_core::Signal;

/// The end the handler writes to; -1 before there is one. Never closed: a handler may run at any time.
static WRITE_END: AtomicI32 = AtomicI32::new(-1);

pub(super) fn open(signals: &[Signal]) -> io::Result<OwnedFd> {
    let (read, write) = io::pipe()?;
    fd::set_nonblocking(&read)?;
    fd::set_nonblocking(&write)?;
    WRITE_END.store(OwnedFd::from(write).into_raw_fd(), Ordering::Release);
    for signal in signals {
        install(*signal)?;
    }
    Ok(read.into())
}

pub(super) fn next(source: BorrowedFd<'_>) -> io::Result<Option<Signal>> {
    let mut number = [0];
    let count = fd::read(&source, &mut number)?;
    Ok((count == 1).then_some(Signal(number[0])))
}

pub(super) fn release(signals: &[Signal]) -> io::Result<()> {
    restore_defaults(signals)
}

fn install(signal: Signal) -> io::Result<()> {
    // SAFETY: sigaction is a plain record, valid when all zero; its fields are set below.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    action.sa_sigaction = arrived as extern "C" fn(libc::c_int) as libc::sighandler_t;
    action.sa_flags = libc::SA_RESTART;
    action.sa_mask = signal_set(&[]);
    // SAFETY: the handler only makes async-signal-safe calls and touches no memory but an atomic.
    check(unsafe { libc::sigaction(signal.0.into(), &raw const action, std::ptr::null_mut()) })?;
    Ok(())
}

extern "C" fn arrived(number: libc::c_int) {
    let byte = number.to_le_bytes()[0];
    // The interrupted code may be about to look at errno.
    let errno = io::Error::last_os_error().raw_os_error().unwrap_or_default();
    // SAFETY: one byte is written from a live variable. A full pipe refuses it: then thousands of signals
    // wait, and this one is merged with its like among them, as the kernel would.
    unsafe { libc::write(WRITE_END.load(Ordering::Acquire), (&raw const byte).cast(), 1) };
    set_errno(errno);
}

#[cfg(target_os = "linux")]
fn set_errno(number: libc::c_int) {
    // SAFETY: the location of this thread's errno is always valid.
    unsafe { *libc::__errno_location() = number };
}

#[cfg(not(target_os = "linux"))]
fn set_errno(number: libc::c_int) {
    // SAFETY: the location of this thread's errno is always valid.
    unsafe { *libc::__error() = number };
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn signals_arrive_in_order_and_an_empty_queue_does_not_wait() {
        let source = open(&[Signal::USR1, Signal::USR2]).unwrap();
        for signal in [Signal::USR2, Signal::USR1, Signal::USR2] {
            // SAFETY: raise runs the handler in this thread before it returns.
            assert_eq!(unsafe { libc::raise(signal.0.into()) }, 0);
        }
        for signal in [Signal::USR2, Signal::USR1, Signal::USR2] {
            assert_eq!(next(source.as_fd()).unwrap(), Some(signal));
        }
        assert_eq!(next(source.as_fd()).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        release(&[Signal::USR1, Signal::USR2]).unwrap();
    }
}
