//! Model check of the parts of the daemon where threads meet: loom runs each model under every interleaving of its threads, up to
//! a number of preemptions that shows the known mistakes.
//!
//! `.ci/run` has the command.
//!
//! A thread that waits for what never comes is a deadlock, which loom reports: so each model waits for all that must happen.

use crate::main_loop::mailbox::Mailbox;
use crate::main_loop::shared::{RunInline, SharedLoop, Wake};
use crate::sync::{Condvar, Mutex, lock, thread, wait};
use crate::workers::pool::Pool;
use std::sync::Arc;

/// Runs `model` under every interleaving with at most `preemptions` of them unforced.
fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.check(model);
}

/// What has happened, in its order, for threads that wait until enough has.
#[derive(Default)]
struct Record {
    events: Mutex<Vec<u8>>,
    changed: Condvar,
}

impl Record {
    fn add(&self, event: u8) {
        lock(&self.events).push(event);
        self.changed.notify_all();
    }

    fn wait_for(&self, count: usize) -> Vec<u8> {
        let mut events = lock(&self.events);
        while events.len() < count {
            events = wait(&self.changed, events);
        }
        events.clone()
    }
}

/// The sleep of the loop's thread: a wake-up that comes before it ends it at once, as with a poll.
#[derive(Default)]
struct Sleep {
    is_woken: Mutex<bool>,
    changed: Condvar,
}

impl Sleep {
    fn sleep(&self) {
        let mut is_woken = lock(&self.is_woken);
        while !*is_woken {
            is_woken = wait(&self.changed, is_woken);
        }
        *is_woken = false;
    }
}

impl Wake for Sleep {
    fn wake(&self) {
        *lock(&self.is_woken) = true;
        self.changed.notify_all();
    }
}

/// A loop that serves a queue of requests; one of them ends it.
struct Server {
    requests: Arc<Mutex<Vec<u8>>>,
    served: Arc<Record>,
    has_ended: bool,
    /// An inline run leaves the rest of the turn to the loop's thread, as it does when a child has ended.
    leaves_turn: bool,
}

const END: u8 = 0;

impl Server {
    fn serve(&mut self) -> bool {
        let requests = std::mem::take(&mut *lock(&self.requests));
        for request in requests {
            self.has_ended |= request == END;
            self.served.add(request);
        }
        self.has_ended
    }
}

impl RunInline for Server {
    fn run_inline(&mut self) -> bool {
        if self.leaves_turn {
            return false;
        }
        !self.serve()
    }
}

/// Clients that queue a request and wait for its answer, as the interfaces do.
fn requests_are_served(leaves_turn: bool) {
    let (sleep, requests, served) = (Arc::new(Sleep::default()), Arc::default(), Arc::new(Record::default()));
    let shared = Arc::new(SharedLoop::new(Arc::clone(&sleep) as Arc<dyn Wake>));
    let server = Server {
        requests: Arc::clone(&requests),
        served: Arc::clone(&served),
        has_ended: false,
        leaves_turn,
    };
    let runner = thread::spawn({
        let shared = Arc::clone(&shared);
        move || {
            // The first turn serves nothing, as in the daemon, whose interfaces are open before it.
            let mut has_ended = shared.begin(server, |_| false);
            while has_ended == Some(false) {
                sleep.sleep();
                has_ended = shared.run(Server::serve);
            }
        }
    });
    let request = move |shared: &SharedLoop<Server>, request| {
        lock(&requests).push(request);
        shared.try_run_inline();
    };
    let client = thread::spawn({
        let (shared, request) = (Arc::clone(&shared), request.clone());
        move || request(&shared, 2)
    });
    request(&shared, 1);
    let mut all = served.wait_for(2);
    all.sort_unstable();
    assert_eq!(all, [1, 2], "each is served once");
    client.join().unwrap();
    request(&shared, END);
    runner.join().unwrap();
    assert_eq!(served.wait_for(3).len(), 3);
}

#[test]
fn a_request_queued_while_the_loop_goes_to_sleep_is_served_inline_or_by_the_loop() {
    check(3, || requests_are_served(false));
}

#[test]
fn a_request_that_an_inline_run_leaves_to_the_loop_wakes_it() {
    check(3, || requests_are_served(true));
}

#[test]
fn no_message_is_posted_without_a_wake_up() {
    check(3, || {
        let sleep = Arc::new(Sleep::default());
        let mailbox = Mailbox::new(Arc::clone(&sleep) as Arc<dyn Wake>);
        let other = thread::spawn({
            let mailbox = mailbox.clone();
            move || mailbox.post(9)
        });
        let poster = thread::spawn({
            let mailbox = mailbox.clone();
            move || {
                mailbox.post(1);
                mailbox.post(2);
            }
        });
        let mut received = Vec::new();
        while received.len() < 3 {
            sleep.sleep();
            received.append(&mut mailbox.take(Vec::new()));
        }
        other.join().unwrap();
        poster.join().unwrap();
        let own: Vec<u8> = received.into_iter().filter(|&message| message != 9).collect();
        assert_eq!(own, [1, 2], "the messages of one thread stay in order");
    });
}

/// Any time may pass at a wait with a timeout, so in some interleavings a running job is declared stuck.
#[test]
fn every_job_runs_once_and_the_threads_end_with_the_last_handle() {
    check(2, || {
        let (pool, record) = (Pool::new("model"), Arc::new(Record::default()));
        for number in 1..=2 {
            let record = Arc::clone(&record);
            assert!(pool.submit(Box::new(move || record.add(number))).is_ok());
        }
        let mut ran = record.wait_for(2);
        drop(pool);
        ran.sort_unstable();
        assert_eq!(ran, [1, 2]);
    });
}

/// The first job ends only after the second one.
#[test]
fn a_job_that_hangs_delays_no_other_job_for_ever() {
    check(2, || {
        let (pool, record) = (Pool::new("model"), Arc::new(Record::default()));
        let hangs = {
            let record = Arc::clone(&record);
            move || {
                record.wait_for(1);
                record.add(1);
            }
        };
        assert!(pool.submit(Box::new(hangs)).is_ok());
        let second = Arc::clone(&record);
        assert!(pool.submit(Box::new(move || second.add(2))).is_ok());
        assert_eq!(record.wait_for(2), [2, 1]);
    });
}
