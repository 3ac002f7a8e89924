//! How Python reads and shows numbers and values, as far as it reaches the wire.

use crate::Value;
use std::borrow::Cow;
use std::fmt::Write;

/// Reads a decimal number as Python's `int()` does: blanks around it, a sign, single underscores between
/// digits. Numbers beyond 64 bit are clamped.
pub(crate) fn parse_int(text: &str) -> Option<i64> {
    let text = without_underscores(text.trim())?;
    let digits = text.strip_prefix(['+', '-']).unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let clamped = if text.starts_with('-') { i64::MIN } else { i64::MAX };
    Some(text.parse().unwrap_or(clamped))
}

/// Reads a number as Python's `float()` does.
pub(crate) fn parse_float(text: &str) -> Option<f64> {
    without_underscores(text.trim())?.parse().ok()
}

/// Cuts the fraction off; `None` for infinities and not-a-number.
pub(crate) fn truncate(number: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "cutting the fraction and clamping is the purpose")]
    number.is_finite().then_some(number as i64)
}

/// Removes underscores that stand between two digits; `None` if one stands elsewhere.
fn without_underscores(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('_') {
        return Some(Cow::Borrowed(text));
    }
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    let misplaced = (0..bytes.len())
        .any(|at| bytes[at] == b'_' && !(is_digit(at.checked_sub(1)) && is_digit(Some(at + 1))));
    (!misplaced).then(|| Cow::Owned(text.replace('_', "")))
}

/// A value as Python's `repr()` shows it.
pub(crate) fn repr(value: &Value) -> String {
    let mut out = String::new();
    write_repr(value, &mut out);
    out
}

/// A text in quotes as Python's `repr()` shows it: single quotes unless it holds only single ones.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    write_quoted(text, &mut out);
    out
}

fn write_repr(value: &Value, out: &mut String) {
    match value {
        Value::Nil => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Int(number) => write_display(number, out),
        Value::Double(number) => write_display(&format_args!("{number:?}"), out),
        Value::String(text) | Value::DateTime(text) => write_quoted(text, out),
        Value::Base64(bytes) => {
            out.push('b');
            write_quoted(&String::from_utf8_lossy(bytes), out);
        }
        Value::Array(items) => {
            write_list(items.iter(), ('[', ']'), out, write_repr);
        }
        Value::Struct(members) => {
            write_list(members.iter(), ('{', '}'), out, |(name, value), out| {
                write_quoted(name, out);
                out.push_str(": ");
                write_repr(value, out);
            });
        }
    }
}

fn write_list<T>(
    items: impl Iterator<Item = T>,
    brackets: (char, char),
    out: &mut String,
    write_item: impl Fn(T, &mut String),
) {
    out.push(brackets.0);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push_str(", ");
        }
        write_item(item, out);
    }
    out.push(brackets.1);
}

fn write_quoted(text: &str, out: &mut String) {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.push(quote);
    for character in text.chars() {
        match character {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if character == quote => {
                out.push('\\');
                out.push(character);
            }
            _ if u32::from(character) < 0x20 || (0x7f..0xa0).contains(&u32::from(character)) => {
                write_display(&format_args!("\\x{:02x}", u32::from(character)), out);
            }
            _ => out.push(character),
        }
    }
    out.push(quote);
}

fn write_display(shown: &dyn std::fmt::Display, out: &mut String) {
    write!(out, "{shown}").expect("writing to a String cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_read_as_python_reads_them() {
        assert_eq!(parse_int("\n -12 "), Some(-12));
        assert_eq!(parse_int("+1_000"), Some(1000));
        assert_eq!(parse_int("1__0"), None);
        assert_eq!(parse_int("_1"), None);
        assert_eq!(parse_int("1.0"), None);
        assert_eq!(parse_int(""), None);
        assert_eq!(parse_int("-"), None);
        assert_eq!(parse_int("99999999999999999999"), Some(i64::MAX));
        assert_eq!(parse_int("-99999999999999999999"), Some(i64::MIN));
    }

    #[test]
    fn text_is_quoted_as_python_quotes_it() {
        assert_eq!(quoted("a'b"), r#""a'b""#);
        assert_eq!(quoted("a'b\"c"), r#"'a\'b"c'"#);
        assert_eq!(quoted("\u{1b}[0m\n"), r"'\x1b[0m\n'");
        assert_eq!(quoted("é"), "'é'");
    }
}
