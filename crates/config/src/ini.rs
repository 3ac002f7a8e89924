//! The INI dialect of supervisord.conf: Python's `RawConfigParser` as upstream sets it up.
//!
//! A line is, in this order: cut at its comment and stripped; if nothing is left, a blank line of the open value or
//! a comment; if it is indented deeper than the line that opened the value, a further line of that value, whatever
//! it looks like; a `[section]`; a `key = value` or `key: value`; or an error.
//!
//! Sections and options keep their places, so that a fault can point at the text it means.

use crate::diagnostic::Fault;
use crate::source::{FileId, Sources, Span};
use crate::template;
use crate::text::{self, shown};
use crate::unseen::{self, Looks};
use std::collections::HashMap;
use std::fmt::Write;
use std::ops::Range;
use supervisor_core::repr;

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
    pub(crate) is_damaged: bool,
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

    /// Reads a file into the document. Lines that are none are reported together, as upstream does; text before the
    /// first section is reported once. Everything else of the file is taken in.
    pub(crate) fn read(&mut self, file: FileId, faults: &mut Vec<Fault>) {
        let sources = std::mem::take(&mut self.sources);
        let mut reader = Reader {
            document: self,
            sources: &sources,
            file,
            section: None,
            option: None,
            indent: 0,
            bad_lines: Vec::new(),
        };
        for line in 0..sources.line_count(file) {
            if let Err(fault) = reader.line(line) {
                faults.push(fault);
                reader.section = Some(SectionId::Nowhere);
            }
        }
        let bad_lines = reader.bad_lines;
        self.sources = sources;
        faults.extend(self.bad_lines_fault(file, &bad_lines));
    }

    fn bad_lines_fault(&self, file: FileId, bad_lines: &[usize]) -> Option<Fault> {
        let mut message = format!("Source contains parsing errors: {}", repr::text(self.sources.path(file)));
        for &line in bad_lines {
            let raw = repr::text(self.sources.line(file, line).as_bytes());
            write!(message, "\n\t[line {:2}]: {raw}", line + 1).expect("writing to a String cannot fail");
        }
        let line = *bad_lines.first()?;
        let content = text::strip(self.sources.line(file, line));
        let start = self.sources.line(file, line).find(content).unwrap_or(0);
        let span = Span { file, line, start, end: start + content.len() };
        let hint = if content.starts_with(['=', ':']) {
            "write the option's name before the sign".to_string()
        } else if content.contains('\0') {
            utf16_hint(self.sources.path(file))
        } else if let Some(hint) = sign_hint(content) {
            hint
        } else {
            "write it as option = value, indent it deeper than the option it belongs to, or begin it with ;"
                .to_string()
        };
        Some(
            Fault::new(message)
                .at(Some(self.sources.place(span)))
                .because("a line of a section is [section], option = value, a comment or a further line of a value")
                .with_hint(Some(hint)),
        )
    }

    fn open(&mut self, name: &str, header: Span) -> SectionId {
        if let Some(&index) = self.by_name.get(name) {
            self.sections[index].again.get_or_insert(header);
            return SectionId::Named(index);
        }
        if name != DEFAULTS && self.keeps.is_some_and(|keeps| !keeps(name)) {
            return SectionId::Skipped;
        }
        let section = Section {
            name: name.to_string(),
            file: header.file,
            header,
            again: None,
            is_damaged: false,
            options: Vec::new(),
            by_key: HashMap::new(),
        };
        if name == DEFAULTS {
            self.defaults.get_or_insert(section);
            return SectionId::Defaults;
        }
        self.sections.push(section);
        self.by_name.insert(name.to_string(), self.sections.len() - 1);
        SectionId::Named(self.sections.len() - 1)
    }

    fn open_section(&mut self, id: SectionId) -> Option<&mut Section> {
        match id {
            SectionId::Named(index) => self.sections.get_mut(index),
            SectionId::Defaults => self.defaults.as_mut(),
            SectionId::Nowhere | SectionId::Skipped => None,
        }
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

#[derive(Clone, Copy)]
enum SectionId {
    Named(usize),
    Defaults,
    /// Text before the first header, reported already.
    Nowhere,
    /// A section that is not kept.
    Skipped,
}

struct Reader<'a> {
    /// Without its sources meanwhile.
    document: &'a mut Document,
    sources: &'a Sources,
    file: FileId,
    section: Option<SectionId>,
    /// The open option of the open section; any number in one that is skipped.
    option: Option<usize>,
    /// Columns before the line that opened it.
    indent: usize,
    bad_lines: Vec<usize>,
}

impl Reader<'_> {
    fn line(&mut self, line: usize) -> Result<(), Fault> {
        let raw = self.sources.line(self.file, line);
        if matches!(self.section, Some(SectionId::Skipped)) && is_plainly_an_option(raw) {
            self.indent = 0;
            self.option = Some(0);
            return Ok(());
        }
        if let Some((key, value)) = plain_option(raw)
            && let Some(section) = self.section.filter(|id| !matches!(id, SectionId::Nowhere))
        {
            self.indent = 0;
            let end = raw.len() - usize::from(raw.ends_with('\n'));
            self.set_option(section, key, value, Span { file: self.file, line, start: 0, end });
            return Ok(());
        }
        let comment = comment_start(raw);
        let before_comment = &raw[..comment.unwrap_or(raw.len())];
        let content = text::strip(before_comment);
        let start = before_comment.len() - before_comment.trim_start_matches(text::is_blank).len();
        let span = Span { file: self.file, line, start, end: start + content.len() };
        if content.is_empty() {
            if comment.is_none()
                && let Some(entry) = self.open_option()
            {
                entry.push_line("", Span { start: 0, end: 0, ..span });
            }
            return Ok(());
        }
        let indent = raw[..start].chars().count();
        if indent > self.indent && self.option.is_some() {
            if let Some(entry) = self.open_option() {
                entry.push_line(content, span);
            }
            return Ok(());
        }
        self.indent = indent;
        if let Some(name) = header_name(content) {
            self.section = Some(self.document.open(name, span));
            self.option = None;
            return Ok(());
        }
        match self.section {
            None => Err(self.no_header(line, span)),
            Some(SectionId::Nowhere) => Ok(()),
            Some(section) => {
                match split_option(content) {
                    Some((key, value)) => self.set_option(section, key, value, span),
                    None => self.refuse_line(section, content, span),
                }
                Ok(())
            }
        }
    }

    fn open_option(&mut self) -> Option<&mut Entry> {
        let option = self.option?;
        let section = self.document.open_section(self.section?)?;
        section.options.get_mut(option)
    }

    /// Sets an option that takes up this span.
    fn set_option(&mut self, id: SectionId, key: &str, value: &str, span: Span) {
        let set = |section: &mut Section| {
            let value_span = Span { start: span.end - value.len(), ..span };
            let key_span = Span { end: span.start + key.len(), ..span };
            section.set(Entry::new(text::lower(key.as_bytes()).into_owned(), key_span, value, value_span))
        };
        self.option = Some(self.document.open_section(id).map_or(0, set));
    }

    fn refuse_line(&mut self, id: SectionId, content: &str, span: Span) {
        if let Some(section) = self.document.open_section(id) {
            section.is_damaged = true;
        }
        self.bad_lines.push(span.line);
        if content.starts_with(['=', ':']) {
            // An option without a name has no further lines, so what is indented under it is read for itself.
            self.option = None;
        }
    }

    fn no_header(&self, line: usize, span: Span) -> Fault {
        let sources = self.sources;
        let raw = sources.line(self.file, line);
        let path = shown(sources.path(self.file));
        let (why, hint) = if raw.starts_with('\u{feff}') {
            (
                "the file begins with a byte order mark, which is not blank".to_string(),
                "save the file as UTF-8 without a byte order mark".to_string(),
            )
        } else if raw.contains('\0') {
            (
                "a zero byte stands in this line, as it does in every letter of UTF-16".to_string(),
                utf16_hint(sources.path(self.file)),
            )
        } else {
            (
                format!("nothing but comments may stand before the first [section] of {path}"),
                sign_hint(text::strip(raw))
                    .unwrap_or_else(|| "write a section such as [supervisord] above it".to_string()),
            )
        };
        Fault::new(format!(
            "File contains no section headers.\nfile: {}, line: {}\n{}",
            repr::text(sources.path(self.file)),
            line + 1,
            repr::text(raw)
        ))
        .at(Some(sources.place(span)))
        .because(why)
        .with_hint(Some(hint))
    }
}

/// What to do about a file whose letters have a zero byte each.
fn utf16_hint(path: &[u8]) -> String {
    let path = shown(path);
    format!("convert the file, for example: iconv -f utf-16le -t utf-8 {path} > {path}.new")
}

/// What to do about a line that has a sign which looks like one of the dialect's.
fn sign_hint(content: &str) -> Option<String> {
    if template::begins_line(content) {
        return Some(template::HINT.to_string());
    }
    content.chars().find_map(|letter| match unseen::looks(letter)? {
        looks @ Looks::Like('=' | ':' | '[' | ']' | ';' | '#') => Some(unseen::hint(letter, looks)),
        Looks::Blank | Looks::Nothing | Looks::Like(_) => None,
    })
}

/// Where a line's comment begins. A whole-line comment begins at 0, whatever its indent. An inline one counts at the
/// beginning or after a blank, and is searched in rounds: round k looks at the k-th `;` and the k-th `#`, and the
/// first round that finds one decides.
fn comment_start(line: &str) -> Option<usize> {
    memchr::memchr2(b'#', b';', line.as_bytes())?;
    if text::strip(line).starts_with(['#', ';']) {
        return Some(0);
    }
    let mut signs = [line.match_indices(';'), line.match_indices('#')];
    loop {
        let round = signs.each_mut().map(Iterator::next);
        if round == [None, None] {
            return None;
        }
        let places = round.iter().flatten().map(|&(at, _)| at);
        let begins = |at: &usize| *at == 0 || line[..*at].ends_with(text::is_blank);
        if let Some(first) = places.filter(begins).min() {
            return Some(first);
        }
    }
}

/// Whether a line is an option for certain, whatever its value: without indent, and without a mark of a comment before the
/// sign.
fn is_plainly_an_option(line: &str) -> bool {
    let bytes = line.as_bytes();
    let Some(sign) = memchr::memchr3(b'=', b':', b';', bytes) else { return false };
    sign > 0
        && bytes[sign] != b';'
        && bytes[0] != b'['
        && bytes[0].is_ascii_graphic()
        && memchr::memchr(b'#', &bytes[..sign]).is_none()
}

/// Key and value of a line like almost all: an option without indent, without a blank at the end, without any mark of a
/// comment.
fn plain_option(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_suffix('\n').unwrap_or(line);
    let bytes = line.as_bytes();
    let is_letter = |byte: &u8| byte.is_ascii_graphic();
    let is_bare =
        bytes.first().is_some_and(is_letter) && bytes.last().is_some_and(is_letter) && bytes[0] != b'[';
    let is_plain = is_bare && memchr::memchr2(b'#', b';', bytes).is_none();
    if is_plain { split_option(line) } else { None }
}

/// The name in `[name]`: everything up to the last bracket, at least one character.
fn header_name(content: &str) -> Option<&str> {
    let inner = content.strip_prefix('[')?;
    let name = &inner[..inner.rfind(']')?];
    (!name.is_empty()).then_some(name)
}

/// Key and value around the first `=` or `:`; `None` without one or without a key.
fn split_option(content: &str) -> Option<(&str, &str)> {
    let sign = memchr::memchr2(b'=', b':', content.as_bytes())?;
    let (key, value) = (&content[..sign], &content[sign + 1..]);
    let key = key.trim_end_matches(text::is_blank);
    (!key.is_empty()).then(|| (key, text::strip(value)))
}

impl Document {
    /// Ends reading: what is blank at the end of a value does not belong to it.
    pub(crate) fn finish(&mut self) {
        for section in self.sections.iter_mut().chain(self.defaults.as_mut()) {
            for entry in &mut section.options {
                let length = entry.text.trim_end_matches(text::is_blank).len();
                entry.text.truncate(length);
            }
        }
    }
}

#[cfg(test)]
mod tests;
