//! Threads for work that may block: opening files, resolving users, exec on a slow disk, reading logs.
//!
//! # Theory
//!
//! The supervision loop and the HTTP thread must never wait for a disk, so they submit such work to a [`Pool`]. Jobs run one
//! at a time in the order of submission, which keeps spawns in the order the core decided. While jobs are queued, a second
//! thread stands by; if the running job makes no progress for [`STUCK_AFTER`], the standby declares it stuck and takes the next
//! one. A stuck job therefore delays the others once, not for as long as it hangs. With an empty queue every thread is
//! parked: an idle pool never wakes, but for the one time it runs a job that waits [until it is idle](Pool::when_idle).

use crate::panics;
use crate::sync::{Condvar, Mutex, MutexGuard, lock, thread, wait, wait_timeout};
use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use supervisor_sys::errno::words;

/// How long a job may run before the next one no longer waits for it.
pub(crate) const STUCK_AFTER: Duration = Duration::from_millis(500);

/// How long a pool has had nothing to do when it counts as idle: longer than the pauses within a start.
const IDLE_AFTER: Duration = Duration::from_secs(1);

/// The most threads a pool ever has: all but one may be stuck in the kernel.
pub(crate) const MAX_THREADS: usize = 16;

/// The most jobs that may wait; what does not fit is refused.
pub(crate) const MAX_QUEUED: usize = 65_536;

/// A piece of work.
pub(crate) type Job = Box<dyn FnOnce() + Send>;

/// A handle on the threads; clones share them. The threads end when the last handle is dropped and the queue
/// is empty.
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    name: &'static str,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    /// Runs once, when the pool is idle.
    when_idle: Option<Job>,
    handles: usize,
    threads: usize,
    /// Threads waiting for something to do.
    waiting: usize,
    /// Running jobs that are not stuck: 0 or 1.
    running: usize,
    /// Raised when the running job is declared stuck; a job that finishes compares it with its own.
    epoch: u64,
    /// Raised when a job is taken; shows a standby whether the queue moved.
    taken: u64,
}

/// Why a job was not accepted.
pub(crate) enum Refused {
    /// [`MAX_QUEUED`] jobs wait already.
    Full,
    /// No thread could be started, and none is there.
    NoThread(io::Error),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("too much work is waiting"),
            Self::NoThread(error) => write!(f, "no thread can be started: {}", words(error)),
        }
    }
}

impl Pool {
    /// A pool whose threads carry `name`. No thread is started before the first job.
    pub(crate) fn new(name: &'static str) -> Self {
        let state = State { handles: 1, ..State::default() };
        Self { shared: Arc::new(Shared { name, state: Mutex::new(state), changed: Condvar::new() }) }
    }

    /// Queues a job behind those submitted before it.
    pub(crate) fn submit(&self, job: Job) -> Result<(), Refused> {
        self.try_submit(job).map_err(|(refused, _job)| refused)
    }

    /// The same, but returns the job if it is refused.
    pub(crate) fn try_submit(&self, job: Job) -> Result<(), (Refused, Job)> {
        let mut state = self.shared.lock();
        if state.queue.len() >= MAX_QUEUED {
            return Err((Refused::Full, job));
        }
        if state.threads == 0
            && let Err(error) = self.shared.start_thread(&mut state)
        {
            return Err((Refused::NoThread(error), job));
        }
        state.queue.push_back(job);
        self.shared.ensure_standby(&mut state);
        drop(state);
        self.shared.changed.notify_one();
        Ok(())
    }

    /// Whether jobs are queued.
    pub(crate) fn has_more(&self) -> bool {
        !self.shared.lock().queue.is_empty()
    }

    /// Runs a job once, when the pool has had nothing to do for a second after it had something. The job is dropped if the
    /// pool is closed before.
    pub(crate) fn when_idle(&self, job: Job) {
        self.shared.lock().when_idle = Some(job);
        // A thread that is parked has to wait with a timeout now.
        self.shared.changed.notify_all();
    }
}

impl Clone for Pool {
    fn clone(&self) -> Self {
        self.shared.lock().handles += 1;
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.handles -= 1;
        if state.handles == 0 {
            drop(state);
            self.shared.changed.notify_all();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn start_thread(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        let shared = Arc::clone(self);
        thread::Builder::new()
            .name(self.name.to_owned())
            .stack_size(256 * 1024)
            .spawn(move || shared.work())?;
        state.threads += 1;
        Ok(())
    }

    /// While jobs are queued behind a running one, a standby must notice if that is stuck. If the system refuses another
    /// thread, the jobs wait for the one there is.
    fn ensure_standby(self: &Arc<Self>, state: &mut State) {
        if state.running > 0 && state.waiting == 0 && state.threads < MAX_THREADS {
            let _no_standby_is_only_slower = self.start_thread(state);
        }
    }

    fn work(self: Arc<Self>) {
        let mut state = self.lock();
        loop {
            let (held, taken) = self.next(state);
            state = held;
            let Some((job, epoch)) = taken else { break };
            drop(state);
            // A panic costs the job alone; what it owes to others it has in guards and replies.
            let _panic = panics::catch(job);
            state = self.lock();
            if state.epoch == epoch {
                state.running -= 1;
            }
        }
        state.threads -= 1;
    }

    /// Waits for the job this thread runs next; `None` once the pool is closed or has threads to spare.
    fn next<'a>(
        self: &'a Arc<Self>,
        mut state: MutexGuard<'a, State>,
    ) -> (MutexGuard<'a, State>, Option<(Job, u64)>) {
        loop {
            if state.queue.is_empty() {
                if state.handles == 0 || state.waiting >= 2 {
                    return (state, None);
                }
                state = self.wait(state);
            } else if state.running > 0 {
                state = self.wait_for_progress(state);
            } else if let Some(job) = state.queue.pop_front() {
                state.running += 1;
                state.taken += 1;
                if !state.queue.is_empty() {
                    self.ensure_standby(&mut state);
                }
                let epoch = state.epoch;
                return (state, Some((job, epoch)));
            }
        }
    }

    /// Waits for a job, or until the pool is idle if a job waits for that.
    fn wait<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let seen = state.taken;
        state.waiting += 1;
        // While a job runs the pool is not idle; the thread that runs it looks again afterwards.
        if state.when_idle.is_none() || state.running > 0 {
            state = wait(&self.changed, state);
        } else {
            let (guard, timed_out) = wait_timeout(&self.changed, &self.state, state, IDLE_AFTER);
            state = guard;
            if timed_out && state.taken == seen && state.queue.is_empty() {
                let job = state.when_idle.take();
                state.queue.extend(job);
            }
        }
        state.waiting -= 1;
        state
    }

    /// Stands by while another thread runs a job; if that job outlasts [`STUCK_AFTER`], declares it stuck.
    fn wait_for_progress<'a>(&'a self, mut state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        let seen = state.taken;
        state.waiting += 1;
        let (mut state, timed_out) = wait_timeout(&self.changed, &self.state, state, STUCK_AFTER);
        state.waiting -= 1;
        if timed_out && state.taken == seen && state.running > 0 {
            state.epoch += 1;
            state.running = 0;
        }
        state
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    const LONG: Duration = Duration::from_secs(120);

    fn submit(pool: &Pool, job: impl FnOnce() + Send + 'static) {
        assert!(pool.submit(Box::new(job)).is_ok());
    }

    #[test]
    fn jobs_run_in_the_order_of_submission() {
        let pool = Pool::new("test");
        let (done, results) = mpsc::channel();
        for number in 0..1000 {
            let done = done.clone();
            submit(&pool, move || done.send(number).unwrap());
        }
        for expected in 0..1000 {
            assert_eq!(results.recv_timeout(LONG).unwrap(), expected);
        }
    }

    #[test]
    fn a_stuck_job_does_not_delay_the_others() {
        let pool = Pool::new("test");
        let (release, released) = mpsc::channel::<()>();
        let (done, results) = mpsc::channel();
        submit(&pool, move || {
            let _until_released = released.recv();
        });
        for number in 0..100 {
            let done = done.clone();
            submit(&pool, move || done.send(number).unwrap());
        }
        for expected in 0..100 {
            assert_eq!(results.recv_timeout(LONG).unwrap(), expected);
        }
        drop(release);
        let done_again = done.clone();
        submit(&pool, move || done_again.send(100).unwrap());
        assert_eq!(results.recv_timeout(LONG).unwrap(), 100);
    }

    #[test]
    fn a_job_that_panics_costs_nothing_but_itself() {
        let pool = Pool::new("test");
        let (done, results) = mpsc::channel();
        submit(&pool, || panic!("expected in this test"));
        submit(&pool, move || done.send(()).unwrap());
        results.recv_timeout(LONG).unwrap();
    }

    #[test]
    fn a_job_for_the_idle_pool_runs_once_and_after_all_others() {
        let pool = Pool::new("test");
        let (done, results) = mpsc::channel();
        let idle = done.clone();
        pool.when_idle(Box::new(move || idle.send("idle").unwrap()));
        // However slow this machine is, the pool is not idle before all the work is there.
        let (release, released) = mpsc::channel::<()>();
        submit(&pool, move || {
            let _until_released = released.recv();
        });
        for _ in 0..3 {
            let done = done.clone();
            submit(&pool, move || done.send("work").unwrap());
        }
        drop(release);
        let order: Vec<_> = (0..4).map(|_| results.recv_timeout(LONG).unwrap()).collect();
        assert_eq!(order, ["work", "work", "work", "idle"]);
        submit(&pool, move || done.send("again").unwrap());
        assert_eq!(results.recv_timeout(LONG).unwrap(), "again");
        assert!(pool.shared.lock().when_idle.is_none());
    }

    #[test]
    fn threads_stay_few_and_end_with_the_last_handle() {
        let pool = Pool::new("test");
        let (done, results) = mpsc::channel();
        for _ in 0..500 {
            let done = done.clone();
            submit(&pool, move || done.send(()).unwrap());
            results.recv_timeout(LONG).unwrap();
        }
        assert!(pool.shared.lock().threads <= 3);
        let shared = Arc::clone(&pool.shared);
        drop(pool);
        let deadline = std::time::Instant::now() + LONG;
        while shared.lock().threads > 0 {
            assert!(std::time::Instant::now() < deadline, "threads are left after the last handle");
            thread::yield_now();
        }
    }
}
