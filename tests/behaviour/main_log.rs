//! The daemon's own log.

use std::io::Read;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;
use support::{Daemon, Launch, Sandbox, is_root, wait_for};

/// PROC-55: upstream dies at the first message, because it seeks in the pipe.
#[test]
fn main_log_can_be_a_pipe_with_the_usual_size_limit_unlike_upstream() {
    let sandbox = Sandbox::new();
    let launch = Launch::new().through_shell("\"$@\" | cat > stdout");
    let config =
        "[supervisord]\nlogfile=/dev/stdout\nsilent=true\n[program:x]\ncommand=sleep 1000\nstartsecs=0\n";
    let daemon = launch.configure(&sandbox, config).start(sandbox);
    daemon.wait_for_state("x", "RUNNING");
    let log = daemon.wait_for_file("stdout", "spawned: 'x' with pid ");
    assert_eq!(log.matches("supervisord started with pid").count(), 1, "{log}");
}

/// PROC-73
#[test]
fn cleared_main_log_receives_what_follows() {
    let daemon = Daemon::start("[program:x]\ncommand=sleep 1000\nautostart=false\n");
    daemon.ask("clearLog", &[]);
    assert!(daemon.sandbox().path("main.log").exists());
    assert_eq!(daemon.messages_with("supervisord started"), Vec::<String>::new());
    daemon.ask("startProcess", &["x".into(), false.into()]);
    daemon.wait_for_message("spawned: 'x'");
    // The copy has a queue of its own.
    daemon.wait_for_file("stdout", "INFO reopening log file\n");
}

#[test]
fn main_log_is_appended_to() {
    let sandbox = Sandbox::new();
    sandbox.write("main.log", "from an earlier run\n");
    let daemon = Daemon::start_in(sandbox, "");
    assert!(daemon.log().starts_with("from an earlier run\n2"), "{}", daemon.log());
}

/// PROC-58, and with upstream's own syslog fault: a chunk that is not UTF-8 still arrives. The machine's syslog socket
/// is `/dev/log`; only root can replace it, and only where no system log runs. Other processes may write to it meanwhile.
#[test]
fn output_reaches_syslog_line_by_line_unlike_upstream() {
    let syslog = is_root().then(|| UnixDatagram::bind("/dev/log").ok()).flatten();
    let daemon = Daemon::start(
        "[program:told]\ncommand=/bin/sh -c \"printf 'one\\ntwo \\377\\n'; sleep 1000\"\n\
         stdout_syslog=true\nstdout_logfile=%(here)s/x.log\n",
    );
    // With or without a syslog the file has everything.
    daemon.wait_for_file("x.log", "two ");
    assert_eq!(daemon.sandbox().bytes("x.log"), b"one\ntwo \xff\n");
    let Some(syslog) = syslog else { return };
    syslog.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut received = Vec::new();
    wait_for("both lines", || {
        let mut buffer = [0; 1024];
        let length = syslog.recv(&mut buffer).ok()?;
        let text = String::from_utf8_lossy(&buffer[..length]);
        received.extend(text.contains(" told ").then(|| text.trim_end_matches('\0').to_owned()));
        (received.len() == 2).then_some(())
    });
    std::fs::remove_file("/dev/log").unwrap();
    assert!(received.iter().all(|line| line.starts_with("<14>")), "{received:?}");
    assert!(received[0].ends_with("supervisord: told one"), "{received:?}");
    assert!(received[1].contains("supervisord: told two "), "{received:?}");
}

/// PROC-76: upstream queues without bound, or answers with an internal error once the pipe is full.
#[test]
fn stdin_of_a_program_that_does_not_read_is_bounded_unlike_upstream() {
    let daemon = Daemon::start("[program:x]\ncommand=sleep 1000\nstartsecs=0\n");
    daemon.wait_for_state("x", "RUNNING");
    let chunk = "x".repeat(64 * 1024);
    // Far more than a pipe and any sensible queue hold.
    let refused =
        (0..400).find_map(|_| daemon.call("sendProcessStdin", &["x".into(), chunk.as_str().into()]).err());
    assert!(refused.is_some(), "25 MB were accepted for a program that reads nothing");
    assert_eq!(daemon.state("x"), "RUNNING");
}

/// The standard output of the daemon may be closed by its reader at any time.
#[test]
fn daemon_outlives_the_reader_of_its_output() {
    let sandbox = Sandbox::new();
    let launch = Launch::new().through_shell("\"$@\" | read line");
    let daemon =
        launch.configure(&sandbox, "[program:x]\ncommand=sleep 1000\nautostart=false\n").start(sandbox);
    daemon.ask("startProcess", &["x".into(), false.into()]);
    daemon.wait_for_message("spawned: 'x'");
    daemon.ask("stopProcess", &["x".into()]);
    daemon.wait_for_message("stopped: x");
    let mut log = String::new();
    std::fs::File::open(daemon.sandbox().path("main.log")).unwrap().read_to_string(&mut log).unwrap();
    assert!(log.ends_with('\n'));
}
