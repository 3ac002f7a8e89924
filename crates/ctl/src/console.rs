//! What the user sees: lines on standard output, complaints on standard error, and on a terminal colour and a
//! line that says what we are waiting for.

use crate::escape::Filter;
use crate::failure::Fatal;
use std::io::{self, BufWriter, IsTerminal, Write};

/// What standard output can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    /// It is a terminal, which must be protected from what logs contain.
    is_terminal: bool,
    /// States may be coloured.
    colour: bool,
    /// Columns of the terminal; `None` if it has none or does not say, and then nothing transient is shown.
    width: Option<usize>,
}

impl Style {
    /// Bytes for a pipe or file.
    pub(crate) const PLAIN: Self = Self { is_terminal: false, colour: false, width: None };

    /// What this process's standard output can show. `NO_COLOR` (no-color.org) and dumb terminals are honoured.
    pub(crate) fn of_standard_output() -> Self {
        if !io::stdout().is_terminal() {
            return Self::PLAIN;
        }
        let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let is_dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        let width = supervisor_sys::terminal::width(&io::stdout()).map(usize::from);
        Self {
            is_terminal: true,
            colour: !is_dumb && !is_set("NO_COLOR"),
            width: if is_dumb { None } else { width },
        }
    }
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

/// Bytes of output that are gathered: some hundred lines of `status`.
const BUFFER: usize = 32 * 1024;

/// The two outputs.
pub(crate) struct Console {
    output: BufWriter<Box<dyn Write>>,
    errors: Box<dyn Write>,
    style: Style,
    /// For logs on a terminal.
    filter: Filter,
    /// A progress line stands on the terminal and must go before anything else is written.
    shows_progress: bool,
}

impl Console {
    pub(crate) fn new(output: Box<dyn Write>, errors: Box<dyn Write>, style: Style) -> Self {
        Self {
            output: BufWriter::with_capacity(BUFFER, output),
            errors,
            style,
            filter: Filter::default(),
            shows_progress: false,
        }
    }

    /// Writes a line to standard output.
    pub(crate) fn line(&mut self, text: &str) -> Result<(), Fatal> {
        self.bytes(text.as_bytes())?;
        self.bytes(b"\n")
    }

    /// Writes bytes to standard output.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Fatal> {
        self.clear_progress().and_then(|()| self.output.write_all(bytes)).map_err(Fatal::Output)
    }

    /// Writes a piece of a log to standard output: to a terminal only what is harmless there.
    pub(crate) fn log(&mut self, bytes: &[u8]) -> Result<(), Fatal> {
        if self.style.is_terminal {
            let harmless = self.filter.filter(bytes);
            self.bytes(&harmless)
        } else {
            self.bytes(bytes)
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
        let _ = writeln!(self.errors, "{text}");
        Ok(())
    }

    /// Writes a question to standard error, after what went to standard output before it.
    pub(crate) fn ask_aside(&mut self, question: &str) -> Result<(), Fatal> {
        self.clear_progress().and_then(|()| self.flush()).map_err(Fatal::Output)?;
        let _ = self.errors.write_all(question.as_bytes()).and_then(|()| self.errors.flush());
        Ok(())
    }

    /// Puts the end of a line, from a place on, into a colour, where colours are shown.
    pub(crate) fn colour(&self, line: &mut String, from: usize, colour: Colour) {
        if self.style.colour && colour != Colour::Plain {
            line.insert_str(from, colour.escape());
            line.push_str("\x1b[0m");
        }
    }

    /// On a terminal, says what we are waiting for, until the next line is written.
    pub(crate) fn progress(&mut self, text: &str) -> Result<(), Fatal> {
        let Some(width) = self.style.width else { return Ok(()) };
        let shown: String = text.chars().take(width.saturating_sub(1)).collect();
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

    fn written(style: Style) -> String {
        let shared = Shared::default();
        let mut console = Console::new(Box::new(shared.clone()), Box::new(io::sink()), style);
        console.progress("waiting for something").unwrap();
        let mut line = "web RUNNING".to_owned();
        console.colour(&mut line, 4, Colour::Green);
        console.line(&line).unwrap();
        console.flush().unwrap();
        let bytes = shared.0.borrow().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn a_pipe_gets_neither_colour_nor_progress() {
        assert_eq!(written(Style::PLAIN), "web RUNNING\n");
    }

    #[test]
    fn a_terminal_gets_progress_that_fits_and_goes_away() {
        let terminal = Style { is_terminal: true, colour: true, width: Some(8) };
        assert_eq!(written(terminal), "\r\x1b[Kwaiting\r\x1b[Kweb \x1b[32mRUNNING\x1b[0m\n");
    }
}
