//! What the user sees: lines on standard output, complaints on standard error, and in the rich style on a terminal
//! colour and a line that says what we are waiting for.
//!
//! Lines are made of what the server says, and the server may be untrusted: each goes through [`crate::escape::printable`],
//! here and nowhere else. Logs have a filter of their own.

use crate::escape::{Filter, printable};
use crate::failure::Fatal;
use std::ffi::OsStr;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::ops::Range;
use supervisor_config::Style;

/// What standard output can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Screen {
    /// It is a terminal, which must be protected from what logs contain.
    is_terminal: bool,
    /// States may be coloured.
    colour: bool,
    /// Columns of the terminal; `None` if it has none or does not say, and then nothing transient is shown.
    width: Option<usize>,
}

impl Screen {
    /// Bytes for a pipe or file.
    pub(crate) const NONE: Self = Self { is_terminal: false, colour: false, width: None };

    /// What this process's standard output is to show in this style. `NO_COLOR` (no-color.org) and dumb terminals are
    /// honoured.
    pub(crate) fn of_standard_output(style: Style) -> Self {
        if !io::stdout().is_terminal() {
            return Self::NONE;
        }
        if style == Style::Plain || has_dumb_terminal() {
            return Self { is_terminal: true, ..Self::NONE };
        }
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let width = supervisor_sys::terminal::width(&io::stdout()).map(usize::from);
        Self { is_terminal: true, colour: !is_set("NO_COLOR"), width }
    }
}

/// Whether `TERM` names no terminal that understands escape sequences.
pub(crate) fn has_dumb_terminal() -> bool {
    is_dumb(std::env::var_os("TERM").as_deref())
}

/// The names are those the line editor has no sequences for.
fn is_dumb(term: Option<&OsStr>) -> bool {
    term.is_none_or(|term| ["", "dumb", "emacs", "cons25"].iter().any(|dumb| term.eq_ignore_ascii_case(dumb)))
}

/// The colours states are shown in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Colour {
    Green,
    Yellow,
    Red,
    /// As other text.
    Plain,
}

impl Colour {
    const fn escape(self) -> &'static str {
        match self {
            Self::Green => "\x1b[32m",
            Self::Yellow => "\x1b[33m",
            Self::Red => "\x1b[31m",
            Self::Plain => "",
        }
    }
}

/// Clears the line the cursor stands in.
const CLEAR_LINE: &str = "\r\x1b[K";

/// Bytes of buffered output: some hundred lines of `status`.
const BUFFER: usize = 32 * 1024;

/// The two outputs.
pub(crate) struct Console {
    output: BufWriter<Box<dyn Write>>,
    errors: Box<dyn Write>,
    screen: Screen,
    /// For logs on a terminal.
    filter: Filter,
    /// A progress line stands on the terminal and must go before anything else is written.
    shows_progress: bool,
}

impl Console {
    pub(crate) fn new(output: Box<dyn Write>, errors: Box<dyn Write>, screen: Screen) -> Self {
        Self {
            output: BufWriter::with_capacity(BUFFER, output),
            errors,
            screen,
            filter: Filter::default(),
            shows_progress: false,
        }
    }

    /// Writes a line to standard output.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Fatal> {
        self.text(text)?;
        self.raw(b"\n")
    }

    /// Writes several lines to standard output.
    pub(crate) fn lines(&mut self, text: &str) -> Result<(), Fatal> {
        text.split('\n').try_for_each(|line| self.line(line))
    }

    /// Writes a line to standard output, a part of it in a colour where colours are shown.
    pub(crate) fn line_in_colour(
        &mut self,
        text: &str,
        coloured: Range<usize>,
        colour: Colour,
    ) -> Result<(), Fatal> {
        if !self.screen.colour || colour == Colour::Plain {
            return self.line(text);
        }
        self.text(&text[..coloured.start])?;
        self.raw(colour.escape().as_bytes())?;
        self.text(&text[coloured.clone()])?;
        self.raw(b"\x1b[0m")?;
        self.line(&text[coloured.end..])
    }

    /// Writes text within a line to standard output.
    pub(crate) fn text(&mut self, text: &str) -> Result<(), Fatal> {
        self.raw(printable(text).as_bytes())
    }

    /// Writes bytes as they are, which must not be the server's.
    fn raw(&mut self, bytes: &[u8]) -> Result<(), Fatal> {
        self.clear_progress().and_then(|()| self.output.write_all(bytes)).map_err(Fatal::Output)
    }

    /// Writes the prompt, which is the user's own and may have colours.
    pub(crate) fn prompt(&mut self, prompt: &str) -> Result<(), Fatal> {
        self.raw(prompt.as_bytes())
    }

    /// Writes a piece of a log to standard output: to a terminal only what is harmless there.
    pub(crate) fn log(&mut self, bytes: &[u8]) -> Result<(), Fatal> {
        if self.screen.is_terminal {
            let harmless = self.filter.filter(bytes);
            self.raw(&harmless)
        } else {
            self.raw(bytes)
        }
    }

    /// Hands what was written to the system; done before every wait.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }

    /// Writes a line to standard error, after what went to standard output before it.
    pub(crate) fn complain(&mut self, text: &str) -> Result<(), Fatal> {
        self.clear_progress().and_then(|()| self.flush()).map_err(Fatal::Output)?;
        // A closed standard error is no reason to stop: the exit status still tells.
        let _ = writeln!(self.errors, "{}", printable(text));
        Ok(())
    }

    /// Writes a question to standard error, after what went to standard output before it.
    pub(crate) fn prompt_on_stderr(&mut self, question: &str) -> Result<(), Fatal> {
        self.clear_progress().and_then(|()| self.flush()).map_err(Fatal::Output)?;
        let _ = self.errors.write_all(question.as_bytes()).and_then(|()| self.errors.flush());
        Ok(())
    }

    /// In the rich style on a terminal, says what we are waiting for, until the next line is written.
    pub(crate) fn progress(&mut self, text: &str) -> Result<(), Fatal> {
        let Some(width) = self.screen.width else { return Ok(()) };
        let shown: String = printable(text).chars().take(width.saturating_sub(1)).collect();
        self.shows_progress = true;
        write!(self.output, "{CLEAR_LINE}{shown}").and_then(|()| self.flush()).map_err(Fatal::Output)
    }

    /// Takes the progress line away.
    pub(crate) fn clear_progress(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.shows_progress) {
            self.output.write_all(CLEAR_LINE.as_bytes())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;
    use std::rc::Rc;

    #[derive(Clone, Default)]
    struct Shared(Rc<RefCell<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn written(screen: Screen) -> String {
        let shared = Shared::default();
        let mut console = Console::new(Box::new(shared.clone()), Box::new(io::sink()), screen);
        console.progress("waiting\x1b for something").unwrap();
        console.line_in_colour("web\x1b RUNNING up\n", 5..12, Colour::Green).unwrap();
        console.flush().unwrap();
        let bytes = shared.0.borrow().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_pipe_gets_neither_colour_nor_progress() {
        assert_eq!(written(Screen::NONE), "web\\x1b RUNNING up\\n\n");
    }

    #[test]
    fn a_terminal_gets_progress_that_fits_and_goes_away() {
        let terminal = Screen { is_terminal: true, colour: true, width: Some(11) };
        assert_eq!(written(terminal), "\r\x1b[Kwaiting\\x1\r\x1b[Kweb\\x1b \x1b[32mRUNNING\x1b[0m up\\n\n");
    }

    #[test]
    fn terminals_without_a_name_are_dumb_too() {
        for term in [None, Some(""), Some("dumb"), Some("DUMB"), Some("emacs")] {
            assert!(is_dumb(term.map(OsStr::new)), "{term:?}");
        }
        assert!(!is_dumb(Some(OsStr::new("xterm-256color"))));
    }
}
