//! Literals are Python's: compared with what Python wrote (`record.py` says how), and read back.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use supervisor_core::repr;

const LITERALS: &str = include_str!("literals.txt");
const UNPRINTABLE: &str = include_str!("unprintable.txt");

/// The rows of a recorded file, split at `separator`.
fn rows(recorded: &'static str, separator: char) -> impl Iterator<Item = Vec<&'static str>> {
    recorded.lines().filter(|line| !line.starts_with('#')).map(move |line| line.split(separator).collect())
}

fn unhex(digits: &str) -> Vec<u8> {
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

#[test]
fn literals_are_those_python_wrote() {
    for row in rows(LITERALS, '\t') {
        let [hex, text, ascii, bytes] = row[..] else { panic!("{row:?} has not four columns") };
        let sample = unhex(hex);
        assert_eq!(repr::text(&sample), text, "{hex} as text");
        assert_eq!(repr::ascii(&sample), ascii, "{hex} in ASCII");
        assert_eq!(repr::bytes(&sample), bytes, "{hex} as bytes");
    }
}

/// A newer Unicode than the recorded one assigns more; what it had assigned stays as it was.
#[test]
fn every_character_is_escaped_if_python_escapes_it() {
    let escaped_by_python = unprintable("escaped");
    let unknown_to_python = unprintable("unassigned");
    let mut escaped = Vec::new();
    let mut expected = Vec::new();
    for letter in ('\u{80}'..=char::MAX).filter(|letter| !contains(&unknown_to_python, *letter)) {
        if contains(&escaped_by_python, letter) {
            expected.push(letter);
        }
        if repr::text(letter.encode_utf8(&mut [0; 4])) != format!("'{letter}'") {
            escaped.push(letter);
        }
    }
    assert!(expected.len() > 100_000, "only {} of {}", expected.len(), UNPRINTABLE.len());
    assert!(escaped == expected, "{:?}", escaped.iter().zip(&expected).find(|(ours, theirs)| ours != theirs));
}

fn unprintable(wanted: &str) -> Vec<(u32, u32)> {
    let code = |digits: &str| u32::from_str_radix(digits, 16).unwrap();
    rows(UNPRINTABLE, ' ').filter(|row| row[2] == wanted).map(|row| (code(row[0]), code(row[1]))).collect()
}

fn contains(ranges: &[(u32, u32)], letter: char) -> bool {
    let code = u32::from(letter);
    let after = ranges.partition_point(|&(first, _)| first <= code);
    after > 0 && code <= ranges[after - 1].1
}

/// EVT-19: what 4.3.0 printed for these bytes.
#[test]
fn output_that_is_no_text_is_shown_as_a_bytes_literal() {
    assert_eq!(repr::decoded(b"ok\xc3(\xffbad\n"), r"Undecodable: b'ok\xc3(\xffbad\n'");
    assert_eq!(repr::decoded("né\n".as_bytes()), "né\n");
}

/// What a literal stands for; `None` if it is not one.
fn read_back(literal: &str, lone_byte: &str) -> Option<Vec<u8>> {
    let quote = literal.chars().next()?;
    let mut rest = literal.strip_prefix(quote)?.strip_suffix(quote)?;
    let mut bytes = Vec::new();
    while let Some(letter) = rest.chars().next() {
        rest = &rest[letter.len_utf8()..];
        if letter == quote {
            return None;
        }
        if letter != '\\' {
            bytes.extend_from_slice(letter.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        if let Some(after) = rest.strip_prefix(lone_byte) {
            bytes.push(u8::from_str_radix(&after[..2], 16).ok()?);
            rest = &after[2..];
            continue;
        }
        let kind = rest.chars().next()?;
        rest = &rest[1..];
        let length = match kind {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        let meant = match kind {
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            '\\' | '\'' | '"' => kind,
            _ => char::from_u32(u32::from_str_radix(&rest[..length], 16).ok()?)?,
        };
        bytes.extend_from_slice(meant.encode_utf8(&mut [0; 4]).as_bytes());
        rest = &rest[length..];
    }
    Some(bytes)
}

proptest! {
    #[test]
    fn a_literal_stands_for_what_it_was_made_of(sample: Vec<u8>, text: String) {
        prop_assert_eq!(read_back(&repr::text(&sample), "udc"), Some(sample.clone()));
        prop_assert_eq!(read_back(&repr::text(&text), "udc"), Some(text.clone().into_bytes()));
        prop_assert_eq!(read_back(&repr::ascii(&text), "udc"), Some(text.into_bytes()));
        let literal = repr::bytes(&sample);
        prop_assert_eq!(read_back(literal.strip_prefix('b').expect("the mark of bytes"), "x"), Some(sample));
    }

    #[test]
    fn a_literal_is_one_printable_line(sample: Vec<u8>) {
        prop_assert!(!repr::text(&sample).chars().any(char::is_control));
        prop_assert!(repr::ascii(&sample).bytes().all(|byte| matches!(byte, b' '..=b'~')));
        prop_assert!(repr::bytes(&sample).bytes().all(|byte| matches!(byte, b' '..=b'~')));
    }
}
