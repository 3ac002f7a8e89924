//! The ordered shutdown, and the signals that begin it.

use crate::world::{World, code, killed_by, manual, policy};
use supervisor_core::{
    Command, Effect, Effects, Ending, Input, KillError, Level, ProcessState, Signal, SupervisorState, Wait,
};

/// Groups p1(1), p2(2), p2b(2) and g(5) with x(20), y(10), w(20), all running.
fn fleet() -> World {
    let mut world = World::empty();
    let program = |name, priority| (name, policy(|policy| policy.priority = priority));
    world.add("g", 5, &[program("x", 20), program("y", 10), program("w", 20)]);
    world.add("p1", 1, &[program("p1", 999)]);
    world.add("p2", 2, &[program("p2", 999)]);
    world.add("p2b", 2, &[program("p2b", 999)]);
    world.feed(Input::Started);
    world.spawn_all();
    world.pass(2);
    world.log();
    world
}

/// PROC-13, PROC-14a: backwards, strictly one group after the other.
#[test]
fn groups_stop_in_falling_priority_one_at_a_time() {
    let mut world = fleet();
    world.feed(Input::Signal(Signal::TERM));
    assert_eq!(world.signals(), ["w SIGTERM", "x SIGTERM", "y SIGTERM"]);
    world.exit("x", code(0));
    world.exit("w", code(0));
    assert_eq!(world.signals(), [""; 0]);
    world.exit("y", code(0));
    assert_eq!(world.signals(), ["p2b SIGTERM"]);
    world.exit("p2b", code(0));
    assert_eq!(world.signals(), ["p2 SIGTERM"]);
    world.exit("p2", code(0));
    assert_eq!(world.signals(), ["p1 SIGTERM"]);
    assert_eq!(world.ending, None);
    world.exit("p1", code(0));
    assert_eq!(world.ending, Some(Ending::Shutdown));
    assert_eq!(world.supervisor.next_deadline(), None);
}

/// PROC-14: y(20) first, ties in reverse order of their listing.
#[test]
fn processes_stop_in_falling_priority_ties_reversed() {
    let mut world = World::empty();
    let program = |name, priority| (name, policy(|policy| policy.priority = priority));
    world.add("g", 1, &[program("x", 10), program("y", 20), program("w", 10)]);
    world.feed(Input::Started);
    assert_eq!(world.spawn_all(), ["x", "y", "w"]);
    world.feed(Input::Signal(Signal::INT));
    assert_eq!(world.signals(), ["y SIGTERM", "w SIGTERM", "x SIGTERM"]);
}

/// PROC-15.
#[test]
fn groups_with_nothing_to_stop_cost_no_time() {
    let mut world = World::empty();
    world.add("live", 1, &[("live", policy(|_| ()))]);
    for name in ["a", "b", "c", "d", "e"] {
        world.add(name, 5, &[(name, manual(|_| ()))]);
    }
    world.feed(Input::Started);
    world.spawn_all();
    world.feed(Input::Signal(Signal::QUIT));
    assert_eq!(world.signals(), ["live SIGTERM"]);
}

/// PROC-12.
#[test]
fn an_idle_daemon_ends_in_the_turn_of_the_signal() {
    let mut world = World::with("web", manual(|_| ()));
    world.feed(Input::Signal(Signal::TERM));
    assert_eq!(world.ending, Some(Ending::Shutdown));
    assert_eq!(world.log(), ["WARN received SIGTERM indicating exit request"]);
}

#[test]
fn a_signal_before_the_main_loop_begins_ends_it_too() {
    let mut world = World::empty();
    world.add("web", 999, &[("web", policy(|_| ()))]);
    world.feed(Input::Signal(Signal::TERM));
    assert_eq!(world.ending, Some(Ending::Shutdown));
    world.feed(Input::Started);
    assert!(world.spawns.is_empty());
}

#[test]
fn the_log_says_at_once_and_every_three_seconds_who_is_waited_for() {
    let mut world = fleet();
    world.loglevel = Level::Blather;
    world.feed(Input::Signal(Signal::TERM));
    assert_eq!(
        world.log(),
        [
            "WARN received SIGTERM indicating exit request",
            "DEBG killing w (pid 106) with signal SIGTERM",
            "DEBG killing x (pid 104) with signal SIGTERM",
            "DEBG killing y (pid 105) with signal SIGTERM",
            "INFO waiting for x, y, w, p1, p2, p2b to die",
            "BLAT x state: STOPPING",
            "BLAT y state: STOPPING",
            "BLAT w state: STOPPING",
            "BLAT p1 state: RUNNING",
            "BLAT p2 state: RUNNING",
            "BLAT p2b state: RUNNING",
        ]
    );
    world.pass_millis(2_999);
    assert_eq!(world.log(), [""; 0]);
    world.exit("w", code(0));
    world.log();
    world.pass_millis(1);
    assert_eq!(world.log()[0], "INFO waiting for x, y, p1, p2, p2b to die");
    world.pass(3);
    assert_eq!(world.log()[0], "INFO waiting for x, y, p1, p2, p2b to die");
}

/// PROC-16 during shutdown.
#[test]
fn a_stubborn_process_is_killed_during_shutdown_too() {
    let mut world = World::running("web", |_| ());
    world.feed(Input::Signal(Signal::TERM));
    world.pass(10);
    assert_eq!(world.signals(), ["web SIGTERM", "web SIGKILL"]);
    world.exit("web", killed_by(Signal::KILL));
    assert_eq!(world.ending, Some(Ending::Shutdown));
}

/// PROC-17.
#[test]
fn further_signals_during_shutdown_are_logged_and_change_nothing() {
    let mut world = World::running("web", |_| ());
    world.feed(Input::Signal(Signal::TERM));
    world.log();
    world.signals();
    world.feed(Input::Signal(Signal::TERM));
    world.feed(Input::Signal(Signal::HUP));
    assert_eq!(
        world.log(),
        [
            "WARN received SIGTERM indicating exit request",
            "WARN ignored SIGHUP indicating restart request (shutdown in progress)",
        ]
    );
    assert_eq!(world.signals(), [""; 0]);
    world.exit("web", code(0));
    assert_eq!(world.ending, Some(Ending::Shutdown));
}

/// PROC-18.
#[test]
fn an_exit_request_wins_over_a_restart_request() {
    let mut world = World::running("web", |_| ());
    world.feed(Input::Signal(Signal::HUP));
    assert_eq!(world.supervisor.state(), SupervisorState::Restarting);
    world.feed(Input::Signal(Signal::HUP));
    assert_eq!(world.log().last().unwrap(), "WARN received SIGHUP indicating restart request");
    world.feed(Input::Signal(Signal::TERM));
    world.exit("web", code(0));
    assert_eq!(world.ending, Some(Ending::Shutdown));
}

/// PROC-19, as far as the core goes: everything stops, and no number is used again afterwards.
#[test]
fn a_restart_request_ends_in_a_restart() {
    let mut world = World::running("web", |_| ());
    world.feed(Input::Signal(Signal::HUP));
    assert_eq!(world.log()[0], "WARN received SIGHUP indicating restart request");
    world.exit("web", code(0));
    assert_eq!(world.ending, Some(Ending::Restart));
    let before = world.id("web");
    world.supervisor = world.supervisor.restarted("sidY");
    world.ending = None;
    world.add("other", 999, &[("other", policy(|_| ()))]);
    assert!(world.id("other") > before);
    assert_eq!(world.supervisor.identifier(), "sidY");
    world.feed(Input::Started);
    assert_eq!(world.spawn_all(), ["other"]);
}

/// PROC-21 as far as the core goes.
#[test]
fn other_signals_are_logged_and_reopen_logs_or_do_nothing() {
    let mut world = World::running("web", |_| ());
    world.loglevel = Level::Blather;
    for signal in [Signal::CHLD, Signal::USR2, Signal(18)] {
        world.feed(Input::Signal(signal));
    }
    assert_eq!(
        world.log(),
        [
            "DEBG received SIGCHLD indicating a child quit",
            "INFO received SIGUSR2 indicating log reopen request",
            "BLAT received SIGCONT indicating nothing",
        ]
    );
    assert_eq!(world.log_reopenings, 1);
    assert_eq!(world.supervisor.state(), SupervisorState::Running);
}

#[test]
fn a_process_in_backoff_becomes_fatal_when_its_group_stops() {
    let mut world = World::empty();
    world.add("last", 1, &[("last", policy(|_| ()))]);
    world.add("first", 2, &[("first", policy(|_| ())), ("bad", policy(|_| ()))]);
    world.feed(Input::Started);
    world.fail_spawn("no luck");
    world.spawn_next();
    world.fail_spawn("no luck");
    world.log();
    world.feed(Input::Signal(Signal::TERM));
    assert_eq!((world.state("bad"), world.state("last")), (ProcessState::Fatal, ProcessState::Backoff));
    world.pass(5);
    assert_eq!(world.state("last"), ProcessState::Backoff);
    assert!(world.spawns.is_empty());
    world.exit("first", code(0));
    assert_eq!(world.state("last"), ProcessState::Fatal);
    assert_eq!(world.ending, Some(Ending::Shutdown));
    assert!(!world.log().iter().any(|line| line.contains("FATAL")));
}

#[test]
fn a_spawn_under_way_at_shutdown_is_awaited_and_its_child_stopped() {
    let mut world = World::with("web", policy(|_| ()));
    world.feed(Input::Signal(Signal::TERM));
    assert_eq!(world.log().last().unwrap(), "INFO waiting for web to die");
    world.pass(1);
    world.spawn_next();
    assert_eq!(world.signals(), ["web SIGTERM"]);
    assert_eq!(world.ending, None);
    world.exit("web", code(0));
    assert_eq!(world.ending, Some(Ending::Shutdown));
}

#[test]
fn a_spawn_that_fails_during_shutdown_leaves_nothing_to_wait_for() {
    let mut world = World::with("web", policy(|_| ()));
    world.feed(Input::Signal(Signal::TERM));
    world.fail_spawn("no luck");
    assert_eq!(world.state("web"), ProcessState::Fatal);
    assert_eq!(world.ending, Some(Ending::Shutdown));
}

#[test]
fn exits_during_shutdown_are_logged_as_ever_and_never_followed_by_a_start() {
    let mut world = fleet();
    world.feed(Input::Signal(Signal::TERM));
    world.log();
    world.exit("p1", code(3));
    assert_eq!(world.log(), ["WARN exited: p1 (exit status 3; not expected)"]);
    assert_eq!(world.state("p1"), ProcessState::Exited);
    assert!(world.spawns.is_empty());
}

#[test]
fn a_restart_held_back_does_not_happen_during_shutdown() {
    let mut world = World::empty();
    world.add("live", 1, &[("live", policy(|_| ()))]);
    world.add("loop", 2, &[("loop", policy(|policy| policy.startsecs = 0))]);
    world.feed(Input::Started);
    world.spawn_next();
    while !world.spawns.is_empty() {
        world.spawn_next();
        world.exit("loop", code(1));
    }
    world.feed(Input::Signal(Signal::TERM));
    world.pass(2);
    assert!(world.spawns.is_empty());
    world.exit("live", code(0));
    assert_eq!(world.ending, Some(Ending::Shutdown));
}

#[test]
fn a_process_already_stopping_at_shutdown_is_awaited() {
    let mut world = World::running("web", |_| ());
    let ticket = world.stop("web", Wait::Yes);
    world.feed(Input::Signal(Signal::TERM));
    assert_eq!(world.signals(), ["web SIGTERM"]);
    world.exit("web", code(0));
    assert_eq!(world.said(ticket).unwrap(), "OK");
    assert_eq!(world.ending, Some(Ending::Shutdown));
}

/// Upstream counts UNKNOWN as stopped, and leaves such a process behind without another attempt.
#[test]
fn an_unknown_process_is_signalled_again_at_shutdown() {
    let mut world = World::running("web", |_| ());
    world.refusals.push_back(KillError::Refused("no".to_owned()));
    world.signal("web", Ok(Signal::HUP));
    world.signals();
    world.feed(Input::Signal(Signal::TERM));
    assert_eq!(world.signals(), ["web SIGTERM"]);
    assert_eq!((world.state("web"), world.ending), (ProcessState::Stopping, None));
    world.exit("web", code(0));
    assert_eq!(world.ending, Some(Ending::Shutdown));
}

#[test]
fn a_process_that_cannot_be_stopped_at_all_does_not_keep_the_daemon_for_ever() {
    let mut world = World::running("web", |_| ());
    world.refusals.push_back(KillError::Refused("no".to_owned()));
    world.feed(Input::Signal(Signal::TERM));
    assert_eq!(world.state("web"), ProcessState::Unknown);
    assert_eq!(world.ending, Some(Ending::Shutdown));
    let lines = world.log();
    assert!(lines.contains(&"CRIT unknown problem killing web (101):no".to_owned()));
    assert!(lines.contains(&"CRIT web (pid 101) cannot be stopped and is left running".to_owned()));
}

#[test]
fn commands_are_refused_during_shutdown() {
    let mut world = World::running("web", |_| ());
    let ticket = world.request(Command::Restart);
    assert_eq!(world.said(ticket).unwrap(), "OK");
    for command in [Command::Shutdown, Command::Restart] {
        let ticket = world.request(command);
        assert_eq!(world.said(ticket).unwrap(), "SHUTDOWN_STATE");
    }
    for ticket in
        [world.start("web", Wait::Yes), world.stop("all", Wait::No), world.signal("web", Ok(Signal::HUP))]
    {
        assert_eq!(world.said(ticket).unwrap(), "SHUTDOWN_STATE");
    }
    assert_eq!(world.remove("web").unwrap_err().to_string(), "SHUTDOWN_STATE");
    world.exit("web", code(0));
    assert_eq!(world.ending, Some(Ending::Restart));
}

#[test]
fn a_client_waiting_for_a_start_learns_of_the_shutdown() {
    let mut world = World::with("web", manual(|_| ()));
    let ticket = world.start("web", Wait::Yes);
    world.spawn_next();
    world.feed(Input::Signal(Signal::TERM));
    assert_eq!(world.said(ticket).unwrap(), "ABNORMAL_TERMINATION: web");
}

#[test]
fn the_end_is_the_last_effect() {
    let mut world = World::running("web", |_| ());
    world.feed(Input::Signal(Signal::TERM));
    let (pid, now, mut effects) = (world.pid("web").unwrap(), world.now(), Effects::new());
    world.supervisor.handle(Input::Reaped { pid, status: code(0) }, now, &mut effects);
    assert_eq!(effects.as_slice().last(), Some(&Effect::Terminate(Ending::Shutdown)));
}
