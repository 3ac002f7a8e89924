//! Text and bytes as Python's `repr` writes them: the literals in upstream's log lines, messages and faults.
//!
//! A text is given as bytes, since a name, a path or an environment variable may hold any. What is not UTF-8 in it is
//! shown byte by byte as `\udcNN`, as Python does with what it decoded by `surrogateescape`.

use std::borrow::Cow;
use std::fmt::{self, Write};

/// `'web'`: a text in quotes, with everything unprintable escaped.
pub fn text(text: impl AsRef<[u8]>) -> String {
    let text = text.as_ref();
    let quote = preferred_quote(text);
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push(quote);
    for chunk in text.utf8_chunks() {
        for letter in chunk.valid().chars() {
            push_letter(&mut literal, letter, quote);
        }
        for byte in chunk.invalid() {
            push(&mut literal, format_args!("\\udc{byte:02x}"));
        }
    }
    literal.push(quote);
    literal
}

/// `'\xe9'`: [`text`] with everything beyond ASCII escaped, as Python's `ascii` writes it.
pub fn ascii(text: impl AsRef<[u8]>) -> String {
    let literal = self::text(text);
    let mut escaped = String::with_capacity(literal.len());
    for letter in literal.chars() {
        if letter.is_ascii() {
            escaped.push(letter);
        } else {
            push_code(&mut escaped, u32::from(letter));
        }
    }
    escaped
}

/// `b'ok\xc3'`: bytes, with everything outside printable ASCII escaped.
pub fn bytes(bytes: &[u8]) -> String {
    let quote = preferred_quote(bytes);
    let mut literal = String::with_capacity(bytes.len() + 3);
    literal.push('b');
    literal.push(quote);
    for &byte in bytes {
        if byte.is_ascii() {
            push_letter(&mut literal, char::from(byte), quote);
        } else {
            push_code(&mut literal, u32::from(byte));
        }
    }
    literal.push(quote);
    literal
}

/// `bytes` as they are if they are UTF-8, else `Undecodable: b'…'`: child output in the main log and in events.
pub fn decoded(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => format!("Undecodable: {}", self::bytes(bytes)).into(),
    }
}

/// Double quotes only for what holds single quotes and no double ones.
fn preferred_quote(bytes: &[u8]) -> char {
    if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' }
}

fn push_letter(literal: &mut String, letter: char, quote: char) {
    match letter {
        '\n' => literal.push_str("\\n"),
        '\r' => literal.push_str("\\r"),
        '\t' => literal.push_str("\\t"),
        '\\' => literal.push_str("\\\\"),
        _ if letter == quote => {
            literal.push('\\');
            literal.push(letter);
        }
        _ if is_printable(letter) => literal.push(letter),
        _ => push_code(literal, u32::from(letter)),
    }
}

fn push_code(literal: &mut String, code: u32) {
    match code {
        0..=0xff => push(literal, format_args!("\\x{code:02x}")),
        0x100..=0xffff => push(literal, format_args!("\\u{code:04x}")),
        _ => push(literal, format_args!("\\U{code:08x}")),
    }
}

fn push(literal: &mut String, piece: fmt::Arguments<'_>) {
    literal.write_fmt(piece).expect("a String takes everything");
}

/// Whether Python leaves a character as it is: not controls, formats, separators, private or unassigned ones.
pub fn is_printable(letter: char) -> bool {
    if letter.is_ascii() {
        return !letter.is_ascii_control();
    }
    // The standard library's `Debug` escapes the same categories, and combining marks only at the start of a text.
    let mut buffer = [b'x'; 5];
    let length = 1 + letter.encode_utf8(&mut buffer[1..]).len();
    let after_another = std::str::from_utf8(&buffer[..length]).expect("two characters are text");
    after_another.escape_debug().nth(1) == Some(letter)
}
