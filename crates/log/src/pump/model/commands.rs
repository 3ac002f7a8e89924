//! Commands: none is lost, none waits for a worker that sleeps, and the end of the pump answers all.

use super::super::Pump;
use super::super::shared::Urgency;
use super::super::worker::coalescing::Coalescing;
use super::super::worker::watchdog::{ProgressCounter, Watchdog};
use super::super::worker::{Worker, WorkerId};
use super::rig::{Replies, check, pump, start, write};
use crate::MainLog;
use loom::thread;
use std::sync::Arc;
use std::time::Duration;

const FOREVER: Duration = Duration::from_secs(3600);

/// Two threads post; each command is executed once, in the order of its thread, whatever the worker is doing.
fn all_commands_are_executed_in_order(pump: &Pump) {
    let replies: Arc<Replies> = Arc::default();
    let other = thread::spawn({
        let (pump, replies) = (pump.clone(), Arc::clone(&replies));
        move || replies.clear(&pump, 9)
    });
    replies.clear(pump, 1);
    replies.clear(pump, 2);
    replies.wait_for(3);
    other.join().unwrap();
    let received = replies.received();
    assert_eq!(received.len(), 3);
    let own: Vec<u8> = received.into_iter().filter(|&number| number != 9).collect();
    assert_eq!(own, [1, 2]);
}

#[test]
fn no_command_is_lost_while_the_worker_goes_to_sleep() {
    check(3, || {
        let (pump, _) = pump(&MainLog::nowhere());
        start(&pump);
        all_commands_are_executed_in_order(&pump);
        pump.shutdown(FOREVER).unwrap();
    });
}

/// The pause never ends in this model.
#[test]
fn an_urgent_command_ends_a_coalescing_pause() {
    check(3, || {
        let (pump, _) = pump(&MainLog::nowhere());
        let worker = thread::spawn({
            let shared = Arc::clone(&pump.shared);
            move || {
                let progress = ProgressCounter::default();
                Worker::new(&shared, WorkerId::default(), &progress, Coalescing::paused_for(FOREVER)).run();
            }
        });
        all_commands_are_executed_in_order(&pump);
        pump.shared.close(pump.shared.table());
        worker.join().unwrap();
    });
}

/// What is not urgent may wait for the end of a pause, but not for the end of a sleep.
#[test]
fn an_update_that_is_not_urgent_wakes_a_worker_that_sleeps() {
    check(3, || {
        let (pump, stream) = pump(&MainLog::nowhere());
        start(&pump);
        stream.write(b'x');
        pump.shared.update(Urgency::Soon, |table| table.make_ready(0));
        stream.wait_for_output(1);
        pump.shutdown(FOREVER).unwrap();
    });
}

/// A barrier is passed after all bytes that were in the pipe when it was added.
#[test]
fn a_sync_replies_once_what_was_written_before_it_is_in_the_log() {
    check(3, || {
        let (pump, stream) = pump(&MainLog::nowhere());
        start(&pump);
        write(&pump, &stream, b'1');
        let replies: Arc<Replies> = Arc::default();
        let (receive, seen) = (replies.receive(1), Arc::clone(&stream));
        pump.sync(move || {
            assert_eq!(seen.output(), b"1");
            receive();
        });
        replies.wait_for(1);
        pump.shutdown(FOREVER).unwrap();
    });
}

/// A request that comes while the pump ends is executed or refused, and answered in both cases.
#[test]
fn every_request_is_answered_however_it_meets_the_shutdown() {
    check(3, || {
        let (pump, _) = pump(&MainLog::nowhere());
        start(&pump);
        let replies: Arc<Replies> = Arc::default();
        let other = thread::spawn({
            let (pump, replies) = (pump.clone(), Arc::clone(&replies));
            move || {
                replies.clear(&pump, 1);
                pump.sync(replies.receive(2));
            }
        });
        pump.shutdown(FOREVER).unwrap();
        other.join().unwrap();
        let mut received = replies.received();
        received.sort_unstable();
        assert_eq!(received, [1, 2]);
    });
}

/// The worker begins a service that never ends; the watchdog must see it.
#[test]
fn the_watchdog_never_sleeps_while_a_service_is_under_way() {
    check(3, || {
        let (watchdog, progress) = (Arc::new(Watchdog::default()), Arc::new(ProgressCounter::default()));
        let sleeper = thread::spawn({
            let (watchdog, progress) = (Arc::clone(&watchdog), Arc::clone(&progress));
            move || watchdog.sleep(|| progress.current_service().is_some())
        });
        progress.begin_service();
        watchdog.wake();
        sleeper.join().unwrap();
    });
}
