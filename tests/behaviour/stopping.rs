//! Stopping a process.

use std::time::Duration;
use support::{Daemon, Sandbox, processes, stays_true_for, wait_for, wait_until};

/// Starts `/bin/sh` with a script as program `x`, whose output goes to `x.log`, and waits for its first line.
fn start_script(script: &str, options: &str) -> Daemon {
    let sandbox = Sandbox::new();
    sandbox.write("x.sh", script);
    let daemon = Daemon::start_in(
        sandbox,
        &format!(
            "[supervisord]\nloglevel=debug\n\
             [program:x]\ncommand=/bin/sh %(here)s/x.sh\nstdout_logfile=%(here)s/x.log\nstartsecs=0\n{options}\n"
        ),
    );
    daemon.wait_for_file("x.log", "\n");
    daemon.wait_for_state("x", "RUNNING");
    daemon
}

/// PROC-16
#[test]
fn stubborn_process_is_killed_after_stopwaitsecs() {
    let daemon = start_script("trap '' TERM\necho ready\nwhile :; do sleep 0.1; done\n", "stopwaitsecs=1");
    daemon.ask("stopProcess", &["x".into()]);
    daemon.assert_order(&[
        "DEBG killing x (pid <pid>) with signal SIGTERM",
        "INFO waiting for x to stop",
        "WARN killing 'x' (<pid>) with SIGKILL",
        "DEBG killing x (pid <pid>) with signal SIGKILL",
        "WARN stopped: x (terminated by SIGKILL)",
    ]);
    let grace = daemon.line_with("with signal SIGTERM").until(&daemon.line_with("with SIGKILL"));
    assert!(grace >= Duration::from_secs(1), "{grace:?}");
    assert_eq!(daemon.state("x"), "STOPPED");
}

/// PROC-40
#[test]
fn stop_in_backoff_takes_effect_at_once_and_lasts() {
    let daemon = Daemon::start(
        "[supervisord]\nloglevel=debug\n[program:x]\ncommand=/nonexistent\nstartretries=1000\n",
    );
    daemon.wait_for_state("x", "BACKOFF");
    daemon.ask("stopProcess", &["x".into()]);
    assert_eq!(daemon.state("x"), "STOPPED");
    daemon.assert_messages("Attempted to kill", &["DEBG Attempted to kill x, which is in BACKOFF state."]);
    stays_true_for(Duration::from_millis(1500), "x stays stopped", || daemon.state("x") == "STOPPED");
}

/// PROC-41
#[test]
fn starting_process_can_be_stopped() {
    let daemon = Daemon::start(
        "[supervisord]\nloglevel=debug\n[program:x]\ncommand=/bin/sh -c 'echo ready; exec sleep 1000'\n\
         startsecs=1000\nstdout_logfile=%(here)s/x.log\n",
    );
    // Upstream's children lose a signal that arrives between fork and exec.
    daemon.wait_for_file("x.log", "ready\n");
    assert_eq!(daemon.state("x"), "STARTING");
    daemon.ask("stopProcess", &["x".into()]);
    assert_eq!(daemon.state("x"), "STOPPED");
    daemon.assert_order(&[
        "spawned: 'x'",
        "killing x (pid <pid>) with signal SIGTERM",
        "WARN stopped: x (terminated by SIGTERM)",
    ]);
    assert_eq!(daemon.messages_with("success: x"), Vec::<String>::new());
}

/// PROC-43
#[test]
fn stop_with_an_expected_code_is_no_warning() {
    let daemon = start_script("trap 'exit 0' TERM\necho ready\nsleep 1000 & wait\n", "");
    daemon.ask("stopProcess", &["x".into()]);
    daemon.assert_messages("stopped: x", &["INFO stopped: x (exit status 0)"]);
    assert_eq!(daemon.info("x")["exitstatus"].int(), 0);
}

/// PROC-43
#[test]
fn stop_by_the_signal_itself_is_a_warning() {
    let daemon = start_script("echo ready\nexec sleep 1000\n", "");
    daemon.ask("stopProcess", &["x".into()]);
    daemon.assert_messages("stopped: x", &["WARN stopped: x (terminated by SIGTERM)"]);
    assert_eq!(daemon.info("x")["exitstatus"].int(), -1);
}

const WITH_GRANDCHILD: &str = "sleep 1000 &\necho $!\nwait\n";

fn grandchild(daemon: &Daemon) -> u32 {
    wait_for("the grandchild's id", || daemon.sandbox().text("x.log").trim().parse().ok())
}

/// PROC-44
#[test]
fn stopasgroup_reaches_the_grandchild() {
    let daemon = start_script(WITH_GRANDCHILD, "stopasgroup=true");
    let grandchild = grandchild(&daemon);
    daemon.ask("stopProcess", &["x".into()]);
    // Upstream replies when the child has exited.
    wait_until("the grandchild to end", || !processes::is_alive(grandchild));
    daemon.assert_order(&["DEBG killing x (pid <pid>) process group with signal SIGTERM"]);
}

/// PROC-44
#[test]
fn without_either_option_the_grandchild_survives() {
    let daemon = start_script(WITH_GRANDCHILD, "");
    let grandchild = grandchild(&daemon);
    daemon.ask("stopProcess", &["x".into()]);
    assert_eq!(daemon.state("x"), "STOPPED");
    assert!(processes::is_alive(grandchild));
}

/// PROC-44: upstream sends no SIGKILL if the child itself ended of SIGTERM, and leaves the grandchild alive.
#[test]
fn killasgroup_reaches_the_grandchild_only_with_sigkill_unlike_upstream() {
    for script in [WITH_GRANDCHILD.to_owned(), format!("trap '' TERM\n{WITH_GRANDCHILD}")] {
        let daemon = start_script(&script, "killasgroup=true\nstopwaitsecs=1");
        let victim = grandchild(&daemon);
        daemon.ask("stopProcess", &["x".into()]);
        assert!(!processes::is_alive(victim));
        daemon.assert_order(&[
            "DEBG killing x (pid <pid>) with signal SIGTERM",
            "DEBG killing x (pid <pid>) process group with signal SIGKILL",
            "WARN stopped: x",
        ]);
    }
}

/// PROC-45
#[test]
fn configured_stop_signal_is_delivered_and_logged() {
    let daemon =
        start_script("trap 'echo got it; exit 0' USR1\necho ready\nsleep 1000 & wait\n", "stopsignal=USR1");
    daemon.ask("stopProcess", &["x".into()]);
    assert_eq!(daemon.wait_for_file("x.log", "got it\n"), "ready\ngot it\n");
    daemon
        .assert_order(&["DEBG killing x (pid <pid>) with signal SIGUSR1", "INFO stopped: x (exit status 0)"]);
}

/// PROC-72: upstream answers true and starts nothing.
#[test]
fn start_while_stopping_is_refused_unlike_upstream() {
    let daemon = start_script("trap '' TERM\necho ready\nwhile :; do sleep 0.1; done\n", "stopwaitsecs=1000");
    daemon.ask("stopProcess", &["x".into(), false.into()]);
    daemon.wait_for_state("x", "STOPPING");
    let answer = daemon.call("startProcess", &["x".into(), false.into()]);
    assert!(answer.is_err(), "{answer:?}");
    assert_eq!(daemon.wait_for_messages("spawned: 'x'", 1).len(), 1);
}

#[test]
fn stop_of_a_stopped_process_is_refused() {
    let daemon = Daemon::start("[program:x]\ncommand=sleep 1000\nautostart=false\n");
    let fault = daemon.call("stopProcess", &["x".into()]).unwrap_err();
    assert_eq!(fault.to_string(), "70 NOT_RUNNING: x");
}

/// A stop is asked for while the process is being stopped already.
#[test]
fn stop_while_stopping_is_refused() {
    let daemon = start_script("trap '' TERM\necho ready\nwhile :; do sleep 0.1; done\n", "stopwaitsecs=1000");
    daemon.ask("stopProcess", &["x".into(), false.into()]);
    daemon.wait_for_state("x", "STOPPING");
    let fault = daemon.call("stopProcess", &["x".into()]).unwrap_err();
    assert_eq!(fault.to_string(), "70 NOT_RUNNING: x");
}
