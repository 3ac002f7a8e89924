//! Faults of a configuration: what, where, why, and a hint how to fix it.
//!
//! The first line of a [`Failure`] and its last are upstream's to the byte, since people and scripts know them; ours
//! stand between, and after the first fault every other one follows:
//!
//! ```text
//! Error: value 'TREM' is not a valid signal name in section 'program:web' (file: 'conf.d/web.conf')
//!   at conf.d/web.conf:9:14
//!      9 | stopsignal = TREM
//!        |              ^^^^
//!     why: stopsignal takes a signal name, with or without SIG, or a number
//!     help: did you mean TERM?
//! also: not a valid boolean value: 'maybe' in section 'program:web' (file: 'conf.d/web.conf')
//!   at conf.d/web.conf:10:13
//! …
//! For help, use supervisord -h
//! ```

use crate::text;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

/// Faults shown at most; a file that has more is not a configuration.
const MOST_SHOWN: usize = 1000;

/// Faults reported at most to a reader outside this machine; the log has the others.
const MOST_TOLD: usize = 20;

/// Characters of a source line shown at most, those around the fault.
const WIDEST_LINE: usize = 160;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(Box<Details>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Details {
    head: String,
    names: String,
    tail: String,
    place: Option<Place>,
    why: Option<String>,
    /// What the invalid text was made of. For readers on this machine.
    origin: Option<String>,
    hint: Option<String>,
    hint_is_private: bool,
}

/// Who reads a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    /// A user of this machine, on a terminal or in the log.
    Local,
    /// A client of the RPC interface. It is not shown source lines, which may hold a password, nor which environment
    /// variables supervisord has.
    Remote,
}

/// Where a fault stands, with the source line it cites.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file, spelled as upstream's messages spell it.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// How many characters are meant; at least 1.
    pub length: usize,
    /// The whole line, without its end.
    pub source: String,
}

impl Fault {
    /// A fault with upstream's text (or ours, where upstream has none) and nothing else yet.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        let (head, names, tail) = (message.into(), String::new(), String::new());
        Self(Box::new(Details {
            head,
            names,
            tail,
            place: None,
            why: None,
            origin: None,
            hint: None,
            hint_is_private: false,
        }))
    }

    /// Adds the part of the text that lists names from the environment; left out where outsiders read it.
    pub(crate) fn with_names(mut self, names: impl Into<String>) -> Self {
        self.0.names = names.into();
        self
    }

    /// Drops that part.
    pub(crate) fn without_names(mut self) -> Self {
        self.0.names = String::new();
        self
    }

    /// Appends to the text.
    pub(crate) fn with_tail(mut self, tail: &str) -> Self {
        self.0.tail.push_str(tail);
        self
    }

    pub(crate) fn at(mut self, place: impl Into<Option<Place>>) -> Self {
        self.0.place = place.into();
        self
    }

    pub(crate) fn because(mut self, why: impl Into<String>) -> Self {
        self.0.why = Some(why.into());
        self
    }

    pub(crate) fn with_hint(mut self, hint: Option<String>) -> Self {
        self.0.hint = hint.or(self.0.hint);
        self
    }

    /// Says whether the hint names what outsiders may not learn.
    pub(crate) fn with_private_hint(mut self, hint_is_private: bool) -> Self {
        self.0.hint_is_private = hint_is_private;
        self
    }

    /// Says from which variables the text came, and a hint where there is none yet; both for readers on this machine.
    pub(crate) fn coming_from(mut self, origin: String, hint: Option<String>) -> Self {
        self.0.origin = Some(origin);
        if let Some(hint) = hint.filter(|_| self.0.hint.is_none()) {
            self.0.hint = Some(hint);
            self.0.hint_is_private = true;
        }
        self
    }

    /// What is wrong, in upstream's words. May have several lines.
    pub fn message(&self) -> String {
        format!("{}{}{}", self.0.head, self.0.names, self.0.tail)
    }

    /// The same for readers outside this machine, such as an RPC fault: without the list of names that may be
    /// expanded, which tells which environment variables supervisord has.
    pub fn remote_message(&self) -> String {
        format!("{}{}", self.0.head, self.0.tail)
    }

    /// Where it stands; `None` for a command line or a missing file.
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// Why it is wrong.
    pub fn why(&self) -> Option<&str> {
        self.0.why.as_deref()
    }

    /// Which variables the invalid text came from.
    pub fn origin(&self) -> Option<&str> {
        self.0.origin.as_deref()
    }

    /// How to fix it, where that is known.
    pub fn hint(&self) -> Option<&str> {
        self.0.hint.as_deref()
    }

    fn fmt_details(&self, reader: Reader, f: &mut impl fmt::Write) -> fmt::Result {
        if let Some(place) = &self.0.place {
            writeln!(f, "  at {}:{}:{}", place.file, place.line, place.column)?;
            if reader == Reader::Local {
                place.fmt_cited(f)?;
            }
        }
        let hint = self.0.hint.as_ref().filter(|_| reader == Reader::Local || !self.0.hint_is_private);
        let origin = self.0.origin.as_ref().filter(|_| reader == Reader::Local);
        match (&self.0.why, origin) {
            (Some(why), Some(origin)) => writeln!(f, "    why: {why}; {origin}")?,
            (Some(only), None) | (None, Some(only)) => writeln!(f, "    why: {only}")?,
            (None, None) => {}
        }
        match hint {
            Some(hint) => writeln!(f, "    help: {hint}"),
            None => Ok(()),
        }
    }
}

impl Place {
    /// Whether a section's header is meant, and not an option.
    pub(crate) fn is_header(&self) -> bool {
        self.source.trim_start().starts_with('[')
    }

    /// The line, and carets under what is meant.
    fn fmt_cited(&self, f: &mut impl fmt::Write) -> fmt::Result {
        let before = self.column.saturating_sub(1);
        let skipped = before.saturating_sub(WIDEST_LINE / 2);
        let shown: String = self.source.chars().skip(skipped).take(WIDEST_LINE).map(text::visible).collect();
        let number = self.line.to_string();
        writeln!(f, "  {number:>4} | {shown}")?;
        let room = WIDEST_LINE.saturating_sub(before - skipped).max(1);
        let meant = self.length.clamp(1, room);
        let width = |letters: &str| letters.chars().map(text::columns).sum::<usize>();
        let (in_front, from_there) = shown.split_at(byte_of(&shown, before - skipped));
        let indent = " ".repeat(width(in_front));
        // A line may end before what is meant, such as a sign that is missing at its end.
        let carets = width(&from_there[..byte_of(from_there, meant)]).max(meant);
        let carets = "^".repeat(carets);
        writeln!(f, "  {:>width$} | {indent}{carets}", "", width = number.len().max(4))
    }
}

/// The byte at which the n-th character begins, or the end.
fn byte_of(text: &str, n: usize) -> usize {
    text.char_indices().nth(n).map_or(text.len(), |(at, _)| at)
}

/// Why there is no configuration: every fault, the one upstream would have stopped at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    program: OsString,
    first: Fault,
    others: Vec<Fault>,
}

impl Failure {
    /// `None` if there is no fault.
    pub(crate) fn of(program: &OsStr, faults: Vec<Fault>) -> Option<Self> {
        let mut faults = faults.into_iter();
        let first = faults.next()?;
        Some(Self { program: program.to_os_string(), first, others: faults.collect() })
    }

    pub(crate) fn single(program: &OsStr, fault: Fault) -> Self {
        Self { program: program.to_os_string(), first: fault, others: Vec::new() }
    }

    /// The fault upstream would have stopped at.
    pub fn first(&self) -> &Fault {
        &self.first
    }

    /// Every other fault, in the order of upstream's checks.
    pub fn others(&self) -> &[Fault] {
        &self.others
    }

    /// The report for readers outside this machine, such as an RPC fault: the first faults with their places and hints,
    /// without what is not meant for them and without a line end after its last line.
    pub fn remote_report(&self) -> String {
        let mut report = self.first.remote_message() + "\n";
        self.fmt_after_first(Reader::Remote, &mut report).expect("a String takes everything");
        report.truncate(report.trim_end_matches('\n').len());
        report
    }

    /// All that follows the message of the first fault.
    fn fmt_after_first(&self, reader: Reader, f: &mut impl fmt::Write) -> fmt::Result {
        let most = match reader {
            Reader::Local => MOST_SHOWN,
            Reader::Remote => MOST_TOLD - 1,
        };
        self.first.fmt_details(reader, f)?;
        for fault in self.others.iter().take(most) {
            writeln!(f, "also: {}", fault.remote_message())?;
            fault.fmt_details(reader, f)?;
        }
        match self.others.len().saturating_sub(most) {
            0 => Ok(()),
            hidden => writeln!(f, "also: {hidden} more"),
        }
    }
}

impl fmt::Display for Failure {
    /// The whole report, without a line end after its last line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Error: {}", self.first.message())?;
        self.fmt_after_first(Reader::Local, f)?;
        write!(f, "For help, use {} -h", text::shown(self.program.as_bytes()))
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(column: usize, source: &str) -> Place {
        Place { file: "web.conf".into(), line: 9, column, length: 4, source: source.into() }
    }

    #[test]
    fn report_has_upstreams_first_and_last_line_and_every_fault_between() {
        let first = Fault::new("value 'TREM' is not a valid signal name")
            .with_tail(" in section 'program:web' (file: 'web.conf')")
            .at(Some(place(14, "stopsignal = TREM")))
            .because("stopsignal takes a signal")
            .with_hint(Some("did you mean TERM?".into()));
        let second = Fault::new("bad").with_names(" Available names: ENV_SECRET");
        let failure = Failure::of(OsStr::new("/bin/supervisord"), vec![first, second]).unwrap();
        assert_eq!(
            failure.to_string(),
            "Error: value 'TREM' is not a valid signal name in section 'program:web' (file: 'web.conf')\n  \
               at web.conf:9:14\n     9 | stopsignal = TREM\n       |              ^^^^\n    \
                 why: stopsignal takes a signal\n    help: did you mean TERM?\nalso: bad\n\
             For help, use /bin/supervisord -h"
        );
    }

    #[test]
    fn names_of_the_environment_stay_out_of_remote_messages() {
        let fault = Fault::new("x").with_names(" Available names: ENV_SECRET").with_tail(" in section 'a'");
        assert_eq!(fault.message(), "x Available names: ENV_SECRET in section 'a'");
        assert_eq!(fault.remote_message(), "x in section 'a'");
    }

    #[test]
    fn a_remote_report_has_places_and_hints_but_no_lines_of_the_file() {
        let fault = |message: &str| Fault::new(message).at(Some(place(11, "password = pa%ss")));
        let first =
            fault("bad").with_names(" Available names: ENV_SECRET").with_hint(Some("write %%".into()));
        let second = fault("worse")
            .because("there is no such name")
            .with_hint(Some("did you mean %(ENV_SECRET)s?".into()))
            .with_private_hint(true);
        let failure = Failure::of(OsStr::new("s"), vec![first, second]).unwrap();
        assert_eq!(
            failure.remote_report(),
            "bad\n  at web.conf:9:11\n    help: write %%\n\
             also: worse\n  at web.conf:9:11\n    why: there is no such name"
        );
        assert!(failure.to_string().contains("did you mean %(ENV_SECRET)s?"));
    }

    #[test]
    fn a_remote_report_of_a_file_that_is_no_configuration_is_short() {
        let failure = Failure::of(OsStr::new("s"), vec![Fault::new("bad"); 5000]).unwrap();
        let report = failure.remote_report();
        assert_eq!(report.lines().count(), MOST_TOLD + 1);
        assert!(report.ends_with("also: bad\nalso: 4980 more"), "{report}");
    }

    #[test]
    fn a_long_line_is_cut_around_the_fault() {
        let source = "x".repeat(5000);
        let failure = Failure::single(OsStr::new("s"), Fault::new("m").at(Some(place(3000, &source))));
        let report = failure.to_string();
        assert!(report.lines().all(|line| line.chars().count() < 180), "{report}");
        assert!(report.contains("^^^^"));
    }
}
