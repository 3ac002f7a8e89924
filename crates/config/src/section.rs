//! Sections: what options each has, and reading them in upstream's order.
//!
//! The file of a section holds everything about it: the [`SectionKind`](table::SectionKind) that says what it is called and
//! what for, the typed value it is read into, the table of its options, and the function that reads them. [`table`]
//! says what a table is, [`SectionReader`] reads one option after the other.

use crate::confusable::{self, Appearance};
use crate::diagnostic::{Fault, Place};
use crate::expand::{self, Expanded, Names};
use crate::host::Host;
use crate::ini::{Document, Lookup, Section};
use crate::lexer::LexError;
use crate::report::Report;
use crate::source::Span;
use crate::spelling::nearest;
use crate::template;
use crate::value::{ParseContext, Parsed, Rejection};
use std::fmt;
use supervisor_core::repr;
use table::{Opt, OptionDoc};

pub(crate) mod ctl;
pub(crate) mod fcgi_program;
pub(crate) mod group;
pub(crate) mod http;
pub(crate) mod include;
mod indented;
pub(crate) mod listener;
mod misplaced;
mod origin;
pub(crate) mod pairs;
pub(crate) mod program;
pub(crate) mod rpcinterface;
pub(crate) mod supervisord;
pub(crate) mod table;
pub(crate) mod unknown;

/// Something was wrong with a value and has been reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Invalid;

/// One reading of one section.
pub(crate) struct SectionReader<'a> {
    pub(crate) host: &'a dyn Host,
    pub(crate) document: &'a Document,
    pub(crate) report: &'a mut Report,
    pub(crate) section: &'a Section,
    pub(crate) names: &'a Names<'a>,
    /// What upstream appends to every message of this reading.
    pub(crate) tail: &'a str,
}

impl<'a> SectionReader<'a> {
    /// The same section with other names.
    pub(crate) fn with_names<'b>(&'b mut self, names: &'b Names<'b>) -> SectionReader<'b>
    where
        'a: 'b,
    {
        SectionReader { report: &mut *self.report, names, ..*self }
    }

    /// The option as written.
    pub(crate) fn raw(&self, key: &str) -> Option<Lookup<'a>> {
        self.document.option(self.section, key)
    }

    /// The option's value; its default if it is absent or invalid.
    pub(crate) fn value<T>(&mut self, option: &Opt<T>) -> T {
        match self.optional(option) {
            Some(value) => value,
            None => self.default_of(option),
        }
    }

    /// The option's value, if it is there and right.
    pub(crate) fn optional<T>(&mut self, option: &Opt<T>) -> Option<T> {
        self.checked(option).ok().flatten()
    }

    /// The option's value, its default, or that it is invalid.
    pub(crate) fn checked_value<T>(&mut self, option: &Opt<T>) -> Result<T, Invalid> {
        let found = self.checked(option)?;
        Ok(found.unwrap_or_else(|| self.default_of(option)))
    }

    /// The option's value if it is there, or that it is invalid.
    pub(crate) fn checked<T>(&mut self, option: &Opt<T>) -> Result<Option<T>, Invalid> {
        let Some(text) = self.text(option.key)? else { return Ok(None) };
        self.parsed(option, &text, self.tail).map(Some)
    }

    /// The value that counts when the option is absent.
    pub(crate) fn default_of<T>(&self, option: &Opt<T>) -> T {
        let text = option.default.expect("only options with a default are read with one");
        let parsed = (option.of.parse)(text.as_bytes(), &mut ParseContext::new(self.host));
        parsed.expect("every default is a value of its type")
    }

    /// The option's text with all names expanded.
    pub(crate) fn text(&mut self, key: &str) -> Result<Option<Expanded<'a>>, Invalid> {
        let Some(found) = self.raw(key) else { return Ok(None) };
        let section = self.section;
        self.expanded(found, format_args!("{}.{key}", section.name)).map(Some)
    }

    /// A value with all names expanded; messages call it `context`.
    pub(crate) fn expanded<'t>(
        &mut self,
        found: Lookup<'t>,
        context: fmt::Arguments<'_>,
    ) -> Result<Expanded<'t>, Invalid> {
        let raw = &found.entry.text;
        expand::expand(raw, self.names, found.here).map_err(|errors| {
            let context = &context.to_string();
            for error in errors.into_iter().filter(|error| !error.is_excusable()) {
                let (head, names) = error.text(raw, found.here, context);
                let fault = Fault::new(head)
                    .with_names(names)
                    .with_tail(self.tail)
                    .at(self.document.sources.place(found.entry.span(Some(error.place(raw)))))
                    .because(error.why())
                    .with_hint(error.hint(raw))
                    .with_private_hint(error.hint_names_a_variable());
                self.report.fault(fault);
            }
            Invalid
        })
    }

    /// The typed value of a text; what is wrong with it is reported with this tail.
    pub(crate) fn parsed<T>(
        &mut self,
        option: &Opt<T>,
        text: &Expanded<'_>,
        tail: &str,
    ) -> Result<T, Invalid> {
        let mut context = ParseContext { substitutions: text.places(), ..ParseContext::new(self.host) };
        let parsed = (option.of.parse)(&text.text, &mut context);
        for remark in context.remarks {
            self.remark(option.key, &remark);
        }
        self.or_fault(option.key, option.of.takes, parsed, tail)
    }

    /// Reports a rejected value.
    pub(crate) fn or_fault<T>(
        &mut self,
        key: &str,
        takes: &str,
        parsed: Parsed<T>,
        tail: &str,
    ) -> Result<T, Invalid> {
        parsed.map_err(|rejection| {
            let fault = self.with_origin(key, self.fault_of(key, takes, rejection).with_tail(tail));
            self.report.fault(fault);
            Invalid
        })
    }

    /// A fault that also names the variables an option's text came from.
    pub(crate) fn with_origin(&self, key: &str, fault: Fault) -> Fault {
        let text =
            self.raw(key).and_then(|found| expand::expand(&found.entry.text, self.names, found.here).ok());
        match text.and_then(|text| origin::of(key, &text, self.names)) {
            Some(origin) => fault.coming_from(origin.text, origin.hint),
            None => fault,
        }
    }

    /// The fault for a rejected value, from the text in the file.
    fn fault_of(&self, key: &str, takes: &str, rejection: Rejection) -> Fault {
        let is_open = rejection.message == LexError::NoClosingQuotation.to_string();
        let may_guess = rejection.hint.is_none() || rejection.is_guess;
        let fault = Fault::new(rejection.message)
            .at(self.place_of(key))
            .because(format!("{key} takes {takes}"))
            .with_hint(rejection.hint);
        let Some(found) = self.raw(key) else { return fault };
        let text = &found.entry.text;
        if template::is_within(text) {
            return fault.with_hint(Some(template::HINT.to_string()));
        }
        // In `environment`, a $ may be meant for a program that reads the variable.
        let for_shell = origin::shell_variable(text).filter(|_| key != program::process::ENVIRONMENT.key);
        if let Some(variable) = for_shell {
            return fault.with_hint(Some(variable.hint()));
        }
        if let Some(comment) = self.comment_within(key).filter(|_| is_open) {
            return fault.with_hint(Some(comment_hint(comment)));
        }
        match confusable::first(text) {
            Some((at, letter, looks)) if may_guess || !matches!(looks, Appearance::Like(_)) => {
                let span = found.entry.span(Some(at..at + letter.len_utf8()));
                let hint = may_guess.then(|| confusable::hint(letter, looks));
                fault
                    .at(self.document.sources.place(span))
                    .because(format!("{key} takes {takes}; here stands {}", confusable::name(letter)))
                    .with_hint(hint)
            }
            Some(_) | None => fault,
        }
    }

    /// Where an option stands, or its section.
    pub(crate) fn place_of(&self, key: &str) -> Place {
        match self.raw(key) {
            Some(found) => self.document.sources.place(found.entry.span(None)),
            None => self.document.sources.place(self.section.header),
        }
    }

    /// The comment that ends a line of an option, if there is one.
    pub(crate) fn comment_within(&self, key: &str) -> Option<&'a str> {
        self.raw(key)?.entry.comment(&self.document.sources)
    }

    /// Reports that an option without a default is absent, unless a line of the section could not be understood.
    pub(crate) fn missing(&mut self, option: &OptionDoc, message: String) -> Invalid {
        if !self.section.has_bad_lines {
            let fault = Fault::new(message)
                .with_tail(self.tail)
                .at(Some(self.place_of(option.key)))
                .because(format!("[{}] cannot do without {}", self.section.name, option.key))
                .with_hint(Some(self.hint_for_missing(option)));
            let fault = self.with_origin(option.key, fault);
            self.report.fault(fault);
        }
        Invalid
    }

    fn hint_for_missing(&self, option: &OptionDoc) -> String {
        if self.raw(option.key).is_some() {
            return format!("give {} a value: {}", option.key, option.takes);
        }
        let own = self.section.own_options();
        match nearest(option.key, own.iter().map(|entry| entry.key.as_str())) {
            Some(misspelled) => format!("there is an option {misspelled}; did you mean {}?", option.key),
            None => format!("add {} = {}", option.key, option.takes),
        }
    }

    /// Logs something about an option that is accepted all the same.
    pub(crate) fn remark(&mut self, key: &str, remark: &str) {
        let place = self.raw(key).map_or(self.section.header, |found| found.entry.key_span);
        let place = described(self.document, place);
        self.report
            .remark(format!("{key} in section {} ({place}): {remark}", repr::text(&self.section.name)));
    }
}

/// The hint for a value that ends between quotes because a comment begins there.
pub(crate) fn comment_hint(comment: &str) -> String {
    let sign = comment.chars().next().unwrap_or(';');
    format!(
        "a {sign} behind a blank begins a comment, even between quotes; leave out the blank, or put the text into a script"
    )
}

/// `file: 'path', line 3`.
pub(crate) fn described(document: &Document, span: Span) -> String {
    format!("file: {}, line {}", repr::text(document.sources.path(span.file)), span.line + 1)
}

/// What upstream appends to messages about a program-like section.
pub(crate) fn tail_of(document: &Document, section: &Section) -> String {
    format!(
        " in section {} (file: {})",
        repr::text(&section.name),
        repr::text(document.sources.path(section.file))
    )
}

/// The part of a section's name after its first colon.
pub(crate) fn name_after_colon(section: &Section) -> &str {
    section.name.split_once(':').map_or("", |(_, name)| name)
}
