//! The last step of a start, which runs while the next start is prepared.
//!
//! # Theory
//!
//! A start is prepared (files looked up, logs and pipes opened), and then launched: the child executes its program, while the
//! thread that starts it waits. One processor is idle for much of that, so with many starts in a row the launches have a
//! [`Pool`] of their own, which takes them in order. (On two processors a hundred programs start in two thirds of the
//! time.) A start by itself stays on the thread that prepared it, as waking another takes longer than it saves.
//!
//! The preparing thread runs ahead by [`MAX_PREPARED`] starts at most, since each holds the descriptors of a child besides ours,
//! and not at all where descriptors are short. A launch that hangs does not count: the pool goes on without it.

use super::pool::{Job, Pool, STUCK_AFTER};
use crate::sync::{Condvar, Mutex, MutexGuard, lock, wait_timeout};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// So many starts may be prepared and not launched. With 8 the launches wait for the preparing thread; more than 32 gain
/// little, and their descriptors would have to be reckoned with (see [`crate::descriptor_limit`]).
const MAX_PREPARED: usize = 32;

/// A thread that waits to prepare more goes on when so few are prepared, and so is not woken for each launch.
const LOW_WATER: usize = 4;

/// A handle on the launches; clones share them.
#[derive(Clone)]
pub(crate) struct SpawnPipeline {
    pool: Pool,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    count: Mutex<Count>,
    /// The count of prepared starts has fallen to [`LOW_WATER`].
    changed: Condvar,
    /// There are no descriptors to prepare starts ahead.
    is_short: AtomicBool,
}

#[derive(Default)]
struct Count {
    /// Starts that are prepared and not launched.
    prepared: usize,
    /// Launches that have not ended, begun or not.
    unfinished: usize,
}

impl SpawnPipeline {
    /// A pipeline whose threads carry `name`.
    pub(crate) fn new(name: &'static str) -> Self {
        Self { pool: Pool::new(name), shared: Arc::default() }
    }

    /// Whether descriptors are too short to prepare more than one start.
    pub(crate) fn set_short(&self, is_short: bool) {
        self.shared.is_short.store(is_short, Ordering::Relaxed);
    }

    /// Runs a launch after those before it: on another thread if some are unfinished or `more_follow`, else on this one.
    /// Waits while too many starts are prepared.
    pub(crate) fn launch(&self, launch: Job, more_follow: bool) {
        let is_only = self.shared.add();
        let counted = Counted(Arc::clone(&self.shared));
        let job: Job = Box::new(move || {
            counted.begin();
            launch();
        });
        if is_only && (!more_follow || self.shared.is_short.load(Ordering::Relaxed)) {
            job();
        } else if let Err((_refused, job)) = self.pool.try_submit(job) {
            // Slower than on a thread of its own, and as right.
            job();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Count> {
        lock(&self.count)
    }

    /// Counts one more prepared start, once there is room; whether it is the only one.
    fn add(&self) -> bool {
        let mut count = self.lock();
        if count.prepared >= MAX_PREPARED {
            // Longer than the launches can take if none hangs.
            let mut timed_out = false;
            while count.prepared > LOW_WATER && !timed_out {
                (count, timed_out) = wait_timeout(&self.changed, &self.count, count, STUCK_AFTER);
            }
        }
        count.prepared += 1;
        count.unfinished += 1;
        count.unfinished == 1
    }
}

/// A launch that counts as unfinished until this is dropped, however it ends.
struct Counted(Arc<Shared>);

impl Counted {
    fn begin(&self) {
        let mut count = self.0.lock();
        count.prepared -= 1;
        let is_low = count.prepared == LOW_WATER;
        drop(count);
        if is_low {
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

    fn wait_for_the_last(pipeline: &SpawnPipeline) {
        let deadline = Instant::now() + LONG;
        while pipeline.shared.lock().unfinished > 0 {
            assert!(Instant::now() < deadline, "launches are unfinished");
            thread::yield_now();
        }
    }

    #[test]
    fn launches_run_in_order_and_few_starts_are_prepared_ahead() {
        let pipeline = SpawnPipeline::new("test");
        let (done, results) = mpsc::channel();
        for number in 0..200 {
            let (done, shared) = (done.clone(), Arc::clone(&pipeline.shared));
            let launch = move || done.send((number, shared.lock().prepared)).unwrap();
            pipeline.launch(Box::new(launch), number % 3 != 0);
        }
        for expected in 0..200 {
            let (number, prepared) = results.recv_timeout(LONG).unwrap();
            assert_eq!(number, expected);
            assert!(prepared <= MAX_PREPARED, "{prepared} are prepared");
        }
        wait_for_the_last(&pipeline);
    }

    #[test]
    fn a_start_by_itself_or_with_descriptors_short_stays_on_its_thread() {
        let pipeline = SpawnPipeline::new("test");
        let (done, results) = mpsc::channel();
        pipeline.set_short(true);
        for more_follow in [true, false] {
            let done = done.clone();
            pipeline.launch(Box::new(move || done.send(thread::current().id()).unwrap()), more_follow);
            assert_eq!(results.recv_timeout(LONG).unwrap(), thread::current().id());
            pipeline.set_short(false);
        }
    }

    #[test]
    fn launches_that_hang_or_panic_do_not_delay_the_others() {
        let pipeline = SpawnPipeline::new("test");
        let (release, released) = mpsc::channel::<()>();
        let (done, results) = mpsc::channel();
        pipeline.launch(Box::new(|| panic!("expected in this test")), true);
        let hangs = move || {
            let _until_released = released.recv();
        };
        pipeline.launch(Box::new(hangs), true);
        for number in 0..3 * MAX_PREPARED {
            let done = done.clone();
            pipeline.launch(Box::new(move || done.send(number).unwrap()), true);
        }
        for expected in 0..3 * MAX_PREPARED {
            assert_eq!(results.recv_timeout(LONG).unwrap(), expected);
        }
        drop(release);
        wait_for_the_last(&pipeline);
    }
}
