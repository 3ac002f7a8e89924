//! One conversion of Python's `%` formatting, `%(name)[flags][width][.precision][length]type`: parsing and applying.

use crate::limits;
use crate::text;
use std::ops::Range;
use supervisor_core::repr;

/// What a name stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    /// Text.
    Text(Vec<u8>),
    /// A whole number.
    Number(i64),
}

/// A conversion as it stands in a format string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Conversion<'a> {
    /// The name in parentheses.
    pub(crate) name: Option<&'a str>,
    /// Where it stands, from `%` to its type.
    pub(crate) place: Range<usize>,
    left: bool,
    plus: bool,
    blank: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
    kind: char,
    kind_index: usize,
}

/// A part of a format string.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Text that stays.
    Literal(&'a str),
    /// A place to fill in.
    Conversion(Conversion<'a>),
}

/// Why a format string is none: Python's reason, and the place it speaks of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) reason: String,
    pub(crate) place: Range<usize>,
    /// Characters before the type the reason speaks of, which shift when text in front of it is replaced.
    pub(crate) index: Option<usize>,
    /// The name that stands before the mistake; Python looks it up first.
    pub(crate) name: Option<String>,
}

impl Malformed {
    fn new(reason: impl Into<String>, place: Range<usize>) -> Self {
        Self { reason: reason.into(), place, index: None, name: None }
    }
}

/// Takes the next piece of a format string, from the byte `at` on; `None` at its end.
pub(crate) fn next_piece(format: &str, at: usize) -> Option<Result<(Piece<'_>, usize), Malformed>> {
    let rest = &format[at..];
    if rest.is_empty() {
        return None;
    }
    if rest.starts_with("%%") {
        return Some(Ok((Piece::Literal("%"), at + 2)));
    }
    if !rest.starts_with('%') {
        let end = rest.find('%').unwrap_or(rest.len());
        return Some(Ok((Piece::Literal(&rest[..end]), at + end)));
    }
    let mut parser = Parser { format, start: at, at: at + 1 };
    let conversion = parser.name().and_then(|name| {
        let named = |malformed| Malformed { name: name.map(str::to_string), ..malformed };
        parser.after_name(name).map_err(named)
    });
    Some(conversion.map(|conversion| {
        let end = conversion.place.end;
        (Piece::Conversion(conversion), end)
    }))
}

struct Parser<'a> {
    format: &'a str,
    start: usize,
    at: usize,
}

impl<'a> Parser<'a> {
    fn after_name(&mut self, name: Option<&'a str>) -> Result<Conversion<'a>, Malformed> {
        let mut found = Conversion {
            name,
            place: self.start..self.at,
            left: false,
            plus: false,
            blank: false,
            alternate: false,
            zero: false,
            width: 0,
            precision: None,
            kind: 's',
            kind_index: 0,
        };
        self.flags(&mut found);
        found.width = self.number("width too big")?.unwrap_or(0);
        if self.peek() == Some('.') {
            self.at += 1;
            found.precision = Some(self.number("precision too big")?.unwrap_or(0));
        }
        if self.peek().is_some_and(|letter| "hlL".contains(letter)) {
            self.at += 1;
        }
        found.kind_index = self.at;
        found.kind = self.peek().ok_or_else(|| self.malformed("incomplete format"))?;
        self.at += found.kind.len_utf8();
        found.place.end = self.at;
        Ok(found)
    }

    fn peek(&self) -> Option<char> {
        self.format[self.at..].chars().next()
    }

    fn malformed(&self, reason: &str) -> Malformed {
        Malformed::new(reason, self.start..self.at.max(self.start + 1))
    }

    /// `(name)`, parentheses within it counted.
    fn name(&mut self) -> Result<Option<&'a str>, Malformed> {
        if self.peek() != Some('(') {
            return Ok(None);
        }
        let start = self.at + 1;
        let mut depth = 0usize;
        for (offset, letter) in self.format[self.at..].char_indices() {
            match letter {
                '(' => depth += 1,
                ')' if depth == 1 => {
                    let end = self.at + offset;
                    self.at = end + 1;
                    return Ok(Some(&self.format[start..end]));
                }
                ')' => depth -= 1,
                _ => {}
            }
        }
        self.at = self.format.len();
        Err(self.malformed("incomplete format key"))
    }

    fn flags(&mut self, found: &mut Conversion<'a>) {
        while let Some(letter) = self.peek() {
            match letter {
                '-' => found.left = true,
                '+' => found.plus = true,
                ' ' => found.blank = true,
                '#' => found.alternate = true,
                '0' => found.zero = true,
                _ => return,
            }
            self.at += 1;
        }
    }

    fn number(&mut self, too_big: &str) -> Result<Option<usize>, Malformed> {
        if self.peek() == Some('*') {
            self.at += 1;
            return Err(self.malformed("* wants int"));
        }
        let digits = self.format[self.at..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 {
            return Ok(None);
        }
        let text = &self.format[self.at..self.at + digits];
        self.at += digits;
        match text.parse() {
            Ok(number) if number <= limits::VALUE_BYTES => Ok(Some(number)),
            Ok(_) | Err(_) => Err(self.malformed(too_big)),
        }
    }
}

impl Conversion<'_> {
    /// Whether the type exists at all; Python finds out only after it has looked for the value.
    fn is_known(&self) -> bool {
        "srcadiuoxXeEfFgG".contains(self.kind)
    }

    /// A type that does not exist, counted from `format`'s beginning in characters.
    fn unsupported(&self, format: &str) -> Malformed {
        let code = u32::from(self.kind);
        let letter = if (31..127).contains(&code) { self.kind } else { '?' };
        let index = format[..self.kind_index].chars().count();
        Malformed {
            reason: format!("unsupported format character '{letter}' (0x{code:x}) at index "),
            place: self.place.clone(),
            index: Some(index),
            name: None,
        }
    }

    /// What Python says of a conversion without a name: it would apply it to the whole table of names. That would
    /// put every environment variable into the value, so those that Python fills in are refused here.
    pub(crate) fn unnamed(&self, format: &str, is_first: bool) -> Malformed {
        let reason = match self.kind {
            _ if !is_first => None,
            _ if !self.is_known() => return self.unsupported(format),
            kind => wrong_type(kind, "dict"),
        };
        let reason = reason.unwrap_or_else(|| "not enough arguments for format string".to_string());
        Malformed::new(reason, self.place.clone())
    }

    /// Fills in a value.
    pub(crate) fn apply(&self, format: &str, value: &Named) -> Result<Vec<u8>, Malformed> {
        if !self.is_known() {
            return Err(self.unsupported(format));
        }
        match (self.kind, value) {
            ('s' | 'r' | 'a', _) => Ok(self.as_text(value)),
            ('c', Named::Text(text)) if text::chars(text).count() == 1 => Ok(self.padded(text, &[])),
            ('c', Named::Number(number)) => self.as_character(*number),
            ('d' | 'i' | 'u' | 'o' | 'x' | 'X', Named::Number(number)) => Ok(self.as_integer(*number)),
            (_, Named::Number(number)) => Ok(self.as_float(*number)),
            (kind, Named::Text(_)) => {
                let reason = wrong_type(kind, "str").unwrap_or_default();
                Err(Malformed::new(reason, self.place.clone()))
            }
        }
    }

    fn as_text(&self, value: &Named) -> Vec<u8> {
        let whole = match (value, self.kind) {
            (Named::Number(number), _) => number.to_string().into_bytes(),
            (Named::Text(text), 'r') => repr::text(text).into_bytes(),
            (Named::Text(text), 'a') => repr::ascii(text).into_bytes(),
            (Named::Text(text), _) => text.clone(),
        };
        let end: usize =
            text::chars(&whole).take(self.precision.unwrap_or(usize::MAX)).map(|(_, own)| own.len()).sum();
        self.padded(&whole[..end], &[])
    }

    fn as_character(&self, number: i64) -> Result<Vec<u8>, Malformed> {
        let letter = u32::try_from(number).ok().and_then(char::from_u32);
        let letter =
            letter.ok_or_else(|| Malformed::new("%c arg not in range(0x110000)", self.place.clone()))?;
        Ok(self.padded(letter.to_string().as_bytes(), &[]))
    }

    fn as_integer(&self, number: i64) -> Vec<u8> {
        let magnitude = number.unsigned_abs();
        let (digits, prefix) = match self.kind {
            'o' => (format!("{magnitude:o}"), "0o"),
            'x' => (format!("{magnitude:x}"), "0x"),
            'X' => (format!("{magnitude:X}"), "0X"),
            _ => (magnitude.to_string(), ""),
        };
        let missing = self.precision.unwrap_or(0).saturating_sub(digits.len());
        let digits = "0".repeat(missing) + &digits;
        let mut sign = self.sign(number).to_vec();
        if self.alternate {
            sign.extend_from_slice(prefix.as_bytes());
        }
        self.padded(digits.as_bytes(), &sign)
    }

    /// `%e`, `%f`, `%g`: the numbers are whole, but the layout is that of a float.
    fn as_float(&self, number: i64) -> Vec<u8> {
        let precision = self.precision.unwrap_or(6);
        #[expect(clippy::cast_precision_loss, reason = "the format asks for a float")]
        let magnitude = number.unsigned_abs() as f64;
        let digits = match self.kind.to_ascii_lowercase() {
            'f' => self.fixed(magnitude, precision),
            'e' => self.scientific(magnitude, precision),
            _ => self.general(magnitude, precision.max(1)),
        };
        let digits = if self.kind.is_ascii_uppercase() { digits.to_uppercase() } else { digits };
        self.padded(digits.as_bytes(), self.sign(number))
    }

    fn fixed(&self, magnitude: f64, precision: usize) -> String {
        let point = if self.alternate && precision == 0 { "." } else { "" };
        format!("{magnitude:.precision$}{point}")
    }

    fn scientific(&self, magnitude: f64, precision: usize) -> String {
        let whole = format!("{magnitude:.precision$e}");
        let (mantissa, exponent) = whole.split_once('e').unwrap_or((&whole, "0"));
        let point = if self.alternate && precision == 0 { "." } else { "" };
        format!("{mantissa}{point}e+{exponent:0>2}")
    }

    fn general(&self, magnitude: f64, precision: usize) -> String {
        let places = precision - 1;
        let whole = format!("{magnitude:.places$e}");
        let exponent: usize = whole.split_once('e').and_then(|(_, digits)| digits.parse().ok()).unwrap_or(0);
        let (digits, suffix) = if exponent < precision {
            (self.fixed(magnitude, precision - 1 - exponent), String::new())
        } else {
            let long = self.scientific(magnitude, places);
            let (mantissa, exponent) = long.split_once('e').unwrap_or((&long, "+00"));
            (mantissa.to_string(), format!("e{exponent}"))
        };
        if self.alternate || !digits.contains('.') {
            return digits + &suffix;
        }
        digits.trim_end_matches('0').trim_end_matches('.').to_string() + &suffix
    }

    fn sign(&self, number: i64) -> &'static [u8] {
        match number {
            ..0 => b"-",
            _ if self.plus => b"+",
            _ if self.blank => b" ",
            _ => b"",
        }
    }

    /// Brings a result to the width asked for; zeros go between the sign and the digits.
    fn padded(&self, body: &[u8], sign: &[u8]) -> Vec<u8> {
        let length = sign.len() + text::chars(body).count();
        let missing = self.width.saturating_sub(length);
        let with_zeros = self.zero && !self.left && !matches!(self.kind, 's' | 'r' | 'a' | 'c');
        let blanks = vec![b' '; missing];
        match (self.left, with_zeros) {
            (true, _) => [sign, body, &blanks].concat(),
            (false, true) => [sign, &vec![b'0'; missing], body].concat(),
            (false, false) => [&blanks, sign, body].concat(),
        }
    }
}

/// Python's complaint about a value of this type, if the conversion cannot take one.
fn wrong_type(kind: char, found: &str) -> Option<String> {
    match kind {
        'd' | 'i' | 'u' => Some(format!("%{kind} format: a real number is required, not {found}")),
        'o' | 'x' | 'X' => Some(format!("%{kind} format: an integer is required, not {found}")),
        'c' => Some("%c requires int or char".to_string()),
        'e' | 'E' | 'f' | 'F' | 'g' | 'G' => Some(format!("must be real number, not {found}")),
        _ => None,
    }
}
