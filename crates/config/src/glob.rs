//! File name patterns as Python's `glob` reads them: `*`, `?`, `[seq]`, `[!seq]`.
//!
//! A leading dot must be written out; `**` is `*`. Matches keep the spelling of the parts without a pattern, and come
//! sorted.

use crate::host::Host;
use crate::paths;
use crate::text;
use std::os::unix::ffi::OsStrExt;

/// The paths that match, sorted. A pattern without special characters matches what exists.
pub(crate) fn matches(pattern: &[u8], host: &dyn Host) -> Vec<Vec<u8>> {
    let mut found = expand(pattern, host);
    found.sort();
    found
}

fn expand(pattern: &[u8], host: &dyn Host) -> Vec<Vec<u8>> {
    if !is_pattern(pattern) {
        return if exists(pattern, host) { vec![pattern.to_vec()] } else { Vec::new() };
    }
    let directory = paths::dirname(pattern);
    let name_start = pattern.iter().rposition(|&byte| byte == b'/').map_or(0, |at| at + 1);
    let name = &pattern[name_start..];
    let directories = if directory != pattern && is_pattern(directory) {
        expand(directory, host).into_iter().filter(|path| paths::is_dir(path, host)).collect()
    } else {
        vec![directory.to_vec()]
    };
    directories.iter().flat_map(|directory| inside(directory, name, host)).collect()
}

/// The paths in one directory that match the last part of a pattern.
fn inside(directory: &[u8], name: &[u8], host: &dyn Host) -> Vec<Vec<u8>> {
    if name.is_empty() {
        return if paths::is_dir(directory, host) { vec![joined(directory, b"")] } else { Vec::new() };
    }
    if !is_pattern(name) {
        let path = joined(directory, name);
        return if exists(&path, host) { vec![path] } else { Vec::new() };
    }
    let absolute = host.current_dir().join(paths::from_bytes(directory));
    let names = host.names_in(&absolute).unwrap_or_default();
    let may_match = |found: &&[u8]| name.starts_with(b".") || !found.starts_with(b".");
    let names = names.iter().map(|found| found.as_bytes()).filter(may_match);
    let pattern = Matcher::new(name);
    names.filter(|found| pattern.matches(found)).map(|found| joined(directory, found)).collect()
}

fn exists(path: &[u8], host: &dyn Host) -> bool {
    !path.contains(&0) && host.exists(&host.current_dir().join(paths::from_bytes(path)))
}

fn is_pattern(text: &[u8]) -> bool {
    text.iter().any(|byte| b"*?[".contains(byte))
}

fn joined(directory: &[u8], name: &[u8]) -> Vec<u8> {
    if directory.is_empty() || directory.ends_with(b"/") {
        [directory, name].concat()
    } else {
        [directory, b"/", name].concat()
    }
}

/// What one character of a name may be. Characters are numbers: code points, or 0xdc00 plus a byte that is not UTF-8.
enum Step {
    Exactly(u32),
    AnyOne,
    AnyRun,
    OneOf { ranges: Vec<(u32, u32)>, is_negated: bool },
}

struct Matcher(Vec<Step>);

impl Matcher {
    fn new(pattern: &[u8]) -> Self {
        let letters = numbered(pattern);
        let mut steps = Vec::new();
        let mut at = 0;
        while at < letters.len() {
            let letter = letters[at];
            at += 1;
            steps.push(match char::from_u32(letter) {
                Some('*') => Step::AnyRun,
                Some('?') => Step::AnyOne,
                Some('[') => match set(&letters[at..]) {
                    Some((step, length)) => {
                        at += length;
                        step
                    }
                    None => Step::Exactly(letter),
                },
                _ => Step::Exactly(letter),
            });
        }
        Self(steps)
    }

    /// Matches the whole name. A `*` is retried one character longer only from the last one met, which is enough and
    /// keeps the time within the product of both lengths.
    fn matches(&self, name: &[u8]) -> bool {
        let letters = numbered(name);
        let (mut step, mut at) = (0, 0);
        let mut last_run: Option<(usize, usize)> = None;
        loop {
            match self.0.get(step) {
                Some(Step::AnyRun) => {
                    last_run = Some((step, at));
                    step += 1;
                    continue;
                }
                Some(other) if letters.get(at).is_some_and(|&letter| other.takes(letter)) => {
                    step += 1;
                    at += 1;
                    continue;
                }
                None if at == letters.len() => return true,
                Some(_) | None => {}
            }
            match last_run {
                Some((run, from)) if from < letters.len() => {
                    last_run = Some((run, from + 1));
                    step = run + 1;
                    at = from + 1;
                }
                Some(_) | None => return false,
            }
        }
    }
}

impl Step {
    fn takes(&self, letter: u32) -> bool {
        match self {
            Self::Exactly(wanted) => *wanted == letter,
            Self::AnyOne => true,
            Self::AnyRun => false,
            Self::OneOf { ranges, is_negated } => {
                ranges.iter().any(|&(low, high)| (low..=high).contains(&letter)) != *is_negated
            }
        }
    }
}

/// A set after its `[`, and how many characters it has; `None` if it is not closed.
fn set(letters: &[u32]) -> Option<(Step, usize)> {
    let is_negated = letters.first() == Some(&u32::from('!'));
    let start = usize::from(is_negated);
    // A bracket in the first place belongs to the set.
    let end = start + 1 + letters.get(start + 1..)?.iter().position(|&letter| letter == u32::from(']'))?;
    let mut ranges = Vec::new();
    let mut at = start;
    while at < end {
        let low = letters[at];
        if at + 2 < end && letters[at + 1] == u32::from('-') {
            ranges.push((low, letters[at + 2]));
            at += 3;
        } else {
            ranges.push((low, low));
            at += 1;
        }
    }
    Some((Step::OneOf { ranges, is_negated }, end + 1))
}

fn numbered(text: &[u8]) -> Vec<u32> {
    text::chars(text)
        .map(|(letter, own)| letter.map_or_else(|| 0xdc00 + u32::from(own[0]), u32::from))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::MemoryHost;
    use proptest::prelude::*;

    fn find(pattern: &str) -> Vec<String> {
        let files = [
            "c/a.ini",
            "c/b.ini",
            "c/a10.ini",
            "c/a9.ini",
            "c/.hidden.ini",
            "c/d/x.ini",
            "c/d/e/y.ini",
            "c/[z]",
            "c/é.ini",
        ];
        let host =
            files.iter().fold(MemoryHost::new(), |host, file| host.with_file(format!("/etc/{file}"), ""));
        matches(pattern.as_bytes(), &host).into_iter().map(|path| String::from_utf8(path).unwrap()).collect()
    }

    /// Results of Python 3.11's `sorted(glob.glob(…))`. CFG-16.
    #[test]
    fn matches_are_pythons() {
        assert_eq!(find("/etc/c/a*.ini"), ["/etc/c/a.ini", "/etc/c/a10.ini", "/etc/c/a9.ini"]);
        assert_eq!(find("/etc/c/?.ini"), ["/etc/c/a.ini", "/etc/c/b.ini", "/etc/c/é.ini"]);
        assert_eq!(find("/etc/c/[!a]*.ini"), ["/etc/c/b.ini", "/etc/c/é.ini"]);
        assert_eq!(find("/etc/c/a[0-8]*"), ["/etc/c/a10.ini"]);
        assert_eq!(find("/etc/c/.h*"), ["/etc/c/.hidden.ini"]);
        assert_eq!(find("/etc/c/**/*.ini"), ["/etc/c/d/x.ini"]);
        assert_eq!(find("/etc/c/*/e/*.ini"), ["/etc/c/d/e/y.ini"]);
        assert_eq!(find("/etc//c/d*"), ["/etc//c/d"]);
        assert_eq!(find("/etc/c/d"), ["/etc/c/d"]);
        assert_eq!(find("/etc/*/a.ini"), ["/etc/c/a.ini"]);
        assert_eq!(find("/etc/*/d/"), ["/etc/c/d/"]);
        assert_eq!(find("/etc/c/[[]z]"), ["/etc/c/[z]"]);
        assert_eq!(find("/etc/c/[z]"), Vec::<String>::new());
        assert_eq!(find("/etc/c/nosuch"), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn any_pattern_is_answered_in_time(pattern in "[*?\\[\\]!a-c-]{0,30}", name in "[a-c\\[\\]-]{0,40}") {
            Matcher::new(pattern.as_bytes()).matches(name.as_bytes());
        }

        #[test]
        fn a_name_matches_itself_behind_a_star(name in "[a-z]{1,20}", cut in 0usize..20) {
            let pattern = format!("{}*", &name[..cut.min(name.len())]);
            prop_assert!(Matcher::new(pattern.as_bytes()).matches(name.as_bytes()));
        }
    }
}
