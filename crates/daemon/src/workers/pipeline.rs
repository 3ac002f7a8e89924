//! The last step of a start, made while the next start is being prepared.
//!
//! # Theory
//!
//! A start is prepared (files looked up, logs and pipes opened), and then the child is born: it executes its program, while
//! the thread that starts it waits. One processor is idle for much of that, so with many starts in a row the births have a
//! [`Pool`] of their own, to which those that are prepared are handed in order. (On two processors a hundred programs start in
//! two thirds of the time.) A start by itself stays on the thread that has prepared it, as waking another takes longer than
//! it saves.
//!
//! Whoever prepares runs ahead by [`LEAD`] starts at most, since each holds the descriptors of a child besides ours, and not at
//! all where descriptors are short. A birth that hangs does not count: the pool goes on without it.

use crate::workers::pool::{Job, PATIENCE, Pool};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// So many starts may be prepared and not begun. With 8 it is the preparing thread that is waited for; more than 32 gain little,
/// and their descriptors would have to be reckoned with (see [`crate::descriptor_limit`]).
const LEAD: usize = 32;

/// Whoever waits to prepare more goes on when no more than so many are left, and so is not woken for each.
const LOW: usize = 4;

/// A handle on the births; clones share them.
#[derive(Clone)]
pub(crate) struct Births {
    pool: Pool,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    count: Mutex<Count>,
    /// There may be room for more.
    changed: Condvar,
    /// There are no descriptors for a lead.
    is_short: AtomicBool,
}

#[derive(Default)]
struct Count {
    /// Births not begun.
    prepared: usize,
    /// Births not over, begun or not.
    unfinished: usize,
}

impl Births {
    /// Births in a pool whose threads carry `name`.
    pub(crate) fn new(name: &'static str) -> Self {
        Self { pool: Pool::new(name), shared: Arc::default() }
    }

    /// Whether descriptors are too short to prepare more than one start.
    pub(crate) fn set_short(&self, is_short: bool) {
        self.shared.is_short.store(is_short, Ordering::Relaxed);
    }

    /// Has a birth carried out after those before it: by another thread if there are such or `more_follow`, else by this
    /// one. Waits while too many are prepared.
    pub(crate) fn carry_out(&self, birth: Job, more_follow: bool) {
        let mut count = self.shared.lock();
        if count.prepared >= LEAD {
            // Longer than it can take if nothing hangs.
            let waited =
                self.shared.changed.wait_timeout_while(count, PATIENCE, |count| count.prepared > LOW);
            count = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        count.prepared += 1;
        count.unfinished += 1;
        let is_alone = count.unfinished == 1;
        drop(count);
        let counted = Counted(Arc::clone(&self.shared));
        let job: Job = Box::new(move || {
            counted.begin();
            birth();
        });
        if is_alone && (!more_follow || self.shared.is_short.load(Ordering::Relaxed)) {
            job();
        } else if let Err((_refused, job)) = self.pool.try_submit(job) {
            // Slower than on a thread of its own, and as right.
            job();
        }
    }
}

impl Shared {
    /// Counts are whole after every operation, so a panic elsewhere spoils nothing.
    fn lock(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A birth that is counted as unfinished until this is dropped, however it ends.
struct Counted(Arc<Shared>);

impl Counted {
    fn begin(&self) {
        let mut count = self.0.lock();
        count.prepared -= 1;
        let is_awaited = count.prepared == LOW;
        drop(count);
        if is_awaited {
            self.0.changed.notify_all();
        }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.lock().unfinished -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;
    use std::time::{Duration, Instant};

    const LONG: Duration = Duration::from_secs(120);

    fn wait_for_the_last(births: &Births) {
        let deadline = Instant::now() + LONG;
        while births.shared.lock().unfinished > 0 {
            assert!(Instant::now() < deadline, "births are left");
            thread::yield_now();
        }
    }

    #[test]
    fn births_come_in_their_order_and_the_lead_is_bounded() {
        let births = Births::new("test");
        let (done, results) = mpsc::channel();
        for number in 0..200 {
            let (done, shared) = (done.clone(), Arc::clone(&births.shared));
            let birth = move || done.send((number, shared.lock().prepared)).unwrap();
            births.carry_out(Box::new(birth), number % 3 != 0);
        }
        for expected in 0..200 {
            let (number, prepared) = results.recv_timeout(LONG).unwrap();
            assert_eq!(number, expected);
            assert!(prepared <= LEAD, "{prepared} are prepared");
        }
        wait_for_the_last(&births);
    }

    #[test]
    fn a_birth_by_itself_or_without_descriptors_to_spare_stays_on_its_thread() {
        let births = Births::new("test");
        let (done, results) = mpsc::channel();
        births.set_short(true);
        for more_follow in [true, false] {
            let done = done.clone();
            births.carry_out(Box::new(move || done.send(thread::current().id()).unwrap()), more_follow);
            assert_eq!(results.recv_timeout(LONG).unwrap(), thread::current().id());
            births.set_short(false);
        }
    }

    #[test]
    fn births_that_hang_or_panic_do_not_hold_up_the_next_ones() {
        let births = Births::new("test");
        let (release, released) = mpsc::channel::<()>();
        let (done, results) = mpsc::channel();
        births.carry_out(Box::new(|| panic!("expected in this test")), true);
        let hangs = move || {
            let _until_released = released.recv();
        };
        births.carry_out(Box::new(hangs), true);
        for number in 0..3 * LEAD {
            let done = done.clone();
            births.carry_out(Box::new(move || done.send(number).unwrap()), true);
        }
        for expected in 0..3 * LEAD {
            assert_eq!(results.recv_timeout(LONG).unwrap(), expected);
        }
        drop(release);
        wait_for_the_last(&births);
    }
}
