//! Text the way upstream shows it: as literals of the language it is written in.

use std::fmt::Write;

/// `'web'`: a quoted name, with anything unprintable escaped.
pub fn text(text: &str) -> String {
    let quote = preferred_quote(text.as_bytes());
    let mut literal = String::with_capacity(text.len() + 2);
    literal.push(char::from(quote));
    for character in text.chars() {
        if character.is_ascii() {
            push_ascii(&mut literal, character as u8, quote);
        } else if is_printable(character) {
            literal.push(character);
        } else {
            push_code(&mut literal, u32::from(character));
        }
    }
    literal.push(char::from(quote));
    literal
}

/// `b'ok\xc3'`: bytes, with everything outside printable ASCII escaped.
pub fn bytes(bytes: &[u8]) -> String {
    let quote = preferred_quote(bytes);
    let mut literal = String::with_capacity(bytes.len() + 3);
    literal.push('b');
    literal.push(char::from(quote));
    for byte in bytes {
        push_ascii(&mut literal, *byte, quote);
    }
    literal.push(char::from(quote));
    literal
}

/// `bytes` as they are if they are UTF-8, else `Undecodable: b'…'`: child output in the main log and in
/// events.
pub fn decoded(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => format!("Undecodable: {}", self::bytes(bytes)).into(),
    }
}

/// Double quotes only for what holds single quotes and no double ones.
fn preferred_quote(bytes: &[u8]) -> u8 {
    if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' }
}

fn push_ascii(literal: &mut String, byte: u8, quote: u8) {
    match byte {
        b'\\' => literal.push_str("\\\\"),
        b'\n' => literal.push_str("\\n"),
        b'\r' => literal.push_str("\\r"),
        b'\t' => literal.push_str("\\t"),
        _ if byte == quote => {
            literal.push('\\');
            literal.push(char::from(byte));
        }
        b' '..=b'~' => literal.push(char::from(byte)),
        _ => push_code(literal, u32::from(byte)),
    }
}

fn push_code(literal: &mut String, code: u32) {
    let written = match code {
        0..=0xff => write!(literal, "\\x{code:02x}"),
        0x100..=0xffff => write!(literal, "\\u{code:04x}"),
        _ => write!(literal, "\\U{code:08x}"),
    };
    written.expect("a String takes everything");
}

/// Separators, format and private characters are escaped; a close approximation of the categories upstream's
/// language consults.
fn is_printable(character: char) -> bool {
    let is_hidden = matches!(character,
        '\u{ad}' | '\u{600}'..='\u{605}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{e000}'..='\u{f8ff}' | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{10ffff}');
    !character.is_control() && !character.is_whitespace() && !is_hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_like_literals() {
        assert_eq!(text("web"), "'web'");
        assert_eq!(text("it's"), "\"it's\"");
        assert_eq!(text("it's \"x\""), "'it\\'s \"x\"'");
        assert_eq!(text("é\u{a0}\u{200b}\u{1f600}\n\0"), "'é\\xa0\\u200b\u{1f600}\\n\\x00'");
    }

    /// PROC-51, EVT-19: what 4.3.0 printed for these bytes.
    #[test]
    fn undecodable_output_is_shown_as_a_bytes_literal() {
        assert_eq!(decoded(b"ok\xc3(\xffbad\n"), r"Undecodable: b'ok\xc3(\xffbad\n'");
        assert_eq!(decoded("né\n".as_bytes()), "né\n");
        assert_eq!(bytes(b"READY\n"), r"b'READY\n'");
        assert_eq!(bytes(b"'"), "b\"'\"");
    }
}
