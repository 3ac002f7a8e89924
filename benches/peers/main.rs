//! `cargo xtask bench [--quick] [SCENARIO...]`: speed and size beside upstream, runit and s6.
//!
//! Each scenario is run with every subject in turn, round by round, so that other load of the machine hits all of
//! them. Figures are medians over the rounds. Processor time and wake-ups count most; wall time is shared. Each
//! scenario also checks that what it measures is right: logs are read back line by line, answers are checked.
//!
//! `--quick` takes three minutes at most, with smaller loads and one round.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line program")]

mod client;
mod figure;
mod fleet;
mod machine;
mod scenario;
mod subject;

use std::process::ExitCode;
use std::time::Instant;

use figure::Figures;
use scenario::{Context, Extent, SCENARIOS, Scenario};
use subject::{Programs, Subject};
use support::Failure;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the scenarios with these names, or all, and prints the table.
fn run(arguments: &[&str]) -> Result<(), Failure> {
    let (switches, names): (Vec<&str>, Vec<&str>) =
        arguments.iter().partition(|argument| argument.starts_with('-'));
    let extent = match switches[..] {
        [] => Extent::Full,
        ["--quick"] => Extent::Quick,
        _ => return Err("the only switch is --quick".into()),
    };
    if let Some(unknown) = names.iter().find(|name| !SCENARIOS.iter().any(|known| known.name == **name)) {
        let known: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
        return Err(format!("no scenario {unknown}; there are {}", known.join(", ")).into());
    }
    let programs = Programs::prepare()?;
    let (began, mut figures, mut failures) = (Instant::now(), Figures::default(), Vec::new());
    for scenario in SCENARIOS.iter().filter(|known| names.is_empty() || names.contains(&known.name)) {
        run_scenario(scenario, &programs, extent, &mut figures, &mut failures);
    }
    println!("\n{}\n{:.0} s in all", figures.table(), began.elapsed().as_secs_f64());
    if failures.is_empty() { Ok(()) } else { Err(failures.join("\n").into()) }
}

fn run_scenario(
    scenario: &Scenario,
    programs: &Programs,
    extent: Extent,
    figures: &mut Figures,
    failures: &mut Vec<String>,
) {
    let (rounds, paired_rounds) = match extent {
        Extent::Quick => (vec![scenario.quick], 0),
        Extent::Full => (vec![scenario.full; scenario.rounds], scenario.paired_rounds),
    };
    let duel: &[Subject] = &[Subject::Ours, Subject::Bare];
    let rounds = [rounds, vec![duel; paired_rounds]].concat();
    for (index, subjects) in rounds.iter().enumerate() {
        let mut order: Vec<Subject> =
            subjects.iter().copied().filter(|subject| programs.has(*subject)).collect();
        // The first subject after a pause may pay for what the others find done, such as the host giving the machine memory.
        if index % 2 == 1 {
            order.reverse();
        }
        for subject in order {
            println!("  {} {}/{}: {}", scenario.name, index + 1, rounds.len(), subject.name());
            let mut context = Context { programs, extent, subject, figures };
            if let Err(failure) = (scenario.run)(&mut context) {
                println!("    FAILED: {failure}");
                // A failure of a peer is a gap in the table; one of ours is a defect.
                if subject == Subject::Ours {
                    failures.push(format!("{}: {failure}", scenario.name));
                }
            }
        }
    }
}
