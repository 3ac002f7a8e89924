//! Exits after a start has succeeded, restarts, and what clients see of them.

use crate::world::{EPOCH, World, code, killed_by, manual, policy};
use supervisor_core::{
    Autorestart, ExitStatus, GroupKind, Input, KillError, ProcessInfo, ProcessState, Signal, Wait,
};

/// PROC-33.
#[test]
fn without_startsecs_an_early_exit_is_no_failure() {
    let mut world = World::with("once", policy(|policy| policy.startsecs = 0));
    world.spawn_next();
    world.exit("once", code(0));
    assert_eq!(world.state("once"), ProcessState::Exited);
    assert_eq!(
        world.log(),
        ["INFO spawned: 'once' with pid 101", "INFO exited: once (exit status 0; expected)"]
    );
    assert!(world.spawns.is_empty());
}

/// PROC-34.
#[test]
fn an_unexpected_exit_is_restarted_by_default() {
    let mut world = World::with("job", policy(|policy| policy.startsecs = 0));
    world.spawn_next();
    world.exit("job", code(4));
    assert_eq!(world.spawn_all(), ["job"]);
    assert_eq!(
        world.log(),
        [
            "INFO spawned: 'job' with pid 101",
            "WARN exited: job (exit status 4; not expected)",
            "INFO spawned: 'job' with pid 102",
        ]
    );
}

/// PROC-35.
#[test]
fn exitcodes_tell_what_is_expected() {
    let mut world = World::running("job", |policy| policy.exitcodes = vec![0, 2]);
    world.exit("job", code(2));
    assert_eq!(world.log(), ["INFO exited: job (exit status 2; expected)"]);
    assert_eq!((world.state("job"), world.spawns.len()), (ProcessState::Exited, 0));
    assert_eq!(world.info("job").spawn_error, "");
    assert_eq!(world.info("job").exit_status, 2);

    let mut world = World::running("job", |policy| policy.autorestart = Autorestart::Never);
    world.exit("job", code(2));
    assert_eq!(world.log(), ["WARN exited: job (exit status 2; not expected)"]);
    assert_eq!((world.state("job"), world.spawns.len()), (ProcessState::Exited, 0));
    assert_eq!(world.info("job").spawn_error, "Bad exit code 2");
}

/// PROC-36.
#[test]
fn autorestart_true_restarts_after_every_exit() {
    let mut world = World::running("job", |policy| policy.autorestart = Autorestart::Always);
    world.exit("job", code(0));
    assert_eq!(world.spawn_all(), ["job"]);
    assert_eq!(
        world.log(),
        ["INFO exited: job (exit status 0; expected)", "INFO spawned: 'job' with pid 102"]
    );
}

/// PROC-36.
#[test]
fn without_exitcodes_no_exit_is_expected() {
    let mut world = World::running("job", |policy| policy.exitcodes.clear());
    world.exit("job", code(0));
    assert_eq!(world.log(), ["WARN exited: job (exit status 0; not expected)"]);
}

/// PROC-38, PROC-39.
#[test]
fn a_death_by_signal_is_never_expected() {
    let mut world = World::running("job", |policy| policy.autorestart = Autorestart::Never);
    world.exit("job", ExitStatus::Signal { signal: Signal(11), core_dumped: true });
    assert_eq!(world.log(), ["WARN exited: job (terminated by SIGSEGV (core dumped); not expected)"]);
    let info = world.info("job");
    assert_eq!((info.exit_status, info.spawn_error), (-1, "Bad exit code -1"));
}

/// Upstream restarts a program that exits at once without any limit.
#[test]
fn a_tight_restart_loop_is_held_to_ten_restarts_a_second() {
    let mut world = World::with("loop", policy(|policy| policy.startsecs = 0));
    let mut spawned = 0;
    let end = world.clock + std::time::Duration::from_secs(10);
    while world.clock < end {
        if world.spawns.is_empty() {
            world.pass_millis(1);
        } else {
            spawned += 1;
            world.spawn_next();
            world.exit("loop", code(1));
        }
    }
    assert_eq!(spawned, 101);
}

#[test]
fn a_stop_cancels_a_restart_that_is_held_back() {
    let mut world = World::with("loop", policy(|policy| policy.startsecs = 0));
    while !world.spawns.is_empty() {
        world.spawn_next();
        world.exit("loop", code(1));
    }
    let ticket = world.stop("loop", Wait::Yes);
    assert_eq!(world.said(ticket).as_deref(), Some("OK"));
    world.pass(10);
    assert_eq!((world.state("loop"), world.spawns.len()), (ProcessState::Exited, 0));
}

#[test]
fn a_program_that_exits_now_and_then_is_restarted_at_once() {
    let mut world = World::running("job", |_| ());
    for _ in 0..30 {
        world.exit("job", code(1));
        world.spawn_next();
        world.pass(1);
        assert_eq!(world.state("job"), ProcessState::Running);
    }
}

/// PROC-47, RPC-16.
#[test]
fn descriptions_of_all_states() {
    let mut world = World::with("web", manual(|policy| policy.startretries = 1));
    assert_eq!(world.description("web"), "Not started");
    let start = world.start("web", Wait::No);
    assert_eq!(world.description("web"), "");
    world.fail_spawn("no luck");
    assert_eq!(world.said(start).as_deref(), Some("SPAWN_ERROR: web"));
    assert_eq!(world.description("web"), "no luck");
    world.stop("web", Wait::No);
    assert_eq!(world.description("web"), "Not started");
    world.start("web", Wait::No);
    world.spawn_next();
    world.pass(86_405);
    assert_eq!(world.description("web"), "pid 101, uptime 1 day, 0:00:05");
    world.stop("web", Wait::No);
    assert_eq!(world.description("web"), "");
    world.exit("web", code(0));
    assert_eq!(world.description("web"), "ended at 86405");
    world.start("web", Wait::No);
    world.fail_spawn("");
    assert_eq!(world.description("web"), "unknown error (try \"tail web\")");
}

/// RPC-16.
#[test]
fn times_and_codes_on_the_wire() {
    let mut world = World::with("web", manual(|_| ()));
    let info = world.info("web");
    assert_eq!((info.start, info.stop, info.exit_status, info.pid), (None, None, 0, None));
    world.pass(5);
    world.start("web", Wait::No);
    world.spawn_next();
    world.pass(2);
    world.exit("web", code(0));
    world.pass(3);
    world.start("web", Wait::No);
    let info = world.info("web");
    assert_eq!(i64::from(ProcessInfo::clamped_seconds(info.start)), EPOCH + 10);
    assert_eq!(i64::from(ProcessInfo::clamped_seconds(info.stop)), EPOCH + 7);
    assert_eq!(info.exit_status, 0);
}

#[test]
fn a_process_that_cannot_be_signalled_is_unknown_until_its_child_ends() {
    let mut world = World::running("web", |_| ());
    world.refusals.push_back(KillError::Refused("[Errno 1] Operation not permitted".to_owned()));
    let ticket = world.signal("web", Ok(Signal::HUP));
    let text = "unknown problem sending sig web (101):[Errno 1] Operation not permitted";
    assert_eq!(world.said(ticket).unwrap(), format!("FAILED: {text}"));
    assert_eq!(world.state("web"), ProcessState::Unknown);
    assert_eq!(world.log(), ["DEBG sending web (pid 101) sig SIGHUP".to_owned(), format!("CRIT {text}")]);
    let ticket = world.start("web", Wait::No);
    assert_eq!(world.said(ticket).unwrap(), "FAILED: web is in an unknown process state");
    let ticket = world.stop("web", Wait::No);
    assert_eq!(world.said(ticket).unwrap(), "NOT_RUNNING: web");
    assert_eq!(world.remove("web").unwrap_err().to_string(), "STILL_RUNNING: web");
    world.exit("web", code(0));
    assert_eq!(world.state("web"), ProcessState::Exited);
    assert_eq!(world.log(), ["INFO exited: web (exit status 0; expected)"]);
}

#[test]
fn a_process_whose_stop_signal_was_refused_is_stopped_when_its_child_exits() {
    let mut world = World::running("web", |policy| policy.autorestart = Autorestart::Always);
    world.refusals.push_back(KillError::Refused("no".to_owned()));
    let ticket = world.stop("web", Wait::Yes);
    assert_eq!(world.said(ticket).unwrap(), "FAILED: unknown problem killing web (101):no");
    assert_eq!(world.state("web"), ProcessState::Unknown);
    world.log();
    world.exit("web", killed_by(Signal::TERM));
    assert_eq!(world.state("web"), ProcessState::Stopped);
    assert_eq!(world.log(), ["WARN stopped: web (terminated by SIGTERM)"]);
    assert!(world.spawns.is_empty());
}

/// RPC-42.
#[test]
fn a_group_is_removed_only_when_all_of_it_has_stopped() {
    let mut world = World::running("web", |_| ());
    assert_eq!(world.remove("web").unwrap_err().to_string(), "STILL_RUNNING: web");
    assert_eq!(world.remove("nope").unwrap_err().to_string(), "BAD_NAME: nope");
    world.exit("web", code(0));
    world.remove("web").unwrap();
    assert_eq!(world.supervisor.all_process_info(world.now()).count(), 0);
    assert_eq!(world.supervisor.groups().count(), 0);
    let again = world.add_spec("web", 1, GroupKind::Programs, &[("other", manual(|_| ()))]);
    assert_eq!(again, Ok(()));
    let twice = world.add_spec("web", 1, GroupKind::Programs, &[]);
    assert_eq!(twice.unwrap_err().to_string(), "ALREADY_ADDED: web");
}

/// RPC-42: BACKOFF, a spawn under way and STOPPING count as running.
#[test]
fn a_group_that_waits_for_anything_cannot_be_removed() {
    let mut world = World::with("web", policy(|_| ()));
    let still_running = |world: &mut World| assert!(world.remove("web").is_err());
    still_running(&mut world);
    world.fail_spawn("no luck");
    still_running(&mut world);
    world.pass(1);
    world.spawn_next();
    world.stop("web", Wait::No);
    still_running(&mut world);
    world.exit("web", code(0));
    world.remove("web").unwrap();
    world.feed(Input::Deadline);
    assert_eq!(world.supervisor.next_deadline(), None);
}

#[test]
fn the_history_tells_the_last_exit_the_failures_and_the_next_attempt() {
    let mut world = World::with("job", policy(|policy| policy.startsecs = 5));
    world.spawn_next();
    world.exit("job", code(3));
    let history = world.info("job").history;
    assert_eq!((history.restarts, history.failures, history.last_exit), (0, 1, Some(code(3))));
    assert!(history.next_attempt.is_some());
    assert_eq!(world.info("job").exit_status, 0, "an exit that came too quickly does not show on the wire");
}
