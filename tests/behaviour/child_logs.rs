//! Where the output of programs goes.

use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use support::{Daemon, Launch, Sandbox, Value, processes, wait_for, wait_until};

/// Starts `/bin/sh` with a script as program `x`, whose output goes to `x.log`.
fn start_script(script: &str, config: &str) -> Daemon {
    let sandbox = Sandbox::new();
    sandbox.write("x.sh", script);
    Daemon::start_in(
        sandbox,
        &format!(
            "[program:x]\ncommand=/bin/sh %(here)s/x.sh\ndirectory=%(here)s\nstdout_logfile=%(here)s/x.log\n\
             startsecs=0\n{config}\n"
        ),
    )
}

fn make_fifo(sandbox: &Sandbox, name: &str) {
    let status = sandbox.command("mkfifo").arg(sandbox.path(name)).status().unwrap();
    assert!(status.success());
}

/// PROC-48
#[test]
fn automatic_logs_have_mode_0600_and_names_with_identifier_and_program() {
    let daemon = Daemon::start("[program:x]\ncommand=sleep 1000\nautostart=false\n");
    let info = daemon.info("x");
    for channel in ["stdout", "stderr"] {
        let path = Path::new(info[&*format!("{channel}_logfile")].text());
        let name = path.file_name().unwrap().to_str().unwrap();
        let random = name
            .strip_prefix(&format!("x-{channel}---supervisor-"))
            .and_then(|rest| rest.strip_suffix(".log"));
        let random = random.unwrap_or_else(|| panic!("{name}"));
        assert_eq!(random.len(), 8, "{name}");
        assert!(random.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{name}");
        assert_eq!(path.parent().unwrap(), daemon.sandbox().root());
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

/// PROC-48
#[test]
fn automatic_logs_of_an_earlier_run_are_removed() {
    let sandbox = Sandbox::new();
    for name in ["a-stdout---supervisor-abcdefgh.log", "a-stdout---supervisor-abcdefgh.log.1"] {
        sandbox.write(name, "old");
    }
    sandbox.write("a-stdout---other-abcdefgh.log", "of another daemon");
    sandbox.write("a-stdout---supervisor2-abcdefgh.log", "of another daemon");
    let daemon = Daemon::start_in(sandbox, "");
    let left: Vec<_> = daemon.sandbox().names().into_iter().filter(|name| name.contains("---")).collect();
    assert_eq!(left, ["a-stdout---other-abcdefgh.log", "a-stdout---supervisor2-abcdefgh.log"]);
}

/// PROC-48
#[test]
fn nocleanup_keeps_automatic_logs_of_an_earlier_run() {
    let sandbox = Sandbox::new();
    sandbox.write("a-stdout---supervisor-abcdefgh.log", "old");
    let daemon = Daemon::start_in(sandbox, "[supervisord]\nnocleanup=true\n");
    assert_eq!(daemon.sandbox().text("a-stdout---supervisor-abcdefgh.log"), "old");
}

/// PROC-51
#[test]
fn output_is_logged_byte_for_byte() {
    let daemon = start_script(
        "printf 'ok\\303(\\377\\000bad\\r\\n'\nexec sleep 1000\n",
        "[supervisord]\nloglevel=debug\n",
    );
    daemon.wait_for_file("x.log", "bad\r\n");
    assert_eq!(daemon.sandbox().bytes("x.log"), b"ok\xc3(\xff\0bad\r\n");
    daemon.wait_for_message("DEBG 'x' stdout output:");
    daemon.wait_for_file("main.log", "\nUndecodable: b'ok\\xc3(\\xff\\x00bad\\r\\n'\n");
}

/// PROC-52
#[test]
fn strip_ansi_removes_colours() {
    let daemon = start_script(
        "printf '\\033[1;31mred\\033[0m plain\\n'\nexec sleep 1000\n",
        "[supervisord]\nstrip_ansi=true\n",
    );
    assert_eq!(daemon.wait_for_file("x.log", "\n"), "red plain\n");
}

/// PROC-52: upstream forgets between two reads that it is inside a sequence.
#[test]
fn strip_ansi_removes_a_sequence_split_over_two_writes_unlike_upstream() {
    let daemon = start_script(
        "printf 'before\\033[1;3'\nuntil grep -q before x.log; do sleep 0.01; done\nprintf '1mred\\n'\nexec sleep 1000\n",
        "[supervisord]\nstrip_ansi=true\n",
    );
    assert_eq!(daemon.wait_for_file("x.log", "\n"), "beforered\n");
}

/// PROC-53
#[test]
fn redirect_stderr_leaves_one_file() {
    let sandbox = Sandbox::new();
    let daemon = Daemon::start_in(
        sandbox,
        "[program:x]\ncommand=/bin/sh -c \"echo out; echo err >&2; sleep 1000\"\nredirect_stderr=true\n",
    );
    let info = wait_for("both lines", || {
        let info = daemon.info("x");
        (fs::read_to_string(info["stdout_logfile"].text()).unwrap() == "out\nerr\n").then_some(info)
    });
    assert_eq!(info["stderr_logfile"].text(), "");
    let logs = daemon.sandbox().names().into_iter().filter(|name| name.starts_with("x-std")).count();
    assert_eq!(logs, 1);
}

#[test]
fn stdout_and_stderr_go_to_their_own_files() {
    let daemon = start_script("echo out\necho err >&2\nexec sleep 1000\n", "stderr_logfile=%(here)s/x.err");
    assert_eq!(daemon.wait_for_file("x.log", "\n"), "out\n");
    assert_eq!(daemon.wait_for_file("x.err", "\n"), "err\n");
}

/// PROC-54: with the usual size limit upstream fails to seek in the pipe with every chunk.
#[test]
fn program_can_log_to_the_daemons_stdout_unlike_upstream() {
    let sandbox = Sandbox::new();
    let launch = Launch::new().through_shell("\"$@\" | cat > piped");
    let config = "[program:x]\ncommand=/bin/sh -c \"echo hello; echo again; sleep 1000\"\nstdout_logfile=/dev/stdout\n";
    let daemon = launch.configure(&sandbox, config).start(sandbox);
    daemon.wait_for_file("piped", "hello\n");
    daemon.wait_for_file("piped", "again\n");
    assert_eq!(daemon.messages_with("CRIT uncaptured"), Vec::<String>::new());
    assert_eq!(daemon.sandbox().text("stderr"), "");
    assert!(fs::metadata("/dev/stdout.1").is_err());
}

/// Images of containers lay a link from a log to `/dev/stdout`: more than a pipe holds is written behind the back of a
/// reader that has gone.
#[test]
fn program_whose_log_is_a_link_to_the_daemons_output_outlives_its_reader_unlike_upstream() {
    let sandbox = Sandbox::new();
    std::os::unix::fs::symlink("/dev/stdout", sandbox.path("x.log")).unwrap();
    sandbox.write("x.sh", "head -c 500000 /dev/zero; touch written; exec sleep 1000\n");
    let launch = Launch::new().through_shell("\"$@\" | read line");
    let config = "[program:x]\ncommand=/bin/sh x.sh\ndirectory=%(here)s\nstdout_logfile=%(here)s/x.log\n";
    let daemon = launch.configure(&sandbox, config).start(sandbox);
    wait_until("the program has written everything", || daemon.sandbox().path("written").exists());
    daemon.wait_for_message("ERRO nobody reads the stdout log of 'x'");
}

/// PROC-56: upstream blocks as a whole when it opens such a FIFO.
#[test]
fn fifo_without_a_reader_blocks_nothing_else_unlike_upstream() {
    let sandbox = Sandbox::new();
    make_fifo(&sandbox, "fifo");
    let mut daemon = Daemon::start_in(
        sandbox,
        "[program:x]\ncommand=/bin/sh -c \"echo hello; sleep 1000\"\nstdout_logfile=%(here)s/fifo\n\
         [program:y]\ncommand=sleep 1000\nstartsecs=0\n",
    );
    daemon.wait_for_state("y", "RUNNING");
    daemon.wait_for_message("INFO spawnerr: unknown error making dispatchers for 'x': ENXIO");
    assert!(fs::symlink_metadata(daemon.sandbox().path("fifo")).unwrap().file_type().is_fifo());
    assert_eq!(daemon.terminate(), 0);
}

/// PROC-57: upstream unlinks what it is asked to clear, as root even `/dev/stdout`.
#[test]
fn clearing_a_log_that_is_no_regular_file_is_refused_unlike_upstream() {
    let sandbox = Sandbox::new();
    make_fifo(&sandbox, "fifo");
    let reader = File::options().read(true).write(true).open(sandbox.path("fifo")).unwrap();
    let daemon = Daemon::start_in(
        sandbox,
        "[program:x]\ncommand=sleep 1000\nstdout_logfile=%(here)s/fifo\nstartsecs=0\n",
    );
    daemon.wait_for_state("x", "RUNNING");
    let fault = daemon.call("clearProcessLogs", &["x".into()]).unwrap_err();
    assert_eq!(fault.to_string(), "30 FAILED: x");
    assert!(fs::symlink_metadata(daemon.sandbox().path("fifo")).unwrap().file_type().is_fifo());
    drop(reader);
}

/// PROC-62
#[test]
fn burst_before_the_exit_is_logged_to_the_last_byte() {
    const LINES: usize = 60_000;
    let burst = format!("exec awk 'BEGIN {{ for (i = 0; i < {LINES}; i++) printf \"%059d\\n\", i }}'\n");
    let daemon = start_script(&burst, "stdout_logfile_maxbytes=0");
    daemon.wait_for_state("x", "EXITED");
    let last = format!("{:059}\n", LINES - 1);
    let log = daemon.wait_for_file("x.log", &last);
    let expected: Vec<_> = (0..LINES).map(|number| format!("{number:059}\n")).collect();
    let expected = expected.concat();
    assert!(log == expected, "{} bytes instead of {}", log.len(), expected.len());
}

/// PROC-63
#[test]
fn output_of_a_grandchild_after_the_exit_is_harmless() {
    let daemon = start_script(
        "(trap '' PIPE; until [ -e go ]; do sleep 0.01; done; echo late; : > gone) &\necho early\nexit 0\n",
        "",
    );
    daemon.wait_for_state("x", "EXITED");
    daemon.sandbox().write("go", "");
    wait_until("the grandchild to have written", || daemon.sandbox().path("gone").exists());
    assert!(daemon.wait_for_file("x.log", "early\n").starts_with("early\n"));
    assert_eq!(daemon.ask("getPID", &[]).int(), i64::from(daemon.pid()));
}

/// PROC-74: upstream loses six descriptors with every attempt.
#[test]
fn unusable_log_costs_no_descriptor_unlike_upstream() {
    let sandbox = Sandbox::new();
    sandbox.directory("dir");
    let daemon = Daemon::start_in(
        sandbox,
        "[program:x]\ncommand=sleep 1000\nstdout_logfile=%(here)s/dir\nautostart=false\nstartretries=1000\n",
    );
    let attempt = || {
        let started = daemon.call("startProcess", &["x".into(), Value::Bool(false)]);
        // In whatever state the attempt left it, back to the beginning.
        let stopped = daemon.call("stopProcess", &["x".into()]);
        assert!(started.is_err() || stopped.is_ok());
    };
    attempt();
    let before = processes::descriptors(daemon.pid()).len();
    for _ in 0..100 {
        attempt();
    }
    wait_until("the descriptors to be as few as before", || {
        processes::descriptors(daemon.pid()).len() <= before
    });
}

#[test]
fn unusable_log_is_a_spawn_error_naming_the_errno() {
    let sandbox = Sandbox::new();
    sandbox.directory("dir");
    let daemon = Daemon::start_in(
        sandbox,
        "[program:x]\ncommand=sleep 1000\nstdout_logfile=%(here)s/dir\nstartretries=0\n",
    );
    daemon.wait_for_message("gave up: x");
    daemon.assert_messages("spawnerr", &["INFO spawnerr: unknown error making dispatchers for 'x': EISDIR"]);
}

#[test]
fn log_of_a_live_process_is_cleared() {
    let daemon =
        start_script("echo before\nuntil [ -e go ]; do sleep 0.01; done\necho after\nexec sleep 1000\n", "");
    daemon.wait_for_file("x.log", "before\n");
    daemon.ask("clearProcessLogs", &["x".into()]);
    assert_eq!(daemon.sandbox().text("x.log"), "");
    daemon.sandbox().write("go", "");
    assert_eq!(daemon.wait_for_file("x.log", "after\n"), "after\n");
}

/// PROC-77: upstream answers true and clears nothing.
#[test]
fn log_of_a_stopped_process_is_cleared_unlike_upstream() {
    let daemon = start_script("echo hello\n", "");
    daemon.wait_for_state("x", "EXITED");
    daemon.wait_for_file("x.log", "hello\n");
    daemon.ask("clearProcessLogs", &["x".into()]);
    assert_eq!(daemon.sandbox().text("x.log"), "");
}

/// `/dev/full` is a disk without room. Upstream prints a traceback for every chunk.
#[test]
fn full_disk_is_reported_once_and_blocks_nothing_else_unlike_upstream() {
    let sandbox = Sandbox::new();
    let mut daemon = Daemon::start_in(
        sandbox,
        "[program:x]\ncommand=/bin/sh -c \"while echo line; do echo line >&2; sleep 0.01; done\"\nstdout_logfile=/dev/full\n\
         stderr_logfile=%(here)s/x.err\nstartsecs=0\n\
         [program:y]\ncommand=sleep 1000\nstartsecs=0\n",
    );
    daemon.wait_for_message("/dev/full");
    let written = || daemon.sandbox().text("x.err").lines().count();
    let before = written();
    wait_until("fifty more lines to be tried", || written() > before + 50);
    assert_eq!(daemon.wait_for_messages("/dev/full", 1).len(), 1);
    daemon.wait_for_state("y", "RUNNING");
    assert_eq!(daemon.terminate(), 0);
}

/// `supervisord -n > all.log`: the daemon and its programs write to one open file, whose offset they share.
#[test]
fn no_line_is_lost_when_the_output_of_the_daemon_is_a_plain_file_unlike_upstream() {
    const LINES: usize = 200;
    let sandbox = Sandbox::new();
    let mut config = String::new();
    for (name, path) in
        [("x", "/dev/stdout"), ("y", "/dev/fd/1"), ("z", "/proc/self/fd/1"), ("l", "%(here)s/link")]
    {
        let script = format!(
            "i=0; while [ $i -lt {LINES} ]; do echo {name}-$i-; i=$((i + 1)); done; exec sleep 1000\n"
        );
        sandbox.write(&format!("{name}.sh"), script);
        config.extend([
            format!("[program:{name}]\ncommand=/bin/sh %(here)s/{name}.sh\n"),
            format!("stdout_logfile={path}\nstartsecs=0\n"),
        ]);
    }
    std::os::unix::fs::symlink("/dev/stdout", sandbox.path("link")).unwrap();
    let launch = Launch::new().through_shell("\"$@\" 3>>third > all.log").configure(&sandbox, &config);
    let daemon = launch.start(sandbox);
    let lines = |name: &str| (0..LINES).map(|i| format!("{name}-{i}-\n")).collect::<Vec<_>>();
    wait_until("every line to be there once", || {
        let all = daemon.sandbox().text("all.log");
        let found = all.split_inclusive('\n').filter(|line| line.ends_with("-\n")).count();
        found == 4 * LINES
            && ["x", "y", "z", "l"].iter().all(|name| lines(name).iter().all(|line| all.contains(line)))
    });
    let all = daemon.sandbox().text("all.log");
    for line in daemon.log().lines() {
        assert!(all.contains(line), "{line} is in the main log only");
    }
}

/// A descriptor beyond the standard streams, as a launcher may pass one on.
#[test]
fn logs_can_be_inherited_descriptors_unlike_upstream() {
    let sandbox = Sandbox::new();
    let config = "[program:x]\ncommand=/bin/sh -c \"echo hello; exec sleep 1000\"\nstdout_logfile=/dev/fd/3\nstartsecs=0\n\
        [program:y]\ncommand=sleep 1000\nstdout_logfile=/dev/fd/4\nstartretries=0\n";
    let launch = Launch::new().through_shell("\"$@\" 3> third").configure(&sandbox, config);
    let daemon = launch.start(sandbox);
    assert_eq!(daemon.wait_for_file("third", "hello\n"), "hello\n");
    daemon.wait_for_message("INFO spawnerr: unknown error making dispatchers for 'y': EBADF");
}

/// The one line upstream has names neither the file nor the user.
#[test]
fn a_log_that_cannot_be_opened_is_explained_unlike_upstream() {
    let sandbox = Sandbox::new();
    let directory = sandbox.directory("none");
    let config = "[program:x]\ncommand=sleep 1000\nstdout_logfile=%(here)s/none/x.log\nstartretries=0\nautostart=false\n";
    let daemon = Daemon::start_in(sandbox, config);
    fs::remove_dir(directory).unwrap();
    daemon.call("startProcess", &["x".into()]).unwrap_err();
    daemon.wait_for_message("gave up: x");
    let line = daemon.messages_with("cannot open the stdout log").remove(0);
    let directory = daemon.sandbox().path("none").display().to_string();
    assert_eq!(
        line,
        format!(
            "ERRO cannot open the stdout log of 'x': {directory}/x.log: there is no directory {directory}; help: create it: \
             mkdir -p {directory}"
        )
    );
}
