//! Finding, preparing and executing a command.

use support::{Daemon, Launch, Sandbox, processes, wait_for};

/// PROC-23
#[test]
fn missing_command_is_retried_and_given_up() {
    let daemon = Daemon::start("[program:x]\ncommand=/nonexistent\nstartretries=1\n");
    daemon.wait_for_message("gave up: x");
    daemon.assert_messages("spawnerr", &["INFO spawnerr: can't find command '/nonexistent'"; 2]);
    daemon.assert_messages(
        "gave up",
        &["INFO gave up: x entered FATAL state, too many start retries too quickly"],
    );
    let info = daemon.info("x");
    assert_eq!(info["statename"].text(), "FATAL");
    assert_eq!(info["spawnerr"].text(), "can't find command '/nonexistent'");
    assert_eq!(info["description"].text(), "can't find command '/nonexistent'");
}

/// PROC-24
#[test]
fn unusable_commands_say_why() {
    let sandbox = Sandbox::new();
    let directory = sandbox.directory("dir").display().to_string();
    let plain = sandbox.write("plain", "").display().to_string();
    let daemon = Daemon::start_in(
        sandbox,
        "[program:d]\ncommand=%(here)s/dir\nstartretries=0\n[program:p]\ncommand=%(here)s/plain\nstartretries=0\n",
    );
    daemon.wait_for_messages("gave up", 2);
    daemon.assert_messages(
        "spawnerr",
        &[
            format!("INFO spawnerr: command at '{directory}' is a directory"),
            format!("INFO spawnerr: command at '{plain}' is not executable"),
        ],
    );
}

/// PROC-24
#[test]
fn command_without_execute_permission_says_so() {
    let sandbox = Sandbox::new();
    // Executable for others, not for its owner; root may execute what any user may.
    sandbox.program("theirs", "#!/bin/sh\nsleep 1000\n", "611");
    let path = sandbox.path("theirs").display().to_string();
    let config = "[program:x]\ncommand=%(here)s/theirs\nautostart=false\n";
    let launch = Launch::new();
    let launch =
        if support::is_root() { launch.as_account(support::Account::unprivileged()) } else { launch };
    let daemon = launch.configure(&sandbox, config).start(sandbox);
    let fault = daemon.call("startProcess", &["x".into()]).unwrap_err();
    assert_eq!(fault.to_string(), format!("21 NOT_EXECUTABLE: no permission to run command '{path}'"));
}

/// PROC-25
#[test]
fn unparsable_commands_say_why() {
    let daemon = Daemon::start(
        "[program:quote]\ncommand=sleep \"1000\nstartretries=0\n[program:void]\ncommand=\nstartretries=0\n",
    );
    daemon.wait_for_messages("gave up", 2);
    daemon.assert_messages(
        "spawnerr",
        &[
            "INFO spawnerr: can't parse command 'sleep \"1000': No closing quotation",
            "INFO spawnerr: command is empty",
        ],
    );
    let fault = |name: &str| daemon.call("startProcess", &[name.into()]).unwrap_err().to_string();
    assert_eq!(fault("quote"), "21 NOT_EXECUTABLE: can't parse command 'sleep \"1000': No closing quotation");
    assert_eq!(fault("void"), "21 NOT_EXECUTABLE: command is empty");
}

/// PROC-26
#[test]
fn command_is_looked_up_in_the_path_of_the_program() {
    let sandbox = Sandbox::new();
    sandbox.directory("one");
    sandbox.program("two/tool", "#!/bin/sh\necho found\nsleep 1000\n", "755");
    let daemon = Daemon::start_in(
        sandbox,
        "[program:x]\ncommand=tool\nenvironment=PATH=\"%(here)s/one:%(here)s/two:/usr/bin:/bin\"\n\
         stdout_logfile=%(here)s/x.log\n",
    );
    daemon.wait_for_file("x.log", "found\n");
}

/// PROC-26
#[test]
fn first_match_in_the_path_counts_even_if_it_is_a_directory() {
    let sandbox = Sandbox::new();
    let directory = sandbox.directory("one/tool").display().to_string();
    sandbox.program("two/tool", "#!/bin/sh\nsleep 1000\n", "755");
    let daemon = Daemon::start_in(
        sandbox,
        "[program:x]\ncommand=tool\nenvironment=PATH=\"%(here)s/one:%(here)s/two\"\nstartretries=0\n",
    );
    daemon.wait_for_message("gave up: x");
    daemon.assert_messages("spawnerr", &[format!("INFO spawnerr: command at '{directory}' is a directory")]);
}

/// An empty path is none, as in a daemon started with `PATH=`; the program's own counts as it is.
#[test]
fn command_is_looked_up_in_the_usual_places_when_the_daemon_has_an_empty_path() {
    let sandbox = Sandbox::new();
    let config = "[program:x]\ncommand=sleep 1000\n\
                  [program:y]\ncommand=sleep 1000\nenvironment=PATH=\"\"\nstartretries=0\n";
    let daemon = Launch::new().environment("PATH", "").configure(&sandbox, config).start(sandbox);
    daemon.wait_for_message("spawned: 'x'");
    daemon.wait_for_message("INFO spawnerr: can't find command 'sleep'");
}

/// PROC-27
#[test]
fn script_without_an_interpreter_line_is_not_run() {
    let sandbox = Sandbox::new();
    sandbox.program("bare", "sleep 1000\n", "755");
    let path = sandbox.path("bare").display().to_string();
    let daemon = Daemon::start_in(
        sandbox,
        "[program:x]\ncommand=%(here)s/bare\nstderr_logfile=%(here)s/x.err\nstartretries=0\n",
    );
    daemon.wait_for_message("gave up: x");
    daemon.assert_order(&["spawned: 'x'", "WARN exited: x (exit status 127; not expected)"]);
    let told = daemon.wait_for_file("x.err", "not spawned\n");
    let expected =
        format!("supervisor: couldn't exec {path}: ENOEXEC\nsupervisor: child process was not spawned\n");
    assert!(told.starts_with(&expected), "{told}");
}

/// PROC-28
#[test]
fn missing_directory_is_reported_by_the_child() {
    let daemon = Daemon::start(
        "[program:x]\ncommand=sleep 1000\ndirectory=/nonexistent/dir\nstderr_logfile=%(here)s/x.err\nstartretries=9\n",
    );
    daemon.wait_for_message("WARN exited: x (exit status 127; not expected)");
    assert_eq!(daemon.wait_for_state("x", "BACKOFF")["spawnerr"].text(), TOO_QUICK);
    let told = daemon.wait_for_file("x.err", "not spawned\n");
    assert!(
        told.starts_with(
            "supervisor: couldn't chdir to /nonexistent/dir: ENOENT\nsupervisor: child process was not spawned\n"
        ),
        "{told}"
    );
}

const TOO_QUICK: &str = "Exited too quickly (process log may have details)";

/// PROC-30, CFG-29
#[test]
fn child_environment_is_the_daemons_with_the_configured_one_over_it() {
    let sandbox = Sandbox::new();
    let launch = Launch::new().environment("HOME", "/some/home").environment("KEPT", "from outside");
    let config = "[supervisord]\nenvironment=A=\"daemon\",B=\"daemon\"\n\
        [program:p]\ncommand=sleep %(ENV_LONG)s\nenvironment=B=\"program\",LONG=\"1000\"\nstartsecs=0\n\
        [group:g]\nprograms=p\n";
    let daemon = launch.configure(&sandbox, config).start(sandbox);
    let pid = u32::try_from(daemon.wait_for_state("g:p", "RUNNING")["pid"].int()).unwrap();
    let environment = wait_for("the child's environment", || {
        let entries = processes::environment(pid);
        entries.iter().any(|entry| entry.starts_with(b"SUPERVISOR_ENABLED=")).then_some(entries)
    });
    let socket = daemon.sandbox().path("s").display().to_string();
    for wanted in [
        "SUPERVISOR_ENABLED=1",
        "SUPERVISOR_PROCESS_NAME=p",
        "SUPERVISOR_GROUP_NAME=g",
        &format!("SUPERVISOR_SERVER_URL=unix://{socket}"),
        "A=daemon",
        "B=program",
        "HOME=/some/home",
        "KEPT=from outside",
    ] {
        assert!(environment.contains(&wanted.as_bytes().to_vec()), "no {wanted}");
    }
    assert!(!environment.contains(&b"B=daemon".to_vec()));
}

/// PROC-31
#[test]
fn child_has_three_descriptors_and_a_group_of_its_own() {
    let sandbox = Sandbox::new();
    let launch = Launch::new().through_shell("exec \"$@\" 9</dev/null");
    let daemon = launch.configure(&sandbox, "[program:x]\ncommand=sleep 1000\nstartsecs=1\n").start(sandbox);
    let pid = u32::try_from(daemon.wait_for_state("x", "RUNNING")["pid"].int()).unwrap();
    let descriptors: Vec<_> = processes::descriptors(pid).into_keys().collect();
    assert_eq!(descriptors, [0, 1, 2]);
    assert_eq!(processes::group(pid), Some(pid));
    assert_eq!(processes::session(pid), processes::session(daemon.pid()));
}

/// PROC-31: upstream's interpreter ignores SIGPIPE and SIGXFSZ, and so do its children.
#[test]
fn child_starts_with_default_signal_dispositions_unlike_upstream() {
    let daemon = Daemon::start("[program:x]\ncommand=sleep 1000\nstartsecs=1\n");
    let pid = u32::try_from(daemon.wait_for_state("x", "RUNNING")["pid"].int()).unwrap();
    let field = |name| processes::status_field(pid, name).unwrap();
    assert_eq!(
        (field("SigIgn").as_str(), field("SigBlk").as_str()),
        ("0000000000000000", "0000000000000000")
    );
}

/// PROC-64
#[test]
fn unknown_child_is_reaped_and_reported() {
    let sandbox = Sandbox::new();
    let launch =
        Launch::new().through_shell("{ until [ -s main.log ]; do sleep 0.1; done; exit 3; } & exec \"$@\"");
    let daemon = launch.configure(&sandbox, "").start(sandbox);
    daemon.wait_for_message("INFO reaped unknown pid <pid> (exit status 3)");
}

/// PROC-64: its SIGCHLD is long gone. flock(1) waits for it and then becomes the daemon; a shell would reap it.
#[test]
fn unknown_child_that_ended_before_the_start_is_reaped_and_reported() {
    let sandbox = Sandbox::new();
    let launch = Launch::new().through_shell(
        "exec 8>lock; flock 8\n\
         { until read -r name </proc/$$/comm && [ \"$name\" = flock ]; do sleep 0.01; done; exit 3; } &\n\
         exec 8>&-; exec flock --no-fork lock \"$@\"",
    );
    let daemon = launch.configure(&sandbox, "").start(sandbox);
    daemon.wait_for_message("INFO reaped unknown pid <pid> (exit status 3)");
}

/// Characters that look like a blank are escaped, so that they can be recognised.
#[test]
fn characters_that_cannot_be_seen_are_escaped_in_messages() {
    let daemon = Daemon::start(
        "[program:x]\ncommand=sleep\u{3000}1000\nstartretries=0\n\
         [program:y]\ncommand=/no\u{a0}\u{200b}\u{feff}\u{202e}such\nstartretries=0\n",
    );
    daemon.wait_for_message(r"INFO spawnerr: can't find command 'sleep\u30001000'");
    daemon.wait_for_message(r"INFO spawnerr: can't find command '/no\xa0\u200b\ufeff\u202esuch'");
}
