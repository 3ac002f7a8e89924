//! Signals to the daemon.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;
use support::{Address, Daemon, Launch, Port, RpcClient, Sandbox, Stopwatch, processes, wait_until};

/// A program that ignores SIGTERM and says when it does.
const STUBBORN: &str = "trap '' TERM\necho ready\nwhile :; do sleep 0.1; done\n";

fn daemon_with_a_stubborn_program(options: &str) -> Daemon {
    let sandbox = Sandbox::new();
    sandbox.write("stubborn.sh", STUBBORN);
    let daemon = Daemon::start_in(
        sandbox,
        &format!(
            "[program:x]\ncommand=/bin/sh %(here)s/stubborn.sh\nstdout_logfile=%(here)s/x.log\n{options}\n"
        ),
    );
    daemon.wait_for_file("x.log", "ready");
    daemon
}

/// PROC-12: upstream's loop sleeps up to a second before it handles a signal.
#[test]
fn idle_daemon_ends_at_once_on_sigterm_unlike_upstream() {
    let mut daemon = Daemon::start("");
    let stopwatch = Stopwatch::start();
    assert_eq!(daemon.terminate(), 0);
    let took = stopwatch.elapsed();
    assert!(took < Duration::from_millis(700), "{took:?}");
    daemon.assert_messages("SIGTERM", &["WARN received SIGTERM indicating exit request"]);
}

#[test]
fn int_and_quit_end_the_daemon_as_term_does() {
    for name in ["INT", "QUIT"] {
        let mut daemon = Daemon::start("[program:x]\ncommand=sleep 1000\nstartsecs=0\n");
        daemon.wait_for_state("x", "RUNNING");
        daemon.signal(name);
        assert_eq!(daemon.wait_for_exit(), 0);
        daemon.assert_order(&[
            &format!("WARN received SIG{name} indicating exit request"),
            "WARN stopped: x (terminated by SIGTERM)",
        ]);
    }
}

/// PROC-17
#[test]
fn further_signals_during_the_shutdown_change_nothing() {
    let mut daemon = daemon_with_a_stubborn_program("stopwaitsecs=1000");
    let stubborn = daemon.pid_of("x");
    daemon.signal("TERM");
    daemon.wait_for_messages("received SIGTERM indicating exit request", 1);
    daemon.signal("TERM");
    daemon.wait_for_messages("received SIGTERM indicating exit request", 2);
    daemon.signal("HUP");
    daemon.wait_for_message("WARN ignored SIGHUP indicating restart request (shutdown in progress)");
    assert_eq!(daemon.messages_with("SIGKILL"), Vec::<String>::new(), "stopwaitsecs still runs");
    processes::signal(stubborn, "KILL");
    assert_eq!(daemon.wait_for_exit(), 0);
    assert_eq!(daemon.wait_for_messages("supervisord started", 1).len(), 1);
}

/// PROC-18
#[test]
fn sigterm_wins_over_a_restart_in_progress() {
    let mut daemon = daemon_with_a_stubborn_program("stopwaitsecs=1000");
    let stubborn = daemon.pid_of("x");
    daemon.signal("HUP");
    daemon.wait_for_message("WARN received SIGHUP indicating restart request");
    daemon.signal("TERM");
    daemon.wait_for_message("WARN received SIGTERM indicating exit request");
    processes::signal(stubborn, "KILL");
    assert_eq!(daemon.wait_for_exit(), 0);
    assert_eq!(daemon.wait_for_messages("supervisord started", 1).len(), 1);
}

/// PROC-19
#[test]
fn sighup_restarts_with_the_new_configuration_in_the_same_process() {
    let mut daemon = Daemon::start("[program:old]\ncommand=sleep 1000\nstartsecs=0\n");
    let pid = daemon.pid();
    let child = u32::try_from(daemon.wait_for_state("old", "RUNNING")["pid"].int()).unwrap();
    daemon.reconfigure("[program:new]\ncommand=sleep 1000\nstartsecs=0\n");
    daemon.signal("HUP");
    daemon.wait_for_message("spawned: 'new'");
    assert!(!processes::is_alive(child));
    daemon.assert_order(&[
        "supervisord started with pid",
        "spawned: 'old'",
        "WARN received SIGHUP indicating restart request",
        "stopped: old",
        "supervisord started with pid",
        "spawned: 'new'",
    ]);
    assert_eq!(daemon.pid(), pid);
    assert_eq!(daemon.call("getProcessInfo", &["old".into()]).unwrap_err().text, "BAD_NAME: old");
    assert!(daemon.is_running());
}

/// PROC-20: upstream stops every program first and then exits.
#[test]
fn sighup_with_a_broken_configuration_keeps_the_old_one_unlike_upstream() {
    let mut daemon = Daemon::start("[program:x]\ncommand=sleep 1000\nstartsecs=0\n");
    let child = daemon.wait_for_state("x", "RUNNING")["pid"].int();
    daemon.reconfigure("[program:x]\ncommand=sleep 1000\nstartsecs=soon\n");
    daemon.signal("HUP");
    daemon.wait_for_message("invalid literal for int() with base 10: 'soon' in section 'program:x'");
    assert!(daemon.is_running());
    assert_eq!(daemon.wait_for_state("x", "RUNNING")["pid"].int(), child);
    assert_eq!(daemon.messages_with("stopped: x"), Vec::<String>::new());
}

/// PROC-20, although the file is in order: upstream stops every program first and then exits.
#[test]
fn a_restart_to_an_address_in_use_is_refused_and_stops_nothing_unlike_upstream() {
    const PROGRAM: &str = "[program:x]\ncommand=sleep 1000\nstartsecs=0\n";
    const IN_USE: &str = "[inet_http_server] cannot listen: Another program is already listening on a port";
    let port = Port::reserve();
    let daemon = Daemon::start(PROGRAM);
    let child = daemon.wait_for_state("x", "RUNNING")["pid"].int();
    let occupant = TcpListener::bind((Ipv4Addr::LOCALHOST, port.number())).unwrap();
    let server = format!("[inet_http_server]\nport=127.0.0.1:{}\n", port.number());
    daemon.reconfigure(&format!("{server}{PROGRAM}"));
    let fault = daemon.call("restart", &[]).unwrap_err();
    assert!(fault.text.contains(IN_USE), "{fault}");
    daemon.signal("HUP");
    daemon.wait_for_messages(
        &format!("ERRO restart refused, the running configuration stays in force: {IN_USE}"),
        2,
    );
    assert_eq!(daemon.wait_for_state("x", "RUNNING")["pid"].int(), child);
    assert_eq!(daemon.messages_with("stopped: x"), Vec::<String>::new());

    // The socket that stays is no obstacle, neither at the first restart nor at the next.
    drop(occupant);
    for restarts in 1..=2 {
        daemon.signal("HUP");
        daemon.wait_for_messages("Server 'inet_http_server' running", restarts);
        daemon.wait_for_messages("supervisord started", restarts + 1);
    }
    assert!(RpcClient::new(Address::Tcp(port.number())).answers());
}

/// What only the start itself can find out. A configuration that was reread is not what ran.
#[test]
fn a_failed_restart_keeps_everything_running_unlike_upstream() {
    const RUNS: &str = "[program:x]\ncommand=sleep 1000\nstartsecs=0\n";
    let mut daemon = Daemon::start(RUNS);
    let child = u32::try_from(daemon.wait_for_state("x", "RUNNING")["pid"].int()).unwrap();
    daemon.reconfigure("[supervisord]\nlogfile=%(here)s\n[program:y]\ncommand=sleep 1000\n");
    daemon.ask("reloadConfig", &[]);
    daemon.signal("HUP");
    daemon.wait_for_message("CRIT cannot restart with the new configuration, going on with the old one: ");
    wait_until("the program runs anew", || daemon.messages_with("spawned: 'x'").len() == 2);
    assert!(!processes::is_alive(child));
    assert!(daemon.is_running());
    assert_eq!(daemon.call("getProcessInfo", &["y".into()]).unwrap_err().text, "BAD_NAME: y");
}

/// PROC-21
#[test]
fn sigusr2_reopens_renamed_logs() {
    let sandbox = Sandbox::new();
    sandbox.write("talk.sh", "trap 'echo again' USR1\necho first\nwhile :; do sleep 1000 & wait; done\n");
    let daemon = Daemon::start_in(
        sandbox,
        "[program:x]\ncommand=/bin/sh %(here)s/talk.sh\nstdout_logfile=%(here)s/x.log\nstartsecs=0\n",
    );
    daemon.wait_for_file("x.log", "first\n");
    let path = |name| daemon.sandbox().path(name);
    fs::rename(path("main.log"), path("main.old")).unwrap();
    fs::rename(path("x.log"), path("x.old")).unwrap();
    daemon.signal("USR2");
    wait_until("the new logs", || path("main.log").exists() && path("x.log").exists());
    daemon.ask("signalProcess", &["x".into(), "USR1".into()]);
    assert_eq!(daemon.wait_for_file("x.log", "again\n"), "again\n");
    assert_eq!(daemon.sandbox().text("x.old"), "first\n");
    daemon.ask("stopProcess", &["x".into()]);
    assert_eq!(daemon.wait_for_messages("stopped: x", 1).len(), 1);
    let old_log = daemon.sandbox().text("main.old");
    assert!(old_log.contains("INFO received SIGUSR2 indicating log reopen request\n"), "{old_log}");
    assert!(old_log.ends_with("INFO supervisord logreopen\n"), "{old_log}");
    let held: Vec<_> = processes::descriptors(daemon.pid()).into_values().collect();
    assert!(!held.contains(&path("main.old")) && !held.contains(&path("x.old")), "{held:?}");
}

/// PROC-21
#[test]
fn sigusr2_reopens_logs_of_programs_that_are_just_being_started() {
    const PROGRAMS: usize = 100;
    let sandbox = Sandbox::new();
    let (logs, old) = (sandbox.directory("logs"), sandbox.directory("old"));
    let daemon = Daemon::start_in(
        sandbox,
        &format!(
            "[program:x]\ncommand=/bin/cat\nnumprocs={PROGRAMS}\nprocess_name=%(process_num)d\nautostart=false\n\
             startsecs=0\nstdout_logfile=%(here)s/logs/%(process_num)d\nredirect_stderr=true\n"
        ),
    );
    daemon.ask("startProcessGroup", &["x".into(), false.into()]);
    for log in fs::read_dir(&logs).unwrap().map(Result::unwrap) {
        fs::rename(log.path(), old.join(log.file_name())).unwrap();
    }
    daemon.signal("USR2");
    daemon.wait_for_message("INFO supervisord logreopen");
    wait_until("all run", || daemon.messages_with("entered RUNNING state").len() == PROGRAMS);
    for number in 0..PROGRAMS {
        daemon.ask("sendProcessStdin", &[format!("x:{number}").as_str().into(), "line\n".into()]);
    }
    for number in 0..PROGRAMS {
        assert_eq!(daemon.wait_for_file(&format!("logs/{number}"), "line\n"), "line\n");
    }
}

/// PROC-22: upstream dies with a traceback and orphans its programs.
#[test]
fn sigusr2_survives_a_vanished_log_directory_unlike_upstream() {
    let sandbox = Sandbox::new();
    sandbox.directory("logs");
    let mut daemon = Daemon::start_in(
        sandbox,
        "[program:x]\ncommand=sleep 1000\nstdout_logfile=%(here)s/logs/x.log\nstartsecs=0\n",
    );
    let child = daemon.wait_for_state("x", "RUNNING")["pid"].int();
    fs::remove_dir_all(daemon.sandbox().path("logs")).unwrap();
    daemon.signal("USR2");
    daemon.wait_for_message("logs/x.log");
    assert!(daemon.is_running());
    assert_eq!(daemon.wait_for_state("x", "RUNNING")["pid"].int(), child);
}

/// The launcher may ignore SIGCHLD, and the kernel then keeps no exit status for its children.
#[test]
fn exit_statuses_are_known_when_sigchld_is_ignored_at_start() {
    let sandbox = Sandbox::new();
    let launch = Launch::new().through_shell("exec env --ignore-signal=CHLD \"$@\"");
    let config = "[program:x]\ncommand=/bin/sh -c \"exit 7\"\nstartsecs=0\nexitcodes=7\n";
    let daemon = launch.configure(&sandbox, config).start(sandbox);
    daemon.wait_for_message("INFO exited: x (exit status 7; expected)");
}
