//! The lexer under command lines and `environment` values: Python's `shlex` in POSIX mode.
//!
//! ```text
//!             word character          quote                 backslash
//! Between  ──▶ InWord            ──▶ InQuotes           ──▶ Escaped (returns to InWord)
//! InWord   ──▶ InWord            ──▶ InQuotes (joined)  ──▶ Escaped (returns to InWord)
//! InQuotes ──▶ InQuotes          ──▶ InWord (closing)   ──▶ in "…" only: Escaped (returns to InQuotes)
//! ```
//!
//! A blank or a comment ends a word. Between quotes a backslash escapes only itself and the quote, and stays
//! otherwise. An empty word counts only if it was quoted. What a word may consist of outside quotes is the
//! [`Alphabet`]; any other character is a word on its own.

use crate::text;
use std::ops::Range;

/// What outside quotes makes a word, and whether `#` begins a comment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Alphabet {
    /// Everything but blanks; no comments: command lines.
    AnythingButBlanks,
    /// Letters, digits and a few signs; `#` comments: `environment`.
    NamesAndPaths,
}

/// Why a text cannot be split into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LexError {
    /// A quote is not closed.
    NoClosingQuotation,
    /// The text ends in a backslash.
    NoEscapedCharacter,
}

impl std::fmt::Display for LexError {
    /// Python's text, which upstream shows.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::NoClosingQuotation => "No closing quotation",
            Self::NoEscapedCharacter => "No escaped character",
        })
    }
}

impl std::error::Error for LexError {}

/// The state of the lexer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Between,
    InWord,
    InQuotes(u8),
    /// After a backslash; the quote it stands in, if any.
    Escaped(Option<u8>),
}

/// The words of a text.
pub(crate) fn words(source: &[u8], alphabet: Alphabet) -> Result<Vec<Vec<u8>>, LexError> {
    let mut lexer = Lexer::new(alphabet);
    lexer.feed(source);
    lexer.finish()
}

/// The words of an `environment` text in which variables were substituted at `values`. Words come in fours, a name, `=`, a
/// value and a separator. What is substituted where the value stands belongs to it whatever it holds; anywhere else it is
/// text as if it had been written there.
pub(crate) fn pair_words(source: &[u8], values: &[Range<usize>]) -> Result<Vec<Vec<u8>>, LexError> {
    const VALUE: usize = 2;
    let mut lexer = Lexer::new(Alphabet::NamesAndPaths);
    let mut at = 0;
    for value in values {
        lexer.feed(&source[at..value.start]);
        if lexer.words.len() % 4 == VALUE && !lexer.is_in_comment {
            lexer.take_value(&source[value.clone()]);
        } else {
            lexer.feed(&source[value.clone()]);
        }
        at = value.end;
    }
    lexer.feed(&source[at..]);
    lexer.finish()
}

/// Reads a text piece by piece.
#[derive(Clone)]
pub(crate) struct Lexer {
    alphabet: Alphabet,
    state: State,
    is_in_comment: bool,
    word: Vec<u8>,
    is_quoted: bool,
    words: Vec<Vec<u8>>,
}

impl Lexer {
    pub(crate) fn new(alphabet: Alphabet) -> Self {
        Self {
            alphabet,
            state: State::Between,
            is_in_comment: false,
            word: Vec::new(),
            is_quoted: false,
            words: Vec::new(),
        }
    }

    /// Where the next character will stand.
    pub(crate) fn state(&self) -> State {
        self.state
    }

    /// Reads the next piece of the text.
    pub(crate) fn feed(&mut self, piece: &[u8]) {
        let mut rest = piece;
        while let Some((letter, after)) = text::split_first_char(rest) {
            let own = &rest[..rest.len() - after.len()];
            rest = after;
            self.take(letter, own);
        }
    }

    /// Takes a substituted value as a part of the word. Outside quotes, blanks around it and quotes around all of it do not
    /// count.
    fn take_value(&mut self, value: &[u8]) {
        match self.state {
            State::Between => self.word.extend_from_slice(without_own_quotes(value.trim_ascii())),
            State::InWord => self.word.extend_from_slice(value.trim_ascii_end()),
            State::InQuotes(_) | State::Escaped(None) => self.word.extend_from_slice(value),
            State::Escaped(Some(_)) => {
                self.word.push(b'\\');
                self.word.extend_from_slice(value);
            }
        }
        self.state = match self.state {
            State::InQuotes(quote) | State::Escaped(Some(quote)) => State::InQuotes(quote),
            State::Between | State::InWord | State::Escaped(None) => State::InWord,
        };
        // An empty value is a value.
        self.is_quoted = true;
    }

    fn take(&mut self, letter: Option<char>, own: &[u8]) {
        if self.is_in_comment {
            self.is_in_comment = own != b"\n";
            return;
        }
        match self.state {
            State::Between | State::InWord => self.take_unquoted(letter, own),
            State::InQuotes(quote) if own == [quote] => self.state = State::InWord,
            State::InQuotes(b'"') if own == b"\\" => self.state = State::Escaped(Some(b'"')),
            State::InQuotes(_) => self.word.extend_from_slice(own),
            State::Escaped(within) => {
                if within.is_some_and(|quote| own != [quote] && own != b"\\") {
                    self.word.push(b'\\');
                }
                self.word.extend_from_slice(own);
                self.state = within.map_or(State::InWord, State::InQuotes);
            }
        }
    }

    fn take_unquoted(&mut self, letter: Option<char>, own: &[u8]) {
        match own {
            b" " | b"\t" | b"\r" | b"\n" => self.end_word(),
            b"#" if self.alphabet == Alphabet::NamesAndPaths => {
                self.end_word();
                self.is_in_comment = true;
            }
            b"\\" => self.state = State::Escaped(None),
            b"'" | b"\"" => {
                self.is_quoted = true;
                self.state = State::InQuotes(own[0]);
            }
            _ if self.alphabet.has(letter) => {
                self.word.extend_from_slice(own);
                self.state = State::InWord;
            }
            _ => {
                self.end_word();
                self.words.push(own.to_vec());
            }
        }
    }

    fn end_word(&mut self) {
        self.state = State::Between;
        let word = std::mem::take(&mut self.word);
        if !word.is_empty() || self.is_quoted {
            self.words.push(word);
        }
        self.is_quoted = false;
    }

    /// The words, once the text has ended.
    pub(crate) fn finish(mut self) -> Result<Vec<Vec<u8>>, LexError> {
        match self.state {
            State::InQuotes(_) => return Err(LexError::NoClosingQuotation),
            State::Escaped(_) => return Err(LexError::NoEscapedCharacter),
            State::Between | State::InWord => self.end_word(),
        }
        Ok(self.words)
    }
}

/// A value without the quotes that are around all of it.
fn without_own_quotes(value: &[u8]) -> &[u8] {
    match value {
        [first @ (b'"' | b'\''), inner @ .., last] if first == last && !inner.contains(first) => inner,
        _ => value,
    }
}

impl Alphabet {
    fn has(self, letter: Option<char>) -> bool {
        match self {
            Self::AnythingButBlanks => true,
            Self::NamesAndPaths => letter.is_some_and(|letter| {
                let is_latin = ('\u{c0}'..='\u{ff}').contains(&letter) && letter != '×' && letter != '÷';
                letter.is_ascii_alphanumeric() || "_/.+-():".contains(letter) || is_latin
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn split(source: &str, alphabet: Alphabet) -> Result<Vec<String>, LexError> {
        let words = words(source.as_bytes(), alphabet)?;
        Ok(words.into_iter().map(|word| String::from_utf8(word).unwrap()).collect())
    }

    /// Results of Python 3.11's `shlex` for the same texts.
    #[test]
    fn environment_words_are_pythons() {
        let cases: [(&str, &[&str]); 14] = [
            ("A=b", &["A", "=", "b"]),
            (r#"A="x\"y""#, &["A", "=", "x\"y"]),
            (r#"A='"x"'"#, &["A", "=", "\"x\""]),
            (r#"x"y z"w"#, &["xy zw"]),
            (r"a\b", &["ab"]),
            (r#""C:\x""#, &[r"C:\x"]),
            ("éa×日", &["éa", "×", "日"]),
            ("a#b\nc", &["a", "c"]),
            ("~/x $X %1", &["~", "/x", "$", "X", "%", "1"]),
            (r#"A="""#, &["A", "=", ""]),
            ("a''", &["a"]),
            ("", &[]),
            ("\\\n", &["\n"]),
            ("\\=", &["="]),
        ];
        for (source, expected) in cases {
            assert_eq!(split(source, Alphabet::NamesAndPaths).unwrap(), expected, "{source:?}");
        }
        assert_eq!(split("A='x", Alphabet::NamesAndPaths), Err(LexError::NoClosingQuotation));
        assert_eq!(split("A=x\\", Alphabet::NamesAndPaths), Err(LexError::NoEscapedCharacter));
    }

    proptest! {
        #[test]
        fn a_quoted_word_comes_back_whole(word: Vec<u8>) {
            let mut quoted = b"\"".to_vec();
            for &byte in &word {
                if byte == b'"' || byte == b'\\' {
                    quoted.push(b'\\');
                }
                quoted.push(byte);
            }
            quoted.push(b'"');
            for alphabet in [Alphabet::AnythingButBlanks, Alphabet::NamesAndPaths] {
                prop_assert_eq!(words(&quoted, alphabet), Ok(vec![word.clone()]));
            }
        }
    }
}
