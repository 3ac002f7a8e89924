//! The prompt on a terminal: editing, history, completion.

use crate::completion::{Names, complete};
use crate::session::Target;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::DefaultHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use std::io;
use std::path::PathBuf;

/// Lines kept in the history.
const HISTORY_LINES: usize = 1000;

/// What the user did at the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A line.
    Line(String),
    /// Ctrl-D on an empty line, or no more input.
    End,
    /// Ctrl-C.
    Interrupt,
}

/// The line editor and its history.
pub(crate) struct LineEditor {
    editor: Editor<Completion, DefaultHistory>,
    history_file: Option<PathBuf>,
}

impl LineEditor {
    /// An editor with the history of former shells; `None` if this terminal cannot have one. A history that cannot be
    /// read is taken as empty.
    pub(crate) fn new(history_file: Option<PathBuf>) -> Option<Self> {
        let config = Config::builder()
            .max_history_size(HISTORY_LINES)
            .ok()?
            .completion_type(CompletionType::List)
            .auto_add_history(true)
            .build();
        let mut editor = Editor::with_config(config).ok()?;
        editor.set_helper(Some(Completion::default()));
        if let Some(path) = &history_file {
            let _ = editor.load_history(path);
        }
        Some(Self { editor, history_file })
    }

    /// Reads one line; completion asks `target`.
    pub(crate) fn read(&mut self, prompt: &str, target: &Target) -> io::Result<Typed> {
        if let Some(completion) = self.editor.helper() {
            completion.names.forget(target.clone());
        }
        match self.editor.readline(prompt) {
            Ok(line) => Ok(Typed::Line(line)),
            Err(ReadlineError::Eof) => Ok(Typed::End),
            Err(ReadlineError::Interrupted) => Ok(Typed::Interrupt),
            Err(ReadlineError::Io(error)) => Err(error),
            Err(other) => Err(io::Error::other(other.to_string())),
        }
    }

    /// Writes the history for the next shell. That it cannot be written is no reason to bother anybody.
    pub(crate) fn save(&mut self) {
        if let Some(path) = &self.history_file {
            let _ = self.editor.save_history(path);
        }
    }
}

#[derive(Default)]
struct Completion {
    names: Names,
}

impl Completer for Completion {
    type Candidate = String;

    fn complete(
        &self,
        line: &str,
        position: usize,
        _context: &Context<'_>,
    ) -> rustyline::Result<(usize, Vec<String>)> {
        Ok(complete(&line[..position], &self.names))
    }
}

impl Hinter for Completion {
    type Hint = String;
}

impl Highlighter for Completion {}
impl Validator for Completion {}
impl Helper for Completion {}
