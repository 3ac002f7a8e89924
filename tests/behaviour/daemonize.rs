//! Detaching from the terminal.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use support::{Daemon, RpcClient, Sandbox, processes, wait_for, wait_until};

/// Who adopts a process whose parent has ended: process 1, or a nearer subreaper.
fn adoptive_parent(sandbox: &Sandbox) -> u32 {
    sandbox.command("/bin/sh").args(["-c", "sleep 1000 & echo $! > orphan"]).status().unwrap();
    let orphan = wait_for("the orphan's id", || sandbox.text("orphan").trim().parse().ok());
    processes::parent(orphan).unwrap()
}

/// PROC-8
#[test]
fn daemon_detaches_completely() {
    let sandbox = Sandbox::new();
    let directory = sandbox.directory("work");
    let mut daemon = Daemon::start_in(
        sandbox,
        "[supervisord]\nnodaemon=false\ndirectory=%(here)s/work\numask=077\n\
         [program:x]\ncommand=/bin/sh -c \": > made; sleep 1000\"\n",
    );
    assert_eq!(daemon.wait_for_exit(), 0, "the launcher succeeds");
    let pid = daemon.pid();
    assert_eq!(processes::parent(pid), Some(adoptive_parent(daemon.sandbox())));
    assert_eq!(processes::session(pid), Some(pid));
    let descriptors = processes::descriptors(pid);
    for standard in [0, 1, 2] {
        assert_eq!(descriptors[&standard], Path::new("/dev/null"));
    }
    assert_eq!(fs::read_link(format!("/proc/{pid}/cwd")).unwrap(), directory);
    wait_until("the program's file", || directory.join("made").exists());
    assert_eq!(fs::metadata(directory.join("made")).unwrap().permissions().mode() & 0o777, 0o600);
    daemon.assert_order(&[
        "INFO daemonizing the supervisord process",
        &format!("INFO set current directory: '{}'", directory.display()),
        "INFO supervisord started with pid <pid>",
    ]);
    assert!(daemon.log().contains(&format!("supervisord started with pid {pid}\n")));
}

/// PROC-9
#[test]
fn foreground_daemon_ignores_directory_and_umask() {
    let sandbox = Sandbox::new();
    sandbox.directory("work");
    let daemon = Daemon::start_in(
        sandbox,
        "[supervisord]\ndirectory=%(here)s/work\numask=077\n\
         [program:x]\ncommand=/bin/sh -c \"umask; pwd; sleep 1000\"\nstdout_logfile=%(here)s/x.log\n",
    );
    let inherited = daemon.sandbox().command("/bin/sh").args(["-c", "umask; pwd"]).output().unwrap();
    let inherited = String::from_utf8(inherited.stdout).unwrap();
    daemon.wait_for_file("x.log", &inherited);
    let cwd = fs::read_link(format!("/proc/{}/cwd", daemon.pid())).unwrap();
    assert_eq!(cwd, daemon.sandbox().root());
}

/// CFG-61
#[test]
fn relative_socket_stays_valid_after_the_daemon_moved_away() {
    let daemon =
        Daemon::start("[supervisord]\nnodaemon=false\ndirectory=/\n[unix_http_server]\nfile=rel.sock\n");
    let client = RpcClient::new(support::Address::Unix(daemon.sandbox().path("rel.sock")));
    wait_until("an answer on the relative socket", || client.answers());
    let pid = client.call("supervisor.getPID", &[]).unwrap().int();
    assert_eq!(pid, i64::from(daemon.pid()));
    daemon.signal("TERM");
    wait_until("the socket to be removed", || !daemon.sandbox().path("rel.sock").exists());
}
