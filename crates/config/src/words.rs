//! Splits a command line into words as a POSIX shell would, without any expansion.

use crate::confusable::{self, Appearance};
use crate::lexer::{self, Alphabet, Lexer, State};
use crate::text;
use std::borrow::Cow;
use std::ops::Range;

pub use crate::lexer::LexError;

/// The words of a command line. Quotes and backslashes work as in a shell; nothing is expanded, and `;`, `|`, `#` and
/// the like are ordinary characters.
pub fn split(command: &[u8]) -> Result<Vec<Vec<u8>>, LexError> {
    lexer::words(command, Alphabet::AnythingButBlanks)
}

/// A command line whose variables, substituted at `values`, cannot spoil what stands around them.
///
/// A value outside quotes is text of the command line, as on upstream: its words are words and its quotes count. Within
/// quotes it cannot end them: one that would is escaped, so that it arrives as it is. So is one outside quotes that opens
/// quotes without closing them, where the command line could not be split otherwise; those are in the second answer.
pub(crate) fn with_values_kept<'t>(
    text: Cow<'t, [u8]>,
    values: &[Range<usize>],
) -> (Cow<'t, [u8]>, Vec<usize>) {
    if values.is_empty() {
        return (text, Vec::new());
    }
    let mut is_upstreams = split(&text).is_ok();
    let mut lexer = Lexer::new(Alphabet::AnythingButBlanks);
    let mut kept = Vec::with_capacity(text.len());
    let (mut escaped, mut at) = (Vec::new(), 0);
    // Quotes that a value has opened are for a later one to close.
    let mut are_of_value = false;
    for (index, place) in values.iter().enumerate() {
        let literal = &text[at..place.start];
        kept.extend_from_slice(literal);
        are_of_value = are_of_value && never_leaves(&mut lexer.clone(), literal);
        lexer.feed(literal);
        at = place.end;
        let value = &text[place.clone()];
        let fits = match lexer.state() {
            State::InQuotes(quote) => {
                are_of_value || stays_within(&lexer, value, quote) || is_one_quoted_word(value, quote)
            }
            // The backslash takes the value's first quote: it cannot close what it stands in and open it again.
            State::Escaped(Some(quote)) => are_of_value || stays_within(&lexer, value, quote),
            State::Between | State::InWord | State::Escaped(None) => is_upstreams || split(value).is_ok(),
        };
        let own = if fits { value.to_vec() } else { escaped_for(lexer.state(), value) };
        if !fits && matches!(lexer.state(), State::Between | State::InWord) {
            escaped.push(index);
        }
        is_upstreams &= fits;
        let was_within = is_within(lexer.state());
        lexer.feed(&own);
        are_of_value = is_within(lexer.state()) && (are_of_value || !was_within);
        kept.extend(own);
    }
    kept.extend_from_slice(&text[at..]);
    (kept.into(), escaped)
}

/// The first character outside quotes that looks like a blank, like quotes or like nothing, and is none of these.
pub(crate) fn first_unseen(command: &[u8]) -> Option<(usize, char, Appearance)> {
    let is_deceptive = |letter, at| match confusable::appearance(letter)? {
        looks @ (Appearance::Blank | Appearance::Invisible | Appearance::Like('"' | '\'')) => {
            Some((at, letter, looks))
        }
        Appearance::Like(_) => None,
    };
    let mut lexer = Lexer::new(Alphabet::AnythingButBlanks);
    let mut at = 0;
    text::chars(command).find_map(|(letter, own)| {
        let found = letter.and_then(|letter| is_deceptive(letter, at));
        let is_outside = matches!(lexer.state(), State::Between | State::InWord);
        lexer.feed(own);
        at += own.len();
        found.filter(|_| is_outside)
    })
}

fn is_within(state: State) -> bool {
    matches!(state, State::InQuotes(_) | State::Escaped(Some(_)))
}

/// Whether a value that begins within quotes also ends there and was in them all the time.
fn stays_within(lexer: &Lexer, value: &[u8], quote: u8) -> bool {
    let mut lexer = lexer.clone();
    never_leaves(&mut lexer, value) && lexer.state() == State::InQuotes(quote)
}

fn never_leaves(lexer: &mut Lexer, text: &[u8]) -> bool {
    text.iter().all(|byte| {
        lexer.feed(&[*byte]);
        is_within(lexer.state())
    })
}

/// `"word"` within double quotes: on upstream the quotes cancel each other, and the word is left.
fn is_one_quoted_word(value: &[u8], quote: u8) -> bool {
    match value {
        [first, inner @ .., last] => {
            let is_plain = |byte: &u8| !matches!(byte, b'"' | b'\'' | b'\\') && !byte.is_ascii_whitespace();
            *first == quote && *last == quote && inner.iter().all(is_plain)
        }
        [] | [_] => false,
    }
}

/// A value written so that it is read as it is by a lexer in this state, which it leaves as it was.
fn escaped_for(state: State, value: &[u8]) -> Vec<u8> {
    let in_double = |value: &[u8]| {
        let escape = |&byte: &u8| if matches!(byte, b'"' | b'\\') { vec![b'\\', byte] } else { vec![byte] };
        value.iter().flat_map(escape).collect::<Vec<u8>>()
    };
    match state {
        State::InQuotes(b'"') => in_double(value),
        State::Escaped(Some(_)) => [b"\\".to_vec(), in_double(value)].concat(),
        State::InQuotes(_) => {
            let reopened = |&byte: &u8| if byte == b'\'' { br"'\''".to_vec() } else { vec![byte] };
            value.iter().flat_map(reopened).collect()
        }
        State::Between | State::InWord | State::Escaped(None) => {
            [b"\"".to_vec(), in_double(value), b"\"".to_vec()].concat()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The words of a command line with `%` standing for a variable of this value.
    fn expanded(command: &str, value: &str) -> Vec<String> {
        let (mut text, mut values) = (Vec::new(), Vec::new());
        for (index, piece) in command.split('%').enumerate() {
            if index > 0 {
                values.push(text.len()..text.len() + value.len());
                text.extend_from_slice(value.as_bytes());
            }
            text.extend_from_slice(piece.as_bytes());
        }
        let (kept, _) = with_values_kept(text.into(), &values);
        let words = split(&kept).unwrap_or_else(|error| panic!("{command} with {value}: {error}"));
        words.into_iter().map(|word| String::from_utf8(word).unwrap()).collect()
    }

    /// Results of upstream for the same texts: nobody's command changes.
    #[test]
    fn variables_that_work_on_upstream_work_alike() {
        assert_eq!(expanded("% --flag", "python app.py -x"), ["python", "app.py", "-x", "--flag"]);
        assert_eq!(expanded("%", "sh -c \"echo 'a b'\""), ["sh", "-c", "echo 'a b'"]);
        assert_eq!(expanded("c % z", ""), ["c", "z"]);
        assert_eq!(expanded("c \"%\"", ""), ["c", ""]);
        assert_eq!(expanded("c --a=%", "\"foo bar\""), ["c", "--a=foo bar"]);
        assert_eq!(expanded("c \"%\"", "\"foo\""), ["c", "foo"]);
        assert_eq!(expanded("c \"%\"", r#"a\"b"#), ["c", "a\"b"]);
        assert_eq!(expanded("c \"%\"", r"C:\\dir"), ["c", r"C:\dir"]);
        assert_eq!(expanded("c '%'", r"C:\\dir"), ["c", r"C:\\dir"]);
        assert_eq!(expanded("c %", r"C:\\dir"), ["c", r"C:\dir"]);
        assert_eq!(expanded(r#"c "C:\%""#, r"\dir"), ["c", r"C:\dir"]);
        assert_eq!(expanded("%x%", "'"), ["x"]);
    }

    #[test]
    fn a_value_within_quotes_cannot_end_them() {
        for value in [
            "'\"'",
            "\"it's\"",
            r"end\",
            "say \"hi\"",
            "x\" --evil \"y",
            "it's",
            "' --evil '",
            "\"",
            "\"foo bar\"",
            "'foo bar'",
        ] {
            assert_eq!(expanded("c \"%\" z", value), ["c", value, "z"]);
            assert_eq!(expanded("c '%' z", value), ["c", value, "z"]);
            assert_eq!(expanded("c --a=\"<%>\"", value), ["c".to_string(), format!("--a=<{value}>")]);
        }
    }

    /// On upstream such a command cannot be split at all.
    #[test]
    fn a_value_that_opens_quotes_and_does_not_close_them_is_one_word() {
        assert_eq!(expanded("c --a=% z", "it's me"), ["c", "--a=it's me", "z"]);
        assert_eq!(expanded("c %", r"C:\"), ["c", r"C:\"]);
    }

    #[test]
    fn a_quoted_value_behind_a_backslash_cannot_end_the_quotes() {
        assert_eq!(expanded(r#"c "\%" z"#, r#""""#), ["c", r#"\"""#, "z"]);
        assert_eq!(expanded(r#"c "\%" z"#, r#""foo""#), ["c", r#"\"foo""#, "z"]);
    }

    proptest! {
        #[test]
        fn a_command_with_any_value_in_quotes_has_as_many_words(value in r#"[a"'\\ ]{0,6}|.*"#) {
            for command in ["c \"%\" z", "c '%' z", "c \"a%b\" z", r#"c "\%" z"#] {
                prop_assert_eq!(expanded(command, &value).len(), 3);
            }
        }
    }

    /// Results of Python 3.11's `shlex.split` for the same texts.
    #[test]
    fn command_lines_split_as_upstream_splits_them() {
        let cases: [(&[u8], &[&[u8]]); 10] = [
            (b"/bin/cat", &[b"/bin/cat"]),
            (b"  a  b\tc\nd\re ", &[b"a", b"b", b"c", b"d", b"e"]),
            (b"sh -c \"a; b | c\"", &[b"sh", b"-c", b"a; b | c"]),
            (b"a;b #c", &[b"a;b", b"#c"]),
            (br#"a "" '' b"#, &[b"a", b"", b"", b"b"]),
            (br#"a\ b 'it'"'"'s'"#, &[b"a b", b"it's"]),
            (br#""a\$b\"c\\d""#, &[br#"a\$b"c\d"#]),
            (br"'a\'b", &[br"a\b"]),
            (b"\xff\xfe x\x0by", &[b"\xff\xfe", b"x\x0by"]),
            (b"", &[]),
        ];
        for (command, expected) in cases {
            assert_eq!(split(command).unwrap(), expected, "{}", command.escape_ascii());
        }
    }

    #[test]
    fn an_open_quote_or_a_last_backslash_is_an_error() {
        assert_eq!(split(b"sh -c \"a").unwrap_err().to_string(), "No closing quotation");
        assert_eq!(split(b"sh \\").unwrap_err().to_string(), "No escaped character");
        assert_eq!(split(b"sh \"\\").unwrap_err().to_string(), "No escaped character");
    }
}
