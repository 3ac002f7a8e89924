//! Request targets: `path[;parameters][?query][#fragment]`, and percent-encoding.

/// A target taken apart: the decoded path and the raw query.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) path: Vec<u8>,
    pub(crate) query: Vec<u8>,
}

/// Takes a target apart. Delimiters are found before decoding, so an encoded `?` or `;` belongs to the path.
pub(crate) fn split(target: &[u8]) -> Target {
    let without_fragment = before(target, |byte| byte == b'#');
    let path = before(without_fragment, |byte| byte == b';' || byte == b'?');
    let query = match without_fragment.iter().position(|&byte| byte == b'?') {
        Some(at) => &without_fragment[at + 1..],
        None => &[],
    };
    Target { path: percent_decode(path), query: query.to_vec() }
}

fn before(bytes: &[u8], is_end: impl Fn(u8) -> bool) -> &[u8] {
    let end = bytes.iter().position(|&byte| is_end(byte)).unwrap_or(bytes.len());
    &bytes[..end]
}

/// Replaces each `%` with two hex digits by the byte they name; any other `%` stays as it is.
pub fn percent_decode(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = match tail {
            [high, low, ..] if first == b'%' => hex_digit(*high).zip(hex_digit(*low)),
            _ => None,
        };
        if let Some((high, low)) = escaped {
            decoded.push(high << 4 | low);
            rest = &tail[2..];
        } else {
            decoded.push(first);
            rest = tail;
        }
    }
    decoded
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Writes every byte as `%XX` except letters, digits, and `_.-~/`, as Python's `quote` does.
pub fn percent_encode(bytes: &[u8]) -> String {
    use std::fmt::Write;
    let mut encoded = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii_alphanumeric() || b"_.-~/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            // Writing into a String cannot fail.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// The pairs of a query or of an url-encoded form, decoded, in order; names without a value are left out.
pub fn form_pairs(text: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    text.split(|&byte| byte == b'&').filter_map(form_pair).collect()
}

fn form_pair(field: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let at = field.iter().position(|&byte| byte == b'=')?;
    let (name, value) = (&field[..at], &field[at + 1..]);
    (!value.is_empty()).then(|| (form_decode(name), form_decode(value)))
}

fn form_decode(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = text.iter().map(|&byte| if byte == b'+' { b' ' } else { byte }).collect();
    percent_decode(&spaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(target: &str) -> (String, String) {
        let target = split(target.as_bytes());
        (String::from_utf8(target.path).unwrap(), String::from_utf8(target.query).unwrap())
    }

    #[test]
    fn path_parameters_and_fragment_are_cut_off() {
        assert_eq!(parts("/index.html;x?a=b#c"), ("/index.html".into(), "a=b".into()));
        assert_eq!(parts("/a#b?c"), ("/a".into(), String::new()));
        assert_eq!(parts("/?a;b"), ("/".into(), "a;b".into()));
        assert_eq!(parts(""), (String::new(), String::new()));
    }

    #[test]
    fn only_the_path_is_decoded_and_encoded_delimiters_stay_in_it() {
        assert_eq!(parts("/a%20b%3Fc%3bd?e%20f"), ("/a b?c;d".into(), "e%20f".into()));
    }

    #[test]
    fn a_percent_sign_without_two_hex_digits_stands_for_itself() {
        for text in ["%", "%4", "%zz", "a%", "%%", "%+1"] {
            assert_eq!(percent_decode(text.as_bytes()), text.as_bytes());
        }
        assert_eq!(percent_decode(b"%ff%00%Af"), [0xff, 0x00, 0xaf]);
    }

    #[test]
    fn what_is_encoded_decodes_to_itself() {
        let every_byte: Vec<u8> = (0..=255).collect();
        assert_eq!(percent_decode(percent_encode(&every_byte).as_bytes()), every_byte);
        assert_eq!(percent_encode("a\">é/_.-~".as_bytes()), "a%22%3E%C3%A9/_.-~");
    }

    #[test]
    fn form_fields_without_a_value_are_left_out() {
        let pairs = form_pairs(b"a=1&b&c=&d=x+y%26z&=e&a=2");
        let expected: Vec<(Vec<u8>, Vec<u8>)> = [("a", "1"), ("d", "x y&z"), ("", "e"), ("a", "2")]
            .iter()
            .map(|(name, value)| (name.as_bytes().to_vec(), value.as_bytes().to_vec()))
            .collect();
        assert_eq!(pairs, expected);
    }
}
