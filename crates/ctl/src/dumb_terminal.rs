//! The prompt on a terminal that understands no escape sequences: editing, history and completion with nothing but
//! printable characters and carriage returns, as readline has it there.
//!
//! Keys come one by one with the terminal's own echo off. A character at the end of the line is echoed as it is; any
//! other change rewrites the line over the old one.

use crate::completion::{Names, complete};
use crate::history::History;
use crate::interrupt::Interrupts;
use crate::line_editor::Typed;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::os::fd::AsFd;
use supervisor_sys::terminal::KeyByKey;

/// What was read of the terminal and belongs to later lines.
#[derive(Debug, Default)]
pub(crate) struct DumbTerminal {
    pending: VecDeque<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Character(char),
    Backspace,
    Delete,
    /// Delete, or the end of the input on an empty line.
    EndOfInput,
    Left,
    Right,
    Home,
    End,
    Older,
    Newer,
    KillRest,
    KillLine,
    KillWord,
    Complete,
    Enter,
    /// One that means nothing here.
    Other,
}

impl DumbTerminal {
    /// Reads one line from standard input. The error is `Interrupted` after Ctrl-C.
    pub(crate) fn read(
        &mut self,
        prompt: &str,
        history: &History,
        names: &Names,
        interrupts: &Interrupts,
    ) -> io::Result<Typed> {
        let stdin = io::stdin();
        let _key_by_key = KeyByKey::of(stdin.as_fd())?;
        let mut line = Line::new(prompt, history, io::stdout());
        line.begin()?;
        let outcome = self.edit(&mut line, names, interrupts);
        line.leave()?;
        match outcome {
            Ok(true) => Ok(Typed::Line(line.text)),
            Ok(false) => Ok(Typed::End),
            Err(error) => Err(error),
        }
    }

    /// Whether the line was entered; otherwise the input has ended.
    fn edit(
        &mut self,
        line: &mut Line<'_, io::Stdout>,
        names: &Names,
        interrupts: &Interrupts,
    ) -> io::Result<bool> {
        let mut last = Key::Other;
        loop {
            let Some(key) = self.key(interrupts)? else { return Ok(false) };
            match key {
                Key::Enter => return Ok(true),
                Key::EndOfInput if line.text.is_empty() => return Ok(false),
                Key::Complete => line.complete(names, last == Key::Complete)?,
                key => line.press(key)?,
            }
            last = key;
        }
    }

    /// The next key; `None` at the end of the input.
    fn key(&mut self, interrupts: &Interrupts) -> io::Result<Option<Key>> {
        let Some(byte) = self.byte(interrupts)? else { return Ok(None) };
        let key = match byte {
            b'\r' | b'\n' => Key::Enter,
            b'\t' => Key::Complete,
            0x08 | 0x7f => Key::Backspace,
            0x01 => Key::Home,
            0x02 => Key::Left,
            0x04 => Key::EndOfInput,
            0x05 => Key::End,
            0x06 => Key::Right,
            0x0b => Key::KillRest,
            0x0e => Key::Newer,
            0x10 => Key::Older,
            0x15 => Key::KillLine,
            0x17 => Key::KillWord,
            0x1b => self.sequence(interrupts)?,
            0x00..=0x1f => Key::Other,
            0x20..=0x7e => Key::Character(char::from(byte)),
            0x80.. => self.character(byte, interrupts)?,
        };
        Ok(Some(key))
    }

    /// What follows an ESC: `[`, parameters and a letter, or `O` and a letter.
    fn sequence(&mut self, interrupts: &Interrupts) -> io::Result<Key> {
        match self.byte(interrupts)? {
            Some(b'[' | b'O') => {}
            Some(_) | None => return Ok(Key::Other),
        }
        let mut parameter = None;
        while let Some(byte) = self.byte(interrupts)? {
            match (byte, parameter) {
                (b'A', _) => return Ok(Key::Older),
                (b'B', _) => return Ok(Key::Newer),
                (b'C', _) => return Ok(Key::Right),
                (b'D', _) => return Ok(Key::Left),
                (b'H', _) | (b'~', Some(b'1' | b'7')) => return Ok(Key::Home),
                (b'F', _) | (b'~', Some(b'4' | b'8')) => return Ok(Key::End),
                (b'~', Some(b'3')) => return Ok(Key::Delete),
                (0x20..=0x3f, _) => parameter = Some(byte),
                _ => break,
            }
        }
        Ok(Key::Other)
    }

    /// A character of more than one byte; U+FFFD for what is none.
    fn character(&mut self, first: u8, interrupts: &Interrupts) -> io::Result<Key> {
        let mut bytes = vec![first];
        let length = match first {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        while bytes.len() < length {
            match self.byte(interrupts)? {
                Some(byte @ 0x80..=0xbf) => bytes.push(byte),
                Some(other) => {
                    self.pending.push_front(other);
                    break;
                }
                None => break,
            }
        }
        let decoded = std::str::from_utf8(&bytes).ok().and_then(|text| text.chars().next());
        let character = decoded.unwrap_or(char::REPLACEMENT_CHARACTER);
        Ok(if character.is_control() { Key::Other } else { Key::Character(character) })
    }

    fn byte(&mut self, interrupts: &Interrupts) -> io::Result<Option<u8>> {
        if let Some(byte) = self.pending.pop_front() {
            return Ok(Some(byte));
        }
        let stdin = io::stdin();
        interrupts.wait(&[stdin.as_fd()])?;
        let mut buffer = [0; 256];
        let count = supervisor_sys::fd::read(&stdin, &mut buffer)?;
        self.pending.extend(&buffer[..count]);
        Ok(self.pending.pop_front())
    }
}

/// The line being edited, and how it stands on the terminal.
struct Line<'h, W> {
    prompt: &'h str,
    history: &'h History,
    terminal: W,
    text: String,
    /// In bytes.
    cursor: usize,
    /// The line of the history that is shown; its length for the line that is typed.
    place: usize,
    /// What was typed before the history was looked at.
    typed: String,
    /// Columns the line may take at most, as it was last written.
    columns: usize,
}

impl<'h, W: Write> Line<'h, W> {
    fn new(prompt: &'h str, history: &'h History, terminal: W) -> Self {
        let (text, typed) = (String::new(), String::new());
        Self { prompt, history, terminal, text, cursor: 0, place: history.len(), typed, columns: 0 }
    }

    fn begin(&mut self) -> io::Result<()> {
        self.terminal.write_all(self.prompt.as_bytes())?;
        self.terminal.flush()
    }

    fn press(&mut self, key: Key) -> io::Result<()> {
        match key {
            Key::Character(character) => return self.insert(character.encode_utf8(&mut [0; 4])),
            Key::Backspace => self.cut(self.before(), self.cursor),
            Key::Delete | Key::EndOfInput => self.cut(self.cursor, self.behind()),
            Key::Left => self.cursor = self.before(),
            Key::Right => self.cursor = self.behind(),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = self.text.len(),
            Key::Older => self.show(self.place.saturating_sub(1)),
            Key::Newer => self.show((self.place + 1).min(self.history.len())),
            Key::KillRest => self.text.truncate(self.cursor),
            Key::KillLine => self.cut(0, self.cursor),
            Key::KillWord => {
                let kept = self.text[..self.cursor].trim_end();
                let start = kept.rfind(char::is_whitespace).map_or(0, |at| at + 1);
                self.cut(start, self.cursor);
            }
            Key::Complete | Key::Enter | Key::Other => return Ok(()),
        }
        self.redraw()
    }

    /// Where the character before the cursor begins.
    fn before(&self) -> usize {
        self.text[..self.cursor].char_indices().next_back().map_or(0, |(at, _)| at)
    }

    /// Where the character at the cursor ends.
    fn behind(&self) -> usize {
        self.cursor + self.text[self.cursor..].chars().next().map_or(0, char::len_utf8)
    }

    fn cut(&mut self, start: usize, end: usize) {
        self.text.drain(start..end);
        self.cursor = start;
    }

    fn insert(&mut self, text: &str) -> io::Result<()> {
        let is_at_end = self.cursor == self.text.len();
        self.text.insert_str(self.cursor, text);
        self.cursor += text.len();
        if is_at_end {
            self.columns += most_columns(text);
            self.terminal.write_all(text.as_bytes())?;
            return self.terminal.flush();
        }
        self.redraw()
    }

    /// Takes a line of the history, or what was typed, in place of what is there.
    fn show(&mut self, place: usize) {
        if self.place == self.history.len() {
            self.typed.clone_from(&self.text);
        }
        self.place = place;
        self.text = self.history.get(place).unwrap_or(&self.typed).to_owned();
        self.cursor = self.text.len();
    }

    /// Completes as far as it is certain; the second time in a row shows what there is.
    fn complete(&mut self, names: &Names, is_repeated: bool) -> io::Result<()> {
        let (start, offered) = complete(&self.text[..self.cursor], names);
        let typed = self.cursor - start;
        match common_start(&offered) {
            Some(common) if common.len() > typed => self.insert(&common[typed..]),
            Some(_) if is_repeated => {
                let list: Vec<&str> = offered.iter().map(|word| word.trim_end()).collect();
                write!(self.terminal, "\n{}\n", list.join("  "))?;
                self.columns = 0;
                self.redraw()
            }
            Some(_) | None => {
                self.terminal.write_all(b"\x07")?;
                self.terminal.flush()
            }
        }
    }

    /// Writes the line over what stands there, and puts the cursor in its place.
    fn redraw(&mut self) -> io::Result<()> {
        let left_over = self.columns.saturating_sub(self.text.chars().count());
        self.columns = most_columns(&self.text);
        write!(self.terminal, "\r{}{}{}", self.prompt, self.text, " ".repeat(left_over))?;
        if left_over > 0 || self.cursor < self.text.len() {
            write!(self.terminal, "\r{}{}", self.prompt, &self.text[..self.cursor])?;
        }
        self.terminal.flush()
    }

    fn leave(&mut self) -> io::Result<()> {
        self.terminal.write_all(b"\n")?;
        self.terminal.flush()
    }
}

/// Columns a text takes at most: a character outside ASCII may take two.
fn most_columns(text: &str) -> usize {
    text.chars().map(|character| if character.is_ascii() { 1 } else { 2 }).sum()
}

/// What all of them begin with; `None` without any.
fn common_start(words: &[String]) -> Option<&str> {
    let (first, others) = words.split_first()?;
    let common = others.iter().fold(first.len(), |common, other| {
        let same = first.bytes().zip(other.bytes()).take_while(|(one, two)| one == two).count();
        common.min(same)
    });
    let whole = (0..=common).rev().find(|at| first.is_char_boundary(*at))?;
    Some(&first[..whole])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text and the cursor after these keys, and what the terminal was sent.
    fn after(history: &[&str], keys: &[Key]) -> (String, usize, String) {
        let mut kept = History::default();
        for line in history {
            kept.add(line);
        }
        let mut shown = Vec::new();
        let mut line = Line::new("> ", &kept, &mut shown);
        for key in keys {
            line.press(*key).unwrap();
        }
        let (text, cursor) = (line.text, line.cursor);
        (text, cursor, String::from_utf8(shown).unwrap())
    }

    fn typing(text: &str, then: &[Key]) -> Vec<Key> {
        text.chars().map(Key::Character).chain(then.iter().copied()).collect()
    }

    #[test]
    fn a_line_is_edited_as_readline_edits_it() {
        use Key::{
            Backspace, Character, Delete, End, Home, KillLine, KillRest, KillWord, Left, Newer, Older, Right,
        };
        let text = |typed: &str, then: &[Key]| after(&["one", "two"], &typing(typed, then)).0;
        assert_eq!(text("stopp", &[Backspace]), "stop");
        assert_eq!(text("日本", &[Left, Backspace, Character('é')]), "é本");
        assert_eq!(text("abc", &[Home, Delete, Right, Character('x'), End, Character('y')]), "bxcy");
        assert_eq!(text("stop a b", &[KillWord, KillWord]), "stop ");
        assert_eq!(text("stop a", &[Left, KillRest, Home, Left, Delete]), "top ");
        assert_eq!(text("stop a", &[Left, KillLine]), "a");
        assert_eq!(text("ab", &[Older, Older, Older]), "one");
        assert_eq!(text("ab", &[Older, Older, Newer, Newer, Newer]), "ab");
        assert_eq!(text("", &[Backspace, Delete, Left, Right]), "");
    }

    #[test]
    fn what_is_appended_is_echoed_and_the_rest_written_anew() {
        assert_eq!(after(&[], &typing("ab", &[])).2, "ab");
        assert_eq!(after(&[], &typing("ab", &[Key::Left])).2, "ab\r> ab\r> a");
        assert_eq!(after(&[], &typing("ab", &[Key::Backspace])).2, "ab\r> a \r> a");
        assert!(!after(&["x"], &typing("日", &[Key::Older])).2.contains('\u{1b}'));
    }

    #[test]
    fn the_common_start_of_words_ends_between_characters() {
        let common = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            common_start(&words).map(str::to_owned)
        };
        assert_eq!(common(&["start ", "status "]).as_deref(), Some("sta"));
        assert_eq!(common(&["日a", "旦"]).as_deref(), Some(""));
        assert_eq!(common(&["cat "]).as_deref(), Some("cat "));
        assert_eq!(common(&[]), None);
    }
}
