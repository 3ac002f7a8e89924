//! Requests: when they are answered, with what, and in which order for many processes.

use crate::world::{World, code, killed_by, manual};
use supervisor_core::{
    Answer, Fault, Input, ProcessState, Request, Selection, Signal, StartTarget, Ticket, Wait, Wish,
};

/// Groups p1(1) and g(5) with x(20), y(10), w(20), nothing started.
fn fleet() -> World {
    let mut world = World::empty();
    let program = |name, priority| (name, manual(|policy| policy.priority = priority));
    world.add("g", 5, &[program("x", 20), program("y", 10), program("w", 20)]);
    world.add("p1", 1, &[program("p1", 999)]);
    world.feed(Input::Started);
    world
}

#[test]
fn a_start_is_answered_when_it_runs_or_when_it_is_spawned() {
    let mut world = World::with("web", manual(|_| ()));
    let ticket = world.start("web", Wait::Yes);
    world.spawn_next();
    world.pass_millis(999);
    assert_eq!(world.said(ticket), None);
    world.pass_millis(1);
    assert_eq!(world.said(ticket).unwrap(), "OK");
    world.exit("web", code(0));
    let ticket = world.start("web", Wait::No);
    assert_eq!(world.said(ticket), None);
    world.spawn_next();
    assert_eq!(world.said(ticket).unwrap(), "OK");
}

/// RPC-21: at the first look at the clock, and RUNNING by then.
#[test]
fn without_startsecs_a_start_is_answered_at_once() {
    let mut world = World::with("web", manual(|policy| policy.startsecs = 0));
    let ticket = world.start("web", Wait::Yes);
    world.spawn_next();
    world.feed(Input::Deadline);
    assert_eq!(world.said(ticket).unwrap(), "OK");
    assert_eq!(world.state("web"), ProcessState::Running);
}

/// RPC-19, RPC-24: what is wrong with the command is told even if it runs.
#[test]
fn a_start_that_cannot_be_is_refused_in_upstreams_order() {
    let mut world = World::running("web", |_| ());
    let ticket = world.start("web", Wait::Yes);
    assert_eq!(world.said(ticket).unwrap(), "ALREADY_STARTED: web");
    let check = Err(Fault::NoFile("can't find command '/nonexistent'".to_owned()));
    let target = StartTarget { process: world.id("web"), check };
    let ticket = world.request(Wish::Start { target, spelled: "web:web".to_owned(), wait: Wait::Yes });
    assert_eq!(world.said(ticket).unwrap(), "NO_FILE: can't find command '/nonexistent'");
    world.exit("web", code(1));
    let ticket = world.start("web", Wait::No);
    assert_eq!(world.said(ticket).unwrap(), "ALREADY_STARTED: web", "a spawn is under way");
    world.fail_spawn("no luck");
    let ticket = world.start("web", Wait::No);
    assert_eq!(world.said(ticket).unwrap(), "ALREADY_STARTED: web", "it is in BACKOFF");
}

#[test]
fn faults_name_a_process_as_the_client_did() {
    let mut world = World::running("web", |_| ());
    let ticket = world.start("web:web", Wait::No);
    assert_eq!(world.said(ticket).unwrap(), "ALREADY_STARTED: web:web");
}

#[test]
fn a_spawn_that_fails_is_answered_at_once_and_retried() {
    for wait in [Wait::Yes, Wait::No] {
        let mut world = World::with("web", manual(|_| ()));
        let ticket = world.start("web", wait);
        world.fail_spawn("no luck");
        assert_eq!(world.said(ticket).unwrap(), "SPAWN_ERROR: web");
        world.pass(1);
        assert_eq!(world.spawns.len(), 1);
    }
}

/// A world with a start that waits and whose first child has ended too quickly.
fn failed_once(startretries: i64) -> (World, Ticket) {
    let mut world = World::with("web", manual(|policy| policy.startretries = startretries));
    let ticket = world.start("web", Wait::Yes);
    world.spawn_next();
    world.pass_millis(500);
    world.exit("web", code(1));
    (world, ticket)
}

/// The port may not be free yet: upstream, asleep while the first child ends, reports what becomes of the second.
#[test]
fn a_start_whose_first_child_ends_too_quickly_is_answered_after_one_retry() {
    let (mut world, ticket) = failed_once(3);
    assert_eq!((world.state("web"), world.said(ticket)), (ProcessState::Backoff, None));
    world.pass(1);
    world.spawn_next();
    world.pass(1);
    assert_eq!((world.state("web"), world.said(ticket).unwrap()), (ProcessState::Running, "OK".to_owned()));
}

/// RPC-22.
#[test]
fn a_start_whose_second_attempt_fails_too_is_a_spawn_error_at_once() {
    let (mut world, ticket) = failed_once(3);
    world.pass(1);
    world.spawn_next();
    world.exit("web", code(1));
    assert_eq!(world.said(ticket).unwrap(), "SPAWN_ERROR: web");
    let (mut world, ticket) = failed_once(3);
    world.pass(1);
    world.fail_spawn("no luck");
    assert_eq!(world.said(ticket).unwrap(), "SPAWN_ERROR: web");
}

/// RPC-22: where no retry follows, there is nothing to wait for.
#[test]
fn a_start_whose_only_child_ends_too_quickly_is_a_spawn_error_at_once() {
    let (mut world, ticket) = failed_once(0);
    assert_eq!(
        (world.state("web"), world.said(ticket).unwrap().as_str()),
        (ProcessState::Fatal, "SPAWN_ERROR: web")
    );
    let (mut world, ticket) = failed_once(3);
    world.stop("web", Wait::No);
    assert_eq!(world.said(ticket).unwrap(), "SPAWN_ERROR: web");
    let (mut world, ticket) = failed_once(3);
    world.feed(Input::Signal(Signal::TERM));
    assert_eq!(world.said(ticket).unwrap(), "SPAWN_ERROR: web");
}

#[test]
fn a_start_that_does_not_wait_is_answered_by_its_first_child() {
    let mut world = World::with("web", manual(|_| ()));
    let ticket = world.start("web", Wait::No);
    world.spawn_next();
    assert_eq!(world.said(ticket).unwrap(), "OK");
}

/// Each of many has its retry; the results come in the order in which they are known.
#[test]
fn of_many_started_each_has_one_retry() {
    let mut world = fleet();
    let ticket = world.start("g:*", Wait::Yes);
    assert_eq!(world.spawn_all(), ["y", "x", "w"]);
    world.exit("y", code(1));
    world.exit("x", code(1));
    world.pass(1);
    assert_eq!(world.spawn_all(), ["x", "y"]);
    world.exit("x", code(1));
    assert_eq!(world.said(ticket), None);
    world.pass(1);
    assert_eq!(world.said(ticket).unwrap(), "x SPAWN_ERROR: g:x; w OK; y OK");
}

#[test]
fn a_start_that_is_stopped_by_another_client_has_failed() {
    let mut world = World::with("web", manual(|_| ()));
    let ticket = world.start("web", Wait::Yes);
    world.spawn_next();
    world.stop("web", Wait::No);
    assert_eq!(world.said(ticket).unwrap(), "ABNORMAL_TERMINATION: web");
}

/// RPC-23, PROC-72.
#[test]
fn a_start_of_a_stopping_process_is_refused() {
    for wait in [Wait::Yes, Wait::No] {
        let mut world = World::running("web", |_| ());
        world.stop("web", Wait::No);
        world.log();
        let ticket = world.start("web", wait);
        assert_eq!(world.said(ticket).unwrap(), "ABNORMAL_TERMINATION: web");
        assert_eq!(world.log(), [""; 0]);
    }
}

#[test]
fn a_request_for_a_process_removed_meanwhile_is_refused() {
    let mut world = World::with("web", manual(|_| ()));
    let process = world.id("web");
    world.remove("web").unwrap();
    let spelled = || "web".to_owned();
    let target = || StartTarget { process, check: Ok(()) };
    for wish in [
        Wish::Start { target: target(), spelled: spelled(), wait: Wait::Yes },
        Wish::Stop { process, spelled: spelled(), wait: Wait::Yes },
        Wish::Signal { process, spelled: spelled(), signal: Ok(Signal::HUP) },
    ] {
        let ticket = world.request(wish);
        assert_eq!(world.said(ticket).unwrap(), "BAD_NAME: web");
    }
    let ticket = world.request(Wish::StartMany { targets: vec![target()], wait: Wait::Yes });
    assert_eq!(world.answer(ticket), Some(Answer::Outcomes(Vec::new())));
}

/// RPC-27, RPC-31.
#[test]
fn requests_for_many_with_nothing_to_do_answer_an_empty_list() {
    let mut world = fleet();
    for ticket in [world.stop("g:*", Wait::Yes), world.signal("g:*", Ok(Signal::HUP))] {
        assert_eq!(world.answer(ticket), Some(Answer::Outcomes(Vec::new())));
    }
    world.start("all", Wait::No);
    world.spawn_all();
    let ticket = world.start("all", Wait::Yes);
    assert_eq!(world.answer(ticket), Some(Answer::Outcomes(Vec::new())));
}

/// PROC-14a: ascending priority, for starts and for stops.
#[test]
fn many_are_started_and_stopped_in_ascending_priority() {
    let mut world = fleet();
    let ticket = world.start("all", Wait::Yes);
    assert_eq!(world.spawn_all(), ["p1", "y", "x", "w"]);
    world.pass(1);
    assert_eq!(world.said(ticket).unwrap(), "p1 OK; y OK; x OK; w OK");
    world.stop("all", Wait::No);
    assert_eq!(world.signals(), ["p1 SIGTERM", "y SIGTERM", "x SIGTERM", "w SIGTERM"]);
}

/// RPC-28: whatever ends within the same second is listed by priority.
#[test]
fn results_of_a_stop_are_listed_by_priority_unless_one_takes_longer() {
    let mut world = fleet();
    world.start("g:*", Wait::No);
    world.spawn_all();
    world.pass(2);
    world.log();
    let ticket = world.stop("g:*", Wait::Yes);
    assert_eq!(
        world.log(),
        [
            "DEBG killing y (pid 101) with signal SIGTERM",
            "DEBG killing x (pid 102) with signal SIGTERM",
            "DEBG killing w (pid 103) with signal SIGTERM",
            "INFO waiting for y to stop",
            "INFO waiting for x to stop",
            "INFO waiting for w to stop",
        ]
    );
    world.exit("w", killed_by(Signal::TERM));
    world.exit("x", killed_by(Signal::TERM));
    assert_eq!(world.said(ticket), None);
    world.pass(3);
    world.exit("y", killed_by(Signal::KILL));
    let Some(Answer::Outcomes(outcomes)) = world.answer(ticket) else { panic!("no outcomes") };
    let order: Vec<_> = outcomes.iter().map(|outcome| (&*outcome.group, &*outcome.name)).collect();
    assert_eq!(order, [("g", "x"), ("g", "w"), ("g", "y")]);
    assert!(outcomes.iter().all(|outcome| outcome.status() == 80 && outcome.description() == "OK"));
}

/// RPC-29: what is decided at once comes first, in priority order, faults or not.
#[test]
fn results_of_a_start_list_first_what_is_decided_at_once() {
    let mut world = World::empty();
    let program = |name, startsecs| (name, manual(|policy| policy.startsecs = startsecs));
    world.add(
        "g",
        1,
        &[program("slow", 5), program("quick", 0), program("bad", 1), program("dud", 1), program("ok", 1)],
    );
    world.feed(Input::Started);
    let targets = world.supervisor.startable(world.select("all")).into_iter().map(|process| StartTarget {
        process,
        check: if process == world.id("bad") {
            Err(Fault::NotExecutable("command is empty".to_owned()))
        } else {
            Ok(())
        },
    });
    let targets = targets.collect();
    let ticket = world.request(Wish::StartMany { targets, wait: Wait::Yes });
    world.spawn_next();
    world.spawn_next();
    world.fail_spawn("no luck");
    world.spawn_next();
    world.pass(5);
    assert_eq!(
        world.said(ticket).unwrap(),
        "quick OK; bad NOT_EXECUTABLE: command is empty; dud SPAWN_ERROR: g:dud; ok OK; slow OK"
    );
}

#[test]
fn processes_in_backoff_count_as_stopped_at_once() {
    let mut world = fleet();
    world.start("g:*", Wait::No);
    world.spawn_next();
    world.fail_spawn("no luck");
    world.spawn_next();
    world.pass_millis(500);
    let ticket = world.stop("g:*", Wait::Yes);
    world.exit("y", code(0));
    world.exit("w", code(0));
    assert_eq!(world.said(ticket).unwrap(), "x OK; y OK; w OK");
}

/// RPC-32.
#[test]
fn a_bad_signal_is_told_for_each_process() {
    let mut world = fleet();
    world.start("g:*", Wait::No);
    world.spawn_all();
    let ticket = world.signal("all", Err("NOPE".to_owned()));
    assert_eq!(world.said(ticket).unwrap(), "y BAD_SIGNAL: NOPE; x BAD_SIGNAL: NOPE; w BAD_SIGNAL: NOPE");
    let ticket = world.signal("p1", Err("NOPE".to_owned()));
    assert_eq!(world.said(ticket).unwrap(), "BAD_SIGNAL: NOPE");
    let ticket = world.signal("all", Ok(Signal::HUP));
    assert_eq!(world.said(ticket).unwrap(), "y OK; x OK; w OK");
    assert_eq!(world.signals(), ["y SIGHUP", "x SIGHUP", "w SIGHUP"]);
}

/// RPC-52.
#[test]
fn several_clients_wait_independently() {
    let mut world = fleet();
    let (first, second) = (world.start("g:x", Wait::Yes), world.start("p1", Wait::Yes));
    world.spawn_next();
    world.pass_millis(500);
    world.spawn_next();
    world.pass_millis(500);
    assert_eq!(world.said(first).unwrap(), "OK");
    assert_eq!(world.said(second).unwrap(), "OK", "startsecs count from the order to spawn");
}

#[test]
fn a_client_gone_is_not_answered_but_its_wish_goes_on() {
    let mut world = World::with("web", manual(|_| ()));
    let ticket = world.start("web", Wait::Yes);
    world.feed(Input::Cancel(ticket));
    world.spawn_next();
    world.pass(1);
    assert_eq!((world.state("web"), world.said(ticket)), (ProcessState::Running, None));
}

#[test]
fn a_ticket_used_twice_is_answered_once() {
    let mut world = World::with("web", manual(|_| ()));
    let ticket = world.start("web", Wait::Yes);
    let wish = Wish::StopMany { selection: Selection::All, wait: Wait::Yes };
    world.feed(Input::Request(Request { ticket: Ticket(ticket.0), wish }));
    assert_eq!(world.log(), ["ERRO ticket 1 was used for a second request, which is ignored"]);
    world.spawn_next();
    world.pass(1);
    assert_eq!(world.said(ticket).unwrap(), "OK");
}
