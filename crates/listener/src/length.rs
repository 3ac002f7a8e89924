//! What `len` in the header of an event counts, and reading as much.

use crate::Error;
use std::env;
use std::io::{self, Read};

/// What the length of an event counts.
///
/// supervisord does not say so on the wire: the header has to be upstream's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// Characters of the payload: upstream, and ours by default.
    Characters,
    /// Bytes of the payload: ours with `event_length=bytes` in the section of the listener.
    Bytes,
}

impl Length {
    /// What supervisord sends this program: bytes if `SUPERVISOR_EVENT_LENGTH` is `bytes`, which it sets for listeners with
    /// `event_length=bytes`, else characters.
    pub fn from_environment() -> Self {
        match env::var_os("SUPERVISOR_EVENT_LENGTH") {
            Some(unit) if unit == "bytes" => Self::Bytes,
            Some(_) | None => Self::Characters,
        }
    }
}

/// Reads a payload of this length and not a byte more, as more would be waited for in vain.
pub(crate) fn read(
    input: &mut impl Read,
    unit: Length,
    length: usize,
    limit: usize,
) -> Result<Vec<u8>, Error> {
    let mut payload = Vec::new();
    let mut count = Count::default();
    let mut missing = length;
    while missing > 0 {
        let start = payload.len();
        let size = start.saturating_add(missing);
        if size > limit {
            return Err(Error::TooLarge { announced: size, limit });
        }
        payload.resize(size, 0);
        input.read_exact(&mut payload[start..]).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => Error::Truncated,
            _ => Error::Io(error),
        })?;
        missing = match unit {
            Length::Bytes => 0,
            Length::Characters => {
                count.add(&payload[start..]);
                // Each character to come has a byte at least.
                length.saturating_sub(count.characters) + count.missing
            }
        };
    }
    Ok(payload)
}

/// How many characters have begun, and how many bytes the last of them lacks.
#[derive(Default)]
struct Count {
    characters: usize,
    missing: usize,
}

impl Count {
    /// Counts on. A byte that is no part of a character counts as one, as for Python's `surrogateescape`.
    fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            if self.missing > 0 && is_continuation(byte) {
                self.missing -= 1;
            } else {
                self.characters += 1;
                self.missing = continuations(byte);
            }
        }
    }
}

const fn is_continuation(byte: u8) -> bool {
    byte & 0xC0 == 0x80
}

/// The bytes that follow this one in its character.
const fn continuations(first: u8) -> usize {
    match first {
        0xC2..=0xDF => 1,
        0xE0..=0xEF => 2,
        0xF0..=0xF4 => 3,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is read of `sent` and a next header line.
    fn payload(sent: &str, unit: Length, length: usize) -> Result<String, String> {
        let input = format!("{sent}ver:3.0");
        let payload = read(&mut input.as_bytes(), unit, length, 20).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(payload).unwrap())
    }

    #[test]
    fn as_much_is_read_as_the_length_says_in_either_unit() {
        for text in ["", "plain", "café", "中文", "😀", "e\u{301}", "é中😀", "😀😀😀😀😀", "a\r\n"]
        {
            assert_eq!(payload(text, Length::Characters, text.chars().count()).as_deref(), Ok(text));
            assert_eq!(payload(text, Length::Bytes, text.len()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn bytes_that_are_no_text_count_one_each() {
        let mut input = &b"\xff\x80\xc3(ver"[..];
        assert_eq!(read(&mut input, Length::Characters, 4, 20).unwrap(), b"\xff\x80\xc3(");
    }

    #[test]
    fn a_payload_that_ends_early_or_is_too_large_is_an_error() {
        let read = |sent: &str, length| {
            read(&mut sent.as_bytes(), Length::Characters, length, 20).unwrap_err().to_string()
        };
        assert_eq!(read("é", 2), "the input ended in the middle of an event");
        assert_eq!(read("é", 21), "an event of 21 bytes was announced, more than the limit of 20");
        // So many bytes are known to come when the limit is met.
        assert_eq!(
            read(&"é".repeat(11), 11),
            "an event of 21 bytes was announced, more than the limit of 20"
        );
    }
}
