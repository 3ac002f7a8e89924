//! What is emitted when, and what each event says.

use crate::world::{EPOCH, World, code, manual, policy};
use supervisor_core::{Channel, Command, EventKind, Input, KillError, Pid, Signal, Wait};

/// A world whose listener `rec` is ready for events of these kinds, and has dealt with those so far.
fn recorded(kinds: &[EventKind]) -> World {
    let mut world = World::empty();
    world.add_pool("rec", kinds, 100, &["rec"]);
    world.feed(Input::Started);
    world.ready("rec");
    world.drain_events("rec");
    world
}

/// EVT-1, EVT-31: what happened before the listener ran waits for it.
#[test]
fn events_are_kept_from_the_moment_the_pool_exists() {
    let mut world = World::empty();
    world.add_pool("rec", &[EventKind::Event], 100, &["rec"]);
    world.add("web", 999, &[("web", policy(|_| ()))]);
    world.feed(Input::Started);
    world.spawn_next();
    world.ready("rec");
    assert_eq!(
        world.drain_events("rec")[..4],
        [
            "PROCESS_GROUP_ADDED groupname:rec\n",
            "PROCESS_GROUP_ADDED groupname:web\n",
            "SUPERVISOR_STATE_CHANGE_RUNNING ",
            "PROCESS_STATE_STARTING processname:web groupname:web from_state:STOPPED tries:0",
        ]
    );
}

/// EVT-2, EVT-4, EVT-5.
#[test]
fn the_life_of_a_process_in_events() {
    let mut world = recorded(&[EventKind::ProcessState]);
    world.add("g", 999, &[("web", manual(|policy| policy.exitcodes = vec![0]))]);
    for status in [0, 3] {
        world.start("g:web", Wait::No);
        world.spawn_next();
        world.pass(1);
        world.exit("web", code(status));
    }
    world.spawn_next();
    world.stop("g:web", Wait::No);
    world.pass(10);
    world.exit("web", code(0));
    let names = "processname:web groupname:g";
    assert_eq!(
        world.drain_events("rec"),
        [
            format!("PROCESS_STATE_STARTING {names} from_state:STOPPED tries:0"),
            format!("PROCESS_STATE_RUNNING {names} from_state:STARTING pid:102"),
            format!("PROCESS_STATE_EXITED {names} from_state:RUNNING expected:1 pid:102"),
            format!("PROCESS_STATE_STARTING {names} from_state:EXITED tries:0"),
            format!("PROCESS_STATE_RUNNING {names} from_state:STARTING pid:103"),
            format!("PROCESS_STATE_EXITED {names} from_state:RUNNING expected:0 pid:103"),
            format!("PROCESS_STATE_STARTING {names} from_state:EXITED tries:0"),
            format!("PROCESS_STATE_STOPPING {names} from_state:STARTING pid:104"),
            format!("PROCESS_STATE_STOPPED {names} from_state:STOPPING pid:104"),
        ]
    );
}

/// EVT-3, EVT-5.
#[test]
fn failed_starts_in_events() {
    let mut world = recorded(&[EventKind::ProcessState]);
    world.add("bad", 999, &[("bad", manual(|policy| policy.startretries = 1))]);
    world.start("bad", Wait::No);
    world.fail_spawn("no luck");
    world.pass(1);
    world.spawn_next();
    world.exit("bad", code(0));
    world.start("bad", Wait::No);
    world.fail_spawn("no luck");
    world.stop("bad", Wait::No);
    let names = "processname:bad groupname:bad";
    assert_eq!(
        world.drain_events("rec"),
        [
            format!("PROCESS_STATE_STARTING {names} from_state:STOPPED tries:0"),
            format!("PROCESS_STATE_BACKOFF {names} from_state:STARTING tries:1"),
            format!("PROCESS_STATE_STARTING {names} from_state:BACKOFF tries:1"),
            format!("PROCESS_STATE_BACKOFF {names} from_state:STARTING tries:2"),
            format!("PROCESS_STATE_FATAL {names} from_state:BACKOFF"),
            format!("PROCESS_STATE_STARTING {names} from_state:FATAL tries:0"),
            format!("PROCESS_STATE_BACKOFF {names} from_state:STARTING tries:1"),
            format!("PROCESS_STATE_STOPPED {names} from_state:BACKOFF pid:0"),
        ]
    );
}

#[test]
fn a_process_out_of_control_in_events() {
    let mut world = recorded(&[EventKind::ProcessStateUnknown, EventKind::ProcessStateStopped]);
    world.add("web", 999, &[("web", manual(|_| ()))]);
    world.start("web", Wait::No);
    world.spawn_next();
    world.refusals.push_back(KillError::Refused("no".to_owned()));
    world.stop("web", Wait::No);
    world.exit("web", code(0));
    let names = "processname:web groupname:web";
    assert_eq!(
        world.drain_events("rec"),
        [
            format!("PROCESS_STATE_UNKNOWN {names} from_state:STOPPING"),
            format!("PROCESS_STATE_STOPPED {names} from_state:UNKNOWN pid:102"),
        ]
    );
}

/// EVT-6, EVT-7: one serial for all pools, one for each; events without a subscriber are not counted.
#[test]
fn events_are_numbered_once_for_all_pools_and_once_for_each() {
    let mut world = World::empty();
    world.add_pool("a", &[EventKind::RemoteCommunication], 10, &["a"]);
    world.add_pool(
        "b",
        &[EventKind::RemoteCommunication, EventKind::SupervisorStateChangeRunning],
        10,
        &["b"],
    );
    world.feed(Input::Started);
    let remote = |world: &mut World| {
        world.request(Command::RemoteEvent { kind: "foo".to_owned(), data: "bar".to_owned() });
    };
    remote(&mut world);
    world.ready("a");
    world.ready("b");
    assert_eq!(
        world.events(),
        [
            "a: serial:1 pool:a poolserial:0 eventname:REMOTE_COMMUNICATION len:12\ntype:foo\nbar",
            "b: serial:0 pool:b poolserial:0 eventname:SUPERVISOR_STATE_CHANGE_RUNNING len:0\n",
        ]
    );
    world.say("b", "RESULT 2\nOK");
    world.delivered("b");
    world.say("b", "READY\n");
    assert_eq!(
        world.events(),
        ["b: serial:1 pool:b poolserial:1 eventname:REMOTE_COMMUNICATION len:12\ntype:foo\nbar"]
    );
}

/// EVT-11, EVT-12, and no control characters in the type.
#[test]
fn remote_events_carry_type_and_data() {
    let mut world = recorded(&[EventKind::RemoteCommunication]);
    let mut send = |kind: &str, data: &str| {
        let ticket = world.request(Command::RemoteEvent { kind: kind.to_owned(), data: data.to_owned() });
        (world.said(ticket).unwrap(), world.written.last().map(|(_, text)| text.clone()))
    };
    let (answer, text) = send("foo", "é\nx");
    assert_eq!(answer, "OK");
    assert!(text.unwrap().ends_with("eventname:REMOTE_COMMUNICATION len:12\ntype:foo\né\nx"));
    let (answer, _) = send("foo\nbar", "x");
    assert_eq!(answer, "INCORRECT_PARAMETERS: type contains a control character");
    assert_eq!(world.drain_events("rec").len(), 1);
}

/// RPC-48.
#[test]
fn remote_events_are_taken_during_shutdown() {
    let mut world = recorded(&[EventKind::RemoteCommunication]);
    world.feed(Input::Signal(Signal::TERM));
    let ticket = world.request(Command::RemoteEvent { kind: "a".to_owned(), data: String::new() });
    assert_eq!(world.said(ticket).unwrap(), "OK");
}

/// EVT-10, EVT-30: at multiples of the period, once even if subscribed to twice over.
#[test]
fn ticks_come_at_multiples_of_their_period() {
    let mut world = recorded(&[EventKind::Event, EventKind::Tick]);
    let ticks = |world: &mut World| {
        let mut events = world.drain_events("rec");
        events.retain(|event| event.starts_with("TICK"));
        events
    };
    // The pool was made at EPOCH, which is 3 s into a slice, and it took a second until it was ready.
    assert_eq!(EPOCH.rem_euclid(5), 3);
    world.pass_millis(999);
    assert_eq!(ticks(&mut world), [""; 0]);
    world.pass_millis(1);
    let when = EPOCH + 2;
    assert_eq!(ticks(&mut world), [format!("TICK_5 when:{when}")]);
    world.pass(5);
    assert_eq!(ticks(&mut world), [format!("TICK_5 when:{}", when + 5)]);
    world.pass(5);
    world.drain_events("rec");
    world.pass(5);
    let when = when + 15;
    assert_eq!(when.rem_euclid(60), 0);
    assert_eq!(ticks(&mut world), [format!("TICK_5 when:{when}"), format!("TICK_60 when:{when}")]);
}

/// Upstream compares the clock with the slice once a second.
#[test]
fn a_clock_that_is_set_moves_the_ticks_at_once() {
    let mut world = recorded(&[EventKind::Tick3600]);
    world.wall_shift = 7200;
    world.feed(Input::ClockSet);
    let (now, when) = (world.now().wall.seconds(), |seconds: i64| seconds - seconds.rem_euclid(3600));
    assert_eq!(world.drain_events("rec"), [format!("TICK_3600 when:{}", when(now))]);
    world.feed(Input::ClockSet);
    assert_eq!(world.drain_events("rec"), [""; 0]);
    // A minute before the next hour.
    world.wall_shift += when(now) + 3540 - now;
    world.feed(Input::ClockSet);
    world.pass(59);
    assert_eq!(world.drain_events("rec"), [""; 0]);
    world.pass(1);
    assert_eq!(world.drain_events("rec"), [format!("TICK_3600 when:{}", when(now) + 3600)]);
}

#[test]
fn without_subscribers_to_ticks_nothing_wakes_the_daemon() {
    let mut world = recorded(&[EventKind::ProcessState]);
    assert_eq!(world.supervisor.next_deadline(), None);
    world.add_pool("ticks", &[EventKind::Tick3600], 10, &["ticks"]);
    assert!(world.supervisor.next_deadline().is_some());
    world.remove("ticks").unwrap();
    assert_eq!(world.supervisor.next_deadline(), None);
    assert!(world.supervisor.wants(EventKind::ProcessStateFatal));
    assert!(!world.supervisor.wants(EventKind::Tick3600));
}

/// EVT-34.
#[test]
fn groups_come_and_go_in_events() {
    let mut world = recorded(&[EventKind::ProcessGroup]);
    world.add("web", 999, &[("web", manual(|_| ()))]);
    world.remove("web").unwrap();
    assert_eq!(
        world.drain_events("rec"),
        ["PROCESS_GROUP_ADDED groupname:web\n", "PROCESS_GROUP_REMOVED groupname:web\n"]
    );
}

/// EVT-13, EVT-18, EVT-19.
#[test]
fn output_and_messages_of_a_child_in_events() {
    let mut world = recorded(&[EventKind::ProcessLog, EventKind::ProcessCommunication]);
    world.add("g", 999, &[("web", manual(|_| ()))]);
    world.start("g:web", Wait::No);
    let pid = world.spawn_next();
    let process = world.id("web");
    for (channel, bytes) in [(Channel::Stdout, &b"hi\n"[..]), (Channel::Stderr, b"\xff\n")] {
        world.feed(Input::Output { process, pid, channel, bytes: bytes.to_vec() });
        world.feed(Input::Communication { process, pid, channel, bytes: bytes.to_vec() });
    }
    let names = "processname:web groupname:g pid:102";
    assert_eq!(
        world.drain_events("rec"),
        [
            format!("PROCESS_LOG_STDOUT {names} channel:stdout\nhi\n"),
            format!("PROCESS_COMMUNICATION_STDOUT {names}\nhi\n"),
            format!("PROCESS_LOG_STDERR {names} channel:stderr\nUndecodable: b'\\xff\\n'"),
            format!("PROCESS_COMMUNICATION_STDERR {names}\nUndecodable: b'\\xff\\n'"),
        ]
    );
}

#[test]
fn output_of_a_removed_process_is_no_event() {
    let mut world = recorded(&[EventKind::Event]);
    world.add("web", 999, &[("web", manual(|_| ()))]);
    let process = world.id("web");
    world.remove("web").unwrap();
    world.drain_events("rec");
    let pid = Pid::new(7).unwrap();
    world.feed(Input::Output { process, pid, channel: Channel::Stdout, bytes: b"late".to_vec() });
    assert_eq!(world.drain_events("rec"), [""; 0]);
}

/// EVT-35: the event is delivered before any listener is stopped, and listeners stop last.
#[test]
fn listeners_learn_of_the_shutdown_and_stop_after_the_programs() {
    let mut world = recorded(&[EventKind::SupervisorStateChange]);
    world.add("web", 999, &[("web", manual(|_| ()))]);
    world.start("web", Wait::No);
    world.spawn_next();
    world.feed(Input::Signal(Signal::TERM));
    assert_eq!(world.drain_events("rec"), ["SUPERVISOR_STATE_CHANGE_STOPPING "]);
    assert_eq!(world.signals(), ["web SIGTERM"]);
    world.exit("web", code(0));
    assert_eq!(world.signals(), ["rec SIGTERM"]);
}

/// Upstream loses the event in this case.
#[test]
fn a_pool_that_stops_first_learns_of_the_shutdown_too() {
    let mut world = recorded(&[EventKind::SupervisorStateChange]);
    world.feed(Input::Signal(Signal::TERM));
    assert_eq!(world.signals(), [""; 0]);
    assert_eq!(world.drain_events("rec"), ["SUPERVISOR_STATE_CHANGE_STOPPING "]);
    assert_eq!(world.signals(), ["rec SIGTERM"]);
}

/// EVT-35: a listener is stopped once it has processed the event of the last stop before its own.
#[test]
fn listeners_get_the_event_of_the_last_stop_before_they_are_stopped() {
    let mut world = recorded(&[EventKind::ProcessState]);
    world.add("web", 999, &[("web", manual(|_| ()))]);
    world.start("web", Wait::No);
    let pid = world.spawn_next();
    world.drain_events("rec");
    world.feed(Input::Signal(Signal::TERM));
    world.exit("web", code(0));
    assert_eq!(world.signals(), ["web SIGTERM"], "the listener is still at work");
    let names = "processname:web groupname:web";
    assert_eq!(
        world.drain_events("rec"),
        [
            format!("PROCESS_STATE_STOPPING {names} from_state:STARTING pid:{pid}"),
            format!("PROCESS_STATE_STOPPED {names} from_state:STOPPING pid:{pid}"),
        ]
    );
    assert_eq!(world.signals(), ["rec SIGTERM"]);
    world.exit("rec", code(0));
    assert!(world.ending.is_some());
}

#[test]
fn a_listener_that_does_not_finish_delays_the_end_by_two_seconds() {
    let mut world = recorded(&[EventKind::SupervisorStateChange, EventKind::RemoteCommunication]);
    world.feed(Input::Signal(Signal::TERM));
    world.request(Command::RemoteEvent { kind: "a".to_owned(), data: String::new() });
    world.pass_millis(1999);
    assert_eq!(world.signals(), [""; 0]);
    world.log();
    world.pass_millis(1);
    assert_eq!(world.signals(), ["rec SIGTERM"]);
    assert_eq!(world.log()[0], "INFO pool rec ends, discarding 1 buffered events");
}

/// Nothing more can be expected of a listener in state UNKNOWN, nor of one that is ready while nothing waits.
#[test]
fn listeners_without_work_are_stopped_at_once() {
    for last_words in ["", "nonsense"] {
        let mut world = recorded(&[EventKind::Tick3600]);
        world.say("rec", last_words);
        world.feed(Input::Signal(Signal::TERM));
        assert_eq!(world.signals(), ["rec SIGTERM"]);
    }
}

/// However many pools are stuck, the end waits for two seconds.
#[test]
fn stuck_pools_have_two_seconds_together() {
    let mut world = recorded(&[EventKind::SupervisorStateChange]);
    for (pool, member) in [("p1", "a"), ("p2", "b"), ("p3", "c"), ("p4", "d")] {
        world.add_pool(pool, &[EventKind::SupervisorStateChange], 10, &[member]);
        world.ready(member);
    }
    world.feed(Input::Signal(Signal::TERM));
    world.pass_millis(1999);
    assert_eq!(world.signals(), [""; 0]);
    world.pass_millis(1);
    for (member, told) in [
        ("d", "d SIGTERM"),
        ("c", "c SIGTERM"),
        ("b", "b SIGTERM"),
        ("a", "a SIGTERM"),
        ("rec", "rec SIGTERM"),
    ] {
        assert_eq!(world.signals(), [told]);
        world.exit(member, code(0));
    }
    assert!(world.ending.is_some());
}

/// What a pool does not use is there for the next, and how long a listener takes to stop does not count.
#[test]
fn pools_drain_one_after_the_other_in_the_time_that_remains() {
    let mut world = recorded(&[EventKind::SupervisorStateChange]);
    world.add_pool("other", &[EventKind::SupervisorStateChange], 10, &["o"]);
    world.ready("o");
    world.feed(Input::Signal(Signal::TERM));
    world.pass_millis(500);
    world.delivered("o");
    world.say("o", "RESULT 2\nOKREADY\n");
    assert_eq!(world.signals(), ["o SIGTERM"]);
    world.pass(5);
    world.exit("o", code(0));
    world.pass_millis(1499);
    assert_eq!(world.signals(), [""; 0]);
    world.pass_millis(1);
    assert_eq!(world.signals(), ["rec SIGTERM"]);
}

/// A pool whose listeners end by themselves meanwhile has used its time all the same.
#[test]
fn time_spent_on_a_pool_that_ends_by_itself_is_spent() {
    let mut world = recorded(&[EventKind::SupervisorStateChange]);
    world.add_pool("other", &[EventKind::SupervisorStateChange], 10, &["o"]);
    world.ready("o");
    world.feed(Input::Signal(Signal::TERM));
    world.pass_millis(1500);
    world.exit("o", code(0));
    world.pass_millis(499);
    assert_eq!(world.signals(), [""; 0]);
    world.pass_millis(1);
    assert_eq!(world.signals(), ["rec SIGTERM"]);
}
