//! Sections and options that nothing reads. Upstream passes over them in silence; ours logs a warning, naming the place
//! and what may have been meant.
//!
//! Options without a hint are mostly read by another program: event listeners keep options of their own in the same file. They
//! share one line, with the list at debug level.

use super::table::{SECTIONS, SectionKind, kind_of};
use super::{described, http, include, indented, listener, misplaced};
use crate::confusable::{self, Appearance};
use crate::ini::{Document, Entry, Section};
use crate::report::Report;
use crate::spelling::nearest;
use supervisor_core::repr;

/// Options of one key in sections of one kind.
struct Unknown<'a> {
    kind: &'static SectionKind,
    section: &'a Section,
    entry: &'a Entry,
    /// In how many other sections it stands.
    others: usize,
}

/// Logs sections and options that nothing reads.
pub(crate) fn remark(document: &Document, report: &mut Report) {
    let mut unknown: Vec<Unknown<'_>> = Vec::new();
    for section in document.sections() {
        match kind_of(&section.name) {
            Some(kind) if kind.is_plugin => {}
            Some(kind) => {
                collect(section, kind, &mut unknown);
                indented::remark(document, section, kind, report);
            }
            None => remark_section(document, section, report),
        }
        remark_name(document, section, report);
        remark_server_name(document, section, report);
    }
    remark_options(document, unknown, report);
}

fn collect<'a>(section: &'a Section, kind: &'static SectionKind, unknown: &mut Vec<Unknown<'a>>) {
    for entry in section.own_options().iter().filter(|entry| !kind.has(&entry.key)) {
        let same = unknown.iter_mut().find(|other| other.entry.key == entry.key && other.kind == kind);
        match same {
            Some(same) => same.others += 1,
            None => unknown.push(Unknown { kind, section, entry, others: 0 }),
        }
    }
}

fn remark_options(document: &Document, unknown: Vec<Unknown<'_>>, report: &mut Report) {
    let mut unexplained = Vec::new();
    for option in unknown {
        match misplaced::hint(&option.entry.key, option.kind) {
            Some(hint) => report.remark(format!("{}; {hint}", option.ignored(document))),
            None => unexplained.push(option),
        }
    }
    let has_listeners = document.sections().any(|section| listener::SECTION.matches(&section.name));
    let line = match &unexplained[..] {
        [] => return,
        [only] => only.ignored(document),
        [first, ..] => format!(
            "{} options are ignored, as supervisord does not know them, such as {}; the debug level lists all",
            unexplained.iter().map(|option| 1 + option.others).sum::<usize>(),
            first.described(document)
        ),
    };
    if has_listeners {
        report.note(format!("{line}; an event listener may read what supervisord does not"));
    } else {
        report.remark(line);
    }
    if unexplained.len() > 1 {
        for option in &unexplained {
            report.detail(option.ignored(document));
        }
    }
}

impl Unknown<'_> {
    fn described(&self, document: &Document) -> String {
        let (key, section) = (repr::text(&self.entry.key), repr::text(&self.section.name));
        format!("{key} in section {section} ({})", described(document, self.entry.key_span))
    }

    fn ignored(&self, document: &Document) -> String {
        let also = match self.others {
            0 => String::new(),
            1 => ", and in another section".to_string(),
            others => format!(", and in {others} other sections"),
        };
        format!("Unknown option {} is ignored{also}", self.described(document))
    }
}

fn remark_section(document: &Document, section: &Section, report: &mut Report) {
    let sort = match section.name.split_once(':') {
        Some((sort, _)) => format!("{sort}:"),
        None => section.name.clone(),
    };
    let meant = nearest(&sort, SECTIONS.iter().map(|kind| kind.name))
        .map(|meant| if meant.ends_with(':') { format!("[{meant}x]") } else { format!("[{meant}]") });
    let hint = match confusable::first(&section.name) {
        Some((_, letter, looks)) => format!("; {}", confusable::hint(letter, looks)),
        None => meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?")),
    };
    report.remark(format!(
        "Unknown section {} ({}) is ignored{hint}",
        repr::text(&section.name),
        described(document, section.header)
    ));
}

/// A program without a name, one with a character in its name that cannot be seen, and one that is written twice.
fn remark_name(document: &Document, section: &Section, report: &mut Report) {
    let Some(kind) = kind_of(&section.name) else { return };
    let place = described(document, section.header);
    let name = repr::text(&section.name);
    let found = section.name.chars().find_map(|letter| match confusable::appearance(letter)? {
        looks @ (Appearance::Blank | Appearance::Invisible) => Some((letter, looks)),
        Appearance::Like(_) => None,
    });
    if let Some((letter, looks)) = found {
        let (letter, hint) = (confusable::name(letter), confusable::hint(letter, looks));
        report.remark(format!("The name of section {name} ({place}) holds {letter}; {hint}"));
    }
    if kind.is_plugin || !kind.name.ends_with(':') {
        return;
    }
    if section.name.split_once(':').is_some_and(|(_, own)| own.trim().is_empty()) {
        report.remark(format!("Section {name} ({place}) has no name; write [{}]", kind.header_of("NAME")));
    }
    if let Some(again) = section.again.filter(|again| !document.sources.are_equal(again.file, section.file)) {
        report.remark(format!(
            "Section {name} ({place}) is continued by a second one of that name ({}); of an option that stands in both, \
             the later counts",
            described(document, again)
        ));
    }
}

/// `[inet_http_serverfoo]` is a server, too, but more likely a misspelling.
fn remark_server_name(document: &Document, section: &Section, report: &mut Report) {
    for prefix in [http::INET.name, http::UNIX.name] {
        let Some(rest) = section.name.strip_prefix(prefix) else { continue };
        if !rest.is_empty() && !rest.starts_with(':') {
            report.remark(format!(
                "Section {} ({}) is read as a server; did you mean [{prefix}:{rest}]?",
                repr::text(&section.name),
                described(document, section.header)
            ));
        }
    }
}

/// An `[include]` in an included file is not followed. A file that includes itself is no such one.
pub(crate) fn remark_nested_include(document: &Document, main: crate::source::FileId, report: &mut Report) {
    let Some(section) = document.section(include::SECTION.name) else { return };
    let is_nested = |entry: &&Entry| {
        let file = entry.key_span.file;
        file != main && !document.sources.are_equal(file, main)
    };
    if let Some(entry) = section.own_options().iter().find(is_nested) {
        report.remark(format!(
            "[include] in an included file ({}) has no effect; only the main file includes",
            described(document, entry.key_span)
        ));
    }
}
