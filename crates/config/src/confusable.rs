//! Characters that cannot be seen or look like another one, and what they are called.
//!
//! Input methods for Chinese write them, and so does text copied from web pages and word processors.

use std::borrow::Cow;
use supervisor_core::repr;

/// What a character pretends to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Appearance {
    /// A blank that separates nothing.
    Blank,
    /// Nothing at all.
    Invisible,
    /// This sign of ASCII.
    Like(char),
}

/// Names of the most common ones, and what they look like where that is a sign of ASCII.
const NAMES: [(char, &str, Option<char>); 48] = [
    ('\u{a0}', "NO-BREAK SPACE", None),
    ('\u{ad}', "SOFT HYPHEN", None),
    ('\u{1680}', "OGHAM SPACE MARK", None),
    ('\u{2000}', "EN QUAD", None),
    ('\u{2001}', "EM QUAD", None),
    ('\u{2002}', "EN SPACE", None),
    ('\u{2003}', "EM SPACE", None),
    ('\u{2004}', "THREE-PER-EM SPACE", None),
    ('\u{2005}', "FOUR-PER-EM SPACE", None),
    ('\u{2006}', "SIX-PER-EM SPACE", None),
    ('\u{2007}', "FIGURE SPACE", None),
    ('\u{2008}', "PUNCTUATION SPACE", None),
    ('\u{2009}', "THIN SPACE", None),
    ('\u{200a}', "HAIR SPACE", None),
    ('\u{200b}', "ZERO WIDTH SPACE", None),
    ('\u{200c}', "ZERO WIDTH NON-JOINER", None),
    ('\u{200d}', "ZERO WIDTH JOINER", None),
    ('\u{200e}', "LEFT-TO-RIGHT MARK", None),
    ('\u{200f}', "RIGHT-TO-LEFT MARK", None),
    ('\u{2013}', "EN DASH", Some('-')),
    ('\u{2014}', "EM DASH", Some('-')),
    ('\u{2018}', "LEFT SINGLE QUOTATION MARK", Some('\'')),
    ('\u{2019}', "RIGHT SINGLE QUOTATION MARK", Some('\'')),
    ('\u{201c}', "LEFT DOUBLE QUOTATION MARK", Some('"')),
    ('\u{201d}', "RIGHT DOUBLE QUOTATION MARK", Some('"')),
    ('\u{2028}', "LINE SEPARATOR", None),
    ('\u{2029}', "PARAGRAPH SEPARATOR", None),
    ('\u{202a}', "LEFT-TO-RIGHT EMBEDDING", None),
    ('\u{202b}', "RIGHT-TO-LEFT EMBEDDING", None),
    ('\u{202c}', "POP DIRECTIONAL FORMATTING", None),
    ('\u{202d}', "LEFT-TO-RIGHT OVERRIDE", None),
    ('\u{202e}', "RIGHT-TO-LEFT OVERRIDE", None),
    ('\u{202f}', "NARROW NO-BREAK SPACE", None),
    ('\u{205f}', "MEDIUM MATHEMATICAL SPACE", None),
    ('\u{2060}', "WORD JOINER", None),
    ('\u{2066}', "LEFT-TO-RIGHT ISOLATE", None),
    ('\u{2067}', "RIGHT-TO-LEFT ISOLATE", None),
    ('\u{2068}', "FIRST STRONG ISOLATE", None),
    ('\u{2069}', "POP DIRECTIONAL ISOLATE", None),
    ('\u{2212}', "MINUS SIGN", Some('-')),
    ('\u{3000}', "IDEOGRAPHIC SPACE", None),
    ('\u{3001}', "IDEOGRAPHIC COMMA", Some(',')),
    ('\u{3002}', "IDEOGRAPHIC FULL STOP", Some('.')),
    ('\u{3010}', "LEFT BLACK LENTICULAR BRACKET", Some('[')),
    ('\u{3011}', "RIGHT BLACK LENTICULAR BRACKET", Some(']')),
    ('\u{ff0c}', "FULLWIDTH COMMA", Some(',')),
    ('\u{ff1a}', "FULLWIDTH COLON", Some(':')),
    ('\u{feff}', "ZERO WIDTH NO-BREAK SPACE", None),
];

/// What a character looks like, if that is not what it is.
pub(crate) fn appearance(letter: char) -> Option<Appearance> {
    if letter.is_ascii() {
        return None;
    }
    if let Some((_, _, Some(sign))) = NAMES.iter().find(|(known, ..)| *known == letter) {
        return Some(Appearance::Like(*sign));
    }
    match letter {
        '\u{ff01}'..='\u{ff5e}' => {
            let sign = char::from_u32(u32::from(letter) - 0xff00 + 0x20)?;
            Some(Appearance::Like(sign))
        }
        _ if letter.is_whitespace() => Some(Appearance::Blank),
        _ if !repr::is_printable(letter) => Some(Appearance::Invisible),
        _ => None,
    }
}

/// The first such character of a text, and where it is.
pub(crate) fn first(text: &str) -> Option<(usize, char, Appearance)> {
    text.char_indices().find_map(|(at, letter)| Some((at, letter, appearance(letter)?)))
}

/// `U+3000 IDEOGRAPHIC SPACE`.
pub(crate) fn name(letter: char) -> String {
    let code = format!("U+{:04X}", u32::from(letter));
    let known = NAMES.iter().find(|(known, ..)| *known == letter).map(|&(_, name, _)| Cow::from(name));
    let known = known.or_else(|| match appearance(letter)? {
        Appearance::Like(sign) => Some(format!("FULLWIDTH {sign}").into()),
        Appearance::Blank | Appearance::Invisible => None,
    });
    known.map_or_else(|| code.clone(), |name| format!("{code} {name}"))
}

/// What to do about such a character.
pub(crate) fn hint(letter: char, looks: Appearance) -> String {
    let name = name(letter);
    match looks {
        Appearance::Blank => format!("write an ordinary blank for {name}"),
        Appearance::Invisible => format!("delete {name}, which cannot be seen"),
        Appearance::Like(sign) => format!("write {sign} for {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_are_named() {
        assert_eq!(name('\u{3000}'), "U+3000 IDEOGRAPHIC SPACE");
        assert_eq!(name('＝'), "U+FF1D FULLWIDTH =");
        assert_eq!(name('\u{e000}'), "U+E000");
        assert_eq!(first("密码 é"), None);
        assert_eq!(first("a，b"), Some((1, '，', Appearance::Like(','))));
        assert_eq!(appearance('\u{85}'), Some(Appearance::Blank));
        assert!(NAMES.iter().all(|(letter, ..)| appearance(*letter).is_some()));
    }
}
