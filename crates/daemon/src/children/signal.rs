//! Signals to children and their process groups.

use super::Children;
use std::io;
use std::os::fd::AsFd;
use supervisor_core::{KillError, KillOrder, KillTarget};
use supervisor_sys::errno::{Errno, errno_of, python_text};
use supervisor_sys::signal;

impl Children {
    /// Sends a signal. From SIGKILL to a process group on, that group has a limited time to end.
    pub(crate) fn kill(&mut self, order: &KillOrder) -> Result<(), KillError> {
        let outcome = self.send(order);
        self.note_kill(order);
        outcome
    }

    /// Through the pidfd where there is one, so that the signal cannot hit another process that has the number since; to a group
    /// only while its leader has not been reaped or a member is known to live.
    fn send(&self, order: &KillOrder) -> Result<(), KillError> {
        if order.target == KillTarget::Group && self.groups.may_have_ended(order.process.raw()) {
            return Err(KillError::NoSuchProcess);
        }
        let child = self.processes.get(order.process).and_then(|process| process.child.as_ref());
        let pidfd = child.filter(|child| child.pid == order.pid).and_then(|child| child.pidfd.as_ref());
        let sent = match (order.target, pidfd) {
            (KillTarget::Leader, Some(pidfd)) => signal::signal_by_pidfd(pidfd.as_fd(), order.signal),
            (KillTarget::Leader, None) => signal::signal_process(order.pid, order.signal),
            (KillTarget::Group, _) => signal::signal_group(order.pid, order.signal),
        };
        sent.map_err(|error| kill_error(&error))
    }
}

fn kill_error(error: &io::Error) -> KillError {
    match errno_of(error) {
        Some(Errno::SRCH) => KillError::NoSuchProcess,
        _ => KillError::Refused(python_text(error)),
    }
}
