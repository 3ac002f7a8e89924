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
//! Whoever prepares runs ahead by [`LEAD`] starts at most, since each holds the descriptors of a child besides ours. A birth
//! that hangs does not count: the pool goes on without it.

use crate::blocking::{Job, PATIENCE, Pool};
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
    changed: Condvar,
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

    /// Has a birth carried out after those before it: by another thread if there are such or `more_follow`, else by this
    /// one. Waits while too many are prepared.
    pub(crate) fn carry_out(&self, birth: Job, more_follow: bool) {
        let mut count = self.shared.lock();
        if count.prepared >= LEAD {
            count = self.shared.wait_while(count, |count| count.prepared > LOW);
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
        if is_alone && !more_follow {
            job();
        } else if let Err((_refused, job)) = self.pool.try_submit(job) {
            // Slower than on a thread of its own, and as right.
            job();
        }
    }

    /// Waits until all births are over, but for those that hang; `false` if none was under way.
    pub(crate) fn settle(&self) -> bool {
        let count = self.shared.lock();
        let is_any = count.unfinished > 0;
        drop(self.shared.wait_while(count, |count| count.unfinished > 0));
        is_any
    }
}

impl Shared {
    /// Counts are whole after every operation, so a panic elsewhere spoils nothing.
    fn lock(&self) -> MutexGuard<'_, Count> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits as long as it may take if nothing hangs.
    fn wait_while<'a>(
        &self,
        count: MutexGuard<'a, Count>,
        is_so: impl Fn(&Count) -> bool,
    ) -> MutexGuard<'a, Count> {
        let waited = self.changed.wait_timeout_while(count, PATIENCE, |count| is_so(count));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    fn change(&self, change: impl FnOnce(&mut Count)) {
        let mut count = self.lock();
        change(&mut count);
        let is_awaited = count.prepared == LOW || count.unfinished == 0;
        drop(count);
        if is_awaited {
            self.changed.notify_all();
        }
    }
}

/// A birth that is counted as unfinished until this is dropped, however it ends.
struct Counted(Arc<Shared>);

impl Counted {
    fn begin(&self) {
        self.0.change(|count| count.prepared -= 1);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.change(|count| count.unfinished -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::thread;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(120);

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
        while births.settle() {}
    }

    #[test]
    fn a_birth_by_itself_stays_on_its_thread() {
        let births = Births::new("test");
        let (done, results) = mpsc::channel();
        births.carry_out(Box::new(move || done.send(thread::current().id()).unwrap()), false);
        assert_eq!(results.recv_timeout(LONG).unwrap(), thread::current().id());
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
        while births.settle() {}
    }
}
