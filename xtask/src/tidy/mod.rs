//! `cargo xtask tidy`: the rules of ARCHITECTURE.md that a program can check, and of what is written for people.
//!
//! Each rule is a function from what it looks at to its findings; a finding names a file, a line and the rule.

mod docs;
mod layers;
mod scenarios;
mod text;

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use crate::{Failure, workspace};

/// A place where a rule is broken.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    file: PathBuf,
    /// Counted from 1; 0 for the file as a whole.
    line: usize,
    what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.what)
    }
}

/// A file of the repository and its lines.
struct Source {
    file: PathBuf,
    text: String,
}

impl Source {
    fn has_extension(&self, extension: &str) -> bool {
        self.file.extension().is_some_and(|own| own == extension)
    }

    fn is_below(&self, directory: impl AsRef<Path>) -> bool {
        self.file.starts_with(directory)
    }

    fn finding(&self, line: usize, what: impl Into<String>) -> Finding {
        Finding { file: self.file.clone(), line, what: what.into() }
    }

    /// The lines before the unit tests, numbered from 1.
    fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(index, line)| (index + 1, line));
        lines.take_while(|(_, line)| !line.starts_with("#[cfg(test)]"))
    }
}

/// Checks every rule and reports all findings at once.
pub(crate) fn run() -> Result<(), Failure> {
    let files = workspace::files()?;
    // What is not text, such as an image, has no rules.
    let read = |file: &PathBuf| {
        let text = fs::read_to_string(workspace::root().join(file)).ok()?;
        Some(Source { file: file.clone(), text })
    };
    let sources: Vec<Source> = files.iter().filter_map(read).collect();
    let mut findings = docs::check(&files, &sources);
    findings.extend(scenarios::check(&sources));
    for source in &sources {
        findings.extend(text::check(source));
        findings.extend(layers::check(source));
    }
    let checked = sources.len();
    for finding in &findings {
        println!("{finding}");
    }
    if findings.is_empty() {
        println!("tidy: {checked} files, nothing to say");
        return Ok(());
    }
    Err(format!("tidy: {} findings in {checked} files", findings.len()).into())
}
