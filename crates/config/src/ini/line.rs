//! What one line is: where its comment begins, a header, or an option.

use crate::text;

/// Where a line's comment begins. A whole-line comment begins at 0, whatever its indent. An inline one counts at the
/// beginning or after a blank, and is searched in rounds: round k looks at the k-th `;` and the k-th `#`, and the
/// first round that finds one decides.
pub(super) fn comment_start(line: &str) -> Option<usize> {
    memchr::memchr2(b'#', b';', line.as_bytes())?;
    if text::strip(line).starts_with(['#', ';']) {
        return Some(0);
    }
    let mut signs = [line.match_indices(';'), line.match_indices('#')];
    loop {
        let round = signs.each_mut().map(Iterator::next);
        if round == [None, None] {
            return None;
        }
        let places = round.iter().flatten().map(|&(at, _)| at);
        let begins = |at: &usize| *at == 0 || line[..*at].ends_with(text::is_blank);
        if let Some(first) = places.filter(begins).min() {
            return Some(first);
        }
    }
}

/// Whether a line is an option for certain, whatever its value: without indent, and without a mark of a comment before the
/// sign.
pub(super) fn is_plainly_an_option(line: &str) -> bool {
    let bytes = line.as_bytes();
    let Some(sign) = memchr::memchr3(b'=', b':', b';', bytes) else { return false };
    sign > 0
        && bytes[sign] != b';'
        && bytes[0] != b'['
        && bytes[0].is_ascii_graphic()
        && memchr::memchr(b'#', &bytes[..sign]).is_none()
}

/// Key and value of a line like almost all: an option without indent, without a blank at the end, without any mark of a
/// comment.
pub(super) fn plain_option(line: &str) -> Option<(&str, &str)> {
    let line = line.strip_suffix('\n').unwrap_or(line);
    let bytes = line.as_bytes();
    let is_letter = |byte: &u8| byte.is_ascii_graphic();
    let is_bare =
        bytes.first().is_some_and(is_letter) && bytes.last().is_some_and(is_letter) && bytes[0] != b'[';
    let is_plain = is_bare && memchr::memchr2(b'#', b';', bytes).is_none();
    if is_plain { split_option(line) } else { None }
}

/// The name in `[name]`: everything up to the last bracket, at least one character.
pub(super) fn header_name(content: &str) -> Option<&str> {
    let inner = content.strip_prefix('[')?;
    let name = &inner[..inner.rfind(']')?];
    (!name.is_empty()).then_some(name)
}

/// Key and value around the first `=` or `:`; `None` without one or without a key.
pub(super) fn split_option(content: &str) -> Option<(&str, &str)> {
    let sign = memchr::memchr2(b'=', b':', content.as_bytes())?;
    let (key, value) = (&content[..sign], &content[sign + 1..]);
    let key = key.trim_end_matches(text::is_blank);
    (!key.is_empty()).then(|| (key, text::strip(value)))
}
