//! Escapes control sequences in untrusted text, which must neither operate the terminal of its reader nor fake a line of ours.
//!
//! **What the server says** (names, states, descriptions, faults, reason phrases) is shown with its control characters
//! escaped as Python's `repr` does, on a terminal and elsewhere: [`printable`].
//!
//! **Log text** goes through a [`Filter`] on its way to a terminal. Kept are text, line ends, tabs, backspaces, colours
//! (`ESC [ … m`) and erasing to the end of the line (`ESC [ … K`). Dropped are all other escape sequences, among them
//! those that set the title, write the clipboard or make the terminal type an answer, and all other control characters.
//! Pipes and files get the bytes as they are.

use std::borrow::Cow;
use std::fmt::Write as _;

/// A line with its control characters escaped, such as `\x1b`, and those that reorder text or end a line in Unicode. Tabs stay.
pub(crate) fn printable(line: &str) -> Cow<'_, str> {
    let Some(first) = line.find(is_control) else { return line.into() };
    let (clean, rest) = line.split_at(first);
    let mut shown = clean.to_owned();
    for character in rest.chars() {
        let number = u32::from(character);
        let written = match character {
            '\n' => write!(shown, "\\n"),
            '\r' => write!(shown, "\\r"),
            _ if !is_control(character) => write!(shown, "{character}"),
            _ if number <= 0xff => write!(shown, "\\x{number:02x}"),
            _ => write!(shown, "\\u{number:04x}"),
        };
        written.expect("writing to a String cannot fail");
    }
    shown.into()
}

/// Whether a line has nothing to escape.
pub(crate) fn is_printable(line: &str) -> bool {
    !line.contains(is_control)
}

/// Whether a character does something instead of being something.
fn is_control(character: char) -> bool {
    match character {
        '\t' => false,
        // Line and paragraph separator, and the embeddings, overrides and isolates of bidirectional text.
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => true,
        other => other.is_control(),
    }
}

/// Sequences longer than this are dropped whole and end here, so that a broken one cannot swallow the log.
const LONGEST_SEQUENCE: usize = 4096;

/// Filters a stream of bytes; a sequence may be cut anywhere between two pieces.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    state: State,
    /// The sequence so far; it is written only if it turns out harmless.
    sequence: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Text,
    /// After ESC.
    Escape,
    /// After ESC and one of the bytes that announce another one, such as a character set.
    Announced,
    /// Inside `ESC [ …`.
    Control,
    /// Inside a string such as a title, which ends with BEL or `ESC \`.
    String,
    /// After an ESC inside a string.
    StringEscape,
    /// After the first byte of a character of U+0080 to U+00BF; the lower half are control characters.
    Latin,
}

impl Filter {
    /// What of `bytes` a terminal may see.
    pub(crate) fn filter(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut kept = Vec::with_capacity(bytes.len());
        for &byte in bytes {
            self.take(byte, &mut kept);
        }
        kept
    }

    #[expect(clippy::match_same_arms, reason = "a table: one row per state and kind of byte")]
    fn take(&mut self, byte: u8, kept: &mut Vec<u8>) {
        if self.sequence.len() >= LONGEST_SEQUENCE {
            self.drop_sequence();
        }
        self.state = match (self.state, byte) {
            (State::Text | State::Escape | State::Announced | State::Control, 0x1b) => {
                self.sequence = vec![byte];
                State::Escape
            }
            (State::Text, 0xc2) => State::Latin,
            (State::Text, b'\t' | b'\n' | b'\r' | 0x08 | 0x20..=0x7e | 0x80..) => {
                kept.push(byte);
                State::Text
            }
            (State::Text, _) => State::Text,
            (State::Latin, 0x80..=0x9f) => State::Text,
            (State::Latin, _) => {
                kept.push(0xc2);
                self.state = State::Text;
                return self.take(byte, kept);
            }
            (State::Escape, b'[') => self.grow(byte, State::Control),
            (State::Escape, b']' | b'P' | b'X' | b'^' | b'_') => self.grow(byte, State::String),
            (State::Escape, 0x20..=0x2f) => self.grow(byte, State::Announced),
            (State::Escape | State::Announced, _) => self.drop_sequence(),
            (State::Control, b'0'..=b'9' | b';' | b':') => self.grow(byte, State::Control),
            (State::Control, b'm' | b'K') if self.sequence.iter().skip(2).all(|byte| *byte < b'<') => {
                kept.append(&mut self.sequence);
                kept.push(byte);
                State::Text
            }
            (State::Control, 0x20..=0x3f) => self.grow(byte, State::Control),
            (State::Control, _) => self.drop_sequence(),
            (State::String, 0x07) | (State::StringEscape, b'\\') => self.drop_sequence(),
            (State::String | State::StringEscape, 0x1b) => self.grow(byte, State::StringEscape),
            (State::String | State::StringEscape, _) => self.grow(byte, State::String),
        };
    }

    fn grow(&mut self, byte: u8, next: State) -> State {
        self.sequence.push(byte);
        next
    }

    fn drop_sequence(&mut self) -> State {
        self.sequence.clear();
        self.state = State::Text;
        State::Text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let whole = Filter::default().filter(text.as_bytes());
        let mut filter = Filter::default();
        let pieces: Vec<u8> = text.as_bytes().chunks(1).flat_map(|piece| filter.filter(piece)).collect();
        assert_eq!(whole, pieces, "{text:?} cut into bytes");
        String::from_utf8(whole).unwrap()
    }

    #[test]
    fn what_a_server_says_is_shown_with_its_control_characters_escaped() {
        assert_eq!(
            printable("\u{1b}]0;t\u{7}\r\n\0\u{7f}\u{9b}2J\u{85}\u{2028}\u{202e}\u{2069}x"),
            "\\x1b]0;t\\x07\\r\\n\\x00\\x7f\\x9b2J\\x85\\u2028\\u202e\\u2069x"
        );
        for text in ["", "web\tRUNNING", "é\u{a0}日本 \u{200d}🦀 \\x1b"] {
            assert!(matches!(printable(text), Cow::Borrowed(same) if same == text), "{text:?}");
        }
    }

    #[test]
    fn text_and_colours_stay() {
        let text = "a\tb\r\né \u{a0}ü日本 \u{1b}[1;31mred\u{1b}[0m\u{1b}[K\u{1b}[38:5:1m.";
        assert_eq!(shown(text), text);
    }

    #[test]
    fn sequences_that_operate_the_terminal_go() {
        for sequence in [
            "\u{1b}]0;title\u{7}",
            "\u{1b}]52;c;aGk=\u{1b}\\",
            "\u{1b}[6n",
            "\u{1b}[2J",
            "\u{1b}[?1049h",
            "\u{1b}[>4;1m",
            "\u{1b}c",
            "\u{1b}(0",
            "\u{1b}P1$r\u{1b}\\",
            "\u{9b}",
            "\u{7}\u{0}\u{e}",
        ] {
            assert_eq!(shown(&format!("a{sequence}b")), "ab", "{sequence:?}");
        }
    }

    #[test]
    fn a_sequence_without_end_does_not_swallow_the_log() {
        let text = format!("\u{1b}]{}end", "x".repeat(2 * LONGEST_SEQUENCE));
        assert!(shown(&text).ends_with("end"));
    }
}
