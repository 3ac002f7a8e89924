//! Starting, staying up, failing, retrying, giving up.

use crate::world::{World, code, killed_by, manual, policy};
use supervisor_core::{Input, KillCause, Pid, ProcessState, Selection, Signal, Wait};

#[test]
fn nothing_is_spawned_before_the_main_loop_begins() {
    let mut world = World::empty();
    world.add("web", 999, &[("web", policy(|_| ()))]);
    assert!(world.spawns.is_empty());
    world.feed(Input::Started);
    assert_eq!(world.spawns.len(), 1);
    assert_eq!(world.supervisor.next_deadline(), None);
}

/// PROC-2: spawned in the very turn in which the loop begins.
#[test]
fn a_start_is_logged_when_the_pid_is_known_and_when_it_has_stayed_up() {
    let mut world = World::with("web", policy(|_| ()));
    assert_eq!((world.state("web"), world.pid("web")), (ProcessState::Starting, None));
    world.spawn_next();
    assert_eq!((world.state("web"), world.pid("web")), (ProcessState::Starting, Pid::new(101)));
    world.pass_millis(999);
    assert_eq!(world.state("web"), ProcessState::Starting);
    world.pass_millis(1);
    assert_eq!(world.state("web"), ProcessState::Running);
    assert_eq!(
        world.log(),
        [
            "INFO spawned: 'web' with pid 101",
            "INFO success: web entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)",
        ]
    );
    assert_eq!(world.supervisor.next_deadline(), None);
}

#[test]
fn startsecs_count_from_the_spawn_effect() {
    let mut world = World::with("web", policy(|policy| policy.startsecs = 5));
    world.pass(3);
    world.spawn_next();
    world.pass_millis(1_999);
    assert_eq!(world.state("web"), ProcessState::Starting);
    world.pass_millis(1);
    assert_eq!(world.state("web"), ProcessState::Running);
}

#[test]
fn a_spawn_that_took_longer_than_startsecs_is_running_at_the_next_look_at_the_clock() {
    let mut world = World::with("web", policy(|_| ()));
    world.pass(30);
    world.spawn_next();
    assert_eq!(world.state("web"), ProcessState::Starting);
    world.feed(Input::Deadline);
    assert_eq!(world.state("web"), ProcessState::Running);
}

/// PROC-23.
#[test]
fn a_command_that_cannot_be_spawned_is_retried_until_fatal() {
    let mut world = World::with("bad", policy(|policy| policy.startretries = 1));
    world.fail_spawn("can't find command '/nonexistent'");
    assert_eq!(world.state("bad"), ProcessState::Backoff);
    assert_eq!(world.description("bad"), "can't find command '/nonexistent'");
    world.pass(1);
    world.fail_spawn("can't find command '/nonexistent'");
    assert_eq!(world.state("bad"), ProcessState::Fatal);
    assert_eq!(
        world.log(),
        [
            "INFO spawnerr: can't find command '/nonexistent'",
            "INFO spawnerr: can't find command '/nonexistent'",
            "INFO gave up: bad entered FATAL state, too many start retries too quickly",
        ]
    );
    assert_eq!(world.supervisor.next_deadline(), None);
}

/// PROC-32, PROC-46: an expected exit code does not help, and it was never RUNNING.
#[test]
fn an_exit_before_startsecs_is_a_failed_start() {
    let mut world = World::with("once", policy(|_| ()));
    world.spawn_next();
    world.pass_millis(999);
    world.exit("once", code(0));
    assert_eq!(world.state("once"), ProcessState::Backoff);
    assert_eq!(
        world.log(),
        ["INFO spawned: 'once' with pid 101", "WARN exited: once (exit status 0; not expected)"]
    );
    let info = world.info("once");
    assert_eq!(
        (info.spawn_error, info.exit_status),
        ("Exited too quickly (process log may have details)", 0)
    );
}

/// PROC-46: the exit is fed before the deadline, so a dead process never becomes RUNNING.
#[test]
fn an_exit_known_when_startsecs_have_passed_is_handled_first() {
    let mut world = World::with("once", policy(|_| ()));
    world.spawn_next();
    world.clock += std::time::Duration::from_secs(1);
    world.exit("once", code(0));
    world.feed(Input::Deadline);
    assert_eq!(world.state("once"), ProcessState::Exited);
    assert_eq!(
        world.log(),
        ["INFO spawned: 'once' with pid 101", "INFO exited: once (exit status 0; expected)"]
    );
}

/// PROC-37.
#[test]
fn retries_are_spaced_by_one_second_more_each_time() {
    let mut world = World::with("flaky", policy(|policy| policy.startretries = 2));
    let mut spawned_at = Vec::new();
    while world.state("flaky") != ProcessState::Fatal {
        if world.spawns.is_empty() {
            world.pass_millis(10);
        } else {
            spawned_at.push(world.clock.as_millis() - 1_000_000);
            world.spawn_next();
            world.exit("flaky", code(1));
        }
    }
    assert_eq!(spawned_at, [0, 1000, 3000]);
    let gave_up = "INFO gave up: flaky entered FATAL state, too many start retries too quickly";
    assert_eq!(world.log().last().unwrap(), gave_up);
    world.pass(3600);
    assert!(world.spawns.is_empty());
}

#[test]
fn no_or_fewer_retries_mean_one_attempt() {
    for startretries in [0, -5] {
        let mut world = World::with("flaky", policy(|policy| policy.startretries = startretries));
        world.fail_spawn("command is empty");
        assert_eq!(world.state("flaky"), ProcessState::Fatal);
    }
}

/// PROC-42: a start by hand begins to count anew.
#[test]
fn a_start_from_fatal_has_all_its_retries() {
    let mut world = World::with("flaky", policy(|policy| policy.startretries = 1));
    for _ in 0..2 {
        world.fail_spawn("command is empty");
        world.pass(1);
    }
    assert_eq!(world.state("flaky"), ProcessState::Fatal);
    world.start("flaky", Wait::No);
    world.fail_spawn("command is empty");
    assert_eq!(world.state("flaky"), ProcessState::Backoff);
}

#[test]
fn staying_up_forgets_former_failures() {
    let mut world = World::with("flaky", policy(|policy| policy.startretries = 1));
    world.fail_spawn("command is empty");
    world.pass(1);
    world.spawn_all();
    world.pass(1);
    assert_eq!(world.info("flaky").spawn_error, "");
    world.exit("flaky", code(1));
    world.fail_spawn("command is empty");
    assert_eq!(world.state("flaky"), ProcessState::Backoff);
}

#[test]
fn a_child_reaped_before_its_spawned_fact_is_not_taken_for_an_orphan() {
    let mut world = World::with("once", policy(|_| ()));
    let pid = Pid::new(101).unwrap();
    world.feed(Input::Reaped { pid, status: code(7) });
    assert_eq!(world.log(), [""; 0]);
    world.spawn_next();
    assert_eq!(world.state("once"), ProcessState::Backoff);
    assert_eq!(
        world.log(),
        ["INFO spawned: 'once' with pid 101", "WARN exited: once (exit status 7; not expected)"]
    );
}

/// PROC-64.
#[test]
fn strangers_are_logged_once_no_spawn_is_under_way() {
    let mut world = World::running("web", |_| ());
    let stranger = |pid| Input::Reaped { pid: Pid::new(pid).unwrap(), status: killed_by(Signal::KILL) };
    world.feed(stranger(4000));
    assert_eq!(world.log(), ["INFO reaped unknown pid 4000 (terminated by SIGKILL)"]);
    world.add("slow", 999, &[("slow", policy(|_| ()))]);
    world.feed(stranger(4001));
    assert_eq!(world.log(), [""; 0]);
    world.fail_spawn("command is empty");
    assert_eq!(
        world.log(),
        ["INFO spawnerr: command is empty", "INFO reaped unknown pid 4001 (terminated by SIGKILL)"]
    );
}

#[test]
fn a_child_spawned_for_no_process_is_killed() {
    let mut world = World::with("web", manual(|_| ()));
    let process = world.id("web");
    let pid = Pid::new(77).unwrap();
    world.feed(Input::Spawned { process, pid });
    assert_eq!(world.signals(), ["web SIGKILL"]);
    assert_eq!(world.log(), ["ERRO pid 77 was spawned for web in state STOPPED"]);
    world.remove("web").unwrap();
    world.feed(Input::Spawned { process, pid });
    assert_eq!(world.kills[0].cause, KillCause::Stray);
    assert_eq!(world.kills[0].pid, pid);
}

#[test]
fn facts_that_fit_nothing_are_logged_and_change_nothing() {
    let mut world = World::running("web", |_| ());
    let process = world.id("web");
    world.feed(Input::SpawnFailed { process, message: "late".to_owned() });
    world.feed(Input::Started);
    assert_eq!(
        world.log(),
        ["ERRO spawning failed for web in state RUNNING: late", "ERRO the main loop was said to begin twice"]
    );
    assert_eq!(world.state("web"), ProcessState::Running);
    world.exit("web", code(0));
    world.remove("web").unwrap();
    world.log();
    world.feed(Input::SpawnFailed { process, message: "late".to_owned() });
    assert_eq!(world.log(), ["ERRO spawning failed for a process that is no more: late"]);
}

/// PROC-13, PROC-14, PROC-14a: groups by priority, inside a group as listed.
#[test]
fn autostart_takes_groups_by_priority_and_processes_as_listed() {
    let mut world = World::empty();
    let program = |name, priority| (name, policy(|policy| policy.priority = priority));
    world.add("g", 5, &[program("x", 20), program("y", 10), program("w", 20)]);
    world.add("p1", 1, &[program("p1", 999)]);
    world.add("p2", 2, &[program("p2", 999), ("idle", manual(|_| ()))]);
    world.add("p2b", 2, &[program("p2b", 999)]);
    world.feed(Input::Started);
    assert_eq!(world.spawn_all(), ["p1", "p2", "p2b", "x", "y", "w"]);
}

/// RPC-41.
#[test]
fn a_group_added_later_starts_at_once() {
    let mut world = World::running("web", |_| ());
    world.add("more", 1, &[("a", policy(|_| ())), ("b", manual(|_| ()))]);
    assert_eq!(world.spawn_all(), ["a"]);
    assert_eq!(world.supervisor.processes(Selection::All), ["a", "b", "web"].map(|name| world.id(name)));
}

#[test]
fn the_wall_clock_decides_nothing() {
    let mut world = World::with("web", policy(|policy| policy.startsecs = 10));
    world.spawn_next();
    world.wall_shift = -86_400;
    world.pass(9);
    assert_eq!(world.state("web"), ProcessState::Starting);
    world.wall_shift = 86_400;
    world.pass(1);
    assert_eq!(world.state("web"), ProcessState::Running);
    assert_eq!(world.description("web"), "pid 101, uptime 0:00:10");
}
