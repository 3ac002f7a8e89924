//! Requests: when they are answered, with what, and in which order for many processes.

use crate::world::{World, code, killed_by, manual};
use supervisor_core::{
    Answer, Command, Fault, Input, ProcessState, Request, RestartCheck, Signal, Target, Ticket, Wait,
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

/// RPC-21: at the first deadline, and RUNNING by then.
#[test]
fn without_startsecs_a_start_is_answered_at_once() {
    let mut world = World::with("web", manual(|policy| policy.startsecs = 0));
    let ticket = world.start("web", Wait::Yes);
    world.spawn_next();
    world.feed(Input::Deadline);
    assert_eq!(world.said(ticket).unwrap(), "OK");
    assert_eq!(world.state("web"), ProcessState::Running);
}

/// RPC-19, RPC-24: a fault of the command comes first, even if the process runs.
#[test]
fn a_start_is_refused_in_upstreams_order_of_checks() {
    let mut world = World::running("web", |_| ());
    let ticket = world.start("web", Wait::Yes);
    assert_eq!(world.said(ticket).unwrap(), "ALREADY_STARTED: web");
    let fault = Fault::NoFile("can't find command '/nonexistent'".to_owned());
    world.bad_commands.insert(world.id("web"), fault);
    let ticket = world.start("web:web", Wait::Yes);
    assert_eq!(world.said(ticket).unwrap(), "NO_FILE: can't find command '/nonexistent'");
    world.bad_commands.clear();
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
fn a_start_of_a_process_removed_meanwhile_is_refused() {
    let mut world = World::with("web", manual(|_| ()));
    world.checks_are_slow = true;
    let (one, all) = (world.start("web", Wait::Yes), world.start("all", Wait::Yes));
    world.remove("web").unwrap();
    world.check_commands();
    assert_eq!(world.said(one).unwrap(), "BAD_NAME: web");
    world.check_commands();
    assert_eq!(world.answer(all), Some(Answer::Outcomes(Vec::new())));
}

#[test]
fn a_name_that_means_nothing_is_refused_as_it_was_written() {
    let mut world = World::with("web", manual(|_| ()));
    let named = |name: &str| Target::Named(name.to_owned());
    for (target, name) in
        [(named("nope"), "nope"), (named("web:x"), "web:x"), (Target::Group("web:*".to_owned()), "web:*")]
    {
        for command in [
            Command::Start { target: target.clone(), wait: Wait::Yes },
            Command::Stop { target: target.clone(), wait: Wait::Yes },
            Command::Signal { target: target.clone(), signal: Err("NOPE".to_owned()) },
        ] {
            let ticket = world.request(command);
            assert_eq!(world.said(ticket).unwrap(), format!("BAD_NAME: {name}"));
        }
    }
}

#[test]
fn a_start_cancelled_during_the_command_check_continues_unanswered() {
    let mut world = World::with("web", manual(|_| ()));
    world.checks_are_slow = true;
    let ticket = world.start("web", Wait::No);
    world.feed(Input::Cancel(ticket));
    world.check_commands();
    world.spawn_next();
    assert_eq!((world.state("web"), world.said(ticket)), (ProcessState::Starting, None));
}

#[test]
fn a_start_whose_command_cannot_be_checked_fails() {
    let mut world = World::with("web", manual(|_| ()));
    world.checks_are_slow = true;
    let ticket = world.start("all", Wait::Yes);
    world.feed(Input::CommandsChecked { ticket, outcome: Err("too much work is waiting".to_owned()) });
    assert_eq!(world.said(ticket).unwrap(), "FAILED: too much work is waiting");
}

#[test]
fn a_restart_with_a_configuration_that_cannot_be_used_is_refused() {
    let mut world = World::running("web", |_| ());
    let (report, remote_report) = ("line 3".to_owned(), "it is broken".to_owned());
    let unusable = RestartCheck::Unusable { report, remote_report };
    world.restart_checks.extend([unusable.clone(), unusable, RestartCheck::NotMade("no thread".to_owned())]);
    let refused = "ERRO restart refused, the running configuration stays in force: line 3";
    let ticket = world.request(Command::Restart);
    assert_eq!(
        world.said(ticket).unwrap(),
        "FAILED: the configuration cannot be used and the running one stays in force: it is broken"
    );
    assert_eq!(world.log(), [refused]);
    world.feed(Input::Signal(Signal::HUP));
    assert_eq!(world.log(), ["WARN received SIGHUP indicating restart request", refused]);
    let ticket = world.request(Command::Restart);
    assert_eq!(world.said(ticket).unwrap(), "FAILED: no thread");
    assert_eq!(world.state("web"), ProcessState::Running);
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

/// RPC-29: immediate results come first, in priority order, faults or not.
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
    let fault = Fault::NotExecutable("command is empty".to_owned());
    world.bad_commands.insert(world.id("bad"), fault);
    let ticket = world.start("all", Wait::Yes);
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
fn a_bad_signal_is_reported_for_each_process() {
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
fn a_cancelled_command_continues_unanswered() {
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
    let command = Command::Stop { target: Target::All, wait: Wait::Yes };
    world.feed(Input::Request(Request { ticket: Ticket(ticket.0), command }));
    assert_eq!(world.log(), ["ERRO ticket 1 was used for a second request, which is ignored"]);
    world.spawn_next();
    world.pass(1);
    assert_eq!(world.said(ticket).unwrap(), "OK");
}
