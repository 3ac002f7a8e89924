//! The pid file.

use support::{Daemon, Launch, Sandbox, processes, wait_until};

/// PROC-10
#[test]
fn pidfile_holds_the_pid_and_goes_with_the_daemon() {
    let mut daemon = Daemon::start("");
    let pid = daemon.pid();
    assert_eq!(daemon.sandbox().text("supervisord.pid"), format!("{pid}\n"));
    assert_eq!(daemon.ask("getPID", &[]).int(), i64::from(pid));
    assert_eq!(daemon.terminate(), 0);
    assert!(!daemon.sandbox().path("supervisord.pid").exists());
    assert!(!daemon.sandbox().path("s").exists(), "the socket goes as well");
}

/// PROC-10
#[test]
fn unwritable_pidfile_is_reported_and_the_daemon_continues() {
    let sandbox = Sandbox::new();
    let path = sandbox.directory("pid");
    let daemon =
        Daemon::start_in(sandbox, "[supervisord]\npidfile=%(here)s/pid\n[program:x]\ncommand=sleep 1000\n");
    daemon.wait_for_message("spawned: 'x'");
    daemon.assert_messages("pidfile", &[format!("CRIT could not write pidfile {}", path.display())]);
    assert_eq!(daemon.messages_with("supervisord started"), Vec::<String>::new());
}

/// PROC-78: upstream forgets the directory it was started in, and leaves the file.
#[test]
fn relative_pidfile_is_removed_after_a_reread_unlike_upstream() {
    let mut daemon = Daemon::start("[supervisord]\nnodaemon=false\ndirectory=/\npidfile=supervisord.pid\n");
    assert_eq!(daemon.wait_for_exit(), 0);
    let pid = daemon.pid();
    daemon.ask("reloadConfig", &[]);
    daemon.signal("TERM");
    wait_until("the daemon to be gone", || !processes::is_alive(pid));
    assert!(!daemon.sandbox().path("supervisord.pid").exists());
}

/// A process that reads the pid file may signal the daemon at once.
#[test]
fn signal_that_follows_the_pidfile_at_once_ends_the_daemon_in_order() {
    for _ in 0..20 {
        let sandbox = Sandbox::new();
        let at_once = "\"$@\" & until [ -s supervisord.pid ]; do :; done; kill -TERM $!; wait $!";
        let mut daemon = Launch::new().through_shell(at_once).configure(&sandbox, "").start(sandbox);
        assert_eq!(daemon.wait_for_exit(), 0);
        assert!(!daemon.sandbox().path("s").exists(), "the socket goes as well");
    }
}

/// The pid may be wanted on the output of a container; upstream removes `/dev/stdout` at its end.
#[test]
fn pidfile_that_is_a_fifo_does_not_block_the_shutdown_unlike_upstream() {
    let sandbox = Sandbox::new();
    let launch = Launch::new().through_shell("\"$@\" | cat > piped");
    let config = "[supervisord]\npidfile=/dev/stdout\nsilent=true\n";
    let mut daemon = launch.configure(&sandbox, config).start(sandbox);
    let pid = daemon.wait_for_file("piped", "\n");
    processes::signal(pid.trim().parse().unwrap(), "TERM");
    assert_eq!(daemon.wait_for_exit(), 0);
}

#[test]
fn pidfile_that_is_an_unread_fifo_does_not_block_the_start_unlike_upstream() {
    let sandbox = Sandbox::new();
    let status = sandbox.command("mkfifo").arg(sandbox.path("pid")).status().unwrap();
    assert!(status.success());
    let daemon =
        Daemon::start_in(sandbox, "[supervisord]\npidfile=%(here)s/pid\n[program:x]\ncommand=sleep 1000\n");
    daemon.wait_for_message("CRIT could not write pidfile");
    daemon.wait_for_message("spawned: 'x'");
}
