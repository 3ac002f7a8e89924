//! Reads a file into the document, line by line, and reports what is wrong with it.

use super::line::{comment_start, header_name, is_plainly_an_option, plain_option, split_option};
use super::{DEFAULTS, Document, Entry, Section};
use crate::confusable::{self, Appearance};
use crate::diagnostic::Fault;
use crate::source::{FileId, Sources, Span};
use crate::template;
use crate::text::{self, shown};
use std::collections::HashMap;
use std::fmt::Write;
use supervisor_core::repr;

impl Document {
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
            has_bad_lines: false,
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
            section.has_bad_lines = true;
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
    content.chars().find_map(|letter| match confusable::appearance(letter)? {
        looks @ Appearance::Like('=' | ':' | '[' | ']' | ';' | '#') => Some(confusable::hint(letter, looks)),
        Appearance::Blank | Appearance::Invisible | Appearance::Like(_) => None,
    })
}
