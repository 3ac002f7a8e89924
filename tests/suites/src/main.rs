//! Suites against programs others wrote: `cargo xtask SUITE`, or `cargo run -p supervisor-suites -- SUITE`.
//!
//! | Suite | What it does |
//! |---|---|
//! | `compliance` | runs the same scenarios on upstream and on ours and compares |
//! | `clients` | runs npm libraries, Debian's supervisorctl and Ansible's module on ours |
//! | `extensions` | runs superlance, a recorded session, nginx with FastCGI and the example listener |
//! | `deployments` | runs the configurations of `examples/` with the real programs |
//! | `browser` | clicks through the web interface in Chromium; `--pictures` takes the screenshots of the documentation |
//! | `leftovers` | fails if a process of a test still lives |
//!
//! They are a program of their own and no test targets, because they need a network, upstream, Node or Chromium:
//! `cargo test --workspace` runs on any machine with a Rust toolchain.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line program")]

mod browser;
mod clients;
mod compliance;
mod deployments;
mod extensions;

use std::process::ExitCode;

use support::Failure;

const USAGE: &str = "usage: cargo xtask compliance [corpus|scenarios|suite] | clients [NAME...] | extensions [NAME...] | \
                     deployments [NAME...] | browser [--pictures] [WORD...] | leftovers";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.split_first() {
        Some((&"compliance", parts)) => compliance::run(parts),
        Some((&"clients", names)) => clients::run(names),
        Some((&"extensions", names)) => extensions::run(names),
        Some((&"deployments", names)) => deployments::run(names),
        Some((&"browser", arguments)) => browser::run(arguments),
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

/// Checks that no test left a process behind.
fn leftovers() -> Result<(), Failure> {
    let pids = support::survivors_of_any_sandbox();
    if pids.is_empty() { Ok(()) } else { Err(format!("processes of tests still live: {pids:?}").into()) }
}
