//! Tests of the pump with targets that can be made to hang.

use super::*;
use crate::main_log::MainLogOutput;
use crate::scratch::Scratch;
use crate::sinks::buffered_output::BufferedOutput;
use crate::sinks::fake::{FakeSink, FakeSinkState};
use crate::sinks::{OpenSink, RotationUnit};
use crate::{Delivery, FileOrigin, StreamSpec};
use std::io::{PipeWriter, Write};
use std::sync::Mutex;
use std::thread;
use supervisor_core::{Channel, Level};

const PATIENCE: Duration = Duration::from_secs(120);

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(2));
    }
}

fn spec(name: &str) -> Arc<StreamSpec> {
    Arc::new(StreamSpec {
        process_name: name.into(),
        channel: Channel::Stdout,
        file: None,
        syslog: false,
        strip_ansi: false,
        capture_max_bytes: 0,
        delivery: Delivery::Nothing,
    })
}

fn fake_output(label: &str, state: &Arc<FakeSinkState>, units: RotationUnit) -> BufferedOutput {
    BufferedOutput::new(OpenSink::other(FakeSink(Arc::clone(state))), label.to_owned().into(), units)
}

/// A pump with a main log in memory.
struct Rig {
    pump: Pump,
    main: Arc<FakeSinkState>,
    main_log: MainLog,
    notices: Arc<Mutex<Vec<Notice>>>,
}

impl Rig {
    fn new() -> Self {
        let main: Arc<FakeSinkState> = Arc::default();
        let channel = MainLogOutput::log(
            fake_output("main log", &main, RotationUnit::Write),
            crate::main_log::Layout::Text,
        );
        let main_log = MainLog::over(Level::Info, None, vec![channel]);
        let notices: Arc<Mutex<Vec<Notice>>> = Arc::default();
        let sent = Arc::clone(&notices);
        let pump = Pump::start(&main_log, move |notice| sent.lock().unwrap().push(notice)).unwrap();
        Self { pump, main, main_log, notices }
    }

    /// Attaches a generation that writes into `state`.
    fn attach(&self, stream: u64, generation: u64, name: &str, state: &Arc<FakeSinkState>) -> PipeWriter {
        let (reader, writer) = io::pipe().unwrap();
        let output = fake_output(&format!("log of {name}"), state, RotationUnit::Line);
        let pipeline = OutputPipeline::over(&spec(name), Some(output));
        self.pump.attach(StreamId(stream), Generation(generation), reader.into(), pipeline).unwrap();
        writer
    }

    fn main_text(&self) -> String {
        String::from_utf8(self.main.written()).unwrap()
    }

    fn has_drained(&self, stream: u64, generation: u64) -> bool {
        let notice = Notice::Drained { stream: StreamId(stream), generation: Generation(generation) };
        self.notices.lock().unwrap().contains(&notice)
    }
}

#[test]
fn a_hanging_write_holds_up_its_own_stream_only_and_recovers_in_order() {
    let rig = Rig::new();
    let (dead, alive): (Arc<FakeSinkState>, Arc<FakeSinkState>) = Default::default();
    let mut stuck = rig.attach(1, 1, "stuck", &dead);
    let mut fine = rig.attach(2, 1, "fine", &alive);
    dead.hang();
    stuck.write_all(b"one\n").unwrap();
    wait_until("the write hangs", || dead.hanging() == 1);
    stuck.write_all(b"two\n").unwrap();
    fine.write_all(b"goes on\n").unwrap();
    wait_until("another stream is written", || alive.written() == b"goes on\n");
    wait_until("the main log tells", || {
        rig.main_text().contains("ERRO an operation on the stdout log of 'stuck' does not return")
    });
    assert_eq!(dead.written(), b"");

    // Letters for a channel that is out wait for it.
    rig.pump.finish(StreamId(1), Generation(1));
    let mut next_run = rig.attach(1, 2, "stuck", &dead);
    next_run.write_all(b"three\n").unwrap();
    drop(stuck);
    assert!(!rig.has_drained(1, 1));

    dead.release();
    wait_until("all is written", || dead.written() == b"one\ntwo\nthree\n");
    assert!(rig.has_drained(1, 1));
    wait_until("the replaced thread has left", || rig.pump.shared.table().workers.running == 1);
    fine.write_all(b"still\n").unwrap();
    wait_until("the others are still report", || alive.written() == b"goes on\nstill\n");
    rig.pump.shutdown(PATIENCE).unwrap();
}

#[test]
fn several_hanging_writes_are_survived_one_after_the_other() {
    let rig = Rig::new();
    let dead: Vec<Arc<FakeSinkState>> = (0..3).map(|_| Arc::default()).collect();
    let alive: Arc<FakeSinkState> = Arc::default();
    let mut writers = Vec::new();
    for (stream, state) in (1..).zip(&dead) {
        state.hang();
        let mut writer = rig.attach(stream, 1, &format!("stuck{stream}"), state);
        writer.write_all(b"x").unwrap();
        writers.push(writer);
    }
    wait_until("all hang", || dead.iter().all(|state| state.hanging() == 1));
    let mut fine = rig.attach(9, 1, "fine", &alive);
    fine.write_all(b"goes on\n").unwrap();
    wait_until("the fourth is written", || alive.written() == b"goes on\n");
    for state in &dead {
        state.release();
    }
    wait_until("all recover", || dead.iter().all(|state| state.written() == b"x"));
    wait_until("one thread is left", || rig.pump.shared.table().workers.running == 1);
    assert_eq!(rig.pump.shared.table().workers.stuck, 0);
    rig.pump.shutdown(PATIENCE).unwrap();
}

#[test]
fn the_main_log_hanging_holds_up_no_child_and_counts_what_it_could_not_keep() {
    let rig = Rig::new();
    let alive: Arc<FakeSinkState> = Arc::default();
    let mut fine = rig.attach(1, 1, "fine", &alive);
    rig.main.hang();
    rig.main_log.log(Level::Info, "first");
    wait_until("the main log hangs", || rig.main.hanging() == 1);
    fine.write_all(b"goes on\n").unwrap();
    wait_until("a child is written", || alive.written() == b"goes on\n");
    let filler = "x".repeat(1000);
    for _ in 0..2000 {
        rig.main_log.log(Level::Info, &filler);
    }
    rig.main.release();
    rig.main_log.log(Level::Info, "last");
    // One line more, the last, is kept or counted as well, whichever comes first.
    wait_until("every line is kept or counted as missing", || {
        let text = rig.main_text();
        let gaps = text.lines().filter(|line| line.contains("lines are missing here"));
        let missing: Vec<usize> = gaps
            .map(|line| line.split(" ERRO ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap())
            .collect();
        let kept = text.lines().filter(|line| line.ends_with(&filler) || line.ends_with("INFO last")).count();
        !missing.is_empty() && missing.iter().sum::<usize>() + kept == 2001
    });
    rig.pump.shutdown(PATIENCE).unwrap();
}

#[test]
fn shutdown_names_what_hangs_and_returns() {
    let rig = Rig::new();
    let dead: Arc<FakeSinkState> = Arc::default();
    dead.hang();
    let mut stuck = rig.attach(1, 1, "stuck", &dead);
    stuck.write_all(b"x").unwrap();
    wait_until("the write hangs", || dead.hanging() == 1);
    let unfinished = rig.pump.shutdown(Duration::from_millis(100)).unwrap_err();
    assert_eq!(unfinished.logs, ["stdout log of 'stuck'"]);
    rig.main_log.log(Level::Info, "direct again");
    assert!(rig.main_text().ends_with("INFO direct again\n"), "{}", rig.main_text());
    dead.release();
}

#[test]
fn a_failing_target_is_retried_and_reported_once() {
    let rig = Rig::new();
    let full: Arc<FakeSinkState> = Arc::default();
    full.fail_with(Some(libc::ENOSPC));
    let mut child = rig.attach(1, 1, "web", &full);
    child.write_all(b"one\n").unwrap();
    wait_until("the failure is reported", || {
        rig.main_text().contains("ERRO could not write the log of web: [Errno 28]")
    });
    child.write_all(b"two\n").unwrap();
    full.fail_with(None);
    wait_until("it recovers by itself", || full.written() == b"one\ntwo\n");
    wait_until("the recovery is reported", || {
        rig.main_text().contains("INFO the log of web is written again")
    });
    assert_eq!(rig.main_text().matches("could not write").count(), 1);
    rig.pump.shutdown(PATIENCE).unwrap();
}

#[test]
fn too_many_waiting_runs_are_given_up_with_a_line() {
    let rig = Rig::new();
    let full: Arc<FakeSinkState> = Arc::default();
    full.fail_with(Some(libc::ENOSPC));
    for generation in 1..=10 {
        let mut writer = rig.attach(1, generation, "web", &full);
        writeln!(writer, "generation {generation}").unwrap();
        rig.pump.finish(StreamId(1), Generation(generation));
    }
    wait_until("two are given up", || rig.has_drained(1, 2) && rig.has_drained(1, 3));
    wait_until("both losses are reported", || {
        rig.main_text().matches("bytes of an earlier run of the process are lost").count() == 2
    });
    full.fail_with(None);
    wait_until("the others are written", || rig.has_drained(1, 10));
    let expected: String =
        [1, 4, 5, 6, 7, 8, 9, 10].map(|generation| format!("generation {generation}\n")).concat();
    assert_eq!(String::from_utf8(full.written()).unwrap(), expected);
    rig.pump.shutdown(PATIENCE).unwrap();
}

#[test]
fn finishing_a_run_nobody_attached_is_answered() {
    let rig = Rig::new();
    rig.pump.finish(StreamId(7), Generation(3));
    wait_until("the notice comes", || rig.has_drained(7, 3));
    rig.pump.shutdown(PATIENCE).unwrap();
}

/// PROC-77, by the pump's task.
#[test]
fn clearing_an_unattached_stream_empties_its_file_and_notifies_its_followers() {
    let rig = Rig::new();
    let scratch = Scratch::new();
    let (wake, woken) = std::sync::mpsc::channel();
    let path = scratch.write("log", "old");
    let _follow = rig.pump.follow(FollowKey::Stream(StreamId(1)), &path, move || wake.send(()).unwrap());
    let file = LogFileSpec { path: path.into(), origin: FileOrigin::Configured, max_bytes: 0, backups: 0 };
    let (reply, answer) = std::sync::mpsc::channel();
    rig.pump.clear(StreamId(1), Some(file), move |outcome| reply.send(outcome.is_ok()).unwrap());
    assert!(answer.recv_timeout(PATIENCE).unwrap());
    assert_eq!(scratch.read("log"), "");
    woken.recv_timeout(PATIENCE).unwrap();
    rig.pump.shutdown(PATIENCE).unwrap();
}

/// The purposes of the pump's descriptors beside its pollers.
#[cfg(target_os = "linux")]
fn purposes(rig: &Rig) -> Vec<String> {
    let purposes = rig.pump.descriptors().into_iter().map(|descriptor| descriptor.purpose);
    purposes.filter(|purpose| !purpose.starts_with("poller")).collect()
}

/// Whatever other programs do to a log, its follower is notified; and while nothing happens it is not.
#[cfg(target_os = "linux")]
#[test]
fn followers_are_notified_of_what_others_do_to_a_log() {
    let rig = Rig::new();
    let scratch = Scratch::new();
    let path = scratch.write("log", "");
    let (wake, woken) = std::sync::mpsc::channel();
    let follow = rig.pump.follow(FollowKey::Stream(StreamId(1)), &path, move || wake.send(()).unwrap());
    let settled = || {
        let (reply, answer) = std::sync::mpsc::channel();
        rig.pump.sync(move || reply.send(()).unwrap());
        answer.recv_timeout(PATIENCE).unwrap();
        woken.try_iter().count()
    };
    let assert_notified = |what: &str| {
        woken.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{what}: {error}"));
        wait_until(&format!("an end of the notifications: {what}"), || settled() == 0);
    };
    assert_notified("watched");
    assert_eq!(purposes(&rig), ["watch over followed logs"]);
    scratch.append("log", "one\n");
    assert_notified("written");
    std::fs::OpenOptions::new().write(true).truncate(true).open(&path).unwrap();
    assert_notified("emptied");
    std::fs::rename(&path, scratch.path("log.1")).unwrap();
    assert_notified("moved away");
    scratch.append("log.1", "two\n");
    assert_notified("the old file written");
    scratch.write("other", "");
    assert_eq!(settled(), 0);
    scratch.write("log", "");
    assert_notified("a new one");
    scratch.append("log.1", "three\n");
    assert_eq!(settled(), 0);
    scratch.append("log", "four\n");
    assert_notified("the new one written");
    std::fs::rename(scratch.path("other"), &path).unwrap();
    assert_notified("another in its place");
    scratch.append("log", "five\n");
    assert_notified("that one written");
    std::fs::remove_file(&path).unwrap();
    assert_notified("removed");
    std::os::unix::fs::symlink("target", &path).unwrap();
    assert_notified("a link to nothing");
    scratch.write("target", "");
    assert_notified("what it leads to");
    scratch.append("target", "six\n");
    assert_notified("written by its other name");
    std::os::unix::fs::symlink("log.1", scratch.path("link")).unwrap();
    std::fs::rename(scratch.path("link"), &path).unwrap();
    assert_notified("another link in its place");
    scratch.append("log.1", "seven\n");
    assert_notified("written there");
    drop(follow);
    settled();
    assert_eq!(purposes(&rig), [""; 0]);
    rig.pump.shutdown(PATIENCE).unwrap();
}

/// Two followers of two logs have one descriptor; a log that cannot be watched is reported once and followed as well as possible.
#[cfg(target_os = "linux")]
#[test]
fn a_failed_watch_is_reported_once_and_delays_no_follower() {
    let rig = Rig::new();
    let scratch = Scratch::new();
    let beside_a_file = scratch.write("file", "").join("log");
    let deaf =
        [1, 2].map(|number| rig.pump.follow(FollowKey::Stream(StreamId(number)), &beside_a_file, || ()));
    let path = scratch.write("log", "");
    let (wake, woken) = std::sync::mpsc::channel();
    let follow = rig.pump.follow(FollowKey::Stream(StreamId(3)), &path, move || wake.send(()).unwrap());
    woken.recv_timeout(PATIENCE).unwrap();
    assert_eq!(purposes(&rig), ["watch over followed logs"]);
    scratch.append("log", "one\n");
    woken.recv_timeout(PATIENCE).unwrap();
    wait_until("a line tells", || rig.main_text().contains("WARN could not watch the log '"));
    assert_eq!(rig.main_text().matches("could not watch").count(), 1);
    drop((deaf, follow));
    rig.pump.shutdown(PATIENCE).unwrap();
    assert_eq!(purposes(&rig), [""; 0]);
}

#[test]
fn after_shutdown_everything_is_answered() {
    let rig = Rig::new();
    rig.pump.shutdown(PATIENCE).unwrap();
    let (reply, answer) = std::sync::mpsc::channel();
    let again = reply.clone();
    rig.pump.sync(move || reply.send(true).unwrap());
    assert!(answer.recv_timeout(PATIENCE).unwrap());
    rig.pump.clear_main(move |outcome| again.send(outcome.is_err()).unwrap());
    assert!(answer.recv_timeout(PATIENCE).unwrap());
    let (reader, _writer) = io::pipe().unwrap();
    let pipeline = OutputPipeline::over(&spec("late"), None);
    rig.pump.attach(StreamId(1), Generation(1), reader.into(), pipeline).unwrap_err();
}
