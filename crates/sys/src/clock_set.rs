//! Tells when the wall clock is set: by a person, by NTP after the start of a machine without a clock of its own, or because
//! the machine was asleep.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// A non-blocking descriptor that is readable once the wall clock was set.
#[derive(Debug)]
pub struct ClockSet {
    source: OwnedFd,
}

impl ClockSet {
    /// Watches the clock from now on. `ErrorKind::Unsupported` where the system does not tell.
    #[doc(alias = "timerfd_create")]
    #[doc(alias = "TFD_TIMER_CANCEL_ON_SET")]
    pub fn watch() -> io::Result<Self> {
        Ok(Self { source: source::open()? })
    }

    /// Makes it unreadable again; whether the clock was set since the last call.
    pub fn take(&self) -> bool {
        source::take(&self.source)
    }
}

impl AsRawFd for ClockSet {
    fn as_raw_fd(&self) -> RawFd {
        self.source.as_raw_fd()
    }
}

/// A timer for a time that never comes, which the kernel cancels whenever the clock is set.
#[cfg(target_os = "linux")]
mod source {
    use crate::call::{check, owned, raw, retry};
    use std::io;
    use std::os::fd::OwnedFd;

    pub(super) fn open() -> io::Result<OwnedFd> {
        const FLAGS: libc::c_int = libc::TFD_TIMER_ABSTIME | libc::TFD_TIMER_CANCEL_ON_SET;
        // SAFETY: the kernel answers with a new descriptor, which is ours alone.
        let timer = unsafe {
            owned(libc::timerfd_create(libc::CLOCK_REALTIME, libc::TFD_CLOEXEC | libc::TFD_NONBLOCK))
        }?;
        let none = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        let never = libc::timespec { tv_sec: libc::time_t::MAX, tv_nsec: 0 };
        let setting = libc::itimerspec { it_interval: none, it_value: never };
        // SAFETY: `setting` is initialised, and nobody wants the former one.
        check(unsafe {
            libc::timerfd_settime(raw(&timer), FLAGS, &raw const setting, std::ptr::null_mut())
        })?;
        Ok(timer)
    }

    pub(super) fn take(timer: &OwnedFd) -> bool {
        let mut expirations = [0_u8; size_of::<u64>()];
        // SAFETY: the pointer and the length describe `expirations`.
        let read =
            retry(|| unsafe { libc::read(raw(timer), expirations.as_mut_ptr().cast(), expirations.len()) });
        read.is_err_and(|error| error.raw_os_error() == Some(libc::ECANCELED))
    }
}

#[cfg(not(target_os = "linux"))]
mod source {
    use std::io;
    use std::os::fd::OwnedFd;

    pub(super) fn open() -> io::Result<OwnedFd> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn take(_: &OwnedFd) -> bool {
        false
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn a_clock_nobody_sets_tells_nothing() {
        let watch = ClockSet::watch().unwrap();
        assert!(!watch.take());
    }
}
