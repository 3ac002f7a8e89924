//! The INI dialect of supervisord.conf: Python's `RawConfigParser` as upstream sets it up.
//!
//! A line is, in this order: cut at its comment and stripped; if nothing is left, a blank line of the open value or
//! a comment; if it is indented deeper than the line that opened the value, a further line of that value, whatever
//! it looks like; a `[section]`; a `key = value` or `key: value`; or an error.
//!
//! Sections and options keep their places, so that a fault can point at the text it means.

use crate::source::{FileId, Sources, Span};
use std::collections::HashMap;
use std::ops::Range;

mod line;
mod reader;

/// The sections of all files together.
#[derive(Clone, Debug, Default)]
pub(crate) struct Document {
    /// The text behind them.
    pub(crate) sources: Sources,
    sections: Vec<Section>,
    by_name: HashMap<String, usize>,
    defaults: Option<Section>,
    /// Which sections are kept beside the defaults, if others are read for their faults only.
    keeps: Option<fn(&str) -> bool>,
    /// Set once `[include]` was met: from then on `%(here)s` is the directory of the file a value stands in.
    pub(crate) has_includes: bool,
}

/// A section: its header met first, and the options of all its parts.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    pub(crate) name: String,
    /// The file that opened it first.
    pub(crate) file: FileId,
    /// Its first header.
    pub(crate) header: Span,
    /// Its second header, if it was written twice.
    pub(crate) again: Option<Span>,
    /// A line of it could not be understood, so an option that seems to be missing may not be.
    pub(crate) has_bad_lines: bool,
    options: Vec<Entry>,
    /// Where each option stands, once there are more than [`FEW`].
    by_key: HashMap<String, usize>,
}

/// So many options are looked for one after the other, which is quicker than an index, and takes none.
const FEW: usize = 32;

/// An option as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// In lower case.
    pub(crate) key: String,
    pub(crate) key_span: Span,
    /// The value, its lines joined with LF.
    pub(crate) text: String,
    first_line: Span,
    further_lines: Vec<ValueLine>,
}

/// Where a further line of a value begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ValueLine {
    /// In the joined value.
    offset: usize,
    span: Span,
}

/// An option as a section sees it: its own, or one from `[DEFAULT]`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Lookup<'a> {
    pub(crate) entry: &'a Entry,
    /// What `%(here)s` means in it, where the files say so.
    pub(crate) here: Option<&'a [u8]>,
}

/// The section whose options every other section has, too.
const DEFAULTS: &str = "DEFAULT";

impl Document {
    /// A document that keeps some sections, by their names, and `[DEFAULT]`. Of the others it takes in nothing but faults of
    /// the dialect.
    pub(crate) fn keeping(keeps: fn(&str) -> bool) -> Self {
        Self { keeps: Some(keeps), ..Self::default() }
    }

    /// The sections in the order their names were first met.
    pub(crate) fn sections(&self) -> impl Iterator<Item = &Section> {
        self.sections.iter()
    }

    /// The section of this name.
    pub(crate) fn section(&self, name: &str) -> Option<&Section> {
        self.by_name.get(name).map(|&index| &self.sections[index])
    }

    /// An option of a section.
    pub(crate) fn option<'a>(&'a self, section: &'a Section, key: &str) -> Option<Lookup<'a>> {
        let own = section.entry(key);
        let entry = own.or_else(|| self.defaults.as_ref()?.entry(key))?;
        Some(self.lookup(section, entry))
    }

    /// Every option of a section, its own first, in the order they were first met.
    pub(crate) fn options<'a>(&'a self, section: &'a Section) -> impl Iterator<Item = Lookup<'a>> {
        let defaults = self.defaults.iter().flat_map(|defaults| &defaults.options);
        let inherited = defaults.filter(|entry| section.entry(&entry.key).is_none());
        section.options.iter().chain(inherited).map(|entry| self.lookup(section, entry))
    }

    fn lookup<'a>(&'a self, section: &Section, entry: &'a Entry) -> Lookup<'a> {
        // An option from [DEFAULT] belongs to the section that has it, as if it had been written there.
        let is_own = section.entry(&entry.key).is_some();
        let file = if is_own { entry.key_span.file } else { entry.key_span.file.max(section.file) };
        Lookup { entry, here: self.has_includes.then(|| self.sources.directory(file)) }
    }
}

impl Section {
    fn entry(&self, key: &str) -> Option<&Entry> {
        self.position(key).map(|index| &self.options[index])
    }

    fn position(&self, key: &str) -> Option<usize> {
        if self.options.len() > FEW {
            self.by_key.get(key).copied()
        } else {
            self.options.iter().position(|entry| entry.key == key)
        }
    }

    /// Its own options.
    pub(crate) fn own_options(&self) -> &[Entry] {
        &self.options
    }

    /// Sets an option and says where it stands; the last of several wins, in the place of the first.
    fn set(&mut self, entry: Entry) -> usize {
        if let Some(index) = self.position(&entry.key) {
            self.options[index] = entry;
            return index;
        }
        let index = self.options.len();
        self.options.push(entry);
        if index >= FEW {
            let not_indexed = self.by_key.len()..;
            let keys = self.options[not_indexed.clone()].iter().map(|entry| entry.key.clone());
            self.by_key.extend(keys.zip(not_indexed));
        }
        index
    }
}

impl Entry {
    fn new(key: String, key_span: Span, value: &str, value_span: Span) -> Self {
        Self { key, key_span, text: value.to_string(), first_line: value_span, further_lines: Vec::new() }
    }

    /// A further line; blank ones count only if another follows.
    fn push_line(&mut self, value: &str, span: Span) {
        self.text.push('\n');
        self.further_lines.push(ValueLine { offset: self.text.len(), span });
        self.text.push_str(value);
    }

    /// Each further line of its value that has text, and where it is.
    pub(crate) fn further_lines(&self) -> impl Iterator<Item = (&str, Span)> {
        let text = |line: &ValueLine| self.text.get(line.offset..)?.lines().next();
        let lines = self.further_lines.iter().filter(|line| line.span.end > line.span.start);
        lines.filter_map(move |line| Some((text(line)?, line.span)))
    }

    /// The comment that ends one of its lines.
    pub(crate) fn comment<'s>(&self, sources: &'s Sources) -> Option<&'s str> {
        let lines = std::iter::once(self.first_line).chain(self.further_lines.iter().map(|line| line.span));
        let rest = |line: Span| sources.line(line.file, line.line).get(line.end..).unwrap_or_default().trim();
        lines.filter(|line| line.end > line.start).map(rest).find(|rest| rest.starts_with([';', '#']))
    }

    /// The place of a part of the value; of the first line with text in it, if no part is named.
    pub(crate) fn span(&self, part: Option<Range<usize>>) -> Span {
        let start =
            part.as_ref().map_or_else(|| self.text.len() - self.text.trim_start().len(), |part| part.start);
        let further = self.further_lines.iter().rev().find(|line| line.offset <= start);
        let line = further.copied().unwrap_or(ValueLine { offset: 0, span: self.first_line });
        let end = part.map_or(usize::MAX, |part| part.end);
        let begin = line.span.start + (start - line.offset);
        let until = line.span.start.saturating_add(end - line.offset.min(end)).min(line.span.end);
        if line.span.end == line.span.start {
            return self.key_span;
        }
        Span { start: begin, end: until.max(begin), ..line.span }
    }
}

#[cfg(test)]
mod tests;
