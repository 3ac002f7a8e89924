//! Starting the daemon: the order of its steps, as the log shows it.

use std::time::Duration;
use support::{Daemon, LogLine, Stopwatch, processes, wait_for, wait_until};

/// PROC-1
#[test]
fn foreground_start_logs_its_steps_in_order() {
    let daemon = Daemon::start("[program:x]\ncommand=sleep 1000\n");
    daemon.wait_for_message("spawned: 'x'");
    daemon.assert_order(&[
        "INFO RPC interface 'supervisor' initialized",
        "CRIT Server 'unix_http_server' running without any HTTP authentication checking",
        "INFO supervisord started with pid <pid>",
        "INFO spawned: 'x' with pid <pid>",
    ]);
}

/// PROC-2: upstream's first turn waits a second before it starts anything.
#[test]
fn first_program_is_spawned_without_delay_unlike_upstream() {
    let daemon = Daemon::start("[program:x]\ncommand=sleep 1000\n");
    let stopwatch = Stopwatch::start();
    daemon.wait_for_message("spawned: 'x'");
    let delay = stopwatch.elapsed();
    assert!(delay < Duration::from_millis(700), "{delay:?} after the line that says it has started");
}

/// PROC-69
#[test]
fn every_line_of_the_main_log_has_time_level_and_text() {
    let daemon =
        Daemon::start("[supervisord]\nloglevel=debug\n[program:x]\ncommand=sleep 1000\nstartsecs=0\n");
    daemon.wait_for_state("x", "RUNNING");
    daemon.ask("stopProcess", &["x".into()]);
    daemon.wait_for_message("DEBG killing x (pid ");
    let log = daemon.log();
    let misshapen: Vec<_> = log.lines().filter(|line| LogLine::parse(line).is_none()).collect();
    assert_eq!(misshapen, Vec::<&str>::new());
}

/// PROC-70
#[test]
fn foreground_output_carries_the_lines_of_the_log() {
    let mut daemon = Daemon::start("[program:x]\ncommand=sleep 1000\n");
    daemon.wait_for_message("spawned: 'x'");
    assert_eq!(daemon.terminate(), 0);
    assert_eq!(daemon.sandbox().text("stdout"), daemon.log());
}

/// PROC-70
#[test]
fn silent_daemon_writes_nothing_to_its_output() {
    let mut daemon = Daemon::start("[supervisord]\nsilent=true\n[program:x]\ncommand=sleep 1000\n");
    daemon.wait_for_message("spawned: 'x'");
    assert_eq!(daemon.terminate(), 0);
    assert_eq!(daemon.sandbox().text("stdout"), "");
}

#[test]
fn programs_without_autostart_wait_for_a_request() {
    let daemon =
        Daemon::start("[program:x]\ncommand=sleep 1000\nautostart=false\n[program:y]\ncommand=sleep 1000\n");
    daemon.wait_for_message("spawned: 'y'");
    assert_eq!(daemon.state("x"), "STOPPED");
    daemon.ask("startProcess", &["x".into()]);
    assert_eq!(daemon.state("x"), "RUNNING");
}

/// Upstream wakes up every second.
#[test]
fn idle_daemon_does_not_wake_up_unlike_upstream() {
    let daemon = Daemon::start(
        "[program:x]\ncommand=sleep 1000\nnumprocs=20\nprocess_name=x%(process_num)d\nstartsecs=0\n",
    );
    daemon.wait_for_messages("spawned: ", 20);
    let pid = daemon.pid();
    // What the start still has to do may wake it a few times more.
    wait_until("three seconds without a wake-up", || {
        let before = processes::wake_ups(pid);
        std::thread::sleep(Duration::from_secs(3));
        processes::wake_ups(pid) == before
    });
}

/// What reads a configuration and starts programs is not needed for a long time after it. That everything works from then on, any
/// test shows that takes longer than a second.
#[cfg(target_os = "linux")]
#[test]
fn code_used_only_at_startup_is_unmapped_unlike_upstream() {
    let daemon = Daemon::start("[program:x]\ncommand=sleep 1000\nstartsecs=0\n");
    daemon.wait_for_state("x", "RUNNING");
    let resident = |field| {
        let kib = processes::status_field(daemon.pid(), field).expect("the daemon runs");
        kib.trim_end_matches(" kB").parse::<u64>().expect("a number of KiB")
    };
    wait_until("a third of the memory to be given back", || 3 * resident("VmRSS") < 2 * resident("VmHWM"));
    let pid = daemon.pid_of("x");
    daemon.ask("reloadConfig", &[]);
    assert_eq!(daemon.pid_of("x"), pid);
}

/// The quick way to see that a daemon with its children is gone when the test that started it ends.
#[test]
fn the_sandbox_kills_what_was_started_in_it() {
    let daemon = Daemon::start("[program:x]\ncommand=/bin/sh -c \"sleep 1000 & sleep 1000\"\nstartsecs=0\n");
    daemon.wait_for_state("x", "RUNNING");
    let pids = wait_for("daemon, shell and two sleeps", || {
        let pids = daemon.sandbox().survivors();
        (pids.len() >= 4).then_some(pids)
    });
    drop(daemon);
    wait_until("all to be gone", || !pids.iter().any(|&pid| processes::is_alive(pid)));
}
