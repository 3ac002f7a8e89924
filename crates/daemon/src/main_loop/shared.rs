//! The shared loop: one state, and two threads that may run it, one at a time.
//!
//! # Theory
//!
//! Mostly the loop's own thread runs it: it sleeps holding nothing, wakes, takes the state for one turn and sleeps again. A
//! thread that has put requests into the queue while the loop sleeps may take the state itself and serve them
//! ([`SharedLoop::try_run_inline`]), instead of waking the loop and being woken by it in return: each of the two is the
//! wake-up of another processor, which costs more than all the rest of a request. (`getState` over a unix socket on two virtual
//! processors: 44 µs of processor time and 12,000 a second with both wake-ups.)
//!
//! Nothing becomes unfair or unordered by that. An inline run only ever tries for the lock: if the state is taken, or the loop's
//! thread is about to take it, the requests stay in the queue, and the loop serves them at the end of its turn. Messages of
//! other threads come before requests, as in every turn. And when the end of a child is known to the kernel (SIGCHLD is
//! pending), the turn is left to the loop, which alone learns from its poll whose end it was.
//!
//! A request that was queued is never lost: either it is served inline, or the loop's thread is woken or awake, and serves it
//! before it sleeps again.
//!
//! # Panics
//!
//! A panic during a turn, on either thread, leaves the state half changed. It is never used again: the turn's thread marks it as
//! [broken](Broken), and all that the loop's thread can still do is to drop it. See [`crate::panics`].

use crate::panics::{self, Panic};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard, lock};
use std::sync::Arc;

/// Ends the sleep of the loop's thread.
pub(crate) trait Wake: Send + Sync {
    /// Wakes the loop's thread, or keeps it from going to sleep.
    fn wake(&self);
}

impl Wake for mio::Waker {
    fn wake(&self) {
        Self::wake(self).expect("an eventfd or kqueue of our own can always be written");
    }
}

/// A state that can be run on a thread other than the loop's own while that sleeps.
pub(crate) trait RunInline {
    /// Serves the requests that are queued; `false` if the loop's thread has to be woken all the same.
    fn run_inline(&mut self) -> bool;
}

/// A state, for the thread whose turn it is.
pub(crate) struct SharedLoop<T> {
    state: Mutex<State<T>>,
    /// The loop's thread is awake and waits for `state`: no inline run may get in before it.
    is_wanted: AtomicBool,
    waker: Arc<dyn Wake>,
}

enum State<T> {
    /// Before the loop begins and after its end.
    Absent,
    Whole(T),
    Broken(Broken<T>),
}

/// A state that a panic has left half changed. It can be dropped, and its panic reported.
pub(crate) struct Broken<T> {
    /// What broke it.
    pub(crate) panic: Panic,
    /// Only to be dropped.
    _state: T,
}

impl<T> SharedLoop<T> {
    /// A loop without a state: every request wakes the loop's thread until it [begins](Self::begin).
    pub(crate) fn new(waker: Arc<dyn Wake>) -> Self {
        Self { state: Mutex::new(State::Absent), is_wanted: AtomicBool::new(false), waker }
    }

    /// Puts the state in and runs its first turn, on the loop's own thread. No inline run can come before that turn, and a
    /// request that is queued meanwhile wakes the loop, so the turn need not serve requests. `None` if it breaks the state.
    pub(crate) fn begin<R>(&self, state: T, turn: impl FnOnce(&mut T) -> R) -> Option<R> {
        let mut slot = lock(&self.state);
        *slot = State::Whole(state);
        slot.run(turn)
    }

    /// Takes the state out; `None` if there is none.
    pub(crate) fn take(&self) -> Option<Result<T, Broken<T>>> {
        match std::mem::replace(&mut *lock(&self.state), State::Absent) {
            State::Absent => None,
            State::Whole(state) => Some(Ok(state)),
            State::Broken(broken) => Some(Err(broken)),
        }
    }

    /// A turn of the loop's own thread: waits for the state and runs `turn` with it, which serves the requests that are queued
    /// when it ends. `None` if the state is absent or broken, or breaks in this turn.
    pub(crate) fn run<R>(&self, turn: impl FnOnce(&mut T) -> R) -> Option<R> {
        self.is_wanted.store(true, Ordering::SeqCst);
        let mut state = lock(&self.state);
        self.is_wanted.store(false, Ordering::SeqCst);
        state.run(turn)
    }

    /// Wakes the loop's thread.
    pub(crate) fn wake(&self) {
        self.waker.wake();
    }

    fn try_lock(&self) -> Option<MutexGuard<'_, State<T>>> {
        // No panic leaves a turn, so the lock is never poisoned.
        self.state.try_lock().ok()
    }
}

impl<T: RunInline> SharedLoop<T> {
    /// Serves the requests in the queue on this thread, if that is possible without waiting, or else sees to it that the
    /// loop's thread does. The caller holds no lock that a reply may need.
    pub(crate) fn try_run_inline(&self) {
        if self.is_wanted.load(Ordering::SeqCst) {
            // The loop's thread serves them at the end of its turn.
            return;
        }
        let is_served = self.try_lock().and_then(|mut state| state.run(T::run_inline)).unwrap_or(false);
        if !is_served {
            self.wake();
        }
    }
}

impl<T> State<T> {
    fn run<R>(&mut self, turn: impl FnOnce(&mut T) -> R) -> Option<R> {
        let Self::Whole(whole) = self else { return None };
        let panic = match panics::catch(|| turn(whole)) {
            Ok(result) => return Some(result),
            Err(panic) => panic,
        };
        if let Self::Whole(state) = std::mem::replace(self, Self::Absent) {
            *self = Self::Broken(Broken { panic, _state: state });
        }
        None
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// Panics when it is run inline with nothing left to serve.
    struct Countdown(u32);

    impl RunInline for Countdown {
        fn run_inline(&mut self) -> bool {
            self.0 = self.0.checked_sub(1).expect("expected in this test");
            true
        }
    }

    fn countdown(from: u32) -> (SharedLoop<Countdown>, Arc<Wakes>) {
        let wakes = Arc::new(Wakes::default());
        let shared = SharedLoop::new(wakes.clone());
        shared.begin(Countdown(from), |_| ());
        (shared, wakes)
    }

    fn count(wakes: &Wakes) -> usize {
        wakes.0.load(Ordering::SeqCst)
    }

    #[test]
    fn requests_are_served_inline_unless_the_state_is_taken() {
        let (shared, wakes) = countdown(2);
        shared.try_run_inline();
        assert_eq!((shared.run(|state| state.0), count(&wakes)), (Some(1), 0));
        // Its own turn: what comes meanwhile has it woken again.
        shared.run(|_| shared.try_run_inline());
        assert_eq!((shared.run(|state| state.0), count(&wakes)), (Some(1), 1));
    }

    #[test]
    fn a_state_that_broke_inline_is_never_used_again_and_the_loop_is_woken() {
        let (shared, wakes) = countdown(0);
        shared.try_run_inline();
        assert_eq!(count(&wakes), 1);
        shared.try_run_inline();
        assert_eq!(count(&wakes), 2);
        assert_eq!(shared.run(|_| "used"), None);
        let broken = shared.take().and_then(Result::err).expect("the state is broken");
        assert!(broken.panic.to_string().ends_with("expected in this test"), "{}", broken.panic);
        assert!(shared.take().is_none());
    }

    #[test]
    fn a_state_that_broke_in_the_loops_own_turn_is_never_used_again() {
        let (shared, _) = countdown(5);
        assert_eq!(shared.run(|_| -> u32 { panic!("expected in this test") }), None);
        assert_eq!(shared.run(|_| "used"), None);
        assert!(matches!(shared.take(), Some(Err(_))));
    }
}
