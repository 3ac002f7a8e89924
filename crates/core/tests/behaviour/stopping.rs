//! Stop requests and signals, at whatever moment they come.

use crate::world::{World, code, killed_by, policy};
use supervisor_core::{Autorestart, Input, KillError, KillTarget, ProcessState, Signal, Wait};

/// PROC-43.
#[test]
fn a_stop_sends_the_signal_and_ends_with_the_exit() {
    let mut world = World::running("web", |_| ());
    let ticket = world.stop("web", Wait::Yes);
    assert_eq!((world.state("web"), world.said(ticket)), (ProcessState::Stopping, None));
    world.exit("web", killed_by(Signal::TERM));
    assert_eq!(world.said(ticket).unwrap(), "OK");
    assert_eq!(
        world.log(),
        [
            "DEBG killing web (pid 101) with signal SIGTERM",
            "INFO waiting for web to stop",
            "WARN stopped: web (terminated by SIGTERM)",
        ]
    );
    let info = world.info("web");
    assert_eq!((info.state, info.exit_status, info.spawn_error), (ProcessState::Stopped, -1, ""));
    assert_eq!(world.supervisor.next_deadline(), None);
}

/// PROC-43: an expected code is nothing to warn of.
#[test]
fn a_stop_with_an_expected_code_is_logged_at_info() {
    let mut world = World::running("web", |policy| policy.autorestart = Autorestart::Always);
    world.stop("web", Wait::No);
    world.exit("web", code(0));
    assert_eq!(
        world.log(),
        ["DEBG killing web (pid 101) with signal SIGTERM", "INFO stopped: web (exit status 0)"]
    );
    assert!(world.spawns.is_empty());
}

/// PROC-16, RPC-26: SIGKILL at stopwaitsecs, and again until it is gone.
#[test]
fn a_stubborn_process_is_killed_again_and_again() {
    let mut world = World::running("web", |policy| policy.stopwaitsecs = 3);
    let ticket = world.stop("web", Wait::No);
    assert_eq!(world.said(ticket).unwrap(), "OK");
    world.log();
    world.pass_millis(2_999);
    assert_eq!(world.log(), [""; 0]);
    world.pass_millis(1);
    let twice = ["WARN killing 'web' (101) with SIGKILL", "DEBG killing web (pid 101) with signal SIGKILL"];
    assert_eq!(world.log(), twice);
    world.pass(3);
    assert_eq!(world.log(), twice);
    assert_eq!(world.signals(), ["web SIGTERM", "web SIGKILL", "web SIGKILL"]);
    world.exit("web", killed_by(Signal::KILL));
    assert_eq!(world.log(), ["WARN stopped: web (terminated by SIGKILL)"]);
    world.pass(10);
    assert!(world.kills.is_empty());
}

/// Upstream repeats SIGKILL on every pass of its loop then.
#[test]
fn without_stopwaitsecs_sigkill_follows_at_once_and_then_every_second() {
    for stopwaitsecs in [0, -3] {
        let mut world = World::running("web", |policy| policy.stopwaitsecs = stopwaitsecs);
        world.stop("web", Wait::No);
        world.feed(Input::Deadline);
        assert_eq!(world.signals(), ["web SIGTERM", "web SIGKILL"]);
        world.pass(5);
        assert_eq!(world.signals(), ["web SIGKILL"; 5]);
    }
}

/// RPC-26: `waiting for` at once, then every two seconds, and only while a client waits.
#[test]
fn the_log_says_every_two_seconds_that_a_client_waits() {
    let mut world = World::running("web", |_| ());
    let ticket = world.stop("web", Wait::Yes);
    let waiting = |world: &mut World| {
        let lines = world.log();
        lines.iter().filter(|line| *line == "INFO waiting for web to stop").count()
    };
    assert_eq!(waiting(&mut world), 1);
    world.pass_millis(1_999);
    assert_eq!(waiting(&mut world), 0);
    world.pass_millis(1);
    assert_eq!(waiting(&mut world), 1);
    world.pass(6);
    assert_eq!(waiting(&mut world), 3);
    world.feed(Input::Cancel(ticket));
    world.pass(10);
    assert_eq!(waiting(&mut world), 0);
    world.exit("web", code(0));
    assert_eq!(world.said(ticket), None);
}

/// PROC-40, RPC-24.
#[test]
fn a_stop_in_backoff_is_done_at_once_without_a_signal() {
    let mut world = World::with("web", policy(|_| ()));
    world.fail_spawn("no luck");
    world.log();
    let ticket = world.stop("web", Wait::Yes);
    assert_eq!(world.said(ticket).unwrap(), "OK");
    assert_eq!(world.log(), ["DEBG Attempted to kill web, which is in BACKOFF state."]);
    assert_eq!(world.state("web"), ProcessState::Stopped);
    world.pass(60);
    assert!(world.spawns.is_empty() && world.kills.is_empty());
}

/// PROC-41.
#[test]
fn a_stop_in_starting_ends_in_stopped() {
    let mut world = World::with("web", policy(|_| ()));
    world.spawn_next();
    world.stop("web", Wait::No);
    assert_eq!(world.state("web"), ProcessState::Stopping);
    world.pass_millis(500);
    world.exit("web", killed_by(Signal::TERM));
    assert_eq!(world.state("web"), ProcessState::Stopped);
}

#[test]
fn a_stop_while_being_spawned_signals_as_soon_as_there_is_a_pid() {
    for wait in [Wait::No, Wait::Yes] {
        let mut world = World::with("web", policy(|_| ()));
        let ticket = world.stop("web", wait);
        assert_eq!((world.state("web"), world.said(ticket)), (ProcessState::Starting, None));
        let second = world.stop("web", wait);
        assert_eq!(world.said(second).unwrap(), "NOT_RUNNING: web");
        world.pass(2);
        world.spawn_next();
        assert_eq!(world.state("web"), ProcessState::Stopping);
        assert_eq!(world.signals(), ["web SIGTERM"]);
        let expected = ["INFO spawned: 'web' with pid 101", "DEBG killing web (pid 101) with signal SIGTERM"];
        assert_eq!(world.log()[..2], expected);
        assert_eq!(world.said(ticket), (wait == Wait::No).then(|| "OK".to_owned()));
        world.exit("web", killed_by(Signal::TERM));
        assert_eq!(world.said(ticket), (wait == Wait::Yes).then(|| "OK".to_owned()));
        assert_eq!(world.state("web"), ProcessState::Stopped);
    }
}

#[test]
fn a_stop_while_being_spawned_prevents_retries_if_the_spawn_fails() {
    let mut world = World::with("web", policy(|_| ()));
    let ticket = world.stop("web", Wait::Yes);
    world.fail_spawn("no luck");
    assert_eq!(world.said(ticket).unwrap(), "OK");
    assert_eq!(world.state("web"), ProcessState::Stopped);
    assert_eq!(
        world.log(),
        ["INFO spawnerr: no luck", "DEBG Attempted to kill web, which is in BACKOFF state."]
    );
    world.pass(60);
    assert!(world.spawns.is_empty());
}

/// PROC-44.
#[test]
fn stop_and_kill_reach_the_process_group_only_if_asked_to() {
    for (stopasgroup, killasgroup) in [(false, false), (true, true), (true, false), (false, true)] {
        let mut world = World::running("web", |policy| {
            (policy.stopasgroup, policy.killasgroup) = (stopasgroup, killasgroup);
        });
        world.stop("web", Wait::No);
        world.pass(10);
        let whom = |as_group| {
            if as_group { (KillTarget::Group, "process group ") } else { (KillTarget::Leader, "") }
        };
        let ((stopped, stop_words), (killed, kill_words)) = (whom(stopasgroup), whom(killasgroup));
        assert_eq!(world.kills.iter().map(|order| order.target).collect::<Vec<_>>(), [stopped, killed]);
        assert_eq!(
            world.log(),
            [
                format!("DEBG killing web (pid 101) {stop_words}with signal SIGTERM"),
                "WARN killing 'web' (101) with SIGKILL".to_owned(),
                format!("DEBG killing web (pid 101) {kill_words}with signal SIGKILL"),
            ]
        );
    }
}

/// PROC-45.
#[test]
fn the_configured_signal_asks_for_the_stop() {
    let mut world = World::running("web", |policy| policy.stopsignal = Signal::USR1);
    world.stop("web", Wait::No);
    assert_eq!(world.signals(), ["web SIGUSR1"]);
    assert_eq!(world.log(), ["DEBG killing web (pid 101) with signal SIGUSR1"]);
}

#[test]
fn a_stop_of_a_child_dead_but_not_reaped_succeeds() {
    let mut world = World::running("web", |_| ());
    world.refusals.push_back(KillError::NoSuchProcess);
    let ticket = world.stop("web", Wait::No);
    assert_eq!(world.said(ticket).unwrap(), "OK");
    assert_eq!(
        world.log()[1],
        "DEBG unable to signal web (pid 101), it probably just exited on its own: [Errno 3] No such process"
    );
    assert_eq!(world.state("web"), ProcessState::Stopping);
    world.exit("web", code(0));
    assert_eq!(world.state("web"), ProcessState::Stopped);
}

#[test]
fn a_refused_signal_of_a_client_does_not_keep_a_stopping_process_alive() {
    let mut world = World::running("web", |_| ());
    world.stop("web", Wait::No);
    world.refusals.push_back(KillError::Refused("no".to_owned()));
    let ticket = world.signal("web", Ok(Signal::HUP));
    assert_eq!(world.said(ticket).unwrap(), "FAILED: unknown problem sending sig web (101):no");
    assert_eq!(world.state("web"), ProcessState::Stopping);
    world.signals();
    world.pass(10);
    assert_eq!(world.signals(), ["web SIGKILL"]);
}

/// RPC-30.
#[test]
fn a_signal_goes_to_the_child_alone_and_changes_nothing() {
    let mut world = World::running("web", |policy| policy.stopasgroup = true);
    let ticket = world.signal("web", Ok(Signal::HUP));
    assert_eq!(world.said(ticket).unwrap(), "OK");
    assert_eq!(world.kills[0].target, KillTarget::Leader);
    assert_eq!(world.state("web"), ProcessState::Running);
    world.refusals.push_back(KillError::NoSuchProcess);
    let ticket = world.signal("web", Ok(Signal::HUP));
    assert_eq!(world.said(ticket).unwrap(), "OK");
    assert_eq!(
        world.log(),
        [
            "DEBG sending web (pid 101) sig SIGHUP",
            "DEBG sending web (pid 101) sig SIGHUP",
            "DEBG unable to signal web (pid 101), it probably just now exited on its own: [Errno 3] No such process",
        ]
    );
}

#[test]
fn a_signal_while_being_spawned_is_sent_as_soon_as_there_is_a_pid() {
    let mut world = World::with("web", policy(|_| ()));
    let ticket = world.signal("web", Ok(Signal::HUP));
    world.stop("web", Wait::No);
    assert_eq!(world.said(ticket), None);
    world.spawn_next();
    assert_eq!(world.said(ticket).unwrap(), "OK");
    assert_eq!(world.signals(), ["web SIGHUP", "web SIGTERM"]);

    let mut world = World::with("web", policy(|_| ()));
    let ticket = world.signal("web", Ok(Signal::HUP));
    world.fail_spawn("no luck");
    assert_eq!(world.said(ticket).unwrap(), "NOT_RUNNING: web");
}

/// RPC-25, RPC-31.
#[test]
fn what_does_not_run_is_neither_stopped_nor_signalled() {
    let mut world = World::running("web", |_| ());
    world.stop("web", Wait::No);
    let ticket = world.stop("web", Wait::No);
    assert_eq!(world.said(ticket).unwrap(), "NOT_RUNNING: web");
    world.exit("web", code(0));
    for wait in [Wait::No, Wait::Yes] {
        let ticket = world.stop("web", wait);
        assert_eq!(world.said(ticket).unwrap(), "NOT_RUNNING: web");
    }
    let ticket = world.signal("web", Ok(Signal::HUP));
    assert_eq!(world.said(ticket).unwrap(), "NOT_RUNNING: web");
    world.start("web", Wait::No);
    world.fail_spawn("no luck");
    let ticket = world.signal("web", Ok(Signal::HUP));
    assert_eq!(world.said(ticket).unwrap(), "NOT_RUNNING: web");
}
