//! `pidproxy` from outside. All of these are EVT-37.

use crate::signals::Told;
use crate::support::Sandbox;
use crate::{Role, Test, play};
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};
use supervisor_core::Signal;

pub(crate) const TESTS: &[Test] = &[
    ("pidproxy_passes_signals_on_to_the_process_in_the_pid_file", passes_signals_on),
    ("pidproxy_ignores_signals_while_it_cannot_read_the_pid_file", ignores_without_pid_file),
    ("pidproxy_takes_only_a_positive_number_for_a_pid", takes_only_a_positive_number),
    ("pidproxy_reads_no_pid_from_a_fifo_or_a_device", reads_no_fifo_and_no_device),
    ("pidproxy_says_when_the_process_is_gone", says_when_the_process_is_gone),
    ("pidproxy_leaves_no_signal_blocked_in_its_command", leaves_no_signal_blocked),
    ("pidproxy_ends_with_its_command_whatever_the_status", ends_with_its_command),
    ("pidproxy_without_a_command_prints_its_usage", prints_its_usage),
    ("pidproxy_says_when_it_cannot_run_the_command", cannot_run_the_command),
];
pub(crate) const ROLES: &[Role] = &[("pidproxy", pidproxy)];

fn pidproxy() -> u8 {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    supervisor_sys::pidproxy::run(&arguments, &mut io::stdout())
}

/// A proxy whose command lives until its input ends, and the pid file it looks at.
struct Proxy {
    told: Told,
    pid_file: PathBuf,
    _sandbox: Sandbox,
}

impl Proxy {
    fn start() -> Self {
        let sandbox = Sandbox::new();
        let pid_file = sandbox.join("pid");
        let mut command = play("pidproxy");
        command.arg(&pid_file).args(["/bin/sh", "-c", "echo started; read line"]).stdin(Stdio::piped());
        let mut told = Told::start(&mut command);
        assert_eq!(told.line(), "started");
        Self { told, pid_file, _sandbox: sandbox }
    }

    fn cannot_read(&self) -> String {
        format!("Can't read child pidfile {}!", self.pid_file.display())
    }
}

fn passes_signals_on() {
    for last in [Signal::INT, Signal::QUIT, Signal::TERM] {
        let mut proxy = Proxy::start();
        let mut target = Told::start(&mut play("tell_signals"));
        assert_eq!(target.line(), "ready");
        fs::write(&proxy.pid_file, format!(" {}\n", target.pid())).unwrap();
        for signal in [Signal::HUP, Signal::USR1, Signal::USR2, Signal::HUP, last] {
            proxy.told.signal(signal);
            assert_eq!(target.line(), signal.name().unwrap());
        }
        // Its own command still runs, as its input is open: the proxy does not wait for it.
        assert_eq!(proxy.told.exit_code(), Some(0));
        if last != Signal::TERM {
            target.signal(Signal::TERM);
        }
        assert_eq!(target.exit_code(), Some(0));
    }
}

fn ignores_without_pid_file() {
    let mut proxy = Proxy::start();
    for signal in [Signal::HUP, Signal::TERM] {
        proxy.told.signal(signal);
        assert_eq!(proxy.told.line(), proxy.cannot_read());
    }
    let mut target = Told::start(&mut play("tell_signals"));
    assert_eq!(target.line(), "ready");
    fs::write(&proxy.pid_file, target.pid().to_string()).unwrap();
    proxy.told.signal(Signal::TERM);
    assert_eq!(proxy.told.exit_code(), Some(0));
    assert_eq!(target.line(), "SIGTERM");
    assert_eq!(target.exit_code(), Some(0));
}

/// 0 and negative numbers would mean a group, or every process there is.
fn takes_only_a_positive_number() {
    let mut proxy = Proxy::start();
    for text in ["0", "-1", "", "12x", "99999999999"] {
        fs::write(&proxy.pid_file, text).unwrap();
        proxy.told.signal(Signal::HUP);
        assert_eq!(proxy.told.line(), proxy.cannot_read(), "{text:?}");
    }
}

/// Upstream waits in `open` until the FIFO has a writer, and reads `/dev/zero` until memory is used up.
fn reads_no_fifo_and_no_device() {
    let mut proxy = Proxy::start();
    let other = proxy.pid_file.with_file_name("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&other).status().unwrap().success());
    let long = proxy.pid_file.with_file_name("long");
    fs::write(&long, format!("{}{}", " ".repeat(100), std::process::id())).unwrap();
    let directory = proxy.pid_file.parent().unwrap().to_owned();
    for target in [other, "/dev/zero".into(), long, directory] {
        let _ = fs::remove_file(&proxy.pid_file);
        std::os::unix::fs::symlink(&target, &proxy.pid_file).unwrap();
        proxy.told.signal(Signal::HUP);
        assert_eq!(proxy.told.line(), proxy.cannot_read(), "{}", target.display());
    }
}

fn says_when_the_process_is_gone() {
    let mut proxy = Proxy::start();
    let mut gone = std::process::Command::new("/bin/true").spawn().unwrap();
    gone.wait().unwrap();
    fs::write(&proxy.pid_file, gone.id().to_string()).unwrap();
    for signal in [Signal::HUP, Signal::TERM] {
        proxy.told.signal(signal);
        assert_eq!(proxy.told.line(), format!("Can't signal child pid {}: No such process", gone.id()));
    }
    assert_eq!(proxy.told.exit_code(), Some(1));
}

/// A command that cannot be told to end would be no use to anybody.
fn leaves_no_signal_blocked() {
    for signal in ["TERM", "HUP", "INT", "QUIT", "USR1", "USR2", "CHLD"] {
        let script = format!("trap 'echo got it' {signal}; kill -{signal} $$");
        let output = play("pidproxy").args(["/no/pid/file", "/bin/sh", "-c", &script]).output().unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), "got it\n", "{signal}");
    }
}

fn ends_with_its_command() {
    let mut proxy = Proxy::start();
    let begin = Instant::now();
    drop(proxy.told.child.stdin.take());
    assert_eq!(proxy.told.exit_code(), Some(0));
    assert!(begin.elapsed() < Duration::from_secs(4), "upstream looks every five seconds");
    for script in ["exit 3", "kill -KILL $$"] {
        let status = play("pidproxy").args(["/no/pid/file", "/bin/sh", "-c", script]).status().unwrap();
        assert_eq!(status.code(), Some(0), "{script}");
    }
}

fn prints_its_usage() {
    for arguments in [&[][..], &["only a pid file"]] {
        let mut command = play("pidproxy");
        let output = command.args(arguments).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let program = command.get_program().to_str().unwrap();
        assert!(
            text.starts_with("pidproxy -- run command and proxy signals to it via its pidfile.\n\n"),
            "{text}"
        );
        assert!(
            text.ends_with(&format!("\n\nUsage: {program} <pidfile name> <command> [<cmdarg1> ...]\n\n")),
            "{text}"
        );
        assert_eq!(output.status.code(), Some(1));
    }
}

fn cannot_run_the_command() {
    let output = play("pidproxy").args(["/no/pid/file", "/missing"]).output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "Can't run /missing: No such file or directory\n");
    assert_eq!(output.status.code(), Some(127));
}
