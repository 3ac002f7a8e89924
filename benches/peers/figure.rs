//! The figures, what they are to be, and the table they end in.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::subject::Subject;

/// What a figure is to be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Aim {
    AtMost(f64),
    AtLeast(f64),
    /// At most so many times what [`Subject::Bare`] takes.
    TimesBare(f64),
    /// At least so many times what [`Subject::Bare`] gives.
    ShareOfBare(f64),
    /// Only reported.
    None,
}

impl Aim {
    fn describe(self) -> String {
        match self {
            Self::AtMost(bound) => format!("≤ {}", shown(bound)),
            Self::AtLeast(bound) => format!("≥ {}", shown(bound)),
            Self::TimesBare(times) => format!("≤ {} × bare", shown(times)),
            Self::ShareOfBare(times) => format!("≥ {} × bare", shown(times)),
            Self::None => String::new(),
        }
    }

    fn is_met(self, value: f64, bare: Option<f64>) -> Option<bool> {
        match self {
            Self::AtMost(bound) => Some(value <= bound),
            Self::AtLeast(bound) => Some(value >= bound),
            Self::TimesBare(times) => bare.map(|bare| value <= times * bare),
            Self::ShareOfBare(times) => bare.map(|bare| value >= times * bare),
            Self::None => None,
        }
    }
}

/// One row of the table.
#[derive(Debug)]
struct Figure {
    name: String,
    aim: Aim,
    samples: BTreeMap<Subject, Vec<f64>>,
}

/// All figures, in the order in which they were first measured.
#[derive(Debug, Default)]
pub(super) struct Figures(Vec<Figure>);

impl Figures {
    /// Adds a sample.
    pub(super) fn note(&mut self, subject: Subject, name: &str, aim: Aim, value: f64) {
        println!("    {:9} {name}: {}", subject.name(), shown(value));
        let place = self.0.iter().position(|figure| figure.name == name).unwrap_or_else(|| {
            self.0.push(Figure { name: name.to_owned(), aim, samples: BTreeMap::new() });
            self.0.len() - 1
        });
        if let Some(figure) = self.0.get_mut(place) {
            figure.samples.entry(subject).or_default().push(value);
        }
    }

    /// A Markdown table of medians, with the ratio of upstream's to ours.
    pub(super) fn table(&self) -> String {
        let mut table = String::from("| figure | aim | ours | |");
        let others = [Subject::Upstream, Subject::Runit, Subject::S6, Subject::Bare];
        for subject in others {
            let _ = write!(table, " {} |", subject.name());
        }
        table.push_str(" upstream / ours |\n|---|---|---|---|---|---|---|---|---|\n");
        for figure in &self.0 {
            let bare = figure.median(Subject::Bare);
            let ours = figure.median(Subject::Ours);
            let verdict = match ours.and_then(|value| figure.aim.is_met(value, bare)) {
                Some(true) => "met",
                Some(false) => "**missed**",
                None => "",
            };
            let _ =
                write!(table, "| {} | {} | {} | {verdict} |", figure.name, figure.aim.describe(), cell(ours));
            for subject in others {
                let _ = write!(table, " {} |", cell(figure.median(subject)));
            }
            let ratio = figure.median(Subject::Upstream).zip(ours).filter(|(_, ours)| *ours > 0.0);
            let _ = writeln!(table, " {} |", cell(ratio.map(|(upstream, ours)| upstream / ours)));
        }
        table
    }
}

impl Figure {
    fn median(&self, subject: Subject) -> Option<f64> {
        percentile(self.samples.get(&subject)?, 50)
    }
}

/// The value below which so many per cent of the samples lie.
pub(super) fn percentile(samples: &[f64], per_cent: usize) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get((sorted.len().saturating_sub(1) * per_cent).div_ceil(100)).copied()
}

fn cell(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), shown)
}

/// Three significant digits.
fn shown(value: f64) -> String {
    match value.abs() {
        0.0 => "0".to_owned(),
        size if size < 0.1 => format!("{value:.3}"),
        size if size < 10.0 => format!("{value:.2}"),
        size if size < 100.0 => format!("{value:.1}"),
        _ => format!("{value:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_samples() {
        let samples = [5.0, 1.0, 3.0, 2.0, 4.0];
        assert_eq!(percentile(&samples, 50), Some(3.0));
        assert_eq!(percentile(&samples, 99), Some(5.0));
        assert_eq!(percentile(&[], 50), None);
    }

    #[test]
    fn the_table_says_what_is_missed() {
        let mut figures = Figures::default();
        figures.note(Subject::Ours, "a", Aim::AtMost(2.0), 3.0);
        figures.note(Subject::Upstream, "a", Aim::AtMost(2.0), 6.0);
        figures.note(Subject::Ours, "b", Aim::TimesBare(1.5), 3.0);
        figures.note(Subject::Bare, "b", Aim::TimesBare(1.5), 2.0);
        let table = figures.table();
        let rows: Vec<&str> = table.lines().skip(2).collect();
        assert_eq!(rows[0], "| a | ≤ 2.00 | 3.00 | **missed** | 6.00 | – | – | – | 2.00 |");
        assert_eq!(rows[1], "| b | ≤ 1.50 × bare | 3.00 | met | – | – | – | 2.00 | – |");
    }
}
