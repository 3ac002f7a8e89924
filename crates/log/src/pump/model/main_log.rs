//! The main log: a line is written once, in the order of its thread, whichever thread writes the queue at that moment.

use super::rig::{check, pump, start};
use crate::label::Label;
use crate::main_log::{Layout, MainLogOutput};
use crate::pump::shared::Urgency;
use crate::pump::table::Table;
use crate::sinks::buffered_output::BufferedOutput;
use crate::sinks::fake::{FakeSink, FakeSinkState};
use crate::sinks::{OpenSink, RotationUnit};
use crate::{Level, MainLog};
use loom::thread;
use std::sync::Arc;
use std::time::Duration;

const FOREVER: Duration = Duration::from_secs(3600);

fn main_log(sink: &Arc<FakeSinkState>) -> MainLog {
    let sink = OpenSink::other(FakeSink(Arc::clone(sink)));
    let output = BufferedOutput::new(sink, Label::from("main log".to_owned()), RotationUnit::Write);
    MainLog::over(Level::Info, None, vec![MainLogOutput::log(output, Layout::Text)])
}

/// The last word of each line.
fn words(sink: &FakeSinkState) -> Vec<String> {
    let text = String::from_utf8(sink.written()).unwrap();
    text.lines().map(|line| line.rsplit(' ').next().unwrap().to_owned()).collect()
}

/// From direct over queued to direct again, with a thread that logs all the while.
#[test]
fn every_line_is_written_once_and_in_order_over_start_and_shutdown() {
    check(3, || {
        let sink: Arc<FakeSinkState> = Arc::default();
        let log = main_log(&sink);
        let (pump, _) = pump(&log);
        let other = thread::spawn({
            let log = log.clone();
            move || {
                log.log(Level::Info, "a1");
                log.log(Level::Info, "a2");
            }
        });
        start(&pump);
        let waker = Arc::clone(&pump.shared);
        let outputs = log.make_queued(move || waker.update(Urgency::Soon, Table::make_main_ready));
        pump.shared.update(Urgency::Now, |table| table.add_main(outputs));
        log.log(Level::Info, "b1");
        pump.shutdown(FOREVER).unwrap();
        other.join().unwrap();
        // Nothing is left in the queue for a later line to drain.
        assert_eq!(words(&sink).len(), 3);
        log.log(Level::Info, "b2");
        let written = words(&sink);
        assert_eq!(written.len(), 4, "{written:?}");
        for thread in ["a", "b"] {
            let own: Vec<&String> = written.iter().filter(|word| word.starts_with(thread)).collect();
            assert_eq!(own, [&format!("{thread}1"), &format!("{thread}2")]);
        }
    });
}

/// Nothing but the lines wakes the worker.
#[test]
fn a_line_wakes_the_worker_that_writes_it() {
    check(2, || {
        let sink: Arc<FakeSinkState> = Arc::default();
        let log = main_log(&sink);
        let (pump, _) = pump(&log);
        start(&pump);
        let waker = Arc::clone(&pump.shared);
        let outputs = log.make_queued(move || waker.update(Urgency::Soon, Table::make_main_ready));
        pump.shared.update(Urgency::Now, |table| table.add_main(outputs));
        let other = thread::spawn({
            let log = log.clone();
            move || log.log(Level::Info, "a")
        });
        log.log(Level::Info, "b");
        sink.wait_for_lines(2);
        other.join().unwrap();
        pump.shutdown(FOREVER).unwrap();
        assert_eq!(words(&sink).len(), 2);
    });
}
