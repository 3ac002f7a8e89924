//! What an exit means: retries, restarts, expected codes.

use std::os::unix::process::ExitStatusExt;
use std::time::Duration;
use support::{Daemon, Sandbox, Stopwatch, stays_true_for, wait_for};

/// PROC-32
#[test]
fn early_exit_is_a_failed_start_even_with_an_expected_code() {
    let daemon = Daemon::start("[program:x]\ncommand=/bin/sh -c \"exit 0\"\nstartsecs=5\nstartretries=100\n");
    daemon.wait_for_message("WARN exited: x (exit status 0; not expected)");
    let info = daemon.wait_for_state("x", "BACKOFF");
    assert_eq!(info["spawnerr"].text(), "Exited too quickly (process log may have details)");
    assert_eq!(info["exitstatus"].int(), 0);
    assert_eq!(daemon.messages_with("success: x"), Vec::<String>::new());
}

/// PROC-33
#[test]
fn without_startsecs_an_expected_exit_is_final() {
    let daemon = Daemon::start("[program:x]\ncommand=/bin/sh -c \"exit 0\"\nstartsecs=0\n");
    daemon.wait_for_state("x", "EXITED");
    daemon.assert_messages("exited: x", &["INFO exited: x (exit status 0; expected)"]);
    stays_true_for(Duration::from_millis(500), "x stays exited", || daemon.state("x") == "EXITED");
    assert_eq!(daemon.wait_for_messages("spawned: 'x'", 1).len(), 1);
}

/// PROC-34
#[test]
fn without_startsecs_an_unexpected_exit_is_restarted() {
    let daemon = Daemon::start("[program:x]\ncommand=/bin/sh -c \"exit 4\"\nstartsecs=0\n");
    daemon.wait_for_messages("WARN exited: x (exit status 4; not expected)", 2);
    daemon.wait_for_messages("spawned: 'x'", 3);
    assert_eq!(daemon.messages_with("gave up"), Vec::<String>::new());
}

/// PROC-35
#[test]
fn listed_exit_code_is_expected_and_not_restarted() {
    let daemon =
        Daemon::start("[program:x]\ncommand=/bin/sh -c \"sleep 1.5; exit 2\"\nstartsecs=1\nexitcodes=0,2\n");
    daemon.wait_for_message("INFO exited: x (exit status 2; expected)");
    daemon.assert_order(&[
        "INFO success: x entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)",
        "exited: x",
    ]);
    let info = daemon.wait_for_state("x", "EXITED");
    assert_eq!(info["exitstatus"].int(), 2);
    assert_eq!(daemon.wait_for_messages("spawned: 'x'", 1).len(), 1);
}

/// PROC-35
#[test]
fn unlisted_exit_code_is_a_warning_and_restarted() {
    let daemon =
        Daemon::start("[program:x]\ncommand=/bin/sh -c \"sleep 1.5; exit 2\"\nstartsecs=1\nexitcodes=0\n");
    daemon.wait_for_message("WARN exited: x (exit status 2; not expected)");
    daemon.wait_for_messages("spawned: 'x'", 2);
}

/// PROC-36
#[test]
fn autorestart_true_restarts_after_an_expected_exit() {
    let daemon = Daemon::start("[program:x]\ncommand=/bin/sh -c \"exit 0\"\nstartsecs=0\nautorestart=true\n");
    daemon.wait_for_messages("INFO exited: x (exit status 0; expected)", 2);
    daemon.wait_for_messages("spawned: 'x'", 3);
}

/// PROC-36
#[test]
fn with_no_exit_codes_every_exit_is_unexpected() {
    let daemon = Daemon::start(
        "[program:x]\ncommand=/bin/sh -c \"exit 0\"\nstartsecs=0\nautorestart=false\nexitcodes=\n",
    );
    daemon.wait_for_state("x", "EXITED");
    daemon.assert_messages("exited: x", &["WARN exited: x (exit status 0; not expected)"]);
}

/// PROC-37
#[test]
fn retries_are_counted_and_spaced_ever_further() {
    let daemon = Daemon::start("[program:x]\ncommand=/bin/sh -c \"exit 1\"\nstartsecs=5\nstartretries=2\n");
    daemon.wait_for_message("INFO gave up: x entered FATAL state, too many start retries too quickly");
    let lines = daemon.log_lines();
    let spawns: Vec<_> = lines.iter().filter(|line| line.text.contains("spawned: 'x'")).collect();
    assert_eq!(spawns.len(), 3);
    assert!(spawns[0].until(spawns[1]) >= Duration::from_millis(999));
    assert!(spawns[1].until(spawns[2]) >= Duration::from_millis(1999));
}

/// PROC-38
#[test]
fn death_by_signal_is_named() {
    let daemon = Daemon::start(
        "[program:x]\ncommand=/bin/sh -c \"ulimit -c 0; kill -SEGV $$\"\nstartsecs=0\nautorestart=false\n",
    );
    let info = daemon.wait_for_state("x", "EXITED");
    daemon.assert_messages("exited: x", &["WARN exited: x (terminated by SIGSEGV; not expected)"]);
    assert_eq!((info["exitstatus"].int(), info["spawnerr"].text()), (-1, "Bad exit code -1"));
}

/// PROC-39
#[test]
fn core_dump_is_logged() {
    let sandbox = Sandbox::new();
    sandbox.write("crash.sh", "ulimit -c unlimited\nkill -SEGV $$\n");
    // Whether a core is written is up to the machine; what the kernel reports has to be in the log.
    let direct = sandbox.command("/bin/sh").arg("crash.sh").status().unwrap();
    let suffix = if direct.core_dumped() { " (core dumped)" } else { "" };
    let daemon = Daemon::start_in(
        sandbox,
        "[program:x]\ncommand=/bin/sh %(here)s/crash.sh\ndirectory=%(here)s\nstartsecs=0\nautorestart=false\n",
    );
    daemon.wait_for_state("x", "EXITED");
    daemon.assert_messages(
        "exited: x",
        &[format!("WARN exited: x (terminated by SIGSEGV{suffix}; not expected)")],
    );
}

/// PROC-42
#[test]
fn start_from_fatal_begins_with_a_fresh_count() {
    let daemon = Daemon::start("[program:x]\ncommand=/bin/sh -c \"exit 1\"\nstartsecs=5\nstartretries=1\n");
    daemon.wait_for_messages("gave up: x", 1);
    assert_eq!(daemon.wait_for_messages("spawned: 'x'", 2).len(), 2);
    let fault = daemon.call("startProcess", &["x".into()]).unwrap_err();
    assert_eq!(fault.to_string(), "50 SPAWN_ERROR: x");
    daemon.wait_for_messages("gave up: x", 2);
    assert_eq!(daemon.wait_for_messages("spawned: 'x'", 4).len(), 4);
}

/// PROC-46: upstream may notice the exit only a second later and then take the program for a running one.
#[test]
fn short_lived_programs_are_never_reported_running_unlike_upstream() {
    let daemon = Daemon::start(
        "[program:x]\ncommand=/bin/echo hi\nnumprocs=20\nprocess_name=x%(process_num)d\nstartsecs=5\nstartretries=0\n",
    );
    daemon.wait_for_messages("spawned: ", 20);
    let stopwatch = Stopwatch::start();
    daemon.wait_for_messages("gave up: ", 20);
    let took = stopwatch.elapsed();
    assert!(took < Duration::from_secs(1), "{took:?} until the last exit was noticed");
    assert_eq!(daemon.messages_with("success: "), Vec::<String>::new());
    assert_eq!(daemon.wait_for_messages("(exit status 0; not expected)", 20).len(), 20);
}

/// PROC-47
#[test]
fn each_state_has_its_description() {
    let daemon = Daemon::start(
        "[program:never]\ncommand=sleep 1\nautostart=false\n\
         [program:running]\ncommand=sleep 1000\nstartsecs=0\n\
         [program:starting]\ncommand=sleep 1000\nstartsecs=1000\n\
         [program:exited]\ncommand=/bin/sh -c \"exit 0\"\nstartsecs=0\n\
         [program:backoff]\ncommand=/nonexistent\nstartretries=1000\n\
         [program:fatal]\ncommand=/nonexistent\nstartretries=0\n",
    );
    let description =
        |name: &str, state: &str| daemon.wait_for_state(name, state)["description"].text().to_owned();
    assert_eq!(description("never", "STOPPED"), "Not started");
    assert_eq!(description("starting", "STARTING"), "");
    assert_eq!(description("backoff", "BACKOFF"), "can't find command '/nonexistent'");
    assert_eq!(description("fatal", "FATAL"), "can't find command '/nonexistent'");
    let pid = daemon.wait_for_state("running", "RUNNING")["pid"].int();
    let running = description("running", "RUNNING");
    assert!(running.starts_with(&format!("pid {pid}, uptime 0:00:")), "{running}");
    // The stop time, in local time: `Nov 21 03:58 AM`.
    let exited = wait_for("the time of the exit", || {
        let now = daemon.sandbox().command("date").arg("+%b %d %I:%M %p").output().unwrap();
        let minute = String::from_utf8(now.stdout).unwrap();
        let exited = description("exited", "EXITED");
        (exited.len() == minute.trim_end().len()).then_some(exited)
    });
    assert!(exited.ends_with("AM") || exited.ends_with("PM"), "{exited}");
}
