//! The table of what was compared.

use super::deliberate;
use support::Failure;

/// Every comparison made so far.
#[derive(Default)]
pub(super) struct Report {
    rows: Vec<Row>,
}

struct Row {
    scenario: String,
    verdict: Verdict,
}

/// Each step of a scenario with its outcome, or why the scenario was cut short.
pub(super) type Steps = Result<Vec<(String, String)>, String>;

/// Runs a scenario; a condition that does not come true in time fails the scenario and not the whole run.
pub(super) fn run_scenario(scenario: impl FnOnce() -> Vec<(String, String)>) -> Steps {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(scenario)).map_err(|payload| {
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let words = text.or_else(|| payload.downcast_ref::<&str>().copied());
        words.unwrap_or("failed without a message").to_owned()
    })
}

enum Verdict {
    Same,
    /// With the entry of COMPATIBILITY.md that says why.
    OnPurpose(&'static str),
    /// With the first place where the two differ.
    Differs(String),
}

impl Report {
    /// Compares two transcripts, each a list of steps with their outcomes. A side that failed has one step, its
    /// failure, and then every step of the other differs.
    pub(super) fn compare_steps(&mut self, scenario: &str, upstream: &Steps, ours: &Steps) {
        match (upstream, ours) {
            (Ok(upstream), Ok(ours)) => {
                assert_eq!(upstream.len(), ours.len(), "both sides take the same steps");
                for ((step, theirs), (_, own)) in upstream.iter().zip(ours) {
                    self.compare(format!("{scenario}{step}"), theirs, own);
                }
            }
            (upstream, ours) => {
                let failure =
                    |steps: &Steps| steps.as_ref().err().map_or("worked", |failure| failure).to_owned();
                self.compare(format!("{scenario}as a whole"), &failure(upstream), &failure(ours));
            }
        }
    }

    /// Compares what upstream and ours did in a scenario.
    pub(super) fn compare(&mut self, scenario: impl Into<String>, upstream: &str, ours: &str) {
        let scenario = scenario.into();
        let verdict = if upstream == ours {
            Verdict::Same
        } else {
            match deliberate::entry_for(&scenario, upstream, ours) {
                Some(entry) => Verdict::OnPurpose(entry),
                None => Verdict::Differs(first_difference(upstream, ours)),
            }
        };
        self.rows.push(Row { scenario, verdict });
    }

    /// Prints the table; fails if anything differs that should not.
    pub(super) fn conclude(&self) -> Result<(), Failure> {
        let width = self.rows.iter().map(|row| row.scenario.len()).max().unwrap_or(0);
        let (mut same, mut on_purpose, mut differing) = (0, 0, 0);
        for Row { scenario, verdict } in &self.rows {
            match verdict {
                Verdict::Same => {
                    same += 1;
                    println!("{scenario:width$}  same");
                }
                Verdict::OnPurpose(entry) => {
                    on_purpose += 1;
                    println!("{scenario:width$}  differs on purpose: {entry}");
                }
                Verdict::Differs(difference) => {
                    differing += 1;
                    println!("{scenario:width$}  DIFFERS\n{difference}");
                }
            }
        }
        println!("\n{same} same, {on_purpose} differ on purpose, {differing} differ");
        let missing = deliberate::missing_entries();
        for entry in &missing {
            println!("COMPATIBILITY.md has no entry {entry:?}");
        }
        if differing == 0 && missing.is_empty() { Ok(()) } else { Err("compliance: see above".into()) }
    }
}

/// The first line in which two texts differ, with the lines around it in both.
fn first_difference(upstream: &str, ours: &str) -> String {
    let (upstream, ours): (Vec<_>, Vec<_>) = (upstream.lines().collect(), ours.lines().collect());
    let equal = upstream.iter().zip(&ours).take_while(|(theirs, own)| theirs == own).count();
    let excerpt = |lines: &[&str]| {
        let from = equal.saturating_sub(1).min(lines.len());
        let to = (equal + 4).min(lines.len());
        lines[from..to].iter().map(|line| format!("      {line}\n")).collect::<Vec<_>>().concat()
    };
    format!("    upstream, from line {}:\n{}    ours:\n{}", equal + 1, excerpt(&upstream), excerpt(&ours))
}
