//! How Python reads and shows numbers, times and values, as far as it reaches the wire.

use crate::Value;
use std::borrow::Cow;
use std::fmt::Write;
use std::ops::{Range, RangeInclusive};
use supervisor_core::repr;

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

/// A time of the wire, `YYYYMMDDTHH:MM:SS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DateTime {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

impl DateTime {
    /// Reads it; `None` if it is of another form or not in the calendar.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let marks = [(8, b'T'), (11, b':'), (14, b':')];
        if bytes.len() != 17 || marks.iter().any(|&(at, mark)| bytes[at] != mark) {
            return None;
        }
        let digits = |range: Range<usize>| {
            bytes[range]
                .iter()
                .try_fold(0_u16, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u16::from(byte - b'0')))
        };
        let small = |range: Range<usize>, allowed: RangeInclusive<u8>| {
            digits(range)
                .and_then(|number| u8::try_from(number).ok())
                .filter(|number| allowed.contains(number))
        };
        let year = digits(0..4).filter(|&year| year > 0)?;
        let month = small(4..6, 1..=12)?;
        Some(Self {
            year,
            month,
            day: small(6..8, 1..=days(year, month))?,
            hour: small(9..11, 0..=23)?,
            minute: small(12..14, 0..=59)?,
            second: small(15..17, 0..=59)?,
        })
    }

    /// As Python's `str()` shows it.
    fn write_str(self, out: &mut String) {
        let Self { year, month, day, hour, minute, second } = self;
        write_display(&format_args!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"), out);
    }

    /// As Python's `repr()` shows it: a second of zero is left out.
    fn write_repr(self, out: &mut String) {
        let Self { year, month, day, hour, minute, second } = self;
        write_display(&format_args!("datetime.datetime({year}, {month}, {day}, {hour}, {minute}"), out);
        if second > 0 {
            write_display(&format_args!(", {second}"), out);
        }
        out.push(')');
    }
}

fn days(year: u16, month: u8) -> u8 {
    let is_leap = year.is_multiple_of(4) && !year.is_multiple_of(100) || year.is_multiple_of(400);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A value as Python's `str()` shows it: text and times without their marks.
pub(crate) fn shown(value: &Value) -> String {
    let mut out = String::new();
    match value {
        Value::String(text) => out.push_str(text),
        Value::DateTime(text) => match DateTime::parse(text) {
            Some(time) => time.write_str(&mut out),
            None => out.push_str(text),
        },
        Value::Nil
        | Value::Bool(_)
        | Value::Int(_)
        | Value::Double(_)
        | Value::Base64(_)
        | Value::Array(_)
        | Value::Struct(_) => write_repr(value, &mut out),
    }
    out
}

fn write_repr(value: &Value, out: &mut String) {
    match value {
        Value::Nil => out.push_str("None"),
        Value::Bool(true) => out.push_str("True"),
        Value::Bool(false) => out.push_str("False"),
        Value::Int(number) => write_display(number, out),
        Value::Double(number) => write_float(*number, out),
        Value::String(text) => out.push_str(&repr::text(text)),
        Value::DateTime(text) => match DateTime::parse(text) {
            Some(time) => time.write_repr(out),
            None => out.push_str(&repr::text(text)),
        },
        Value::Base64(bytes) => out.push_str(&repr::bytes(bytes)),
        Value::Array(items) => {
            write_list(items.iter(), ('[', ']'), out, write_repr);
        }
        Value::Struct(members) => {
            write_list(members.iter(), ('{', '}'), out, |(name, value), out| {
                out.push_str(&repr::text(name));
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

/// Whole numbers keep a fraction; from 16 digits on, and below a ten-thousandth, there is an exponent of two digits or more.
fn write_float(number: f64, out: &mut String) {
    if !number.is_finite() {
        return write_display(&number.to_string().to_lowercase(), out);
    }
    let scientific = format!("{number:e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("the format has an exponent");
    let exponent: i32 = exponent.parse().expect("the exponent is a small number");
    if (-4..16).contains(&exponent) {
        let plain = number.to_string();
        let fraction = if plain.contains('.') { "" } else { ".0" };
        return write_display(&format_args!("{plain}{fraction}"), out);
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    write_display(&format_args!("{mantissa}e{sign}{:02}", exponent.abs()), out);
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
    fn floats_look_as_python_shows_them() {
        let shown = |number| shown(&Value::Double(number));
        let cases = [
            (1.5, "1.5"),
            (-0.0, "-0.0"),
            (1000.0, "1000.0"),
            (0.0001, "0.0001"),
            (0.000_01, "1e-05"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.25e300, "1.25e+300"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ];
        for (number, expected) in cases {
            assert_eq!(shown(number), expected);
        }
    }

    #[test]
    fn times_are_read_if_the_calendar_has_them() {
        let shown = |text: &str| shown(&Value::DateTime(text.into()));
        assert_eq!(shown("20200229T03:04:05"), "2020-02-29 03:04:05");
        let list = Value::Array(vec![Value::DateTime("20200102T03:04:00".into())]);
        assert_eq!(super::shown(&list), "[datetime.datetime(2020, 1, 2, 3, 4)]");
        for text in
            ["", "nope", "20210229T03:04:05", "20201301T03:04:05", "20200102T24:00:00", "20200102 03:04:05"]
        {
            assert_eq!(DateTime::parse(text), None, "{text}");
        }
    }
}
