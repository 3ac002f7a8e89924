//! Rules about the text of single files.

use super::{Finding, Source};

/// Beyond this a file holds more than one idea.
const LONGEST_FILE: usize = 700;
/// rustfmt breaks code; comments are broken by hand.
const LONGEST_COMMENT: usize = 130;

/// Work left open, spelled apart so that the rule does not find itself.
const LEFT_OPEN: [&str; 6] = [
    concat!("TO", "DO"),
    concat!("FIX", "ME"),
    concat!("XX", "X:"),
    concat!("HA", "CK"),
    concat!("todo", "!("),
    concat!("unimplemented", "!("),
];

/// Paths that exist on one machine only.
const MACHINE_PATHS: [&str; 3] = [concat!("/wo", "rk/"), concat!("/far", "m/"), concat!("/ro", "ot/")];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = every_text(source);
    if source.has_extension("rs") {
        findings.extend(rust(source));
    }
    findings
}

/// Rules for every text.
fn every_text(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    // A seed is what a client sent, to the byte.
    let is_seed = source.file.to_string_lossy().contains("fuzz/seeds");
    if is_seed || ["lock", "svg"].iter().any(|extension| source.has_extension(extension)) {
        return findings;
    }
    for (index, line) in source.text.lines().enumerate() {
        let number = index + 1;
        if line.ends_with([' ', '\t']) {
            findings.push(source.finding(number, "blanks at the end of the line"));
        }
        if let Some(word) = LEFT_OPEN.iter().find(|word| line.contains(**word)) {
            findings.push(source.finding(number, format!("{word} belongs into an issue")));
        }
        if let Some(path) = MACHINE_PATHS.iter().find(|path| has_path(line, path)) {
            findings.push(source.finding(number, format!("{path} is a path of one machine")));
        }
    }
    if !source.text.is_empty() && !source.text.ends_with('\n') {
        findings.push(source.finding(0, "the last line does not end"));
    }
    findings
}

/// True if an absolute path begins here, and not the middle of a longer one.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(start, _)| {
        let before = line[..start].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "_.-)}*".contains(c))
    })
}

fn rust(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let length = source.text.lines().count();
    if length > LONGEST_FILE {
        findings
            .push(source.finding(0, format!("{length} lines; split it by idea, {LONGEST_FILE} is the most")));
    }
    // The purpose of `tests.rs` is that of the module above it.
    if !source.text.trim_start().starts_with("//!") && !source.file.ends_with("tests.rs") {
        findings.push(source.finding(1, "a file opens with `//!` and its purpose"));
    }
    for (index, line) in source.text.lines().enumerate() {
        let number = index + 1;
        if is_unbroken_comment(line) {
            findings
                .push(source.finding(number, format!("a comment longer than {LONGEST_COMMENT} characters")));
        }
        // A test's own helper program may be a test that only the test starts; its reason says so.
        if line.trim_start().starts_with(concat!("#[ig", "nore")) && !line.ends_with(", not a test\"]") {
            findings.push(source.finding(number, "an ignored test tests nothing"));
        }
    }
    findings
}

/// A long comment that could be broken: the row of a table cannot.
fn is_unbroken_comment(line: &str) -> bool {
    let text = line.trim_start();
    let is_table_row = ["//! |", "/// |"].iter().any(|start| text.starts_with(start));
    text.starts_with("//") && !is_table_row && line.chars().count() > LONGEST_COMMENT
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        let source = Source { file: "a.rs".into(), text: text.to_owned() };
        check(&source).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_tidy_file_has_no_findings() {
        assert_eq!(findings("//! Adds.\n\nfn add() {}\n"), Vec::<String>::new());
    }

    #[test]
    fn each_rule_finds_its_place() {
        assert_eq!(findings("fn add() {}\n"), ["a.rs:1: a file opens with `//!` and its purpose"]);
        assert_eq!(findings("//! A. \n"), ["a.rs:1: blanks at the end of the line"]);
        assert_eq!(findings("//! A."), ["a.rs:0: the last line does not end"]);
        assert_eq!(findings(&format!("//! A.\n// {}\n", LEFT_OPEN[0])).len(), 1);
        assert_eq!(findings(&format!("//! A.\n// {}x\n", MACHINE_PATHS[0])).len(), 1);
        assert_eq!(
            findings(&format!("//! A.\n// %(here)s{}x\n", MACHINE_PATHS[0])),
            Vec::<String>::new().as_slice()
        );
        assert_eq!(findings(&format!("//! A.\n{}", "\n".repeat(LONGEST_FILE))).len(), 1);
        assert_eq!(findings(&format!("//! A.\n// {}\n", "x".repeat(LONGEST_COMMENT))).len(), 1);
    }
}
