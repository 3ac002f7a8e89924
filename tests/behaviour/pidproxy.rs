//! `pidproxy`, supervised: signals go to the process named in a pid file.

use support::{Daemon, Flavour, Sandbox, processes, wait_for, wait_until};

/// Starts a process in the background that says what it is signalled with, and writes its id into the file.
const SERVER: &str = "\
    (trap 'echo got HUP' HUP; trap 'echo TERM >last; kill %1; exit' TERM; echo up; sleep 1000 & \
    while :; do wait; done) &\n\
    [ -e late ] || echo $! >x.pid\n\
    echo $! >real.pid\n\
    wait\n";

fn start(sandbox: Sandbox) -> Daemon {
    sandbox.write("server.sh", SERVER);
    let pidproxy = Flavour::under_test().program("pidproxy");
    let daemon = Daemon::start_in(
        sandbox,
        &format!(
            "[program:x]\ncommand={} %(here)s/x.pid /bin/sh server.sh\ndirectory=%(here)s\nstartsecs=0\n\
             stdout_logfile=%(here)s/x.log\nautorestart=false\n",
            pidproxy.display()
        ),
    );
    daemon.wait_for_file("x.log", "up\n");
    daemon
}

/// The process the signals are for.
fn server(daemon: &Daemon) -> u32 {
    wait_for("the server's id", || daemon.sandbox().text("real.pid").trim().parse().ok())
}

/// EVT-37: a signal that means "reload" and the one that ends it.
#[test]
fn signals_reach_the_process_in_the_pid_file() {
    let daemon = start(Sandbox::new());
    let server = server(&daemon);
    daemon.ask("signalProcess", &["x".into(), "HUP".into()]);
    daemon.wait_for_file("x.log", "got HUP\n");
    assert_eq!(daemon.ctl(&["stop", "x"]).stdout, "x: stopped\n");
    wait_until("the server to be gone", || !processes::is_alive(server));
    assert_eq!(daemon.sandbox().text("last"), "TERM\n");
    daemon.wait_for_message("stopped: x");
}

/// EVT-37: the file is read anew for each signal, so that it may appear late or change.
#[test]
fn the_pid_file_may_appear_late_unlike_upstream() {
    let sandbox = Sandbox::new();
    sandbox.write("late", "");
    let daemon = start(sandbox);
    let server = server(&daemon);
    daemon.ask("signalProcess", &["x".into(), "HUP".into()]);
    daemon.wait_for_file("x.log", "Can't read child pidfile");
    daemon.sandbox().write("x.pid", format!("{server}\n"));
    daemon.ask("signalProcess", &["x".into(), "HUP".into()]);
    daemon.wait_for_file("x.log", "got HUP\n");
    assert_eq!(daemon.ctl(&["stop", "x"]).stdout, "x: stopped\n");
    wait_until("the server to be gone", || !processes::is_alive(server));
}
