//! `cargo xtask compliance`: the same scenario on upstream and on ours.
//!
//! Parts, all of them unless some are named:
//! - `suite`: the end-to-end tests run on upstream, which shows that they demand what upstream does, and the tests of our
//!   supervisorctl and client library against upstream's daemon;
//! - `scenarios`: what both daemons log, answer and print is compared text by text, every method with every type of argument
//!   among it and HTTP byte by byte; foreign clients talk to both, and each supervisorctl drives each daemon;
//! - `corpus`: real configuration files, where there are some: both load each with the same result or refuse it with
//!   the same first line.
//!
//! The outcome of a comparison is *same*, *differs on purpose* (then [`deliberate`] names the entry of
//! COMPATIBILITY.md, and the entry has to be there) or *differs*, which fails the run.

mod corpus;
mod ctl;
mod deliberate;
mod faults;
mod foreign_clients;
mod log;
mod methods;
mod normal;
mod raw_http;
mod report;
mod rpc;
mod spelling;
pub(crate) mod upstream;

use std::env;
use std::process::Command;

use crate::compliance::report::Report;
use crate::{Failure, workspace};

const PARTS: [&str; 3] = ["scenarios", "corpus", "suite"];

pub(crate) fn run(parts: &[&str]) -> Result<(), Failure> {
    if let Some(unknown) = parts.iter().find(|part| !PARTS.contains(part)) {
        return Err(format!("no part {unknown}; there are {}", PARTS.join(", ")).into());
    }
    if env::var_os(upstream::VARIABLE).is_none() || env::var_os("SUPERVISOR_COMPLIANCE_READY").is_none() {
        return prepare_and_start_again(parts);
    }
    let wants = |part| parts.is_empty() || parts.contains(&part);
    let mut report = Report::default();
    if wants("scenarios") {
        faults::compare(&mut report);
        rpc::compare(&mut report);
        methods::compare(&mut report);
        raw_http::compare(&mut report);
        foreign_clients::compare(&mut report);
        log::compare(&mut report);
        ctl::compare(&mut report);
    }
    if wants("corpus") {
        corpus::compare(&mut report)?;
    }
    let compared = report.conclude();
    if wants("suite") {
        run_suite_on_upstream()?;
        compare_the_clients()?;
    }
    compared
}

/// Builds ours, installs upstream where it is missing, and runs this task again with upstream's place in the
/// environment, where the helpers of the tests look for it.
fn prepare_and_start_again(parts: &[&str]) -> Result<(), Failure> {
    workspace::run(
        Command::new("cargo").args(["build", "--quiet", "--bins"]).current_dir(workspace::root()),
    )?;
    let place = upstream::ensure()?;
    let mut again = Command::new(env::current_exe()?);
    again
        .arg("compliance")
        .args(parts)
        .env(upstream::VARIABLE, place)
        .env("SUPERVISOR_COMPLIANCE_READY", "1");
    workspace::run(&mut again)
}

fn run_suite_on_upstream() -> Result<(), Failure> {
    println!("\nend-to-end tests on upstream, without those about deliberate differences");
    let mut tests = Command::new("cargo");
    tests.args(["test", "--quiet", "--test", "main", "--", "--skip", "unlike_upstream"]);
    workspace::run(tests.current_dir(workspace::root()).env("SUPERVISOR_TEST_FLAVOUR", "upstream"))
}

/// The comparison of the two supervisorctl, inside one process, with a shell and a configuration that changes.
fn compare_the_clients() -> Result<(), Failure> {
    println!(
        "\nboth supervisorctl on supervisord of upstream, and what our client library makes of its answers"
    );
    let mut tests = Command::new("cargo");
    tests.args(["test", "--quiet", "-p", "supervisor-ctl", "--test", "upstream"]);
    workspace::run(tests.current_dir(workspace::root()))
}
