//! The catalogue of scenarios: it lists the ids that tests cite, each once and in order, and no others.

use super::{Finding, Source};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The file with a table per area: `## AREA: title`, then `| AREA-1 | what holds |`.
const CATALOGUE: &str = "tests/SCENARIOS.md";

/// The id of a scenario; ordered as the lists are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Id<'a> {
    area: &'a str,
    number: u32,
    /// A letter that distinguishes scenarios of one number, or nothing.
    variant: &'a str,
}

impl<'a> Id<'a> {
    /// Reads a word such as `PROC-14a`.
    fn parse(word: &'a str) -> Option<Self> {
        let (area, rest) = word.split_once('-')?;
        let digits = rest.len() - rest.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
        let (number, variant) = rest.split_at(digits);
        let is_area = (2..=5).contains(&area.len()) && area.bytes().all(|letter| letter.is_ascii_uppercase());
        let is_variant =
            variant.is_empty() || variant.len() == 1 && variant.as_bytes()[0].is_ascii_lowercase();
        (is_area && is_variant).then_some(Self { area, number: number.parse().ok()?, variant })
    }
}

impl std::fmt::Display for Id<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}{}", self.area, self.number, self.variant)
    }
}

pub(super) fn check(sources: &[Source]) -> Vec<Finding> {
    let Some(catalogue) = sources.iter().find(|source| source.file == Path::new(CATALOGUE)) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    let listed = listed(catalogue, &mut findings);
    // Many a standard is named like a scenario, such as UTF-8: only areas with a heading count.
    let areas: BTreeSet<&str> = listed.keys().map(|id| id.area).collect();
    let mut cited = BTreeSet::new();
    for source in sources.iter().filter(|source| source.has_extension("rs") || source.has_extension("mjs")) {
        for (number, line) in test_lines(source) {
            for id in ids(line).filter(|id| areas.contains(id.area)) {
                if !listed.contains_key(&id) {
                    findings.push(source.finding(number, format!("{id} is not in {CATALOGUE}")));
                }
                cited.insert(id);
            }
        }
    }
    for (id, line) in listed.iter().filter(|(id, _)| !cited.contains(id)) {
        findings.push(catalogue.finding(*line, format!("no test cites {id}")));
    }
    findings
}

/// The ids of the catalogue with their lines. Reports what stands in the wrong place or has no sentence.
fn listed<'a>(catalogue: &'a Source, findings: &mut Vec<Finding>) -> BTreeMap<Id<'a>, usize> {
    let mut listed = BTreeMap::new();
    let mut area = "";
    let mut last: Option<Id<'_>> = None;
    for (index, line) in catalogue.text.lines().enumerate() {
        let number = index + 1;
        if let Some(title) = line.strip_prefix("## ") {
            area = title.split(':').next().unwrap_or_default();
            last = None;
        }
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let Some(id) = cells.next().filter(|_| line.starts_with('|')).and_then(Id::parse) else { continue };
        if id.area != area {
            findings.push(catalogue.finding(number, format!("{id} stands below {area}")));
        }
        if last.as_ref().is_some_and(|last| *last >= id) {
            findings.push(catalogue.finding(number, format!("{id} is not in order")));
        }
        if !cells.next().is_some_and(|sentence| sentence.ends_with('.')) {
            findings.push(catalogue.finding(number, format!("{id} has no sentence")));
        }
        last = Some(id.clone());
        listed.insert(id, number);
    }
    listed
}

/// The lines of a file that belong to tests, numbered from 1.
fn test_lines(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let is_test = source.file.components().any(|part| part.as_os_str() == "tests")
        || source.file.file_name().is_some_and(|name| name == "tests.rs");
    let product = if is_test { 0 } else { source.product_lines().count() };
    source.text.lines().enumerate().map(|(index, line)| (index + 1, line)).skip(product)
}

/// The words of a line that are ids.
fn ids(line: &str) -> impl Iterator<Item = Id<'_>> {
    let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    line.split(move |letter| !is_of_word(letter)).filter_map(Id::parse)
}

#[cfg(test)]
mod tests {
    use super::*;

    const CATALOGUE_TEXT: &str = "# S\n\n## ABC: letters\n\n| ABC-1 | It holds. |\n| ABC-2a | It holds. |\n";

    fn findings(catalogue: &str, file: &str, text: &str) -> Vec<String> {
        let source = |file: &str, text: &str| Source { file: file.into(), text: text.to_owned() };
        let sources = [source(CATALOGUE, catalogue), source(file, text)];
        check(&sources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_catalogue_of_all_cited_ids_has_no_findings() {
        let test = "/// ABC-1, (ABC-2a): `UTF-8` and SHA-1.\nfn it_holds() {}\n";
        assert_eq!(findings(CATALOGUE_TEXT, "tests/a.rs", test), [""; 0]);
        assert_eq!(findings(CATALOGUE_TEXT, "crates/a/src/b/tests.rs", test), [""; 0]);
        let module = format!("//! A.\n#[cfg(test)]\nmod tests {{\n{test}}}\n");
        assert_eq!(findings(CATALOGUE_TEXT, "crates/a/src/b.rs", &module), [""; 0]);
    }

    #[test]
    fn an_id_has_to_be_listed_and_cited() {
        assert_eq!(
            findings(CATALOGUE_TEXT, "tests/a.rs", "/// ABC-1, ABC-2\n"),
            [
                "tests/a.rs:1: ABC-2 is not in tests/SCENARIOS.md",
                "tests/SCENARIOS.md:6: no test cites ABC-2a"
            ]
        );
        // Outside a test a citation proves nothing.
        assert_eq!(findings(CATALOGUE_TEXT, "crates/a/src/b.rs", "// ABC-1, ABC-2a, ABC-3\n").len(), 2);
    }

    #[test]
    fn the_catalogue_is_sorted_by_area_and_number() {
        let unsorted = "## ABC: letters\n| ABC-10 | A. |\n| ABC-9 | B. |\n| ABC-9 | C. |\n| DEF-1 | D. |\n| ABC-11 | |\n";
        assert_eq!(
            findings(unsorted, "tests/a.rs", "// ABC-9 ABC-10 ABC-11 DEF-1\n"),
            [
                "tests/SCENARIOS.md:3: ABC-9 is not in order",
                "tests/SCENARIOS.md:4: ABC-9 is not in order",
                "tests/SCENARIOS.md:5: DEF-1 stands below ABC",
                "tests/SCENARIOS.md:6: ABC-11 is not in order",
                "tests/SCENARIOS.md:6: ABC-11 has no sentence",
            ]
        );
    }
}
