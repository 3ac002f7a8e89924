//! Text for XML: escaped, and without the characters that XML 1.0 forbids.

use super::Output;

/// Appends text with `&`, `<`, `>` escaped and characters that XML 1.0 forbids replaced.
pub(super) fn push_escaped(out: &mut Output, text: &str) {
    let bytes = text.as_bytes();
    if contains_none_of(bytes, [b'&', b'<', b'>', 0xef]) {
        out.extend(bytes);
        return;
    }
    let mut clean_from = 0;
    let mut at = 0;
    while at < bytes.len() {
        let Some((replacement, length)) = replacement_at(bytes, at) else {
            at += 1;
            continue;
        };
        out.extend(&bytes[clean_from..at]);
        out.extend(replacement.as_bytes());
        at += length;
        clean_from = at;
    }
    out.extend(&bytes[clean_from..]);
}

/// Whether there is neither a control character nor one of these bytes in a text, eight bytes at a time.
pub(crate) fn contains_none_of<const N: usize>(bytes: &[u8], others: [u8; N]) -> bool {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGHS: u64 = ONES << 7;
    // Sets the high bit of the lowest byte that is less than `limit`, which is at most 128; above it a borrow may set others.
    let below = |word: u64, limit: u8| word.wrapping_sub(ONES * u64::from(limit)) & !word;
    let found = |word: u64| {
        others
            .iter()
            .fold(below(word, b' '), |found, other| found | below(word ^ (ONES * u64::from(*other)), 1))
    };
    let (words, rest) = bytes.as_chunks::<8>();
    let of_words = words.iter().fold(0, |all, word| all | found(u64::from_ne_bytes(*word)));
    let mut last = [b'x'; 8];
    last[..rest.len()].copy_from_slice(rest);
    (of_words | found(u64::from_ne_bytes(last))) & HIGHS == 0
}

/// The replacement of the character at `at`, if it needs one, and the number of bytes it replaces.
fn replacement_at(bytes: &[u8], at: usize) -> Option<(&'static str, usize)> {
    const REPLACEMENT: &str = "\u{fffd}";
    match bytes[at] {
        b'&' => Some(("&amp;", 1)),
        b'<' => Some(("&lt;", 1)),
        b'>' => Some(("&gt;", 1)),
        b'\t' | b'\n' | b'\r' => None,
        0..0x20 => Some((REPLACEMENT, 1)),
        // U+FFFE and U+FFFF are the only forbidden characters of more than one byte.
        0xef if matches!(bytes.get(at + 1..at + 3), Some([0xbf, 0xbe | 0xbf])) => Some((REPLACEMENT, 3)),
        0x20..=0xff => None,
    }
}
