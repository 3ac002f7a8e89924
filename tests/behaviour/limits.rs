//! `minfds`, `minprocs` and a program's `umask`.

use std::os::unix::fs::PermissionsExt;
use support::{Account, Daemon, Launch, Sandbox, is_root};

/// PROC-6: upstream names the limit it asked for as the one there is.
#[test]
fn a_hard_limit_below_minfds_is_reported_unlike_upstream() {
    let sandbox = Sandbox::new();
    let launch = Launch::new().through_shell("ulimit -n 500; exec \"$@\"").configure(&sandbox, "");
    // Root may raise a hard limit.
    let launch = if is_root() { launch.as_account(Account::unprivileged()) } else { launch };
    let outcome = launch.run(&sandbox);
    assert_eq!(outcome.code, 2);
    assert_eq!(
        outcome.stderr.lines().next().unwrap(),
        "Error: The minimum number of file descriptors required to run this process is 1024 as per the \"minfds\" \
         command-line argument or config file setting. The current environment will only allow you to open 500 file \
         descriptors.  Either raise the number of usable file descriptors in your environment (see README.rst) or \
         lower the minfds setting in the config file to allow the process to start."
    );
}

/// PROC-7
#[test]
fn soft_limit_is_raised_and_children_inherit_it() {
    let sandbox = Sandbox::new();
    let config = "[supervisord]\nminfds=600\n\
        [program:x]\ncommand=/bin/sh -c \"ulimit -n; sleep 1000\"\nstdout_logfile=%(here)s/x.log\n";
    let launch = Launch::new().through_shell("ulimit -S -n 500; exec \"$@\"");
    let daemon = launch.configure(&sandbox, config).start(sandbox);
    daemon.assert_messages("limit", &["INFO Increased RLIMIT_NOFILE limit to 600"]);
    assert_eq!(daemon.wait_for_file("x.log", "\n"), "600\n");
}

/// PROC-7
#[test]
fn sufficient_limits_are_left_alone() {
    let daemon = Daemon::start("[supervisord]\nminfds=10\nminprocs=1\n");
    assert_eq!(daemon.messages_with("Increased"), Vec::<String>::new());
}

/// PROC-68
#[test]
fn umask_of_a_program_is_set_in_the_child_alone() {
    let sandbox = Sandbox::new();
    sandbox.write("touch.sh", ": > $1\nsleep 1000\n");
    let config = "\
        [program:strict]\ncommand=/bin/sh %(here)s/touch.sh strict\numask=027\nstartsecs=0\n\
        [program:plain]\ncommand=/bin/sh %(here)s/touch.sh plain\nstartsecs=0\n";
    let launch = Launch::new().through_shell("umask 002; exec \"$@\"");
    let daemon = launch.configure(&sandbox, config).start(sandbox);
    let mode = |name: &str| {
        support::wait_until(name, || daemon.sandbox().path(name).exists());
        std::fs::metadata(daemon.sandbox().path(name)).unwrap().permissions().mode() & 0o777
    };
    assert_eq!((mode("strict"), mode("plain")), (0o640, 0o664));
}

/// Ours alone: upstream's programs fail to start one by one when the descriptors run out. Here the daemon raises its own
/// limit as far as its programs and clients need; the programs get the one it found, and where it cannot go far enough for
/// them it says so.
#[test]
fn the_daemons_own_limit_follows_its_programs_unlike_upstreams() {
    let config = "[supervisord]\nminfds=10\n\
        [program:x]\ncommand=/bin/sh -c \"ulimit -Sn; sleep 1000\"\nstdout_logfile=%(here)s/x.log\nstartsecs=0\n\
        [program:many]\ncommand=/bin/cat\nnumprocs=60\nprocess_name=%(process_num)d\nautostart=false\n\
        stdout_logfile=NONE\nstderr_logfile=NONE\n";
    let own_limit = |daemon: &Daemon| {
        let text = std::fs::read_to_string(format!("/proc/{}/limits", daemon.pid())).unwrap();
        let line = text.lines().find(|line| line.starts_with("Max open files")).unwrap().to_owned();
        line.split_whitespace().nth(3).unwrap().to_owned()
    };
    // 512 for the daemon, 6 for each of 61 processes, and 2 for each of 1088 clients.
    let sandbox = Sandbox::new();
    let launch = Launch::new().through_shell("ulimit -S -n 300; exec \"$@\"");
    let daemon = launch.configure(&sandbox, config).start(sandbox);
    assert_eq!(daemon.wait_for_file("x.log", "\n"), "300\n");
    assert_eq!(own_limit(&daemon), "3054");
    assert_eq!(daemon.messages_with("descriptors"), Vec::<String>::new());

    let sandbox = Sandbox::new();
    let launch = Launch::new().through_shell("ulimit -S -n 300; ulimit -H -n 400; exec \"$@\"");
    let launch = launch.configure(&sandbox, config);
    let launch = if is_root() { launch.as_account(Account::unprivileged()) } else { launch };
    let daemon = launch.start(sandbox);
    assert_eq!(daemon.wait_for_file("x.log", "\n"), "300\n");
    assert_eq!(own_limit(&daemon), "400");
    daemon.assert_messages(
        "descriptors",
        &["WARN 61 programs may take 878 file descriptors, but supervisord may open 400; those that are too many will \
           not start. Raise the hard limit: LimitNOFILE= of a systemd unit, --ulimit nofile= of a container, `ulimit \
           -Hn` of a shell"],
    );
}
