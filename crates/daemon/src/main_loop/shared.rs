//! Who supervises at the moment.
//!
//! The state of supervision has one holder at a time. Mostly that is the loop's own thread: it sleeps holding nothing,
//! wakes, takes the helm for one turn and sleeps again. A thread that has put requests into the queue while the loop
//! sleeps takes the helm itself and serves them, instead of waking the loop and being woken by it in return: each of the two
//! is the wake-up of another processor, which costs more than all the rest of a request. (`getState` over a unix socket on
//! two virtual processors: 44 µs of processor time and 12,000 a second with both wake-ups.)
//!
//! Nothing becomes unfair or unordered by that. The helm is only ever tried for: whoever finds it taken, or the loop's thread
//! about to take it, leaves the requests in the queue, where they are served at the end of the loop's turn. What other threads
//! have reported is dealt with before requests, as in every turn. And when the end of a child is known to the kernel (SIGCHLD
//! waits), the turn is left to the loop, which alone learns from its poll whose end it was.

use crate::main_loop::{Loop, Rest};
use mio::{Events, Poll, Waker};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;
use supervisor_core::Ending;

/// The state of supervision, for whoever's turn it is.
pub(crate) struct Helm {
    /// `None` before the loop begins and after its end.
    state: Mutex<Option<Box<Loop>>>,
    /// The loop's thread is awake and waits for `state`: nobody may get in before it.
    is_wanted: AtomicBool,
    /// Ends the sleep of the loop's thread.
    waker: Arc<Waker>,
}

const NOBODY_ELSE: &str = "only the thread that puts the loop in takes it out";

impl Helm {
    /// A helm nobody has taken yet.
    pub(crate) fn new(waker: Arc<Waker>) -> Self {
        Self { state: Mutex::new(None), is_wanted: AtomicBool::new(false), waker }
    }

    /// Supervises on this thread until everything has stopped, and returns what is left, with why it ended.
    pub(crate) fn hold(&self, supervisor: Box<Loop>, mut poll: Poll) -> (Box<Loop>, io::Result<Ending>) {
        let mut rest = self.lock().insert(supervisor).begin();
        let mut events = Events::with_capacity(1024);
        let outcome = loop {
            let timeout = match rest {
                Rest::Until(timeout) => timeout,
                Rest::Over(ending) => break Ok(ending),
            };
            if let Err(error) = sleep(&mut poll, &mut events, timeout) {
                break Err(error);
            }
            self.is_wanted.store(true, Ordering::SeqCst);
            let mut state = self.lock();
            self.is_wanted.store(false, Ordering::SeqCst);
            rest = state.as_mut().expect(NOBODY_ELSE).turn(&events);
        };
        (self.lock().take().expect(NOBODY_ELSE), outcome)
    }

    /// Has the requests in the queue served: by this thread if nobody else is about to. Whoever calls holds no lock that a
    /// reply may need.
    pub(crate) fn attend(&self) {
        if self.is_wanted.load(Ordering::SeqCst) {
            // It serves them at the end of its turn.
            return;
        }
        let is_served = match self.state.try_lock() {
            Ok(mut state) => {
                // A panic costs the request it came from, as in a handler, and not this thread.
                let turn = || state.as_mut().is_some_and(|supervisor| supervisor.serve_between_turns());
                catch_unwind(AssertUnwindSafe(turn)).unwrap_or(false)
            }
            Err(TryLockError::Poisoned(_) | TryLockError::WouldBlock) => false,
        };
        if !is_served {
            self.wake();
        }
    }

    /// Wakes the loop's thread.
    pub(crate) fn wake(&self) {
        crate::main_loop::mailbox::wake(&self.waker);
    }

    fn lock(&self) -> MutexGuard<'_, Option<Box<Loop>>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Sleeps until something happens or a deadline is reached.
fn sleep(poll: &mut Poll, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
    match poll.poll(events, timeout) {
        Err(error) if error.kind() == io::ErrorKind::Interrupted => {
            events.clear();
            Ok(())
        }
        outcome => outcome,
    }
}
