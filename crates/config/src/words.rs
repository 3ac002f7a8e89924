//! Splits a command line into words as a POSIX shell would, without any expansion.

use crate::lexer::{self, Alphabet};

pub use crate::lexer::LexError;

/// The words of a command line. Quotes and backslashes work as in a shell; nothing is expanded, and `;`, `|`, `#` and
/// the like are ordinary characters.
pub fn split(command: &[u8]) -> Result<Vec<Vec<u8>>, LexError> {
    lexer::words(command, Alphabet::AnythingButBlanks)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Results of Python 3.11's `shlex.split` for the same texts.
    #[test]
    fn command_lines_split_as_upstream_splits_them() {
        let cases: [(&[u8], &[&[u8]]); 10] = [
            (b"/bin/cat", &[b"/bin/cat"]),
            (b"  a  b\tc\nd\re ", &[b"a", b"b", b"c", b"d", b"e"]),
            (b"sh -c \"a; b | c\"", &[b"sh", b"-c", b"a; b | c"]),
            (b"a;b #c", &[b"a;b", b"#c"]),
            (br#"a "" '' b"#, &[b"a", b"", b"", b"b"]),
            (br#"a\ b 'it'"'"'s'"#, &[b"a b", b"it's"]),
            (br#""a\$b\"c\\d""#, &[br#"a\$b"c\d"#]),
            (br"'a\'b", &[br"a\b"]),
            (b"\xff\xfe x\x0by", &[b"\xff\xfe", b"x\x0by"]),
            (b"", &[]),
        ];
        for (command, expected) in cases {
            assert_eq!(split(command).unwrap(), expected, "{}", command.escape_ascii());
        }
    }

    #[test]
    fn an_open_quote_or_a_last_backslash_is_an_error() {
        assert_eq!(split(b"sh -c \"a").unwrap_err().to_string(), "No closing quotation");
        assert_eq!(split(b"sh \\").unwrap_err().to_string(), "No escaped character");
        assert_eq!(split(b"sh \"\\").unwrap_err().to_string(), "No escaped character");
    }
}
