//! Event listeners: who gets an event, and what becomes of it if they do not take it.

use crate::world::{World, code, killed_by};
use supervisor_core::{Command, EventKind, Input, ProcessState, Signal};

/// A pool with these members, none of which runs.
fn pool(buffer_size: usize, members: &[&str]) -> World {
    let mut world = World::empty();
    world.add_pool("pool", &[EventKind::RemoteCommunication], buffer_size, members);
    world.feed(Input::Started);
    world
}

/// Emits an event whose text is `type:x` and the data.
fn emit(world: &mut World, data: &str) {
    world.request(Command::RemoteEvent { kind: "x".to_owned(), data: data.to_owned() });
}

/// The events sent since the last call, by listener and data.
fn got(world: &mut World) -> Vec<String> {
    let written = std::mem::take(&mut world.written);
    written
        .iter()
        .map(|(listener, text)| format!("{listener} {}", text.rsplit('\n').next().unwrap()))
        .collect()
}

#[test]
fn a_listener_gets_one_event_after_the_other() {
    let mut world = pool(10, &["l"]);
    emit(&mut world, "one");
    emit(&mut world, "two");
    assert_eq!(got(&mut world), [""; 0]);
    world.ready("l");
    assert_eq!(got(&mut world), ["l one"]);
    world.delivered("l");
    world.say("l", "RESULT 2\nOK");
    assert_eq!(got(&mut world), [""; 0]);
    world.say("l", "READY\n");
    assert_eq!(got(&mut world), ["l two"]);
    let mut lines = world.log();
    lines.retain(|line| !line.contains("spawned") && !line.contains("success"));
    assert_eq!(
        lines,
        [
            "DEBG l: ACKNOWLEDGED -> READY",
            "DEBG rebuffering event 1 for pool pool (buf size=0, max=10)",
            "DEBG event 0 sent to listener l",
            "DEBG l: event was processed",
            "DEBG l: BUSY -> ACKNOWLEDGED",
            "DEBG l: ACKNOWLEDGED -> READY",
        ]
    );
}

#[test]
fn a_listener_gets_nothing_before_it_is_running() {
    let mut world = pool(10, &["l"]);
    emit(&mut world, "one");
    world.start("pool:l", supervisor_core::Wait::No);
    world.spawn_next();
    world.say("l", "READY\n");
    assert_eq!((world.state("l"), got(&mut world).len()), (ProcessState::Starting, 0));
    world.pass(1);
    assert_eq!(got(&mut world), ["l one"]);
}

/// EVT-20.
#[test]
fn a_busy_listener_with_a_small_buffer_loses_the_oldest_events() {
    let mut world = pool(2, &["l"]);
    world.ready("l");
    emit(&mut world, "held");
    world.log();
    for data in ["1", "2", "3", "4"] {
        emit(&mut world, data);
    }
    assert_eq!(
        world.log(),
        [
            "ERRO pool pool event buffer overflowed, discarding event 1",
            "ERRO pool pool event buffer overflowed, discarding event 2",
        ]
    );
    let counters = world.supervisor.pool_counters(world.supervisor.group_named("pool").unwrap()).unwrap();
    assert_eq!((counters.waiting, counters.sent, counters.overflowed), (2, 1, 2));
    world.feed(Input::Signal(Signal::USR2));
    let line = "INFO pool pool: 2 events waiting, 1 sent, 0 put back to be sent again, 2 discarded for want of room, \
                0 given up";
    assert_eq!(world.log()[1], line);
}

/// EVT-21: the same serials again, after a rest.
#[test]
fn a_rejected_event_is_sent_again_after_a_rest() {
    let mut world = pool(10, &["l"]);
    world.ready("l");
    emit(&mut world, "one");
    emit(&mut world, "two");
    let first = world.events();
    world.delivered("l");
    world.log();
    world.say("l", "RESULT 4\nFAILREADY\n");
    assert_eq!(
        world.log(),
        [
            "WARN l: event was rejected",
            "DEBG l: BUSY -> ACKNOWLEDGED",
            "DEBG rebuffering event 0 for pool pool (buf size=1, max=10)",
            "DEBG l: ACKNOWLEDGED -> READY",
        ]
    );
    world.pass_millis(999);
    assert_eq!(world.events(), [""; 0]);
    world.pass_millis(1);
    assert_eq!(world.events(), first);
    world.delivered("l");
    world.say("l", "RESULT 2\nOKREADY\n");
    assert_eq!(got(&mut world), ["l two"]);
}

/// EVT-22: no hot loop, and the events behind it get their turn in the end.
#[test]
fn a_listener_that_always_rejects_is_asked_less_and_less_often() {
    let mut world = pool(10, &["l"]);
    world.ready("l");
    emit(&mut world, "poison");
    emit(&mut world, "next");
    let mut deliveries = 0;
    let mut turn = got(&mut world);
    while turn == ["l poison"] {
        deliveries += 1;
        world.delivered("l");
        world.say("l", "RESULT 4\nFAILREADY\n");
        if world.written.is_empty() {
            world.pass(60);
        }
        turn = got(&mut world);
    }
    assert_eq!(turn, ["l next"]);
    assert_eq!(deliveries, 10);
    let given_up = "ERRO pool pool event 0 was not accepted in 10 attempts, discarding it".to_owned();
    assert!(world.log().contains(&given_up));
}

/// EVT-23.
#[test]
fn a_rejection_concerns_no_other_pool() {
    let mut world = pool(10, &["l"]);
    world.add_pool("other", &[EventKind::RemoteCommunication], 10, &["o"]);
    world.ready("l");
    world.ready("o");
    emit(&mut world, "one");
    assert_eq!(got(&mut world), ["l one", "o one"]);
    world.delivered("o");
    world.say("o", "RESULT 2\nOKREADY\n");
    world.delivered("l");
    world.say("l", "RESULT 4\nFAILREADY\n");
    world.pass(5);
    assert_eq!(got(&mut world), ["l one"]);
}

/// EVT-24, EVT-27.
#[test]
fn a_listener_that_breaks_the_protocol_gets_nothing_until_it_is_restarted() {
    let mut world = pool(10, &["l"]);
    world.ready("l");
    world.log();
    world.say("l", "what?");
    assert_eq!(
        world.log(),
        [
            "DEBG l: READY -> UNKNOWN",
            "WARN l: has entered the UNKNOWN state and will no longer receive events, this usually indicates the \
             process violated the eventlistener protocol",
        ]
    );
    emit(&mut world, "one");
    world.say("l", "READY\n");
    assert_eq!((world.state("l"), got(&mut world).len()), (ProcessState::Running, 0));
    world.exit("l", code(0));
    world.ready("l");
    assert_eq!(got(&mut world), ["l one"]);
}

/// EVT-26.
#[test]
fn an_event_ended_by_a_bad_line_goes_to_another_member() {
    let mut world = pool(10, &["l", "m"]);
    world.ready("l");
    world.ready("m");
    emit(&mut world, "one");
    assert_eq!(got(&mut world), ["l one"]);
    world.delivered("l");
    world.log();
    world.say("l", "WHATEVER xx\n");
    assert_eq!(got(&mut world), ["m one"]);
    let lines = world.log();
    assert_eq!(lines[..2], ["WARN l: bad result line: 'WHATEVER xx'", "DEBG l: BUSY -> UNKNOWN"]);
    assert_eq!(lines[3], "DEBG rebuffering event 0 for pool pool (buf size=0, max=10)");
}

/// EVT-28.
#[test]
fn an_event_of_a_listener_that_died_is_sent_again() {
    let mut world = pool(10, &["l"]);
    world.ready("l");
    emit(&mut world, "one");
    emit(&mut world, "two");
    assert_eq!(got(&mut world), ["l one"]);
    world.exit("l", killed_by(Signal::KILL));
    world.spawn_next();
    world.pass(1);
    world.say("l", "READY\n");
    assert_eq!(got(&mut world), ["l one"]);
}

/// EVT-29: one event at most waits to be written, whatever the listener does.
#[test]
fn a_listener_that_does_not_read_gets_no_second_event() {
    let mut world = pool(10, &["l"]);
    world.ready("l");
    emit(&mut world, "one");
    world.say("l", "RESULT 2\nOKREADY\n");
    emit(&mut world, "two");
    assert_eq!(got(&mut world), ["l one"]);
    world.delivered("l");
    assert_eq!(got(&mut world), ["l two"]);
}

#[test]
fn an_event_for_a_listener_with_closed_input_goes_to_another_member() {
    let mut world = pool(10, &["l", "m"]);
    world.ready("l");
    emit(&mut world, "one");
    world.log();
    let (process, pid) = (world.id("l"), world.pid("l").unwrap());
    world.feed(Input::ListenerWriteFailed { process, pid });
    assert_eq!(
        world.log(),
        [
            "DEBG epipe occurred while sending event 0 to listener l, listener state unchanged",
            "DEBG rebuffering event 0 for pool pool (buf size=0, max=10)",
        ]
    );
    assert_eq!(got(&mut world), ["l one"]);
    world.ready("m");
    assert_eq!(got(&mut world), ["m one"]);
}

#[test]
fn an_event_that_was_written_in_full_stays_with_a_listener_that_closes_its_input() {
    let mut world = pool(10, &["l", "m"]);
    world.ready("l");
    world.ready("m");
    emit(&mut world, "one");
    world.delivered("l");
    let (process, pid) = (world.id("l"), world.pid("l").unwrap());
    world.feed(Input::ListenerWriteFailed { process, pid });
    assert_eq!(got(&mut world), ["l one"]);
    world.log();
    world.say("l", "RESULT 2\nOKREADY\n");
    assert_eq!(world.log()[0], "DEBG l: event was processed");
    emit(&mut world, "two");
    assert_eq!(got(&mut world), ["m two"]);
}

/// EVT-32.
#[test]
fn an_event_goes_to_exactly_one_member() {
    let mut world = pool(10, &["l", "m"]);
    world.ready("m");
    world.ready("l");
    emit(&mut world, "one");
    emit(&mut world, "two");
    emit(&mut world, "three");
    assert_eq!(got(&mut world), ["l one", "m two"]);
}

/// EVT-31.
#[test]
fn older_events_come_first_and_no_more_than_the_buffer_holds() {
    let mut world = pool(2, &["l"]);
    for data in ["1", "2", "3"] {
        emit(&mut world, data);
    }
    world.ready("l");
    emit(&mut world, "4");
    assert_eq!(
        world.drain_events("l"),
        [
            "REMOTE_COMMUNICATION type:x\n2",
            "REMOTE_COMMUNICATION type:x\n3",
            "REMOTE_COMMUNICATION type:x\n4"
        ]
    );
}

#[test]
fn bytes_of_a_former_child_mean_nothing() {
    let mut world = pool(10, &["l"]);
    world.ready("l");
    let (process, pid) = (world.id("l"), world.pid("l").unwrap());
    world.exit("l", killed_by(Signal::KILL));
    world.spawn_next();
    world.log();
    world.feed(Input::ListenerOutput { process, pid, bytes: b"junk here".to_vec() });
    world.feed(Input::ListenerWritten { process, pid });
    assert_eq!(world.log(), [""; 0]);
    world.pass(1);
    world.say("l", "READY\n");
    emit(&mut world, "one");
    assert_eq!(got(&mut world), ["l one"]);
}

#[test]
fn a_program_is_no_listener() {
    let mut world = World::running("web", |_| ());
    world.say("web", "READY\n");
    world.delivered("web");
    assert_eq!(world.log(), [""; 0]);
}

#[test]
fn a_removed_pool_drops_its_events() {
    let mut world = pool(10, &["l"]);
    emit(&mut world, "one");
    world.remove("pool").unwrap();
    assert!(world.log().contains(&"INFO pool pool ends, discarding 1 buffered events".to_owned()));
    world.add_pool("pool", &[EventKind::RemoteCommunication], 10, &["k"]);
    world.ready("k");
    assert_eq!(got(&mut world), [""; 0]);
    emit(&mut world, "two");
    assert_eq!(
        world.events(),
        ["k: serial:1 pool:pool poolserial:0 eventname:REMOTE_COMMUNICATION len:10\ntype:x\ntwo"]
    );
}
