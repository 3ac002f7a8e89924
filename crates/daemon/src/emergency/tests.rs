//! A daemon in which a panic breaks the state of supervision. It is this test program itself, run once more as a process of
//! its own, so that the fault is in no other program.

use super::*;
use crate::fixture::Scratch;
use crate::main_loop::panic_injection;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;
use std::{env, fs, thread};
use supervisor_core::Input;

/// Names the directory of the daemon under test, and the fault it is to have.
const DIRECTORY: &str = "TEST_OF_EMERGENCY_DIRECTORY";
const FAULT: &str = "TEST_OF_EMERGENCY_FAULT";

const LONG: Duration = Duration::from_secs(60);

/// The daemon under test. Without its variables, as in an ordinary run, it does nothing.
#[test]
#[expect(clippy::exit, reason = "the status is what the tests look at")]
fn daemon_under_test() {
    let Some(directory) = env::var_os(DIRECTORY) else { return };
    panic_injection::inject_on(match env::var(FAULT).as_deref() {
        Ok("exit") => |input| matches!(input, Input::Reaped { .. }),
        _ => |input| matches!(input, Input::Request(_)),
    });
    let file = Path::new(&directory).join("supervisord.conf");
    let arguments = ["supervisord".into(), "-n".into(), "-c".into(), file.into_os_string()];
    std::process::exit(i32::from(crate::run(&arguments)));
}

struct Daemon {
    directory: Scratch,
    process: Child,
}

impl Daemon {
    fn start(fault: &str, programs: &str) -> Self {
        let directory = Scratch::new("emergency");
        let place = directory.path().display();
        let config = format!(
            "[supervisord]\nlogfile={place}/main.log\npidfile={place}/pid\nchildlogdir={place}\n\
             [unix_http_server]\nfile={place}/s\n\
             [rpcinterface:supervisor]\n\
             supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface\n\
             [program:calm]\ncommand={place}/calm\n[program:stubborn]\ncommand={place}/stubborn\n{programs}"
        );
        directory.file("supervisord.conf", &config);
        let loops = "while :; do sleep 0.05; done";
        script(&directory, "calm", &format!("trap 'echo asked > {place}/asked; exit 0' TERM\n{loops}"));
        script(&directory, "member", &format!("trap '' TERM\necho $$ > {place}/member.pid\n{loops}"));
        script(&directory, "stubborn", &format!("trap '' TERM\necho $$ > {place}/stubborn.pid\n{loops}"));
        let process = Command::new(env::current_exe().unwrap())
            .args(["--exact", "emergency::tests::daemon_under_test", "--nocapture"])
            .env(DIRECTORY, directory.path())
            .env(FAULT, fault)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { directory, process }
    }

    fn text(&self, name: &str) -> String {
        fs::read_to_string(self.directory.path().join(name)).unwrap_or_default()
    }

    fn wait_for(&self, name: &str, part: &str) {
        let deadline = Instant::now() + LONG;
        while !self.text(name).contains(part) {
            assert!(Instant::now() < deadline, "{name} lacks {part:?}: {}", self.text("main.log"));
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Sends a call about a process, without waiting for the answer.
    fn call(&self, method: &str, name: &str) -> UnixStream {
        let parameters = format!("<params><param><value><string>{name}</string></value></param></params>");
        let body = format!("<methodCall><methodName>{method}</methodName>{parameters}</methodCall>");
        let mut stream = UnixStream::connect(self.directory.path().join("s")).unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        let length = body.len();
        write!(stream, "POST /RPC2 HTTP/1.0\r\nContent-Length: {length}\r\n\r\n{body}").unwrap();
        stream
    }

    fn exit_status(&mut self) -> Option<i32> {
        let deadline = Instant::now() + LONG;
        loop {
            if let Some(status) = self.process.try_wait().unwrap() {
                return status.code();
            }
            assert!(Instant::now() < deadline, "the daemon does not end: {}", self.text("main.log"));
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// What holds for every daemon whose state was lost.
    fn assert_wound_down(&mut self) {
        assert_eq!(self.exit_status(), Some(i32::from(EXIT_STATUS)), "{}", self.text("main.log"));
        let log = self.text("main.log");
        let line = log.lines().find(|line| line.contains("CRIT internal error, panicked at")).unwrap_or(&log);
        assert!(line.contains("main_loop") && line.contains(panic_injection::MESSAGE), "{line}");
        assert_eq!(self.text("asked").trim(), "asked", "the stop signal comes before SIGKILL");
        let stubborn = format!("/proc/{}", self.text("stubborn.pid").trim());
        assert!(!Path::new(&stubborn).exists(), "a child is left behind");
        assert!(!self.directory.path().join("pid").exists(), "the pid file is left behind");
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ended = self.process.kill();
        let _reaped = self.process.wait();
    }
}

fn script(directory: &Scratch, name: &str, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    let path = directory.file(name, &format!("#!/bin/sh\n{text}\n"));
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn answer(mut stream: UnixStream) -> String {
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_panic_while_a_request_changes_the_state_ends_the_daemon_and_orphans_nothing() {
    let mut daemon = Daemon::start("request", "");
    daemon.wait_for("stubborn.pid", "\n");
    daemon.wait_for("main.log", "success: calm entered RUNNING");
    // The first is in hand when the state breaks.
    let call = daemon.call("supervisor.stopProcess", "calm");
    assert!(answer(call).starts_with("HTTP/1.0 500 "));
    daemon.assert_wound_down();
}

#[test]
fn a_panic_leaves_no_member_of_a_process_group_behind_whose_leader_ends_at_once() {
    let wrapped =
        "[program:wrapped]\ncommand=sh -c '%(here)s/member & trap \"exit 0\" TERM; wait'\nstopasgroup=true\n";
    let mut daemon = Daemon::start("request", wrapped);
    daemon.wait_for("stubborn.pid", "\n");
    daemon.wait_for("member.pid", "\n");
    daemon.wait_for("main.log", "success: calm entered RUNNING");
    let call = daemon.call("supervisor.stopProcess", "calm");
    assert!(answer(call).starts_with("HTTP/1.0 500 "));
    daemon.assert_wound_down();
    // Process 1 may take its time to reap it.
    let stat = fs::read_to_string(format!("/proc/{}/stat", daemon.text("member.pid").trim()));
    assert!(stat.as_ref().map_or(true, |stat| stat.contains(") Z ")), "the member is left behind: {stat:?}");
}

#[test]
fn a_panic_in_the_loops_own_turn_ends_the_daemon_and_answers_who_waits() {
    let short = "[program:short]\ncommand=sh -c 'sleep 2; exit 3'\nstartsecs=10\nautostart=false\n";
    let mut daemon = Daemon::start("exit", short);
    daemon.wait_for("stubborn.pid", "\n");
    daemon.wait_for("main.log", "spawned: 'calm'");
    // Waits for ten seconds of life, which the program does not have.
    let waiting = daemon.call("supervisor.startProcess", "short");
    daemon.wait_for("main.log", "spawned: 'short'");
    assert!(answer(waiting).starts_with("HTTP/1.0 500 "));
    daemon.assert_wound_down();
}
