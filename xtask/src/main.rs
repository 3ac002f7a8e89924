//! Repository tasks: `cargo xtask TASK`.
//!
//! | Task | What it does |
//! |---|---|
//! | `tidy` | checks the rules of ARCHITECTURE.md that a program can check |
//! | `bench` | measures speed and size beside upstream, runit and s6; `--quick` in three minutes |
//! | `browser` | clicks through the web interface in Chromium; `--pictures` takes those of the documentation |
//! | `compliance` | runs the same scenarios on upstream and on ours and compares; makes a virtual environment for upstream |
//! | `deployments` | runs the configurations of `examples/` with the real programs |
//! | `clients` | runs npm libraries, Debian's supervisorctl and Ansible's module on ours |
//! | `extensions` | runs superlance, a recorded session, nginx with FastCGI and the example listener |
//! | `leftovers` | fails if a process of a test still lives |
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the tasks talk to whoever runs them")]

mod bench;
mod browser;
mod clients;
mod compliance;
mod deployments;
mod extensions;
mod tidy;
mod workspace;

use std::process::ExitCode;

/// Why a task failed, for people.
type Failure = Box<dyn std::error::Error>;

const USAGE: &str = "usage: cargo xtask tidy | bench [--quick] [SCENARIO...] | browser [--pictures] [WORD...] | \
                     compliance [corpus|scenarios|suite] | deployments [NAME...] | clients [NAME...] | \
                     extensions [NAME...] | leftovers";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.split_first() {
        Some((&"tidy", [])) => tidy::run(),
        Some((&"bench", arguments)) => bench::run(arguments),
        Some((&"browser", arguments)) => browser::run(arguments),
        Some((&"compliance", parts)) => compliance::run(parts),
        Some((&"deployments", names)) => deployments::run(names),
        Some((&"clients", names)) => clients::run(names),
        Some((&"extensions", names)) => extensions::run(names),
        Some((&"leftovers", [])) => leftovers(),
        _ => Err(USAGE.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Checks that the tests kept their promise to leave no process behind.
fn leftovers() -> Result<(), Failure> {
    let pids = support::survivors_of_any_sandbox();
    if pids.is_empty() { Ok(()) } else { Err(format!("processes of tests still live: {pids:?}").into()) }
}
