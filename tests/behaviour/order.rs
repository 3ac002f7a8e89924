//! In which order groups and processes start and stop. Each path has an order of its own.

use std::time::Duration;
use support::{Daemon, Stopwatch};

const TWO_LEVELS: &str = "[supervisord]\nloglevel=debug\n\
    [program:p1]\ncommand=sleep 1000\npriority=1\nstartsecs=0\n\
    [program:x]\ncommand=sleep 1000\npriority=20\nstartsecs=0\n\
    [program:y]\ncommand=sleep 1000\npriority=10\nstartsecs=0\n\
    [program:w]\ncommand=sleep 1000\npriority=20\nstartsecs=0\n\
    [group:g]\nprograms=x,y,w\npriority=5\n";

/// The names of the first processes spawned, in order.
fn spawned(daemon: &Daemon, count: usize) -> Vec<String> {
    let messages = daemon.wait_for_messages("INFO spawned: ", count);
    messages.iter().map(|message| message.split('\'').nth(1).unwrap().to_owned()).collect()
}

/// The names of the first processes that were sent their stop signal, in order.
fn killed(daemon: &Daemon, count: usize) -> Vec<String> {
    let messages = daemon.wait_for_messages("DEBG killing ", count);
    messages.iter().map(|message| message.split(' ').nth(2).unwrap().to_owned()).collect()
}

/// PROC-13
#[test]
fn groups_start_by_priority_and_stop_in_reverse_one_after_the_other() {
    let mut daemon = Daemon::start(
        "[supervisord]\nloglevel=debug\n\
         [program:p2b]\ncommand=sleep 1000\npriority=2\n[program:p2]\ncommand=sleep 1000\npriority=2\n\
         [program:x]\ncommand=sleep 1000\n[group:g]\nprograms=x\npriority=5\n\
         [program:p1]\ncommand=sleep 1000\npriority=1\n",
    );
    assert_eq!(spawned(&daemon, 4), ["p1", "p2", "p2b", "x"]);
    assert_eq!(daemon.terminate(), 0);
    daemon.assert_order(&[
        "killing x",
        "stopped: x",
        "killing p2b",
        "stopped: p2b",
        "killing p2",
        "stopped: p2",
        "killing p1",
        "stopped: p1",
    ]);
}

/// PROC-14a
#[test]
fn autostart_goes_by_listing_order_inside_a_group_and_shutdown_by_priority() {
    let mut daemon = Daemon::start(TWO_LEVELS);
    assert_eq!(spawned(&daemon, 4), ["p1", "x", "y", "w"]);
    assert_eq!(daemon.terminate(), 0);
    assert_eq!(killed(&daemon, 4), ["w", "x", "y", "p1"]);
}

/// PROC-14a
#[test]
fn stop_all_and_start_all_go_by_ascending_priority() {
    let daemon = Daemon::start(TWO_LEVELS);
    for name in ["p1", "g:x", "g:y", "g:w"] {
        daemon.wait_for_state(name, "RUNNING");
    }
    daemon.ask("stopAllProcesses", &[]);
    assert_eq!(killed(&daemon, 4), ["p1", "y", "x", "w"]);
    daemon.ask("startAllProcesses", &[]);
    assert_eq!(spawned(&daemon, 8)[4..], ["p1", "y", "x", "w"]);
}

/// PROC-14
#[test]
fn group_stops_by_descending_priority_with_ties_in_reverse_listing_order() {
    let mut daemon = Daemon::start(
        "[supervisord]\nloglevel=debug\n\
         [program:x]\ncommand=sleep 1000\npriority=10\n[program:y]\ncommand=sleep 1000\npriority=20\n\
         [program:w]\ncommand=sleep 1000\npriority=10\n[group:g]\nprograms=x,y,w\n",
    );
    assert_eq!(spawned(&daemon, 3), ["x", "y", "w"]);
    assert_eq!(daemon.terminate(), 0);
    assert_eq!(killed(&daemon, 3), ["y", "w", "x"]);
}

/// PROC-15: upstream spends up to a second on each group that has nothing to stop.
#[test]
fn idle_groups_do_not_delay_the_shutdown_unlike_upstream() {
    let section = |n| format!("[program:idle{n}]\ncommand=sleep 1\nautostart=false\npriority=1{n}\n");
    let idle = [1, 2, 3, 4, 5].map(section).concat();
    let live = "[program:live]\ncommand=sleep 1000\npriority=1\nstartsecs=0\n";
    let mut daemon = Daemon::start(&format!("[supervisord]\nloglevel=debug\n{idle}{live}"));
    daemon.wait_for_state("live", "RUNNING");
    let stopwatch = Stopwatch::start();
    daemon.signal("TERM");
    daemon.wait_for_message("killing live");
    let delay = stopwatch.elapsed();
    assert!(delay < Duration::from_millis(700), "{delay:?}");
    assert_eq!(daemon.wait_for_exit(), 0);
}

/// CFG-58
#[test]
fn equal_priorities_start_by_name_with_upper_case_first() {
    let section = |name| format!("[program:{name}]\ncommand=sleep 1000\n");
    let sections = ["b", "a9", "a", "B", "a10"].map(section).concat();
    let daemon = Daemon::start(&sections);
    assert_eq!(spawned(&daemon, 5), ["B", "a", "a10", "a9", "b"]);
}

#[test]
fn shutdown_logs_the_processes_it_waits_for() {
    let sandbox = support::Sandbox::new();
    sandbox.write("slow.sh", "trap 'sleep 0.5; exit 0' TERM\necho ready\nsleep 1000 & wait\n");
    let section = |name: &str| {
        format!("[program:{name}]\ncommand=/bin/sh %(here)s/slow.sh\nstdout_logfile=%(here)s/{name}.log\n")
    };
    let group = "[group:g]\nprograms=x,y\n";
    let mut daemon = Daemon::start_in(sandbox, &(section("x") + &section("y") + group));
    daemon.wait_for_file("x.log", "ready");
    daemon.wait_for_file("y.log", "ready");
    assert_eq!(daemon.terminate(), 0);
    // Said again every three seconds, then perhaps of one of them.
    assert_eq!(daemon.wait_for_message("to die"), "INFO waiting for x, y to die");
}
