//! Runs of a stream: their ends, their order, their descriptors.

use crate::support::{PATIENCE, Rig, sink_spec, wait_until};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::sync::mpsc;
use supervisor_core::Level;
use supervisor_log::{FollowKey, Generation, LogFileSpec, OutputPipeline, StreamId};

/// PROC-63.
#[test]
fn a_grandchild_that_keeps_the_pipe_open_does_not_keep_the_run() {
    let rig = Rig::new();
    let mut writer = rig.attach(1, 1, &sink_spec("leader", rig.file("log")));
    writer.write_all(b"from the leader\n").unwrap();
    // This end stays open, as a grandchild's would.
    rig.finish(1, 1);
    assert_eq!(rig.read("log"), "from the leader\n");
    assert_eq!(writer.write(b"late").unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}

#[test]
fn a_grandchild_that_floods_the_pipe_does_not_keep_the_run() {
    let rig = Rig::new();
    let log = rig.scratch.path("log");
    let script = format!("yes & until [ -s '{}' ]; do sleep 0.01; done", log.display());
    let child = rig.spawn(1, 1, &sink_spec("leader", rig.file("log")), &script);
    rig.reap(1, 1, child);
    assert!(rig.read("log").starts_with("y\ny\n"));
}

#[test]
fn the_end_of_output_before_the_exit_is_waited_out() {
    let rig = Rig::with_level(Level::Debug);
    let writer = rig.attach(1, 1, &sink_spec("quiet", rig.file("log")));
    drop(writer);
    wait_until("the pipe is closed", || rig.main_text().contains("closed, stopped monitoring"));
    assert!(!rig.has_drained(1, 1));
    rig.finish(1, 1);
}

#[test]
fn a_run_waits_for_the_one_before_it() {
    let rig = Rig::new();
    let mut first = rig.attach(1, 1, &sink_spec("web", rig.file("log")));
    let mut second = rig.attach(1, 2, &sink_spec("web", rig.file("log")));
    second.write_all(b"second\n").unwrap();
    first.write_all(b"first\n").unwrap();
    rig.finish(1, 1);
    rig.finish(1, 2);
    assert_eq!(rig.read("log"), "first\nsecond\n");
}

#[test]
fn every_descriptor_is_listed_and_gone_with_its_run() {
    let rig = Rig::new();
    let purposes =
        || rig.pump.descriptors().into_iter().map(|descriptor| descriptor.purpose).collect::<Vec<_>>();
    rig.main_log.log(Level::Info, "started");
    let mut idle = vec!["poller of the log pump".to_owned(); 4];
    idle.push(format!("main log ('{}')", rig.scratch.path("main").display()));
    wait_until("the main log is listed", || purposes() == idle);
    let (reader, _writer) = io::pipe().unwrap();
    let fd = reader.as_raw_fd();
    let sink = OutputPipeline::open(&sink_spec("web", rig.file("log")).into()).unwrap();
    rig.pump.attach(StreamId(1), Generation(1), reader.into(), sink).unwrap();
    let lists = |purpose, is_it: &dyn Fn(i32) -> bool| {
        let all = rig.pump.descriptors();
        all.iter().any(|descriptor| descriptor.purpose == purpose && is_it(descriptor.fd))
    };
    wait_until("its pipe is listed", || lists("stdout pipe of 'web'", &|listed| listed == fd));
    wait_until("its log is listed", || lists("stdout log of 'web'", &|_| true));
    rig.finish(1, 1);
    wait_until("they are gone", || purposes() == idle);
}

#[test]
fn followers_are_notified_of_writes_rotations_and_clearing() {
    let rig = Rig::new();
    let (told, news) = mpsc::channel();
    let follow = rig
        .pump
        .follow(FollowKey::Stream(StreamId(1)), &rig.scratch.path("log"), move || told.send(()).unwrap());
    let rotating = LogFileSpec { max_bytes: 10, backups: 1, ..rig.file("log") };
    let mut pipe = rig.attach(1, 1, &sink_spec("web", rotating));
    pipe.write_all(b"a\n").unwrap();
    news.recv_timeout(PATIENCE).unwrap();
    wait_until("it was written before the follower was told", || rig.read("log") == "a\n");
    pipe.write_all(b"0123456789\n").unwrap();
    news.recv_timeout(PATIENCE).unwrap();
    wait_until("it is rotated", || rig.read("log.1") == "a\n0123456789\n");
    let before = news.try_iter().count();
    let (reply, answer) = mpsc::channel();
    rig.pump.clear(StreamId(1), None, move |outcome| reply.send(outcome.is_ok()).unwrap());
    assert!(answer.recv_timeout(PATIENCE).unwrap());
    news.recv_timeout(PATIENCE).unwrap_or_else(|error| panic!("{error}, {before} before"));
    drop(follow);
    // Once it was told what there was, the waker, and with it the sender, is gone.
    let end = std::iter::repeat_with(|| news.recv_timeout(PATIENCE)).find_map(Result::err);
    assert_eq!(end, Some(mpsc::RecvTimeoutError::Disconnected));
}

#[test]
fn shutdown_writes_what_is_in_the_pipes() {
    let rig = Rig::new();
    let mut pipe = rig.attach(1, 1, &sink_spec("web", rig.file("log")));
    pipe.write_all(b"last words\n").unwrap();
    rig.main_log.log(Level::Info, "queued");
    rig.pump.shutdown(PATIENCE).unwrap();
    assert_eq!(rig.read("log"), "last words\n");
    rig.main_log.log(Level::Info, "direct");
    let text = rig.read("main");
    let messages: Vec<&str> = text.lines().filter_map(|line| line.split(" INFO ").nth(1)).collect();
    assert_eq!(messages, ["queued", "direct"]);
}
