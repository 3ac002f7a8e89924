//! Waiting for descriptors and for Ctrl-C at once.
//!
//! SIGINT is read from a descriptor, so it never ends a system call or the program by surprise: a wait returns it as an
//! error of kind `Interrupted`, and the caller decides what that means. One that comes between two waits is returned by
//! the next.

use crate::exit::ENDED_BY_INTERRUPT;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};
use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::rc::Rc;
use std::time::Duration;
use supervisor_core::Signal;
use supervisor_rpc::client::Waiter;
use supervisor_sys::signal::SignalQueue;

/// The one place that waits.
pub(crate) struct Interrupts {
    signals: RefCell<Option<SignalQueue>>,
    poll: RefCell<Poll>,
}

/// The token of the signals; descriptors have their place in the caller's list.
const SIGNALS: Token = Token(usize::MAX - 1);

impl Interrupts {
    /// Takes SIGINT over for the rest of the program, unless it was ignored when that was started: a job in the background is
    /// not meant by the Ctrl-C of another.
    pub(crate) fn from_sigint() -> io::Result<Self> {
        if supervisor_sys::signal::is_ignored(Signal::INT) {
            return Self::none();
        }
        let signals = SignalQueue::new(&[Signal::INT])?;
        Ok(Self { signals: RefCell::new(Some(signals)), poll: RefCell::new(Poll::new()?) })
    }

    /// Whether Ctrl-C means nothing.
    pub(crate) fn are_ignored(&self) -> bool {
        self.signals.borrow().is_none()
    }

    /// Leaves SIGINT alone.
    pub(crate) fn none() -> io::Result<Self> {
        Ok(Self { signals: RefCell::new(None), poll: RefCell::new(Poll::new()?) })
    }

    /// Waits until at least one of `fds` can be read, or is at its end; their places in the list, ascending. The
    /// error is `Interrupted` after Ctrl-C and only then.
    pub(crate) fn wait(&self, fds: &[BorrowedFd<'_>]) -> io::Result<Vec<usize>> {
        loop {
            let mut ready = self.poll_once(fds)?;
            if ready.contains(&SIGNALS.0) && self.was_signalled()? {
                return Err(io::ErrorKind::Interrupted.into());
            }
            ready.retain(|place| *place != SIGNALS.0);
            if !ready.is_empty() {
                ready.sort_unstable();
                return Ok(ready);
            }
        }
    }

    /// Ends the program by SIGINT, as if it had never been taken over: a shell that runs a script goes on with the next
    /// command if it learns of no more than an exit status. That status is returned where a signal cannot end us.
    pub(crate) fn end_program(&self) -> u8 {
        if self.signals.borrow().is_some() {
            let _ = supervisor_sys::signal::die_of(Signal::INT);
        }
        ENDED_BY_INTERRUPT
    }

    /// Whether Ctrl-C was pressed since it was last asked or waited for.
    pub(crate) fn was_signalled(&self) -> io::Result<bool> {
        match self.signals.borrow_mut().as_mut() {
            Some(queue) => Ok(queue.next()?.is_some()),
            None => Ok(false),
        }
    }

    /// Watches the signals and `fds` until something happens to one of them.
    fn poll_once(&self, fds: &[BorrowedFd<'_>]) -> io::Result<Vec<usize>> {
        let signals = self.signals.borrow();
        let mut poll = self.poll.borrow_mut();
        let mut watched = Watched { poll: &mut poll, fds: Vec::new() };
        if let Some(queue) = signals.as_ref() {
            watched.add(SIGNALS, queue.as_fd())?;
        }
        let mut always_ready = Vec::new();
        for (place, fd) in fds.iter().enumerate() {
            match watched.add(Token(place), *fd) {
                Ok(()) => {}
                // Regular files cannot be waited for, and need not be.
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => always_ready.push(place),
                Err(error) => return Err(error),
            }
        }
        let timeout = (!always_ready.is_empty()).then_some(Duration::ZERO);
        let mut ready = watched.poll(timeout)?;
        ready.extend(always_ready);
        Ok(ready)
    }
}

/// Descriptors watched for one wait.
struct Watched<'p, 'f> {
    poll: &'p mut Poll,
    fds: Vec<BorrowedFd<'f>>,
}

impl<'f> Watched<'_, 'f> {
    fn add(&mut self, token: Token, fd: BorrowedFd<'f>) -> io::Result<()> {
        self.poll.registry().register(&mut SourceFd(&fd.as_raw_fd()), token, Interest::READABLE)?;
        self.fds.push(fd);
        Ok(())
    }

    /// The tokens that are ready.
    fn poll(&mut self, timeout: Option<Duration>) -> io::Result<Vec<usize>> {
        let mut events = Events::with_capacity(8);
        loop {
            match self.poll.poll(&mut events, timeout) {
                Ok(()) => return Ok(events.iter().map(|event| event.token().0).collect()),
                // Another signal, such as a resized window.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Watched<'_, '_> {
    fn drop(&mut self) {
        for fd in &self.fds {
            // It was registered and is still open, so this cannot fail in a way that matters.
            let _ = self.poll.registry().deregister(&mut SourceFd(&fd.as_raw_fd()));
        }
    }
}

/// The client's waits end with Ctrl-C.
pub(crate) struct UntilInterrupted(pub(crate) Rc<Interrupts>);

impl Waiter for UntilInterrupted {
    fn wait_readable(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        self.0.wait(&[fd]).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn ready_descriptors_are_named_by_their_place() {
        let interrupts = Interrupts::none().unwrap();
        let (silent, _kept) = io::pipe().unwrap();
        let (ready, mut writer) = io::pipe().unwrap();
        writer.write_all(b"x").unwrap();
        for _ in 0..2 {
            assert_eq!(interrupts.wait(&[silent.as_fd(), ready.as_fd()]).unwrap(), [1]);
        }
    }

    #[test]
    fn the_end_of_a_pipe_and_a_regular_file_count_as_ready() {
        let interrupts = Interrupts::none().unwrap();
        let (ended, writer) = io::pipe().unwrap();
        drop(writer);
        let file = std::fs::File::open(std::env::current_exe().unwrap()).unwrap();
        assert_eq!(interrupts.wait(&[ended.as_fd(), file.as_fd()]).unwrap(), [0, 1]);
    }
}
