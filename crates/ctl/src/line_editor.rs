//! The prompt on a terminal: editing, history, completion.

use crate::completion::{Names, complete};
use crate::console;
use crate::dumb_terminal::DumbTerminal;
use crate::history::{History, MOST_LINES};
use crate::interrupt::Interrupts;
use crate::session::Target;
use rustyline::completion::Completer;
use rustyline::error::ReadlineError;
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::history::MemHistory;
use rustyline::validate::Validator;
use rustyline::{CompletionType, Config, Context, Editor, Helper};
use std::io;
use std::path::PathBuf;

/// What the user did at the prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A line, or several that were pasted.
    Line(String),
    /// Ctrl-D on an empty line, or no more input.
    End,
    /// Ctrl-C.
    Interrupt,
}

/// The line editor and its history.
pub(crate) struct LineEditor {
    terminal: Terminal,
    history: History,
}

enum Terminal {
    Full(Box<Editor<Completion, MemHistory>>),
    Dumb { terminal: DumbTerminal, names: Names },
}

impl LineEditor {
    /// An editor with the history of former shells; `None` if this terminal cannot have one.
    pub(crate) fn new(history_file: Option<PathBuf>) -> Option<Self> {
        let history = History::load(history_file);
        let terminal = if console::has_dumb_terminal() {
            Terminal::Dumb { terminal: DumbTerminal::default(), names: Names::default() }
        } else {
            Terminal::Full(Box::new(full_editor(&history)?))
        };
        Some(Self { terminal, history })
    }

    /// Reads one line; completion asks `target`.
    pub(crate) fn read(
        &mut self,
        prompt: &str,
        target: &Target,
        interrupts: &Interrupts,
    ) -> io::Result<Typed> {
        let typed = match &mut self.terminal {
            Terminal::Full(editor) => read_fully(editor, prompt, target)?,
            Terminal::Dumb { terminal, names } => {
                names.forget(target.clone());
                terminal.read(prompt, &self.history, names, interrupts)?
            }
        };
        if let Typed::Line(lines) = &typed {
            self.remember(lines);
        }
        Ok(typed)
    }

    fn remember(&mut self, lines: &str) {
        for line in lines.split('\n') {
            self.history.add(line);
            if let Terminal::Full(editor) = &mut self.terminal {
                // It knows the same lines by the same rules; it has no file that could fail.
                let _ = editor.add_history_entry(line);
            }
        }
    }

    /// Keeps the history for the next shell.
    pub(crate) fn save(&self) {
        self.history.save();
    }
}

fn full_editor(history: &History) -> Option<Editor<Completion, MemHistory>> {
    let config = Config::builder()
        .max_history_size(MOST_LINES)
        .ok()?
        .completion_type(CompletionType::List)
        .auto_add_history(false)
        .build();
    let lines = MemHistory::with_config(&config);
    let mut editor = Editor::with_history(config, lines).ok()?;
    editor.set_helper(Some(Completion::default()));
    for line in history.lines() {
        editor.add_history_entry(line).ok()?;
    }
    Some(editor)
}

fn read_fully(
    editor: &mut Editor<Completion, MemHistory>,
    prompt: &str,
    target: &Target,
) -> io::Result<Typed> {
    if let Some(completion) = editor.helper() {
        completion.names.forget(target.clone());
    }
    match editor.readline(prompt) {
        Ok(line) => Ok(Typed::Line(line)),
        Err(ReadlineError::Eof) => Ok(Typed::End),
        Err(ReadlineError::Interrupted) => Ok(Typed::Interrupt),
        Err(ReadlineError::Io(error)) => Err(error),
        Err(other) => Err(io::Error::other(other.to_string())),
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
