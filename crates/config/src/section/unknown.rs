//! Sections and options that nothing reads. Upstream passes over them in silence; ours logs a warning each, naming
//! the place and what may have been meant.

use super::{SECTIONS, described, http, include, rpcinterface};
use crate::diagnostic::nearest;
use crate::ini::{Document, Entry, Section};
use crate::report::Report;
use crate::unseen::{self, Looks};
use supervisor_core::repr;

/// Sorts of sections by the beginning of their names, with the title of their documentation.
const PREFIXES: [(&str, &str); 5] = [
    ("program:", "[program:x]"),
    ("group:", "[group:x]"),
    ("eventlistener:", "[eventlistener:x]"),
    ("fcgi-program:", "[fcgi-program:x]"),
    (http::INET_PREFIX, "[inet_http_server]"),
];

/// Sections that may not have a name of their own.
const WHOLE: [(&str, &str); 3] =
    [("supervisord", "[supervisord]"), ("supervisorctl", "[supervisorctl]"), (include::SECTION, "[include]")];

/// Logs what nothing reads.
pub(crate) fn remark(document: &Document, report: &mut Report) {
    for section in document.sections() {
        match title_of(&section.name) {
            Some(title) => remark_options(document, section, title, report),
            None => remark_section(document, section, report),
        }
        remark_unseen(document, section, report);
        remark_server_name(document, section, report);
    }
}

/// The documentation of a section's sort; `None` for one that nothing reads.
fn title_of(name: &str) -> Option<&'static str> {
    let whole = WHOLE.iter().find(|(known, _)| *known == name);
    let prefixed = PREFIXES.iter().chain([&(http::UNIX_PREFIX, "[unix_http_server]")]);
    let plugins = [(rpcinterface::PREFIX, ""), ("ctlplugin:", "")];
    let found = whole.or_else(|| prefixed.into_iter().find(|(prefix, _)| name.starts_with(prefix)));
    found.map(|&(_, title)| title).or_else(|| {
        // Plugins take any option.
        plugins.iter().find(|(prefix, _)| name.starts_with(prefix)).map(|&(_, title)| title)
    })
}

fn remark_options(document: &Document, section: &Section, title: &str, report: &mut Report) {
    let Some(known) = SECTIONS.iter().find(|known| known.title == title) else { return };
    let keys = || known.options.iter().chain(known.shared).map(|option| option.key);
    for entry in section.own_options() {
        if !keys().any(|key| key == entry.key) {
            remark_option(document, section, entry, nearest(&entry.key, keys()), report);
        }
    }
}

fn remark_option(
    document: &Document,
    section: &Section,
    entry: &Entry,
    meant: Option<&str>,
    report: &mut Report,
) {
    let hint = hint(&entry.key, meant);
    report.remark(format!(
        "Unknown option {} in section {} ({}) is ignored{hint}",
        repr::text(&entry.key),
        repr::text(&section.name),
        described(document, entry.key_span)
    ));
}

/// What to add to a remark about a name that nothing reads.
fn hint(name: &str, meant: Option<&str>) -> String {
    if let Some((_, letter, looks)) = unseen::first(name) {
        return format!("; {}", unseen::mend(letter, looks));
    }
    meant.map_or_else(String::new, |meant| format!("; did you mean {meant}?"))
}

/// A name that is read with a character that cannot be seen.
fn remark_unseen(document: &Document, section: &Section, report: &mut Report) {
    if title_of(&section.name).is_none() {
        return;
    }
    let found = section.name.chars().find_map(|letter| match unseen::looks(letter)? {
        looks @ (Looks::Blank | Looks::Nothing) => Some((letter, looks)),
        Looks::Like(_) => None,
    });
    if let Some((letter, looks)) = found {
        report.remark(format!(
            "The name of section {} ({}) holds {}; {}",
            repr::text(&section.name),
            described(document, section.header),
            unseen::name(letter),
            unseen::mend(letter, looks)
        ));
    }
}

fn remark_section(document: &Document, section: &Section, report: &mut Report) {
    let sorts = PREFIXES.iter().chain(&WHOLE).map(|&(prefix, _)| prefix).chain([
        http::UNIX_PREFIX,
        rpcinterface::PREFIX,
        "ctlplugin:",
    ]);
    let sort = match section.name.split_once(':') {
        Some((sort, _)) => format!("{sort}:"),
        None => section.name.clone(),
    };
    let meant = nearest(&sort, sorts)
        .map(|meant| if meant.ends_with(':') { format!("[{meant}x]") } else { format!("[{meant}]") });
    let hint = hint(&section.name, meant.as_deref());
    report.remark(format!(
        "Unknown section {} ({}) is ignored{hint}",
        repr::text(&section.name),
        described(document, section.header)
    ));
}

/// `[inet_http_serverfoo]` is a server, too; whoever writes it more likely misspelled something.
fn remark_server_name(document: &Document, section: &Section, report: &mut Report) {
    for prefix in [http::INET_PREFIX, http::UNIX_PREFIX] {
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

/// An `[include]` in an included file is not followed.
pub(crate) fn remark_nested_include(document: &Document, main: crate::source::FileId, report: &mut Report) {
    let Some(section) = document.section(include::SECTION) else { return };
    let nested = section.own_options().iter().find(|entry| entry.key_span.file != main);
    if let Some(entry) = nested {
        report.remark(format!(
            "[include] in an included file ({}) has no effect; only the main file includes",
            described(document, entry.key_span)
        ));
    }
}
