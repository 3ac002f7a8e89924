//! What the user of a program tries against a supervisord of root: to have it write, empty, read or chmod a file of
//! root's through a name in a directory of the program's user.
//!
//! As root the directory belongs to `nobody`, who also plays the attacker. Without root it is one that everybody
//! can write, which the same rules are for.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use support::{Account, Daemon, Launch, Sandbox, is_root, processes, wait_until};

const SECRET: &str = "root:secret\n";

/// A program that writes a line for each SIGUSR1, and says when it is ready.
const TALKER: &str = "\
    trap 'printf \"%040d\\n\" 1' USR1\n\
    : > %(here)s/ready\n\
    while :; do sleep 1000 & wait; done\n";

/// A directory that an attacker can write, and a file that only root can.
struct Ground {
    sandbox: Sandbox,
}

impl Ground {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let directory = sandbox.directory("theirs");
        if is_root() {
            let attacker = Account::unprivileged();
            chown(&directory, Some(attacker.uid), Some(attacker.gid)).unwrap();
        } else {
            fs::set_permissions(&directory, Permissions::from_mode(0o777)).unwrap();
        }
        let victim = sandbox.write("victim", SECRET);
        fs::set_permissions(victim, Permissions::from_mode(0o600)).unwrap();
        let script = TALKER.replace("%(here)s", &sandbox.root().display().to_string());
        sandbox.write("talker.sh", script);
        Self { sandbox }
    }

    /// A daemon whose program `x` logs to `theirs/log`, rotated at 10 bytes.
    fn start(self, options: &str) -> Daemon {
        let config = format!(
            "[program:x]\ncommand=/bin/sh %(here)s/talker.sh\nstdout_logfile=%(here)s/theirs/log\nstartsecs=0\n\
             stdout_logfile_maxbytes=10\nstderr_logfile=NONE\n{options}"
        );
        Daemon::start_in(self.sandbox, &config)
    }
}

/// Runs a script in the sandbox as the attacker.
fn attack(sandbox: &Sandbox, script: &str) {
    let mut command = sandbox.command("/bin/sh");
    command.args(["-ec", script]);
    if is_root() {
        let attacker = Account::unprivileged();
        command.uid(attacker.uid).gid(attacker.gid);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
}

fn mode(sandbox: &Sandbox, name: &str) -> u32 {
    fs::symlink_metadata(sandbox.path(name)).unwrap().permissions().mode() & 0o7777
}

#[track_caller]
fn assert_intact(sandbox: &Sandbox) {
    assert_eq!((sandbox.text("victim").as_str(), mode(sandbox, "victim")), (SECRET, 0o600));
}

fn wait_until_ready(daemon: &Daemon) {
    wait_until("the talker to be ready", || daemon.sandbox().path("ready").exists());
}

/// Has the program write a line, which fills its log, and waits for the next generation.
fn rotate(daemon: &Daemon) {
    let sandbox = daemon.sandbox();
    processes::signal(daemon.pid_of("x"), "USR1");
    wait_until("the log to be rotated", || {
        sandbox.path("theirs/log.1").exists()
            && fs::metadata(sandbox.path("theirs/log")).is_ok_and(|log| log.len() == 0)
    });
}

/// Once the new generation took the set-user-id bit of the old one, and was root's.
#[test]
fn a_log_is_never_executable_whatever_its_user_made_of_the_old_one() {
    let ground = Ground::new();
    attack(&ground.sandbox, "umask 0; : > theirs/log; chmod 6777 theirs/log");
    let daemon = ground.start("");
    wait_until_ready(&daemon);
    rotate(&daemon);
    assert_eq!(mode(daemon.sandbox(), "theirs/log") & 0o7111, 0);
    attack(daemon.sandbox(), "rm theirs/*; umask 0; : > theirs/log; chmod 6777 theirs/log");
    daemon.signal("USR2");
    let log = daemon.sandbox().path("theirs/log");
    wait_until("the log to be reopened", || {
        processes::descriptors(daemon.pid()).values().any(|path| *path == log)
    });
    rotate(&daemon);
    assert_eq!(mode(daemon.sandbox(), "theirs/log") & 0o7111, 0);
}

/// Once an empty file behind a link got the mode of the log, and a dangling link had a file made.
#[test]
fn rotation_follows_no_foreign_symlink_unlike_upstream() {
    let daemon = Ground::new().start("");
    wait_until_ready(&daemon);
    let sandbox = daemon.sandbox();
    fs::write(sandbox.path("victim"), "").unwrap();
    for target in ["victim", "dangling"] {
        let link = format!("mv theirs/log theirs/moved; ln -s ../{target} theirs/log");
        attack(sandbox, &link);
        let before = daemon.messages_with("cannot rotate").len();
        processes::signal(daemon.pid_of("x"), "USR1");
        wait_until("the line to be written", || !sandbox.text("theirs/moved").is_empty());
        daemon.wait_for_messages("is a symbolic link, and other users can write its directory", before + 1);
        assert_eq!((sandbox.text("victim").as_str(), mode(sandbox, "victim")), ("", 0o600));
        assert!(!sandbox.path("dangling").exists());
        attack(sandbox, "rm theirs/*");
        // A new life of the program, so that its log is not in the pause after a failed rotation.
        daemon.ask("stopProcess", &["x".into()]);
        fs::remove_file(sandbox.path("ready")).unwrap();
        daemon.ask("startProcess", &["x".into()]);
        wait_until_ready(&daemon);
    }
}

#[test]
fn clearing_a_log_follows_no_foreign_symlink_unlike_upstream() {
    let daemon = Ground::new().start("");
    wait_until_ready(&daemon);
    let sandbox = daemon.sandbox();
    attack(sandbox, "rm theirs/log; ln -s ../victim theirs/log");
    let try_everything = || {
        let fault = daemon.call("clearProcessLogs", &["x".into()]).unwrap_err();
        assert_eq!(fault.to_string(), "30 FAILED: x");
        daemon.ask("clearAllProcessLogs", &[]);
        assert_ne!(daemon.ctl(&["clear", "x"]).stdout, "x: cleared\n");
        assert_intact(sandbox);
    };
    try_everything();
    daemon.signal("USR2");
    daemon.wait_for_message("ERRO could not reopen the stdout log of 'x'");
    assert_intact(sandbox);
    daemon.ask("stopProcess", &["x".into()]);
    try_everything();
}

/// Who may read logs over RPC or the page would read any file of root's.
#[test]
fn reading_a_log_follows_no_foreign_symlink_unlike_upstream() {
    let daemon = Ground::new().start("");
    wait_until_ready(&daemon);
    attack(daemon.sandbox(), "rm theirs/log; ln -s ../victim theirs/log");
    daemon.call("readProcessStdoutLog", &["x".into(), 0.into(), 0.into()]).unwrap_err();
    let tail = daemon.ask("tailProcessStdoutLog", &["x".into(), 0.into(), 100.into()]);
    assert_eq!(tail.items()[0].text(), "");
    for path in ["/logtail/x/stdout", "/tail.html?processname=x"] {
        let request = format!("GET {path} HTTP/1.0\r\n\r\n");
        let mut connection = daemon.connect();
        connection.send(request).unwrap();
        let _streams_go_on = connection.set_timeout(std::time::Duration::from_millis(500));
        let shown = connection.rest().unwrap_or_default();
        assert!(!String::from_utf8_lossy(&shown).contains("root:secret"), "{path}");
    }
}

/// The program does not start, and the log says which path, why, and what to do.
#[test]
fn a_log_that_is_a_symlink_of_its_user_is_rejected_with_its_path_unlike_upstream() {
    let ground = Ground::new();
    attack(&ground.sandbox, "ln -s ../victim theirs/log");
    let daemon = ground.start("startretries=0\n");
    let line = daemon.wait_for_message("cannot open the stdout log of 'x'");
    let path = daemon.sandbox().path("theirs/log");
    assert_eq!(
        line,
        format!(
            "ERRO cannot open the stdout log of 'x': '{}' is a symbolic link, and other users can write its directory, \
             so they choose the file it leads to; help: configure the path of the file itself, or let only root write \
             the directory",
            path.display()
        )
    );
    daemon.wait_for_message("INFO spawnerr: unknown error making dispatchers for 'x': ELOOP");
    assert_intact(daemon.sandbox());
    attack(daemon.sandbox(), "rm theirs/log");
    daemon.ask("startProcess", &["x".into()]);
    assert!(path.exists());
}

/// A directory of the user on the way to the log, exchanged for a link. Needs root.
#[test]
fn a_user_cannot_swap_a_log_directory_for_one_of_root_unlike_upstream() {
    if !is_root() {
        return;
    }
    let ground = Ground::new();
    let roots = ground.sandbox.directory("roots");
    attack(&ground.sandbox, "ln -s ../roots theirs/logs");
    let daemon = Daemon::start_in(
        ground.sandbox,
        "[program:x]\ncommand=cat\nstdout_logfile=%(here)s/theirs/logs/job\nstartretries=0\n",
    );
    daemon.wait_for_message("leads into a directory that is not this user's");
    daemon.wait_for_message("INFO spawnerr: unknown error making dispatchers for 'x': EACCES");
    assert_eq!(fs::read_dir(roots).unwrap().count(), 0);
    // A link of theirs to a directory of theirs, as deployments have it.
    attack(daemon.sandbox(), "rm theirs/logs; mkdir theirs/release; ln -s release theirs/logs");
    daemon.ask("startProcess", &["x".into()]);
    assert!(daemon.sandbox().path("theirs/release/job").exists());
}

/// The kernel follows links on the way to a socket. Needs root.
#[test]
fn a_socket_is_not_created_through_a_foreign_symlink_unlike_upstream() {
    if !is_root() {
        return;
    }
    let ground = Ground::new();
    let roots = ground.sandbox.directory("roots");
    attack(&ground.sandbox, "ln -s ../roots theirs/run");
    let refusal = |config: &str| Launch::new().configure(&ground.sandbox, config).run(&ground.sandbox).stderr;
    let server = refusal("[unix_http_server:x]\nfile=%(here)s/theirs/run/s\n");
    assert!(server.contains("help: write a path in a directory that only root can write"), "{server}");
    let program = refusal("[fcgi-program:x]\nsocket=unix://%(here)s/theirs/run/s\ncommand=cat\n");
    for said in [server, program] {
        assert!(said.contains("leads into a directory that is not this user's"), "{said}");
    }
    assert_eq!(fs::read_dir(roots).unwrap().count(), 0);
}

#[test]
fn a_pid_file_is_not_written_through_a_foreign_symlink_unlike_upstream() {
    let ground = Ground::new();
    attack(&ground.sandbox, "ln -s ../victim theirs/pid");
    let launch = Launch::new().configure(&ground.sandbox, "[supervisord]\npidfile=%(here)s/theirs/pid\n");
    let daemon = launch.start(ground.sandbox);
    daemon.wait_for_message("CRIT could not write pidfile");
    daemon.ask("shutdown", &[]);
    wait_until("the socket to be gone", || !daemon.sandbox().path("s").exists());
    assert_intact(daemon.sandbox());
}

/// The main log of a daemon that logs where others can write.
#[test]
fn a_main_log_that_is_a_foreign_symlink_ends_the_start_unlike_upstream() {
    let ground = Ground::new();
    attack(&ground.sandbox, "ln -s ../victim theirs/main");
    let launch = Launch::new().configure(&ground.sandbox, "[supervisord]\nlogfile=%(here)s/theirs/main\n");
    let said = launch.refusal(&ground.sandbox);
    assert!(said.contains("'DIR/theirs/main' is a symbolic link, and other users can write"), "{said}");
    assert_intact(&ground.sandbox);
}

/// With umask 002, as many systems have it, the directories of a user are writable for the user's group, and so are those of
/// an image for the group of a container with any user id. As root the daemon becomes `nobody`.
#[test]
fn our_own_symlink_is_followed_where_only_our_group_can_write() {
    let sandbox = Sandbox::new();
    let directory = sandbox.directory("log");
    fs::set_permissions(&directory, Permissions::from_mode(0o775)).unwrap();
    std::os::unix::fs::symlink("../data", directory.join("x")).unwrap();
    let mut config = "[program:x]\ncommand=echo words\nstdout_logfile=%(here)s/log/x\nstartsecs=0\n\
                      autorestart=false\n"
        .to_owned();
    if is_root() {
        let nobody = Account::unprivileged();
        for path in [sandbox.root(), &directory] {
            chown(path, Some(nobody.uid), Some(nobody.gid)).unwrap();
        }
        std::os::unix::fs::lchown(directory.join("x"), Some(nobody.uid), Some(nobody.gid)).unwrap();
        config.insert_str(0, "[supervisord]\nuser=nobody\n");
    }
    let daemon = Daemon::start_in(sandbox, &config);
    wait_until("the log to be written", || {
        fs::read_to_string(daemon.sandbox().path("data")).is_ok_and(|text| text == "words\n")
    });
}

/// What the kernel shows as the address of a socket is the configured path.
#[test]
fn sockets_are_known_by_their_configured_names_unlike_upstream() {
    let daemon = Daemon::start(
        "[fcgi-program:f]\nsocket=unix://%(here)s/fcgi\ncommand=sleep 1000\nstartsecs=0\nprocess_name=f\n",
    );
    daemon.wait_for_state("f:f", "RUNNING");
    let table = fs::read_to_string("/proc/net/unix").unwrap();
    for name in ["s", "fcgi"] {
        let path = daemon.sandbox().path(name).display().to_string();
        let known = table.lines().any(|line| line.ends_with(&format!(" {path}")));
        assert!(known, "{path} is not among the sockets of the machine");
    }
}
