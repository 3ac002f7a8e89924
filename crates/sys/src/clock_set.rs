//! Reports that the wall clock was set: by an administrator, by NTP after the boot of a machine without a hardware clock, or
//! after a suspend.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

/// A non-blocking descriptor that is readable once the wall clock was set.
#[derive(Debug)]
pub struct ClockSet {
    source: OwnedFd,
}

impl ClockSet {
    /// Watches the clock from now on. `ErrorKind::Unsupported` where the system does not report it.
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
    use crate::errno::Errno;
    use rustix::io::retry_on_intr;
    use rustix::time::{Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec};
    use std::io;
    use std::os::fd::OwnedFd;

    pub(super) fn open() -> io::Result<OwnedFd> {
        let flags = TimerfdFlags::CLOEXEC | TimerfdFlags::NONBLOCK;
        let timer = rustix::time::timerfd_create(TimerfdClockId::Realtime, flags)?;
        let never = Timespec { tv_sec: i64::MAX, tv_nsec: 0 };
        let setting = Itimerspec { it_interval: Timespec::default(), it_value: never };
        let flags = TimerfdTimerFlags::ABSTIME | TimerfdTimerFlags::CANCEL_ON_SET;
        rustix::time::timerfd_settime(&timer, flags, &setting)?;
        Ok(timer)
    }

    pub(super) fn take(timer: &OwnedFd) -> bool {
        let mut expirations = [0_u8; size_of::<u64>()];
        retry_on_intr(|| rustix::io::read(timer, &mut expirations)) == Err(Errno::CANCELED)
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
    fn no_event_without_a_clock_change() {
        let watch = ClockSet::watch().unwrap();
        assert!(!watch.take());
    }
}
