//! What a whole process does: signals it takes over, going into the background, giving up privileges,
//! `pidproxy`.
//!
//! These need a process with a single thread, which the default harness does not give. So this binary runs
//! itself again in a *role* for each of them, and its own small harness drives and watches it from outside.
#![allow(clippy::unwrap_used)]

mod support;

#[path = "process/background.rs"]
mod background;
#[path = "process/local_time.rs"]
mod local_time;
#[path = "process/open_files.rs"]
mod open_files;
#[path = "process/password.rs"]
mod password;
#[path = "process/pidproxy.rs"]
mod pidproxy;
#[path = "process/restricted.rs"]
mod restricted;
#[path = "process/signals.rs"]
mod signals;
#[path = "process/streams.rs"]
mod streams;

use std::env;
use std::process::{Command, ExitCode};

/// A test by name.
type Test = (&'static str, fn());
/// A part the binary can play when it is run again; answers its exit status.
type Role = (&'static str, fn() -> u8);

const TESTS: &[&[Test]] = &[
    background::TESTS,
    local_time::TESTS,
    open_files::TESTS,
    password::TESTS,
    pidproxy::TESTS,
    restricted::TESTS,
    signals::TESTS,
    streams::TESTS,
];
const ROLES: &[&[Role]] = &[
    background::ROLES,
    local_time::ROLES,
    open_files::ROLES,
    password::ROLES,
    pidproxy::ROLES,
    restricted::ROLES,
    signals::ROLES,
    streams::ROLES,
];

const ROLE: &str = "SYS_TEST_ROLE";

/// This binary in a role.
pub(crate) fn play(role: &str) -> Command {
    let mut command = Command::new(env::current_exe().unwrap());
    command.env(ROLE, role);
    command
}

fn main() -> ExitCode {
    match env::var(ROLE) {
        Ok(name) => {
            let (_, role) = ROLES.iter().copied().flatten().find(|(known, _)| *known == name).unwrap();
            ExitCode::from(role())
        }
        Err(_) => run_tests(),
    }
}

#[expect(clippy::print_stdout, reason = "this is the harness")]
fn run_tests() -> ExitCode {
    take_ignored_signals_back();
    let arguments: Vec<String> = env::args().skip(1).collect();
    let filter = arguments.iter().find(|argument| !argument.starts_with('-')).map_or("", String::as_str);
    let selected = TESTS.iter().copied().flatten().filter(|(name, _)| name.contains(filter));
    let (mut passed, mut failed) = (0, 0_u8);
    for (name, test) in selected {
        if arguments.iter().any(|argument| argument == "--list") {
            println!("{name}: test");
            continue;
        }
        let outcome = if std::panic::catch_unwind(test).is_ok() {
            passed += 1;
            "ok"
        } else {
            failed += 1;
            "FAILED"
        };
        println!("test {name} ... {outcome}");
    }
    println!("test result: {passed} passed; {failed} failed");
    ExitCode::from(failed.min(1))
}

/// Whoever runs the tests may have signals ignored, which every process started from here would inherit: nohup does so
/// with HUP, a shell without job control with INT and QUIT of what it runs in the background.
fn take_ignored_signals_back() {
    for signal in [libc::SIGHUP, libc::SIGINT, libc::SIGQUIT, libc::SIGTERM] {
        // SAFETY: SIG_DFL is a disposition every signal may have; no handler is involved.
        assert_ne!(unsafe { libc::signal(signal, libc::SIG_DFL) }, libc::SIG_ERR);
    }
}
