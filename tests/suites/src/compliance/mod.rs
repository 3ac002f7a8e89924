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
mod normalize;
mod raw_http;
mod report;
mod rpc;
mod spelling;

use std::env;
use std::process::{Command, Stdio};

use crate::compliance::report::Report;
use support::{Failure, upstream, workspace};

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
    workspace::build_programs()?;
    let place = upstream::ensure()?;
    let mut again = Command::new(env::current_exe()?);
    again
        .arg("compliance")
        .args(parts)
        .env(upstream::VARIABLE, place)
        .env("SUPERVISOR_COMPLIANCE_READY", "1");
    workspace::run(&mut again)
}

/// With more failures than this the cause is not a race of upstream's.
const MAX_RERUN: usize = 5;

/// Runs the end-to-end tests with upstream's programs, and failed ones again, one at a time: upstream has races of its own,
/// such as signals that are lost between fork and exec, which show when many tests run at once.
fn run_suite_on_upstream() -> Result<(), Failure> {
    println!("\nend-to-end tests on upstream, without those about deliberate differences");
    let suite = |arguments: &[&str]| {
        let mut tests = Command::new("cargo");
        tests.args(["test", "--quiet", "--test", "main", "--"]).args(arguments);
        tests.current_dir(workspace::root()).env("SUPERVISOR_TEST_FLAVOUR", "upstream");
        tests
    };
    let output = suite(&["--skip", "unlike_upstream"]).stderr(Stdio::inherit()).output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    println!("{printed}");
    if output.status.success() {
        return Ok(());
    }
    let failed = failures(&printed);
    if failed.is_empty() || failed.len() > MAX_RERUN {
        return Err(format!("the end-to-end tests on upstream: {}", output.status).into());
    }
    println!("\nagain, one at a time: {}", failed.join(", "));
    let arguments: Vec<&str> = ["--exact", "--test-threads=1"].into_iter().chain(failed).collect();
    workspace::run(&mut suite(&arguments))
}

/// The tests that the harness lists at its end as failed.
fn failures(printed: &str) -> Vec<&str> {
    let list = printed.rsplit_once("\nfailures:\n").map_or("", |(_, list)| list);
    list.lines().map_while(|line| line.strip_prefix("    ")).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_tests_are_read_from_the_last_list() {
        let printed = "F\nfailures:\n\n---- a::b stdout ----\npanicked\n\nfailures:\n    a::b\n    c\n\ntest result: FAILED\n";
        assert_eq!(failures(printed), ["a::b", "c"]);
        assert_eq!(failures("test result: ok\n"), [""; 0]);
    }
}
