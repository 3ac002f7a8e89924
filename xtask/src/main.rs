//! Repository tasks: `cargo xtask TASK`.
//!
//! | Task | What it does | Where it lives |
//! |---|---|---|
//! | `tidy` | checks the rules of ARCHITECTURE.md that a program can check | here |
//! | `properties` | runs the property tests with fresh random cases, ten minutes or as many seconds as given | here |
//! | `bench` | measures speed and size beside upstream, runit and s6; `--quick` in three minutes | `benches/peers` |
//! | `compliance` | runs the same scenarios on upstream and on ours and compares | `tests/suites` |
//! | `clients` | runs npm libraries, Debian's supervisorctl and Ansible's module on ours | `tests/suites` |
//! | `extensions` | runs superlance, a recorded session, nginx with FastCGI and the example listener | `tests/suites` |
//! | `deployments` | runs the configurations of `examples/` with the real programs | `tests/suites` |
//! | `browser` | clicks through the web interface in Chromium; `--pictures` takes screenshots | `tests/suites` |
//! | `reference` | writes `docs/reference` from the tables of options; `--check` fails if it is stale | `crates/config` |
//! | `leftovers` | fails if a process of a test still lives | `tests/suites` |
//!
//! This crate depends on no other, so that the rules can be checked while the rest does not compile. Tasks that live
//! elsewhere are programs of their packages, which cargo builds and runs.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line program")]

mod properties;
mod tidy;
mod workspace;

use std::process::{Command, ExitCode};

/// Why a task failed, for people.
type Failure = Box<dyn std::error::Error>;

const USAGE: &str = "usage: cargo xtask tidy | properties [SECONDS] | bench [--quick] [SCENARIO...] | compliance [corpus|scenarios|suite] | \
                     clients [NAME...] | extensions [NAME...] | deployments [NAME...] | browser [--pictures] [WORD...] | \
                     reference [--check] | leftovers";

/// The package and program of the suites against foreign programs; the first argument names the suite.
const SUITES: [&str; 3] = ["supervisor-suites", "--bin", "suites"];
/// The package and program of the comparison with other process managers.
const PEERS: [&str; 3] = ["supervisor-benches", "--bin", "bench-peers"];
/// The package and program that writes the reference of the configuration.
const REFERENCE: [&str; 3] = ["supervisor-config", "--example", "reference"];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first().map(|(task, rest)| (task.as_str(), rest)) {
        Some(("tidy", [])) => tidy::run(),
        Some(("properties", arguments)) => properties::run(arguments),
        Some(("bench", scenarios)) => cargo_run(PEERS, scenarios),
        Some(("reference", arguments)) => cargo_run(REFERENCE, arguments),
        Some(("compliance" | "clients" | "extensions" | "deployments" | "browser" | "leftovers", _)) => {
            cargo_run(SUITES, &arguments)
        }
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

/// Builds and runs a program of the workspace, which prints its own failures.
fn cargo_run([package, kind, program]: [&str; 3], arguments: &[String]) -> Result<(), Failure> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["run", "--quiet", "--package", package, kind, program, "--"]).args(arguments);
    let status = cargo.status().map_err(|error| format!("{cargo:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{program}: {status}").into()) }
}
