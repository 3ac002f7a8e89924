//! `cargo xtask properties [SECONDS]`: the property tests with fresh random cases.
//!
//! `cargo test` tries the same cases in every run (`.cargo/config.toml` fixes the seed). This task runs the property tests
//! alone, round after round, each with a seed of its own, and prints the seed, so that a failure can be repeated.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::Read;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::{Failure, workspace};

/// How long the task runs if nothing is said.
const SECONDS: u64 = 600;
/// Cases of each property in a round, where the property does not set its own number.
const CASES: &str = "1000";

/// Runs rounds until the time is over; at least one.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let seconds = match arguments {
        [] => SECONDS,
        [seconds] => seconds.parse().map_err(|error| format!("{seconds:?}: {error}"))?,
        _ => return Err("usage: cargo xtask properties [SECONDS]".into()),
    };
    let properties = properties()?;
    let (began, mut round) = (Instant::now(), 0);
    while round == 0 || began.elapsed() < Duration::from_secs(seconds) {
        round += 1;
        let seed = fresh_seed()?;
        println!("round {round}: PROPTEST_RNG_SEED={seed} PROPTEST_CASES={CASES}");
        for (package, names) in &properties {
            run_with(package, names, seed)?;
        }
    }
    let count: usize = properties.values().map(BTreeSet::len).sum();
    println!("{count} properties held in {round} rounds");
    Ok(())
}

fn run_with(package: &str, names: &BTreeSet<String>, seed: u64) -> Result<(), Failure> {
    let mut cargo = Command::new("cargo");
    cargo.args(["test", "--quiet", "--package", package, "--tests", "--"]).args(names);
    cargo.current_dir(workspace::root());
    let output = cargo.env("PROPTEST_RNG_SEED", seed.to_string()).env("PROPTEST_CASES", CASES).output()?;
    if output.status.success() {
        return Ok(());
    }
    let text = [output.stdout, output.stderr].concat();
    Err(format!(
        "{}\na property of {package} does not hold; to repeat it:\n\
         PROPTEST_RNG_SEED={seed} PROPTEST_CASES={CASES} cargo test -p {package} -- {}",
        String::from_utf8_lossy(&text),
        names.iter().map(String::as_str).collect::<Vec<_>>().join(" ")
    )
    .into())
}

/// The names of the property tests of each package.
fn properties() -> Result<BTreeMap<String, BTreeSet<String>>, Failure> {
    let mut properties: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for file in workspace::files()? {
        let mut parts = file.iter();
        let is_code = file.extension().is_some_and(|extension| extension == "rs");
        if let (Some("crates"), Some(folder), true) =
            (parts.next().and_then(|part| part.to_str()), parts.next(), is_code)
        {
            let names = names(&fs::read_to_string(workspace::root().join(&file))?);
            if !names.is_empty() {
                let package = format!("supervisor-{}", folder.to_string_lossy());
                properties.entry(package).or_default().extend(names);
            }
        }
    }
    Ok(properties)
}

/// The functions in the `proptest!` blocks of a file.
fn names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut end: Option<String> = None;
    for line in text.lines() {
        let code = line.trim_start();
        if code == concat!("proptest", "! {") {
            end = Some(format!("{}}}", &line[..line.len() - code.len()]));
        } else if end.as_deref() == Some(line) {
            end = None;
        } else if let (Some(rest), true) = (code.strip_prefix("fn "), end.is_some()) {
            names.extend(rest.split('(').next().map(str::to_owned));
        }
    }
    names
}

fn fresh_seed() -> Result<u64, Failure> {
    let mut bytes = [0; 8];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_functions_of_a_block_are_properties() {
        let block =
            concat!("    proptest", "! {\n        #[test]\n        fn it_holds(a: u8) {\n        }\n    }\n");
        let text = format!("fn before() {{}}\nmod tests {{\n{block}    fn after() {{}}\n}}\n");
        assert_eq!(names(&text), ["it_holds"]);
    }
}
