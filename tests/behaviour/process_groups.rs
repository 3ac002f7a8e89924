//! Stops that concern a process group, and starts of servers whose predecessor has not freed its place yet.

use super::listening::{recorded_until, recorder, sandbox};
use std::fs;
use std::process::Command;
use std::time::Duration;
use support::{Account, Daemon, Launch, Sandbox, is_root, processes, stays_true_for, wait_for, wait_until};

/// A server that needs 0.8 s to free its place after SIGTERM. The place, a directory, is as exclusive as a port.
const SERVER: &str = "\
mkdir place || exit 1
trap 'echo cleaning up; sleep 0.8; rmdir place; echo done; exit 0' TERM
echo serving
while :; do sleep 0.1; done
";

/// One that does not care.
const STUBBORN: &str = "trap '' TERM\necho serving\nwhile :; do sleep 0.1; done\n";

/// Its wrapper: dies of SIGTERM itself, and leaves the server running.
const WRAPPER: &str = "/bin/sh server.sh\n:\n";

fn config(options: &str) -> String {
    format!(
        "[supervisord]\nloglevel=debug\n[program:web]\ncommand=/bin/sh wrap.sh\ndirectory=%(here)s\nstartsecs=0\n\
         stdout_logfile=%(here)s/web.log\nstderr_logfile=%(here)s/web.err\n{options}\n"
    )
}

/// Starts a wrapped server, and waits until it serves.
fn start(sandbox: Sandbox, server: &str, config: &str) -> Daemon {
    sandbox.write("server.sh", server);
    sandbox.write("wrap.sh", WRAPPER);
    let daemon = Daemon::start_in(sandbox, config);
    daemon.wait_for_file("web.log", "serving\n");
    daemon.wait_for_state("web", "RUNNING");
    daemon
}

fn ctl(daemon: &Daemon, line: &str) -> (String, i32) {
    let words: Vec<_> = line.split_whitespace().collect();
    let outcome = daemon.ctl(&words);
    assert_eq!(outcome.stderr, "", "{line}");
    (outcome.stdout, outcome.code)
}

/// Upstream starts the next server before the last one is gone; that it mostly reports success is due to its slow poll.
#[test]
fn a_wrapped_server_can_be_restarted_every_time_unlike_upstream() {
    let daemon = start(Sandbox::new(), SERVER, &config("stopasgroup=true\nstartsecs=1"));
    let restarted = ("web: stopped\nweb: started\n".to_owned(), 0);
    for line in ["restart web", "restart web", "restart all", "restart web:*"] {
        assert_eq!(ctl(&daemon, line), restarted, "{line}");
    }
    assert_eq!(ctl(&daemon, "stop web"), ("web: stopped\n".to_owned(), 0));
    assert_eq!(ctl(&daemon, "start web"), ("web: started\n".to_owned(), 0));
    assert_eq!(daemon.messages_with("exited: web"), [""; 0], "every server had its place");
    let descriptors = processes::descriptors(daemon.pid());
    let is_pidfd = |target: &&std::path::PathBuf| target.to_string_lossy().contains("pidfd");
    assert_eq!(descriptors.values().filter(is_pidfd).count(), 1, "{descriptors:?}");
}

#[test]
fn a_stop_of_a_group_is_over_when_the_group_is_empty_unlike_upstream() {
    let listener = recorder("rec", "events=PROCESS_STATE_STOPPED");
    let daemon = start(sandbox(), SERVER, &(config("stopasgroup=true") + &listener));
    daemon.wait_for_state("rec", "RUNNING");
    let leader = daemon.pid_of("web");
    assert!(processes::in_group(leader).len() > 1);
    daemon.ask("stopProcess", &["web".into(), false.into()]);
    wait_until("the leader to end", || !processes::is_alive(leader));
    let info = daemon.info("web");
    assert_eq!((info["statename"].text(), info["pid"].int()), ("STOPPING", i64::from(leader)));
    daemon.wait_for_state("web", "STOPPED");
    assert_eq!(processes::in_group(leader), [0; 0]);
    assert_eq!(daemon.info("web")["exitstatus"].int(), -1, "that of the leader");
    assert_eq!(daemon.sandbox().text("web.log"), "serving\ncleaning up\ndone\n", "the last words are kept");
    daemon.assert_messages("stopped: web", &["WARN stopped: web (terminated by SIGTERM)"]);
    let events = recorded_until(&daemon, "rec", |event| event.text().contains("processname:web"));
    let last = events.last().unwrap().text();
    assert_eq!(last, format!("processname:web groupname:web from_state:STOPPING pid:{leader}"));
}

#[test]
fn members_that_ignore_the_stop_signal_are_killed_after_stopwaitsecs_unlike_upstream() {
    let daemon = start(Sandbox::new(), STUBBORN, &config("stopasgroup=true\nstopwaitsecs=1"));
    let leader = daemon.pid_of("web");
    daemon.ask("stopProcess", &["web".into()]);
    assert_eq!(processes::in_group(leader), [0; 0]);
    daemon.assert_order(&[
        "DEBG killing web (pid <pid>) process group with signal SIGTERM",
        "INFO waiting for web to stop",
        "WARN killing 'web' (<pid>) with SIGKILL",
        "DEBG killing web (pid <pid>) process group with signal SIGKILL",
        "WARN stopped: web (terminated by SIGTERM)",
    ]);
    let grace = daemon.line_with("with signal SIGTERM").until(&daemon.line_with("with SIGKILL"));
    assert!(grace >= Duration::from_secs(1), "{grace:?}");
    assert_eq!(daemon.messages_with("with SIGKILL").len(), 1);
}

/// The kernel reports the end of a member; nothing polls for it.
#[test]
fn waiting_for_a_process_group_causes_no_wakeups_unlike_upstream() {
    let daemon = start(Sandbox::new(), STUBBORN, &config("stopasgroup=true\nstopwaitsecs=1000"));
    let leader = daemon.pid_of("web");
    daemon.ask("stopProcess", &["web".into(), false.into()]);
    wait_until("the leader to end", || !processes::is_alive(leader));
    let pid = daemon.pid();
    wait_until("a second without a wake-up", || {
        let before = processes::wake_ups(pid);
        std::thread::sleep(Duration::from_secs(1));
        processes::wake_ups(pid) == before
    });
    assert_eq!(daemon.state("web"), "STOPPING");
    // The daemon notices the end of the last member without a request or signal.
    processes::signal_group(leader, "KILL");
    daemon.wait_for_state("web", "STOPPED");
}

/// A leader that waits for its group as a zombie would hide other dead children from the daemon.
#[test]
fn orphans_are_reaped_while_a_group_is_waited_for_unlike_upstream() {
    let sandbox = Sandbox::new();
    sandbox.write("server.sh", STUBBORN);
    sandbox.write("wrap.sh", WRAPPER);
    let with_child = "(until [ -e go ]; do sleep 0.1; done; exit 3) & exec \"$@\"";
    let launch = Launch::new().through_shell(with_child);
    let daemon = launch.configure(&sandbox, &config("stopasgroup=true\nstopwaitsecs=6")).start(sandbox);
    daemon.wait_for_file("web.log", "serving\n");
    let leader = daemon.pid_of("web");
    daemon.ask("stopProcess", &["web".into(), false.into()]);
    wait_until("the leader to end", || !processes::is_alive(leader));
    daemon.sandbox().write("go", "");
    daemon.assert_order(&[
        "INFO reaped unknown pid <pid> (exit status 3)",
        "DEBG killing web (pid <pid>) process group with signal SIGKILL",
        "WARN stopped: web (terminated by SIGTERM)",
    ]);
    assert_eq!(processes::in_group(leader), [0; 0]);
    assert_eq!(daemon.state("web"), "STOPPED");
}

#[test]
fn the_end_of_the_daemon_waits_for_process_groups_unlike_upstream() {
    let mut daemon = start(Sandbox::new(), SERVER, &config("stopasgroup=true"));
    let leader = daemon.pid_of("web");
    assert_eq!(daemon.terminate(), 0);
    assert_eq!(processes::in_group(leader), [0; 0]);
    assert_eq!(daemon.sandbox().text("web.log"), "serving\ncleaning up\ndone\n");
}

/// A program that ends by itself is restarted at once, whatever is left of its group.
#[test]
fn an_unrequested_exit_does_not_wait_for_the_process_group() {
    let daemon = start(Sandbox::new(), STUBBORN, &config("stopasgroup=true\nautorestart=true"));
    let leader = daemon.pid_of("web");
    processes::signal(leader, "KILL");
    wait_until("the next life", || ![0, leader].contains(&daemon.pid_of("web")));
    assert!(!processes::in_group(leader).is_empty());
}

/// Stands for a process in uninterruptible sleep: SIGKILL does not end it, as it is root's and the daemon is not.
#[test]
fn members_that_survive_sigkill_delay_a_stop_by_ten_seconds_needs_root_unlike_upstream() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.write("server.sh", "echo serving\nexec ./as-root --reuid=0 sleep 1000\n");
    sandbox.write("wrap.sh", WRAPPER);
    let launch = Launch::new().as_account(Account::unprivileged());
    let options = "autostart=false\nstopasgroup=true\nstopwaitsecs=1";
    let daemon = launch.configure(&sandbox, &config(options)).start(sandbox);
    let tool = daemon.sandbox().path("as-root");
    let installed = Command::new("install").args(["-m", "4755", "/usr/bin/setpriv"]).arg(tool).status();
    assert!(installed.unwrap().success());
    daemon.ask("startProcess", &["web".into()]);
    let leader = daemon.wait_for_state("web", "RUNNING")["pid"].int().to_string().parse().unwrap();
    let survivor = wait_for("a member that is root's", || {
        let is_roots =
            |pid: &u32| processes::status_field(*pid, "Uid").is_some_and(|uids| uids.starts_with("0\t0\t0"));
        processes::in_group(leader).into_iter().find(is_roots)
    });
    daemon.ask("stopProcess", &["web".into()]);
    assert!(processes::is_alive(survivor));
    let line = daemon.line_with("has survived SIGKILL");
    assert_eq!(line.level, "CRIT");
    assert_eq!(
        line.text,
        format!(
            "pid {survivor} of the process group of web ({leader}) has survived SIGKILL for 10 seconds and is left running"
        )
    );
    daemon.assert_order(&["has survived SIGKILL", "stopped: web (terminated by SIGTERM)"]);
    let patience = daemon.line_with("with SIGKILL").until(&line);
    assert!(patience >= Duration::from_secs(10), "{patience:?}");
}

/// The first attempt fails, the second succeeds. Which of the two upstream reports depends on when it looks.
#[test]
fn a_start_that_succeeds_at_its_second_attempt_is_a_success_unlike_upstream() {
    let sandbox = Sandbox::new();
    sandbox.write("wrap.sh", "[ -e tried ] || { : >tried; exit 1; }\nexec sleep 1000\n");
    let daemon = Daemon::start_in(sandbox, &config("autostart=false\nstartsecs=1"));
    assert_eq!(ctl(&daemon, "start web"), ("web: started\n".to_owned(), 0));
    assert_eq!(daemon.wait_for_messages("spawned: 'web'", 2).len(), 2);
    fs::remove_file(daemon.sandbox().path("tried")).unwrap();
    assert_eq!(ctl(&daemon, "restart web"), ("web: stopped\nweb: started\n".to_owned(), 0));
}

/// One attempt more, and no third.
#[test]
fn a_start_that_fails_twice_is_a_spawn_error_unlike_upstream() {
    let sandbox = Sandbox::new();
    sandbox.write("wrap.sh", "exit 1\n");
    let daemon = Daemon::start_in(sandbox, &config("autostart=false\nstartsecs=1000"));
    assert_eq!(ctl(&daemon, "start web"), ("web: ERROR (spawn error)\n".to_owned(), 7));
    assert_eq!(daemon.messages_with("spawned: 'web'").len(), 2);
    stays_true_for(Duration::from_millis(500), "the retries go on", || daemon.state("web") == "BACKOFF");
}
