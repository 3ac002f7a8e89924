//! Rules about what is written for people: it names what exists, and its translation keeps up.

use super::{Finding, Source};
use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

/// The file whose tables end in a column of tests.
const COMPATIBILITY: &str = "COMPATIBILITY.md";
/// How the name of a translation ends.
const TRANSLATION: &str = ".zh-CN.md";

/// `files` are all of the repository, those without text too.
pub(super) fn check(files: &[PathBuf], sources: &[Source]) -> Vec<Finding> {
    let files: BTreeSet<&Path> = files.iter().map(PathBuf::as_path).collect();
    let pages = || sources.iter().filter(|source| source.has_extension("md"));
    let mut findings: Vec<Finding> = pages().flat_map(|page| dead_links(page, &files)).collect();
    if let Some(page) = pages().find(|page| page.file == Path::new(COMPATIBILITY)) {
        findings.extend(unknown_tests(page, &functions(sources)));
    }
    findings.extend(pages().filter_map(|page| stale_translation(page, sources)));
    findings
}

/// Links to files that are not there.
fn dead_links(page: &Source, files: &BTreeSet<&Path>) -> Vec<Finding> {
    let folder = page.file.parent().unwrap_or(Path::new(""));
    let mut findings = Vec::new();
    for (number, line) in numbered(&page.text) {
        let links = line.split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next());
        for link in links.filter(|link| !link.is_empty() && !link.contains("://")) {
            let target = normal(&folder.join(link));
            let first = files.range(target.as_path()..).next();
            if !first.is_some_and(|file| file.starts_with(&target)) {
                findings.push(page.finding(number, format!("{link} is not there")));
            }
        }
    }
    findings
}

/// The path without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            Component::Normal(_) | Component::RootDir | Component::Prefix(_) => normal.push(component),
        }
    }
    normal
}

/// The names of all functions, tests among them.
fn functions(sources: &[Source]) -> BTreeSet<&str> {
    let code = sources.iter().filter(|source| source.has_extension("rs"));
    let declared = code.flat_map(|source| source.text.split("fn ").skip(1));
    declared.filter_map(|rest| rest.split(|letter| !is_of_name(letter)).next()).collect()
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// Tests in the last column that no file has. `name_…` stands for all that begin so.
fn unknown_tests(page: &Source, functions: &BTreeSet<&str>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in numbered(&page.text) {
        let Some(cell) = line.strip_suffix('|').and_then(|row| row.rsplit('|').next()) else { continue };
        let names = cell.split('`').skip(1).step_by(2);
        for name in names.filter(|name| name.trim_end_matches('…').chars().all(is_of_name)) {
            let is_known = match name.strip_suffix('…') {
                Some(start) => functions.range(start..).next().is_some_and(|found| found.starts_with(start)),
                None => functions.contains(name),
            };
            if !is_known {
                findings.push(page.finding(number, format!("there is no test {name}")));
            }
        }
    }
    findings
}

/// A translation that has not the parts of its original.
fn stale_translation(page: &Source, sources: &[Source]) -> Option<Finding> {
    let name = page.file.to_str()?.strip_suffix(TRANSLATION)?.to_owned() + ".md";
    let Some(original) = sources.iter().find(|source| source.file == Path::new(&name)) else {
        return Some(page.finding(0, format!("translates {name}, which is not there")));
    };
    let (theirs, ours) = (skeleton(&original.text), skeleton(&page.text));
    let same = theirs.iter().zip(&ours).take_while(|(theirs, ours)| theirs.0 == ours.0).count();
    if same == theirs.len() && same == ours.len() {
        return None;
    }
    let line = ours.get(same).map_or(0, |part| part.1);
    Some(page.finding(line, format!("from here on headings, code, tables and lists are not those of {name}")))
}

/// What a translation shares with its original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Heading(usize),
    CodeEdge,
    TableRow,
    Image,
    ListItem,
}

/// The parts of a page, each with its line.
fn skeleton(text: &str) -> Vec<(Part, usize)> {
    let mut is_code = false;
    let part = |(number, line): (usize, &str)| {
        let line = line.trim_start();
        let is_edge = line.starts_with("```");
        is_code ^= is_edge;
        let part = match line.chars().next()? {
            _ if is_edge => Part::CodeEdge,
            _ if is_code => return None,
            '#' => Part::Heading(line.chars().take_while(|&letter| letter == '#').count()),
            '|' => Part::TableRow,
            '!' => Part::Image,
            '-' => Part::ListItem,
            _ => return None,
        };
        Some((part, number))
    };
    numbered(text).filter_map(part).collect()
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(sources: &[(&str, &str)]) -> Vec<String> {
        let source = |&(file, text): &(&str, &str)| Source { file: file.into(), text: text.to_owned() };
        let sources: Vec<Source> = sources.iter().map(source).collect();
        let files: Vec<PathBuf> = sources.iter().map(|source| source.file.clone()).collect();
        check(&files, &sources).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_link_leads_to_a_file_or_a_folder() {
        let page = "[a](../b/c.md#part) [b](../b) [c](https://d.e/f) [d](#part)\n\n[e](c.md)\n";
        assert_eq!(findings(&[("a/a.md", page), ("b/c.md", "")]), ["a/a.md:3: c.md is not there"]);
    }

    #[test]
    fn a_test_is_named_as_it_is_called() {
        let page = "| `reload` | ours | PROC-1, `it_works`, `it_wo…`, `crates/a` |\n| x | y | `it_work`, `it_fails…` |\n";
        assert_eq!(
            findings(&[("COMPATIBILITY.md", page), ("a.rs", "#[test]\nfn it_works() {}\n")]),
            [
                "COMPATIBILITY.md:2: there is no test it_work",
                "COMPATIBILITY.md:2: there is no test it_fails…"
            ]
        );
    }

    #[test]
    fn a_translation_has_the_parts_of_its_original() {
        let english = "# A\n\n```sh\n# no heading\n```\n\n| a |\n\n- a\n  - b\n\n## B\n";
        let chinese = "# 甲\n\n```sh\n# 不是标题\n```\n\n| 甲 |\n\n- 甲\n  - 乙\n\n## 乙\n";
        assert_eq!(findings(&[("a.md", english), ("a.zh-CN.md", chinese)]), Vec::<String>::new());
        let stale = "from here on headings, code, tables and lists are not those of a.md";
        let shorter = chinese.replace("| 甲 |\n\n", "");
        assert_eq!(
            findings(&[("a.md", english), ("a.zh-CN.md", &shorter)]),
            [format!("a.zh-CN.md:7: {stale}")]
        );
        let shorter = chinese.replace("  - 乙\n", "");
        assert_eq!(
            findings(&[("a.md", english), ("a.zh-CN.md", &shorter)]),
            [format!("a.zh-CN.md:11: {stale}")]
        );
        let cut = chinese.replace("## 乙\n", "");
        assert_eq!(findings(&[("a.md", english), ("a.zh-CN.md", &cut)]), [format!("a.zh-CN.md:0: {stale}")]);
        let alone = findings(&[("a.zh-CN.md", chinese)]);
        assert_eq!(alone, ["a.zh-CN.md:0: translates a.md, which is not there"]);
    }
}
