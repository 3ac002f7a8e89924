//! What the daemon and the main log get to see of child output.

use crate::support::{Rig, sink_spec, wait_until};
use std::cell::Cell;
use std::io::Write;
use std::sync::mpsc;
use supervisor_core::Level;
use supervisor_log::{Delivery, Generation, Notice, StreamId, StreamSpec};

/// EVT-18.
#[test]
fn output_is_delivered_as_it_comes() {
    let rig = Rig::new();
    let spec = StreamSpec { delivery: Delivery::Events, ..sink_spec("web", rig.file("log")) };
    let mut pipe = rig.attach(1, 7, &spec);
    pipe.write_all(b"hello\n").unwrap();
    wait_until("the chunk arrives", || !rig.notices().is_empty());
    let expected =
        Notice::Output { stream: StreamId(1), generation: Generation(7), data: b"hello\n".to_vec() };
    assert_eq!(rig.notices(), [expected]);
    rig.finish(1, 7);
    assert!(matches!(rig.notices().last(), Some(Notice::Drained { .. })));
}

/// PROC-59, EVT-13, EVT-14: the log holds only what is outside, and the events come in the order of the
/// output.
#[test]
fn a_captured_message_is_delivered_and_not_logged() {
    let rig = Rig::with_level(Level::Debug);
    let spec = StreamSpec {
        capture_max_bytes: 100,
        delivery: Delivery::Events,
        ..sink_spec("web", rig.file("log"))
    };
    let mut pipe = rig.attach(1, 1, &spec);
    for part in ["before\n<!--XSUPER", "VISOR:BEGIN-->pay", "load<!--XSUPERVISOR:E", "ND-->after\n"] {
        pipe.write_all(part.as_bytes()).unwrap();
        rig.sync();
    }
    rig.finish(1, 1);
    assert_eq!(rig.read("log"), "before\nafter\n");
    let (output, captured) = rig.delivered();
    assert_eq!((output, captured), (b"before\npayloadafter\n".to_vec(), vec![b"payload".to_vec()]));
    rig.wait_for_message("DEBG 'web' stdout emitted a comm event\n");
}

/// EVT-15.
#[test]
fn without_capture_tags_are_output() {
    let rig = Rig::new();
    let mut pipe = rig.attach(1, 1, &sink_spec("web", rig.file("log")));
    let text = "<!--XSUPERVISOR:BEGIN-->x<!--XSUPERVISOR:END-->\n";
    pipe.write_all(text.as_bytes()).unwrap();
    rig.finish(1, 1);
    assert_eq!(rig.read("log"), text);
    assert_eq!(rig.delivered().1, Vec::<Vec<u8>>::new());
}

/// PROC-60, PROC-61, EVT-16, EVT-17.
#[test]
fn capture_loses_no_short_output_and_keeps_its_limit() {
    let rig = Rig::new();
    let spec = StreamSpec { capture_max_bytes: 20, ..sink_spec("web", rig.file("log")) };
    let mut pipe = rig.attach(1, 1, &spec);
    let long: String = (0..10).map(|digit| digit.to_string().repeat(10)).collect();
    write!(pipe, "<!--XSUPERVISOR:BEGIN-->{long}<!--XSUPERVISOR:END-->hi<!--XSUP").unwrap();
    rig.finish(1, 1);
    assert_eq!(rig.delivered().1, [long.as_bytes()[80..].to_vec()]);
    assert_eq!(rig.read("log"), "hi<!--XSUP");
}

#[test]
fn clearing_empties_the_capture_buffer() {
    let rig = Rig::new();
    let spec = StreamSpec { capture_max_bytes: 100, ..sink_spec("web", rig.file("log")) };
    let mut pipe = rig.attach(1, 1, &spec);
    pipe.write_all(b"old\n<!--XSUPERVISOR:BEGIN-->forgotten ").unwrap();
    wait_until("it is read", || rig.read("log") == "old\n");
    let (reply, answer) = mpsc::channel();
    rig.pump.clear(StreamId(1), None, move |outcome| reply.send(outcome.is_ok()).unwrap());
    assert!(answer.recv_timeout(crate::support::PATIENCE).unwrap());
    pipe.write_all(b"kept<!--XSUPERVISOR:END-->new\n").unwrap();
    rig.finish(1, 1);
    assert_eq!(rig.delivered().1, [b"kept".to_vec()]);
    assert_eq!(rig.read("log"), "new\n");
}

/// PROC-52.
#[test]
fn colours_are_stripped_from_log_and_events() {
    let rig = Rig::new();
    let spec =
        StreamSpec { strip_ansi: true, delivery: Delivery::Events, ..sink_spec("web", rig.file("log")) };
    let mut pipe = rig.attach(1, 1, &spec);
    for part in ["\x1b[31mred\x1b[", "0m plain\n"] {
        pipe.write_all(part.as_bytes()).unwrap();
        rig.sync();
    }
    rig.finish(1, 1);
    assert_eq!(rig.read("log"), "red plain\n");
    assert_eq!(rig.delivered().0, b"red plain\n");
}

#[test]
fn what_stripping_and_capturing_hold_back_is_logged_at_the_end() {
    let rig = Rig::new();
    let spec = StreamSpec { strip_ansi: true, capture_max_bytes: 100, ..sink_spec("web", rig.file("log")) };
    let mut pipe = rig.attach(1, 1, &spec);
    pipe.write_all(b"a\x1b[1mb<!--XSUPERVISOR:BEGIN-->\x1b[1mc\x1b[").unwrap();
    rig.finish(1, 1);
    assert_eq!(rig.delivered().1, Vec::<Vec<u8>>::new());
    assert_eq!(rig.read("log").replace("\x1b[", ""), "abc");
    assert!(!rig.read("log").contains("1m"));
}

#[test]
fn a_listeners_protocol_is_delivered_raw_and_logged_stripped() {
    let rig = Rig::with_level(Level::Debug);
    let spec = StreamSpec {
        strip_ansi: true,
        capture_max_bytes: 100,
        delivery: Delivery::Protocol,
        ..sink_spec("listener", rig.file("log"))
    };
    let mut pipe = rig.attach(1, 1, &spec);
    pipe.write_all(b"READY\n\x1b[0m<!--XSUPERVISOR:BEGIN-->").unwrap();
    rig.finish(1, 1);
    assert_eq!(rig.delivered(), (b"READY\n\x1b[0m<!--XSUPERVISOR:BEGIN-->".to_vec(), Vec::new()));
    assert_eq!(rig.read("log"), "READY\n<!--XSUPERVISOR:BEGIN-->");
    let echo = r"DEBG 'listener' stdout output:
b'READY\n\x1b[0m<!--XSUPERVISOR:BEGIN-->'";
    rig.wait_for_message(echo);
}

/// PROC-51, EVT-19.
#[test]
fn output_is_echoed_at_debug_level() {
    let rig = Rig::with_level(Level::Debug);
    let mut pipe = rig.attach(1, 1, &sink_spec("web", rig.file("log")));
    pipe.write_all("né\n".as_bytes()).unwrap();
    // What is read together is echoed together.
    rig.wait_for_message("DEBG 'web' stdout output:\nné\n\n");
    pipe.write_all(b"ok\xc3(\xffbad\n").unwrap();
    rig.wait_for_message("DEBG 'web' stdout output:\nUndecodable: b'ok\\xc3(\\xffbad\\n'\n");
}

/// Children that flood at debug level wait for the main log; upstream writes it before it reads on.
#[test]
fn no_echo_is_lost_in_a_flood() {
    let rig = Rig::with_level(Level::Debug);
    let script = "seq 1 300000 | tr -d '\\n'";
    let children: Vec<_> = (1..=6)
        .map(|stream| (stream, rig.spawn(stream, 1, &sink_spec("web", rig.file("log")), script)))
        .collect();
    for (stream, child) in children {
        rig.reap(stream, 1, child);
    }
    let logged = rig.read("log").len();
    wait_until("all is echoed", || {
        let text = rig.main_text();
        if text.contains("an operation on the main log ") {
            // Children do not wait for a disk that hangs.
            return true;
        }
        assert!(!text.contains("lines are missing"), "echoes were dropped");
        let is_output = |line: &&str| line.starts_with(|c: char| c.is_ascii_digit()) && !line.contains(',');
        text.lines().filter(is_output).map(str::len).sum::<usize>() == logged
    });
}

/// A daemon that does not keep up holds up that child, at a bounded number of bytes.
#[test]
fn unacknowledged_output_makes_the_pipe_wait() {
    let rig = Rig::without_acknowledging();
    let spec = StreamSpec { delivery: Delivery::Events, ..sink_spec("web", rig.file("log")) };
    let mut child = rig.spawn(1, 1, &spec, "head -c 1000000 /dev/zero");
    let mut other = rig.attach(2, 1, &sink_spec("other", rig.file("other")));
    wait_until("the credit is used up", || rig.delivered().0.len() >= supervisor_log::CREDIT);
    other.write_all(b"goes on\n").unwrap();
    wait_until("another stream goes on", || rig.read("other") == "goes on\n");
    assert!(rig.delivered().0.len() < supervisor_log::CREDIT + 64 * 1024);
    assert!(child.try_wait().unwrap().is_none(), "the child waits");
    let acknowledged = Cell::new(0);
    wait_until("all is delivered when acknowledged", || {
        let cost: usize = rig.notices().iter().map(Notice::cost).sum();
        rig.pump.acknowledge(StreamId(1), cost - acknowledged.replace(cost));
        rig.delivered().0.len() == 1_000_000
    });
    child.wait().unwrap();
}
