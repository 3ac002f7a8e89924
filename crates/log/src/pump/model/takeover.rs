//! A worker that is taken for stuck is replaced at any moment of a service: no channel is served by two workers, no byte is
//! lost, written twice or out of order, and the workers are counted right.

use super::super::worker::watchdog::{replace_worker, service_under_way};
use super::rig::{Replies, check, pump, start, write};
use crate::MainLog;
use loom::thread;
use std::sync::Arc;
use std::time::Duration;

const FOREVER: Duration = Duration::from_secs(3600);

#[test]
fn a_replaced_worker_keeps_its_channel_until_it_checks_it_in() {
    check(3, || {
        let (pump, stream) = pump(&MainLog::nowhere());
        start(&pump);
        let watchdog = thread::spawn({
            let shared = Arc::clone(&pump.shared);
            move || {
                let seen = service_under_way(&shared.table());
                if seen.is_some() {
                    replace_worker(&shared, seen);
                }
            }
        });
        let replies: Arc<Replies> = Arc::default();
        write(&pump, &stream, b'1');
        write(&pump, &stream, b'2');
        replies.clear(&pump, 1);
        replies.wait_for(1);
        stream.wait_for_output(2);
        watchdog.join().unwrap();
        pump.shutdown(FOREVER).unwrap();
        assert_eq!(stream.output(), b"12");
        let table = pump.shared.table();
        assert_eq!((table.workers.running, table.workers.stuck), (0, 0));
    });
}
