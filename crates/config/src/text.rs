//! Text as upstream treats it: what is a character, what counts as blank, what is a number.
//!
//! Values are bytes, since an environment variable may hold any. Where characters matter, bytes that are not UTF-8
//! count as one character each, as Python's `surrogateescape` has it, and are shown as `\udcNN`.

use std::borrow::Cow;
use supervisor_core::repr;

/// The first character and the rest; `None` inside for a byte that is not UTF-8.
pub(crate) fn split_first_char(bytes: &[u8]) -> Option<(Option<char>, &[u8])> {
    let first = *bytes.first()?;
    if first.is_ascii() {
        return Some((Some(char::from(first)), &bytes[1..]));
    }
    let longest = &bytes[..bytes.len().min(4)];
    let valid = match std::str::from_utf8(longest) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&longest[..error.valid_up_to()]).unwrap_or_default(),
    };
    match valid.chars().next() {
        Some(letter) => Some((Some(letter), &bytes[letter.len_utf8()..])),
        None => Some((None, &bytes[1..])),
    }
}

/// Every character with its bytes.
pub(crate) fn chars(mut bytes: &[u8]) -> impl Iterator<Item = (Option<char>, &[u8])> {
    std::iter::from_fn(move || {
        let (letter, rest) = split_first_char(bytes)?;
        let own = &bytes[..bytes.len() - rest.len()];
        bytes = rest;
        Some((letter, own))
    })
}

/// Bytes as text for a message; what is not UTF-8 becomes `\udcNN`, as upstream prints it.
pub(crate) fn shown(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => chars(bytes)
            .map(|(letter, own)| match letter {
                Some(letter) => letter.to_string(),
                None => format!("\\udc{:02x}", own[0]),
            })
            .collect(),
    }
}

/// A character for a cited source line: harmless on a terminal, and to be seen.
pub(crate) fn visible(letter: char) -> char {
    match letter {
        '\t' => ' ',
        _ if repr::is_printable(letter) => letter,
        _ => '\u{fffd}',
    }
}

/// How many columns of a terminal a character takes: two for those of East Asian scripts.
pub(crate) fn columns(letter: char) -> usize {
    let is_wide = matches!(u32::from(letter),
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f
        | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1f64f | 0x1f900..=0x1f9ff | 0x20000..=0x3fffd);
    if is_wide { 2 } else { 1 }
}

/// Whether Python's `str.strip` removes this character.
pub(crate) fn is_blank(letter: char) -> bool {
    letter.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&letter)
}

/// Without blanks at both ends.
pub(crate) fn strip(text: &str) -> &str {
    let is_letter = |byte: &u8| byte.is_ascii_graphic();
    let is_bare =
        text.as_bytes().first().is_none_or(is_letter) && text.as_bytes().last().is_none_or(is_letter);
    if is_bare { text } else { text.trim_matches(is_blank) }
}

/// Bytes as text in lower case; what is not UTF-8 becomes `\udcNN`.
pub(crate) fn lower(bytes: &[u8]) -> Cow<'_, str> {
    let text = shown(bytes);
    let is_lower = text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_lower { text } else { text.to_lowercase().into() }
}

/// Without blanks at both ends; bytes that are not UTF-8 are not blank.
pub(crate) fn strip_bytes(bytes: &[u8]) -> &[u8] {
    let blank = |bytes: &[u8]| chars(bytes).next().is_some_and(|(letter, _)| letter.is_some_and(is_blank));
    let mut text = bytes;
    while blank(text) {
        text = split_first_char(text).map_or(text, |(_, rest)| rest);
    }
    loop {
        let back = (1..=text.len().min(4)).find(|&back| {
            std::str::from_utf8(&text[text.len() - back..])
                .is_ok_and(|end| end.chars().count() == 1 && blank(end.as_bytes()))
        });
        match back {
            Some(back) => text = &text[..text.len() - back],
            None => return text,
        }
    }
}

/// A whole number as `int()` reads it, kept within 64 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Integer {
    /// The number, or the nearest one that fits.
    pub(crate) value: i64,
    /// Whether the number was beyond 64 bits.
    pub(crate) is_clamped: bool,
}

/// Code points of the digit zero in every script that Python's `int` reads; nine more follow each.
const ZEROS: [u32; 66] = [
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50,
    0xed0, 0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40,
    0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x11066,
    0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950,
    0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0, 0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6,
    0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

fn digit(letter: char) -> Option<u32> {
    let code = u32::from(letter);
    let zero = ZEROS.iter().take_while(|&&zero| zero <= code).last()?;
    Some(code - zero).filter(|&value| value < 10)
}

/// Reads a number to base 8 or 10 as Python's `int(text, base)` does: blanks around, a sign, underscores between
/// digits, digits of any script, and `0o` before an octal one. `None` where Python refuses.
pub(crate) fn integer(bytes: &[u8], base: u32) -> Option<Integer> {
    let text = std::str::from_utf8(bytes).ok()?;
    // `int` does not count U+001C to U+001F as blanks, though `strip` does.
    let text = text.trim_matches(char::is_whitespace);
    let (is_negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let has_prefix = base == 8 && (unsigned.starts_with("0o") || unsigned.starts_with("0O"));
    let digits =
        if has_prefix { unsigned[2..].strip_prefix('_').unwrap_or(&unsigned[2..]) } else { unsigned };
    let mut magnitude: u64 = 0;
    let mut follows_digit = false;
    for letter in digits.chars() {
        if letter == '_' && follows_digit {
            follows_digit = false;
            continue;
        }
        let value = digit(letter).filter(|&value| value < base)?;
        magnitude = magnitude.saturating_mul(u64::from(base)).saturating_add(u64::from(value));
        follows_digit = true;
    }
    if !follows_digit {
        return None;
    }
    let value =
        if is_negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() };
    let edge = if is_negative { i64::MIN } else { i64::MAX };
    Some(Integer { value: value.unwrap_or(edge), is_clamped: value.is_none() })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Results of Python 3.11 for the same texts.
    #[test]
    fn integers_are_read_as_python_reads_them() {
        let accepted = [
            ("\u{a0}5", 10, 5),
            ("5\u{2003}", 10, 5),
            ("+5", 10, 5),
            ("1_0", 10, 10),
            ("\u{6f1}_\u{662}", 10, 12),
            ("-0", 10, 0),
            ("0_0", 10, 0),
            ("007", 10, 7),
            ("0o17", 8, 15),
            ("0O17", 8, 15),
            ("0o_17", 8, 15),
            ("0_17", 8, 15),
            ("-0o17", 8, -15),
            ("017 ", 8, 15),
            ("\u{661}", 8, 1),
            ("-9223372036854775808", 10, i64::MIN),
        ];
        for (text, base, value) in accepted {
            assert_eq!(
                integer(text.as_bytes(), base),
                Some(Integer { value, is_clamped: false }),
                "{text:?}"
            );
        }
        let refused = ["\u{1c}5", "+ 5", "--5", "_1", "1_", "1__0", "", "  ", "0x1", "1e3", "\u{0}5", "²"];
        for text in refused {
            assert_eq!(integer(text.as_bytes(), 10), None, "{text:?}");
        }
        for text in ["o17", "0o", "8", "0o8"] {
            assert_eq!(integer(text.as_bytes(), 8), None, "{text:?}");
        }
    }

    #[test]
    fn a_number_beyond_64_bits_becomes_the_nearest_one() {
        let huge = "9".repeat(400);
        assert_eq!(integer(huge.as_bytes(), 10), Some(Integer { value: i64::MAX, is_clamped: true }));
        let deep = format!("-{huge}");
        assert_eq!(integer(deep.as_bytes(), 10), Some(Integer { value: i64::MIN, is_clamped: true }));
    }

    #[test]
    fn lower_case_is_pythons_for_text_of_any_sort() {
        for (text, lower_text) in [("abc_1", "abc_1"), ("50MB", "50mb"), ("ÄÉ", "äé"), ("ß", "ß"), ("", "")]
        {
            assert_eq!(lower(text.as_bytes()), lower_text);
        }
        assert_eq!(lower(b"A\xff"), "a\\udcff");
    }

    #[test]
    fn strip_takes_pythons_blanks_and_nothing_else() {
        assert_eq!(strip("\u{1c}\u{85}\u{a0} x \u{3000}\u{1f}"), "x");
        assert_eq!(
            strip_bytes("\u{1c}\u{85}\u{a0} x\u{300} \u{3000}\u{1f}".as_bytes()),
            "x\u{300}".as_bytes()
        );
        assert_eq!(strip_bytes(b" \xff "), b"\xff");
        assert_eq!(strip_bytes(b" \xa0 "), b"\xa0");
        assert_eq!(strip_bytes(b"  "), b"");
    }
}
