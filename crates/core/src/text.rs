//! Bytes of unknown making, shown as text in log lines and event payloads the way upstream shows them.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The bytes as text if they are UTF-8, else `Undecodable: ` and a bytes literal.
pub(crate) fn shown(bytes: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(format!("Undecodable: {}", literal(bytes))),
    }
}

/// The bytes as Python writes a bytes literal: `b'ok\xc3\n'`, in double quotes only if there are single
/// ones inside and no double ones.
fn literal(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut text = String::with_capacity(bytes.len() + 3);
    text.push('b');
    text.push(quote);
    for &byte in bytes {
        match byte {
            b'\t' => text.push_str("\\t"),
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => {
                if char::from(byte) == quote {
                    text.push('\\');
                }
                text.push(char::from(byte));
            }
            _ => write!(text, "\\x{byte:02x}").expect("writing to a string cannot fail"),
        }
    }
    text.push(quote);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// EVT-19.
    #[test]
    fn bytes_that_are_no_text_are_shown_as_a_literal() {
        assert_eq!(shown("é\n".as_bytes()), "é\n");
        assert_eq!(shown(b"ok\xc3(\xffbad\n"), r"Undecodable: b'ok\xc3(\xffbad\n'");
    }

    #[test]
    fn literals_choose_their_quotes_as_python_does() {
        assert_eq!(literal(b"it's"), r#"b"it's""#);
        assert_eq!(literal(b"it's \"x\""), r#"b'it\'s "x"'"#);
        assert_eq!(literal(b"\t\r\\\x00\x7f"), r"b'\t\r\\\x00\x7f'");
    }
}
