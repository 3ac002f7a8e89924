//! What encoding a file that is not UTF-8 most likely has, for the advice how to convert it.

/// The encoding as `iconv` calls it; `None` if none is likely.
pub(crate) fn likely(bytes: &[u8]) -> Option<&'static str> {
    if matches!(bytes, [0xff, 0xfe, ..] | [0xfe, 0xff, ..]) {
        return Some("utf-16");
    }
    if let Some(name) = utf16_without_mark(bytes) {
        return Some(name);
    }
    if is_chinese(bytes) {
        return Some("gb18030");
    }
    has_lone_letters(bytes).then_some("latin1")
}

/// Text that is mostly ASCII has a zero in every second byte.
fn utf16_without_mark(bytes: &[u8]) -> Option<&'static str> {
    let zeros = |parity: usize| bytes.iter().skip(parity).step_by(2).filter(|byte| **byte == 0).count();
    let (even, odd) = (zeros(0), zeros(1));
    let quarter = bytes.len() / 8;
    match (even > quarter, odd > quarter) {
        (false, true) => Some("utf-16le"),
        (true, false) => Some("utf-16be"),
        (true, true) | (false, false) => None,
    }
}

/// Whether bytes are GB18030, which includes GBK and GB 2312, and not by chance: a Latin letter with an accent and the letter
/// behind it make a valid pair, too, but one whose second byte is ASCII.
fn is_chinese(bytes: &[u8]) -> bool {
    let (mut high, mut low) = (0, 0);
    let mut rest = bytes;
    loop {
        let length = match rest {
            [] => return high > low,
            [0..0x80, ..] => 1,
            [0x80 | 0xff, ..] => return false,
            [_, second, ..] if (0x40..0xff).contains(second) && *second != 0x7f => 2,
            [_, second, _, fourth, ..] if second.is_ascii_digit() && fourth.is_ascii_digit() => 4,
            _ => return false,
        };
        if length == 2 {
            *(if rest[1].is_ascii() { &mut low } else { &mut high }) += 1;
        }
        rest = &rest[length..];
    }
}

/// Whether letters beyond ASCII stand alone, as they do in the languages of western Europe.
fn has_lone_letters(bytes: &[u8]) -> bool {
    let runs = bytes.split(u8::is_ascii).filter(|run| !run.is_empty());
    let (short, long): (Vec<&[u8]>, Vec<&[u8]>) = runs.partition(|run| run.len() < 3);
    short.len() > long.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Texts as `iconv -t` writes them.
    #[test]
    fn encodings_are_told_apart() {
        // ; 启动网站，日志在 /var/log
        let gbk =
            b"[supervisord]\n; \xc6\xf4\xb6\xaf\xcd\xf8\xd5\xbe\xa3\xac\xc8\xd5\xd6\xbe\xd4\xda /var/log\n";
        // ; 朱镕基 with a letter of GBK that GB 2312 lacks, and U+20087 in four bytes
        let gb18030 = b"; \xd6\xec\xe9F\xbb\xf9 \x95\x32\x90\x31\n[supervisord]\n";
        assert_eq!(likely(gbk), Some("gb18030"));
        assert_eq!(likely(gb18030), Some("gb18030"));
        assert_eq!(likely(b"; caf\xe9\n"), Some("latin1"));
        assert_eq!(likely(b"; caf\xe9s, Gr\xf6\xdfe, Ger\xe4t\n"), Some("latin1"));
        assert_eq!(likely(b"; G\xe9rard pr\xe9f\xe8re\n"), Some("latin1"));
        assert_eq!(likely(b"\xff\xfe[\0s\0"), Some("utf-16"));
        assert_eq!(likely(b"\xfe\xff\0[\0s"), Some("utf-16"));
        assert_eq!(likely(b"[\0s\0]\0\n\0;\0\x2f\x54\xa8\x52"), Some("utf-16le"));
        assert_eq!(likely(b"\0[\0s\0]\0\n\0;\x54\x2f\x52\xa8"), Some("utf-16be"));
        assert_eq!(likely(b"\xd0\xd5\xd3\xff\xff\xff\xff \xff\xff\xff\xff"), None);
    }
}
