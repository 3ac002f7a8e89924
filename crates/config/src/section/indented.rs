//! Options and section headers that are indented below another option, and so are lines of its value. A blank at the
//! beginning of a pasted line is enough; nothing else would tell that the program runs with `autostart=false` as an argument.

use super::described;
use super::program::process::ENVIRONMENT;
use super::table::{SectionKind, kind_of};
use crate::ini::{Document, Entry, Section};
use crate::report::Report;
use supervisor_core::repr;

/// Logs what the values of a section have taken in.
pub(super) fn remark(document: &Document, section: &Section, kind: &SectionKind, report: &mut Report) {
    for entry in section.own_options() {
        for (line, span) in entry.further_lines() {
            let found = if let Some(name) = header(line) {
                Some((format!("Section {}", repr::text(name)), format!("[{}]", section.name)))
            } else {
                let key = option(line, entry).filter(|key| kind.has(key));
                key.map(|key| (format!("Option {}", repr::text(key)), entry.key.clone()))
            };
            let Some((what, first)) = found else { continue };
            report.remark(format!(
                "{what} ({}) is part of the value of {} in section {}, as it is indented; begin the line where {first} begins",
                described(document, span),
                entry.key,
                repr::text(&section.name)
            ));
        }
    }
}

/// The name in a header of a section that is read.
fn header(line: &str) -> Option<&str> {
    let (name, _) = line.strip_prefix('[')?.split_once(']')?;
    kind_of(name).map(|_| name)
}

/// The key of a line that reads as an option; variables may have any name.
fn option<'l>(line: &'l str, entry: &Entry) -> Option<&'l str> {
    let (key, _) = line.split_once(['=', ':'])?;
    (entry.key != ENVIRONMENT.key).then(|| key.trim_end())
}
