//! Why supervisord does not start.

use super::advice::Advice;
use std::fmt;
use supervisor_core::Level;
use supervisor_log::MainLog;
use supervisor_sys::errno::words;

/// Why supervisord does not start, as the text behind `Error: `.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StartError {
    pub(super) text: String,
    pub(super) advice: Option<Advice>,
}

impl StartError {
    /// With what to do about it.
    pub(crate) fn advised(text: impl Into<String>, advice: Advice) -> Self {
        Self { text: text.into(), advice: Some(advice) }
    }

    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), advice: None }
    }

    /// What the system did not let us do.
    pub(crate) fn of(what: &str, error: &std::io::Error) -> Self {
        Self::new(format!("cannot {what}: {}", words(error)))
    }

    /// Without what tells of other processes of this machine.
    pub(crate) fn remote_text(&self) -> &str {
        &self.text
    }

    /// Two lines for the log: the error, and what to do about it.
    pub(crate) fn write_to(&self, log: &MainLog) {
        log.log(Level::Error, &self.text);
        if let Some(detail) = self.detail() {
            log.log(Level::Error, detail);
        }
    }

    /// What to do about it, in a line for the log.
    pub(crate) fn detail(&self) -> Option<String> {
        self.advice.as_ref().map(Advice::in_a_line)
    }
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        self.advice.as_ref().map_or(Ok(()), |advice| write!(f, "\n{advice}"))
    }
}
