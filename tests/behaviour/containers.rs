//! As images of containers run supervisord: as process 1, as a user without a name, with an inherited output, with
//! a configuration that is no file.

use std::fs;
use std::path::Path;
use support::{Account, Daemon, Launch, Sandbox, is_root, processes, wait_for, wait_until};

/// Fills in where the configuration is, which a pipe has no directory for.
const FROM_PIPE: &str = "sed \"s#%(here)s#$PWD#g\" supervisord.conf | \"$@\"";

#[test]
fn a_configuration_may_come_from_a_pipe() {
    let sandbox = Sandbox::new();
    let launch = Launch::new().without_config().arguments(["-c", "/dev/stdin"]).through_shell(FROM_PIPE);
    let launch = launch.configure(&sandbox, "[program:x]\ncommand=sleep 1000\nstartsecs=0\n");
    let daemon = launch.start(sandbox);
    daemon.wait_for_state("x", "RUNNING");
    assert!(daemon.ctl(&["status", "x"]).stdout.contains("RUNNING"));
}

/// `OpenShift` gives each project a user id that no password file knows, in group 0; `/dev/stdout` belongs to the runtime,
/// so that it can be written to, but not opened. Needs root.
#[test]
fn a_user_without_a_name_logs_to_an_output_it_may_not_open_unlike_upstream() {
    if !is_root() {
        return;
    }
    let nameless = Account { name: String::new(), uid: 1_000_660_000, gid: 0 };
    let config = "[supervisord]\nlogfile=/dev/stdout\nlogfile_maxbytes=0\nsilent=true\n\
        [program:x]\ncommand=/bin/sh -c \"echo hello; echo trouble >&2; exec sleep 1000\"\nstartsecs=0\n\
        stdout_logfile=/dev/stdout\nstdout_logfile_maxbytes=0\nstderr_logfile=/dev/stderr\nstderr_logfile_maxbytes=0\n";
    let sandbox = Sandbox::new();
    let launch = Launch::new().as_account(nameless).configure(&sandbox, config);
    let daemon = launch.start(sandbox);
    daemon.wait_for_state("x", "RUNNING");
    let output = daemon.wait_for_file("stdout", "hello\n");
    assert!(output.contains("INFO spawned: 'x' with pid "), "{output}");
    daemon.wait_for_file("stderr", "trouble\n");
    let uid = processes::status_field(daemon.pid(), "Uid").unwrap();
    assert!(uid.starts_with("1000660000\t"), "{uid}");
}

#[test]
fn names_and_paths_may_be_chinese_unlike_upstream() {
    let sandbox = Sandbox::new();
    sandbox.directory("日志");
    let config = "[group:网站]\nprograms=网页\n\
        [program:网页]\ncommand=/bin/sh -c \"echo 你好; exec sleep 1000\"\nstdout_logfile=%(here)s/日志/网页.log\n\
        startsecs=0\n";
    let daemon = Daemon::start_in(sandbox, config);
    daemon.wait_for_state("网站:网页", "RUNNING");
    daemon.wait_for_file("日志/网页.log", "你好\n");
    let status = daemon.ctl(&["status", "网站:网页"]).stdout;
    assert!(status.starts_with("网站:网页") && status.contains("RUNNING   pid "), "{status}");
    for (command, answer) in [
        (&["tail", "网站:网页"][..], "你好\n\n"),
        (&["restart", "网站:*"], "网站:网页: stopped\n网站:网页: started\n"),
        (&["stop", "网站:网页"], "网站:网页: stopped\n"),
    ] {
        assert_eq!(daemon.ctl(command).stdout, answer, "{command:?}");
    }
    let request = "GET /logtail/%E7%BD%91%E7%AB%99:%E7%BD%91%E9%A1%B5 HTTP/1.0\r\n\r\n";
    let mut connection = daemon.connect();
    connection.send(request).unwrap();
    assert!(connection.until("你好\n".as_bytes()).is_some());
}

/// Orphans of the programs become children of process 1. Needs root for a namespace of its own.
#[test]
fn pid_1_reaps_orphans() {
    if !is_root() || !can_unshare() {
        return;
    }
    let sandbox = Sandbox::new();
    // Twenty orphans, which exit on request.
    sandbox.write(
        "leave.sh",
        "for i in $(seq 20); do\n\
         (setsid /bin/sh -c 'until [ -e go ]; do sleep 0.05; done' &)\n\
         done\nexec sleep 1000\n",
    );
    let config = "[program:x]\ncommand=/bin/sh leave.sh\ndirectory=%(here)s\nstartsecs=0\nstopasgroup=true\n";
    let launch = Launch::new().through_shell("exec unshare --pid --fork --kill-child --mount-proc \"$@\"");
    let daemon = launch.configure(&sandbox, config).start(sandbox);
    assert_eq!(daemon.pid(), 1);
    daemon.wait_for_state("x", "RUNNING");
    let init = wait_for("process 1 of the namespace", || namespace_init(daemon.sandbox()));
    wait_until("the orphans to be adopted", || processes::children(init).len() == 21);
    daemon.sandbox().write("go", "");
    // Zombies are children as well.
    wait_until("the orphans to be reaped", || processes::children(init).len() == 1);
    daemon.ask("stopProcess", &["x".into()]);
    assert_eq!(processes::children(init), [0; 0]);
    daemon.ask("shutdown", &[]);
    wait_until("process 1 to end", || !processes::is_alive(init));
}

fn can_unshare() -> bool {
    let mut unshare = std::process::Command::new("unshare");
    unshare
        .args(["--pid", "--fork", "--mount-proc", "true"])
        .output()
        .is_ok_and(|output| output.status.success())
}

/// The number that process 1 of the sandbox's namespace has outside.
fn namespace_init(sandbox: &Sandbox) -> Option<u32> {
    let is_init = |pid: &u32| {
        let ids =
            fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("status")).unwrap_or_default();
        let line = ids.lines().find(|line| line.starts_with("NSpid:"));
        line.is_some_and(|line| line.split_whitespace().count() == 3 && line.ends_with("\t1"))
    };
    sandbox.survivors().into_iter().find(is_init)
}
