//! supervisorctl on a real daemon: the ways people and scripts use it from the first command to the last.
//!
//! Every command line with all its errors is compared with upstream's by `cargo xtask compliance`, and the words of each have
//! their tests in the crate. Here is what takes a daemon, children and time.

use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use support::{Daemon, Flavour, Launch, Port, Sandbox, processes, stays_true_for, wait_until};

fn sleeper(name: &str, options: &str) -> String {
    format!("[program:{name}]\ncommand=sleep 1000\nstartsecs=0\n{options}")
}

/// The output and the exit code.
fn run(daemon: &Daemon, line: &str) -> (String, i32) {
    let words: Vec<_> = line.split_whitespace().collect();
    let outcome = daemon.ctl(&words);
    assert_eq!(outcome.stderr, "", "{line}");
    (outcome.stdout, outcome.code)
}

/// A supervisorctl that is used while it runs.
struct Running {
    child: Child,
    /// The file its output goes to.
    output: String,
}

impl Running {
    fn start(daemon: &Daemon, arguments: &[&str]) -> Self {
        let output = format!("ctl-{}", arguments.join("-"));
        // A shell may have started the tests in the background, where SIGINT is ignored, and supervisorctl leaves it so.
        let mut command = daemon.sandbox().command("env");
        command
            .arg("--default-signal=INT")
            .arg(Flavour::under_test().program("supervisorctl"))
            .arg("-c")
            .arg(daemon.sandbox().path("supervisord.conf"))
            .args(arguments);
        let file = std::fs::File::create(daemon.sandbox().path(&output)).unwrap();
        let child = command.stdin(Stdio::piped()).stdout(file).spawn().unwrap();
        Self { child, output }
    }

    fn types(&mut self, text: &str) -> io::Result<()> {
        self.child.stdin.as_mut().expect("it is piped").write_all(text.as_bytes())
    }

    /// Sends Ctrl-C and returns the exit code.
    fn interrupt(mut self) -> Option<i32> {
        processes::signal(self.child.id(), "INT");
        support::wait_for("supervisorctl to end", || self.child.try_wait().unwrap()).code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// CTL-1, CTL-2, CTL-3, CTL-5
#[test]
fn status_is_a_table_as_wide_as_its_longest_name() {
    let long = "a-name-of-forty-characters-exactly-40-ch";
    let config = [
        sleeper("a", ""),
        sleeper(long, "autostart=false\n"),
        "[program:broken]\ncommand=/nonexistent\nstartretries=0\n".to_owned(),
    ];
    let daemon = Daemon::start(&config.concat());
    daemon.wait_for_state("a", "RUNNING");
    daemon.wait_for_state("broken", "FATAL");
    let (row, code) = run(&daemon, "status a");
    assert!(
        row.starts_with(&format!("{:<33}RUNNING   pid {}, uptime 0:00:", "a", daemon.pid_of("a"))),
        "{row}"
    );
    assert_eq!(code, 0);
    let (table, code) = run(&daemon, "status");
    let rows: Vec<_> = table.lines().collect();
    assert!(rows[0].starts_with(&format!("{:<43}RUNNING ", "a")), "{table}");
    assert_eq!(rows[1], format!("{long:<43}STOPPED   Not started"));
    assert_eq!(rows[2], format!("{:<43}FATAL     can't find command '/nonexistent'", "broken"));
    assert_eq!(code, 3);
    let (table, code) = run(&daemon, "status nope broken");
    assert!(table.starts_with("nope: ERROR (no such process)\nbroken  "), "{table}");
    assert_eq!(code, 3);
}

/// CTL-7, CTL-8, CTL-34
#[test]
fn a_shutdown_is_reported_before_and_after() {
    let mut daemon = Daemon::start(&sleeper("a", ""));
    daemon.wait_for_state("a", "RUNNING");
    assert_eq!(run(&daemon, "shutdown"), ("Shut down\n".to_owned(), 0));
    assert_eq!(daemon.wait_for_exit(), 0);
    let url = format!("unix://{}", daemon.sandbox().path("s").display());
    assert_eq!(run(&daemon, "shutdown"), (format!("ERROR: {url} no such file (already shut down?)\n"), 1));
    assert_eq!(run(&daemon, "status"), (format!("{url} no such file\n"), 4));
    assert_eq!(run(&daemon, "version"), (format!("{url} no such file\n"), 7));
    let nobody = Port::reserve();
    let url = format!("http://127.0.0.1:{}", nobody.number());
    assert_eq!(run(&daemon, &format!("-s {url} version")), (format!("{url} refused connection\n"), 4));
}

/// CTL-13, CTL-14, CTL-15, CTL-16, CTL-17, CTL-18, CTL-19
#[test]
fn processes_are_started_stopped_and_restarted_by_name_and_by_group() {
    let config = [
        sleeper("one", "autostart=false\n"),
        sleeper("two", "autostart=false\n"),
        "[program:dies]\ncommand=/bin/false\nstartretries=0\nautostart=false\n".to_owned(),
        sleeper("x", "") + "[group:g]\nprograms=x\n",
    ];
    let daemon = Daemon::start(&config.concat());
    daemon.wait_for_state("g:x", "RUNNING");
    let said = |text: &str, code: i32| (text.to_owned(), code);
    assert_eq!(run(&daemon, "start one"), said("one: started\n", 0));
    assert_eq!(run(&daemon, "start one"), said("one: ERROR (already started)\n", 0));
    assert_eq!(run(&daemon, "start dies two"), said("dies: ERROR (spawn error)\ntwo: started\n", 7));
    assert_eq!(run(&daemon, "start g:*"), said("", 0));
    assert_eq!(run(&daemon, "start nope:*"), said("nope: ERROR (no such group)\n", 2));
    assert_eq!(run(&daemon, "stop two"), said("two: stopped\n", 0));
    assert_eq!(run(&daemon, "stop two"), said("two: ERROR (not running)\n", 0));
    assert_eq!(run(&daemon, "restart two"), said("two: ERROR (not running)\ntwo: started\n", 0));
    let before = daemon.pid_of("g:x");
    assert_eq!(run(&daemon, "restart g:*"), said("g:x: stopped\ng:x: started\n", 0));
    assert_ne!(daemon.pid_of("g:x"), before);
    run(&daemon, "stop two");
    let (lines, code) = run(&daemon, "restart all");
    assert!(lines.contains("two: started\n") && !lines.contains("two: stopped\n"), "{lines}");
    assert_eq!(code, 7, "dies cannot be started");
}

/// CTL-28, CTL-29, CTL-30, CTL-31, CTL-32
#[test]
fn an_edited_configuration_is_applied() {
    let daemon = Daemon::start(&[sleeper("old", ""), sleeper("same", ""), sleeper("changes", "")].concat());
    for name in ["old", "same", "changes"] {
        daemon.wait_for_state(name, "RUNNING");
    }
    let kept = daemon.pid_of("same");
    assert_eq!(run(&daemon, "reread"), ("No config updates to processes\n".to_owned(), 0));
    assert_eq!(run(&daemon, "update"), (String::new(), 0));
    daemon.reconfigure("[program:same]\ncommand=sleep 1000\nstartsecs=soon\n");
    let (line, code) = run(&daemon, "reread");
    assert!(line.starts_with("ERROR: CANT_REREAD: ") && line.ends_with('\n'), "{line}");
    assert_eq!((line.lines().count(), code), (1, 1));
    daemon
        .reconfigure(&[sleeper("same", ""), sleeper("changes", "priority=1\n"), sleeper("new", "")].concat());
    assert_eq!(
        run(&daemon, "reread"),
        ("changes: changed\nnew: available\nold: disappeared\n".to_owned(), 0)
    );
    assert_eq!(run(&daemon, "update zzz"), ("ERROR: no such group: zzz\n".to_owned(), 1));
    let lines = "old: stopped\nold: removed process group\nchanges: stopped\nchanges: updated process group\n\
                 new: added process group\n";
    assert_eq!(run(&daemon, "update"), (lines.to_owned(), 0));
    daemon.wait_for_state("new", "RUNNING");
    assert_eq!(daemon.pid_of("same"), kept);
    assert_eq!(run(&daemon, "update"), (String::new(), 0));
}

/// CTL-35
#[test]
fn a_reload_starts_everything_anew() {
    let daemon = Daemon::start(&sleeper("a", ""));
    let before = daemon.wait_for_state("a", "RUNNING")["pid"].int();
    assert_eq!(run(&daemon, "reload"), ("Restarted supervisord\n".to_owned(), 0));
    wait_until("a new process", || {
        let answer = daemon.rpc().call_raw("supervisor.getProcessInfo", &["a".into()]);
        answer.is_ok_and(|response| {
            let text = response.text();
            text.contains("RUNNING") && !text.contains(&format!("<int>{before}</int>"))
        })
    });
    assert_eq!(run(&daemon, "pid a").1, 0);
}

/// PROC-20: upstream stops everything before it reads the file.
#[test]
fn a_reload_of_a_broken_configuration_says_how_to_fix_it_unlike_upstream() {
    let daemon = Daemon::start(&sleeper("a", ""));
    let before = daemon.wait_for_state("a", "RUNNING")["pid"].int();
    daemon.reconfigure(&sleeper("a", "stopsignal=TREM\n"));
    let file = daemon.sandbox().path("supervisord.conf").display().to_string();
    let text = daemon.sandbox().text("supervisord.conf");
    let line = 1 + text.lines().position(|line| line == "stopsignal=TREM").unwrap();
    let (output, code) = run(&daemon, "reload");
    assert_eq!(
        output.lines().collect::<Vec<_>>(),
        [
            &*format!(
                "ERROR: the configuration cannot be used and the running one stays in force: value 'TREM' is not a valid \
                 signal name in section 'program:a' (file: '{file}')"
            ),
            &*format!("  at {file}:{line}:12"),
            "    why: stopsignal takes a signal name, with or without SIG, or a number",
            "    help: did you mean TERM?",
        ]
    );
    assert_eq!(code, 1);
    assert_eq!(daemon.info("a")["pid"].int(), before);
}

/// RPC-40
#[test]
fn a_rejected_reload_does_not_disclose_the_environment_unlike_upstream() {
    let sandbox = Sandbox::new();
    let launch = Launch::new().configure(&sandbox, &sleeper("a", "")).environment("PRECIOUS_NAME", "secret");
    let daemon = launch.start(sandbox);
    daemon.reconfigure(&sleeper("a", "directory=%(ENV_PRECIOUS_NAM)s\n"));
    let (output, code) = run(&daemon, "reload");
    assert!(output.contains("PRECIOUS_NAM") && !output.contains("PRECIOUS_NAME"), "{output}");
    assert_eq!(code, 1);
    daemon.wait_for_file("main.log", "help: did you mean %(ENV_PRECIOUS_NAME)s?");
}

/// CTL-25
#[test]
fn a_followed_log_shows_what_is_written_at_once_unlike_upstream() {
    let daemon = Daemon::start("[program:x]\ncommand=cat\nstdout_logfile=%(here)s/x.log\nstartsecs=0\n");
    daemon.wait_for_state("x", "RUNNING");
    let tail = Running::start(&daemon, &["tail", "-f", "x"]);
    daemon.wait_for_file(&tail.output, "==> Press Ctrl-C to exit <==\n");
    for line in ["one\n", "two\n"] {
        daemon.ask("sendProcessStdin", &["x".into(), line.into()]);
        daemon.wait_for_file(&tail.output, line);
    }
    let output = tail.output.clone();
    assert_eq!(tail.interrupt(), Some(0));
    assert_eq!(daemon.sandbox().text(&output), "==> Press Ctrl-C to exit <==\none\ntwo\n\n");
}

/// CTL-46: upstream never ends after it.
#[test]
fn fg_connects_a_user_with_a_program_unlike_upstream() {
    let daemon = Daemon::start(
        "[program:x]\ncommand=/bin/sh -c \"cat; exec sleep 1000\"\nstdout_logfile=%(here)s/x.log\nstartsecs=0\n",
    );
    daemon.wait_for_state("x", "RUNNING");
    let mut shell = Running::start(&daemon, &["fg", "x"]);
    daemon.wait_for_file(&shell.output, "<==\n");
    shell.types("hello é\n").unwrap();
    daemon.wait_for_file(&shell.output, "hello é\n");
    let output = shell.output.clone();
    assert_eq!(shell.interrupt(), Some(0));
    assert!(daemon.sandbox().text(&output).ends_with("hello é\nExiting foreground\n"));
    assert_eq!(daemon.state("x"), "RUNNING");
}

/// CTL-46: typed lines reach a program that has no log.
#[test]
fn fg_sends_lines_to_a_program_without_logs_unlike_upstream() {
    let daemon = Daemon::start(
        "[program:x]\ncommand=/bin/sh -c \"exec cat >%(here)s/got\"\nstdout_logfile=NONE\nstderr_logfile=NONE\n\
         startsecs=0\n",
    );
    daemon.wait_for_state("x", "RUNNING");
    let mut shell = Running::start(&daemon, &["fg", "x"]);
    daemon.wait_for_file(&shell.output, "<==\n");
    shell.types("one\n").unwrap();
    daemon.wait_for_file("got", "one\n");
    shell.types("two\n").unwrap();
    daemon.wait_for_file("got", "one\ntwo\n");
    let output = shell.output.clone();
    assert_eq!(shell.interrupt(), Some(0));
    assert!(daemon.sandbox().text(&output).ends_with("Exiting foreground\n"));
}

/// CTL-46: the program that is in the foreground ends.
#[test]
fn fg_ends_with_its_program_unlike_upstream() {
    let daemon = Daemon::start(
        "[program:x]\ncommand=/bin/sh -c \"read line; exit 0\"\nautorestart=false\nstdout_logfile=%(here)s/x.log\n\
         startsecs=0\n",
    );
    daemon.wait_for_state("x", "RUNNING");
    let mut shell = Running::start(&daemon, &["fg", "x"]);
    daemon.wait_for_file(&shell.output, "<==\n");
    shell.types("bye\n").unwrap();
    daemon.wait_for_state("x", "EXITED");
    // It may have noticed already and be gone.
    let _ = shell.types("anybody\n");
    let text = daemon.wait_for_file(&shell.output, "Exiting foreground\n");
    assert!(text.ends_with("Process got killed\nExiting foreground\n"), "{text}");
}

/// CTL-10, CTL-11: credentials in the file, wrong ones, none.
#[test]
fn supervisorctl_authenticates_with_the_credentials_of_its_file() {
    let port = Port::reserve();
    let credentials = "username=user\npassword=a:b\n";
    let config = format!(
        "[inet_http_server]\nport=127.0.0.1:{number}\n{credentials}\
         [supervisorctl]\nserverurl=http://127.0.0.1:{number}\n{credentials}{}",
        sleeper("a", ""),
        number = port.number()
    );
    let daemon = Daemon::start(&config);
    daemon.wait_for_state("a", "RUNNING");
    assert_eq!(run(&daemon, "version"), ("4.3.0\n".to_owned(), 0));
    let (lines, code) = run(&daemon, "-p wrong version");
    assert!(
        lines.starts_with("Server requires authentication\nerror: <class 'xmlrpc.client.ProtocolError'>, "),
        "{lines}"
    );
    assert_eq!((lines.lines().count(), code), (2, 1));
}

/// CTL-37, CTL-38, CTL-39
#[test]
fn a_shell_without_a_terminal_runs_line_after_line() {
    let daemon = Daemon::start(&sleeper("a", "autostart=false\n"));
    let mut command: Command = daemon.sandbox().command(Flavour::under_test().program("supervisorctl"));
    command.arg("-c").arg(daemon.sandbox().path("supervisord.conf"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"version\n\nbogus\nstart a\n").unwrap();
    let mut shown = String::new();
    child.stdout.take().unwrap().read_to_string(&mut shown).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let row = format!("{:<33}STOPPED   Not started\n", "a");
    assert_eq!(
        shown,
        format!(
            "{row}supervisor> 4.3.0\nsupervisor> supervisor> *** Unknown syntax: bogus\nsupervisor> a: started\nsupervisor> \n"
        )
    );
}

/// Two people at once, one of whom waits for a start.
#[test]
fn one_user_does_not_wait_for_another() {
    let daemon = Daemon::start("[program:slow]\ncommand=sleep 1000\nstartsecs=1000\nautostart=false\n");
    let waiting = Running::start(&daemon, &["start", "slow"]);
    daemon.wait_for_state("slow", "STARTING");
    assert_eq!(run(&daemon, "version"), ("4.3.0\n".to_owned(), 0));
    stays_true_for(Duration::from_millis(200), "the first still waits", || {
        daemon.sandbox().text(&waiting.output).is_empty()
    });
    run(&daemon, "stop slow");
    let text = daemon.wait_for_file(&waiting.output, "\n");
    assert_eq!(text, "slow: ERROR (abnormal termination)\n");
}

/// A name with what a URL or XML could stumble over. Upstream cannot follow the logs of such.
#[test]
fn odd_names_work_in_every_command_unlike_upstream() {
    let name = "a+b&c=d?é'q#";
    let daemon = Daemon::start(&format!("[program:{name}]\ncommand=cat\nstartsecs=0\n"));
    daemon.wait_for_state(name, "RUNNING");
    let (row, code) = run(&daemon, &format!("status {name}"));
    assert!(row.starts_with(name), "{row}");
    assert_eq!(code, 0);
    assert_eq!(run(&daemon, &format!("restart {name}")).0, format!("{name}: stopped\n{name}: started\n"));
    assert_eq!(run(&daemon, &format!("tail {name}")), ("\n".to_owned(), 0));
    let tail = Running::start(&daemon, &["tail", "-f", name]);
    daemon.wait_for_file(&tail.output, "<==\n");
    daemon.ask("sendProcessStdin", &[name.into(), "here\n".into()]);
    daemon.wait_for_file(&tail.output, "here\n");
}
