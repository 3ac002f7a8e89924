//! The text of the files a configuration is made of, and places in it.

use crate::diagnostic::{Fault, Place};
use crate::encoding;
use crate::text::shown;
use std::ops::Range;

/// One of the files, in reading order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FileId(usize);

/// A stretch of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) file: FileId,
    /// Counted from 0.
    pub(crate) line: usize,
    /// Bytes from the line's beginning.
    pub(crate) start: usize,
    /// Likewise, exclusive.
    pub(crate) end: usize,
}

/// A file's text, every line end turned into LF.
#[derive(Clone, Debug)]
struct Source {
    path: Vec<u8>,
    directory: Vec<u8>,
    text: String,
    /// Where each line begins.
    lines: Vec<usize>,
}

/// Every file read so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources(Vec<Source>);

impl Sources {
    /// Adds a file: `path` as messages spell it, `directory` for its `%(here)s`.
    pub(crate) fn add(&mut self, path: &[u8], directory: &[u8], bytes: Vec<u8>) -> Result<FileId, Fault> {
        let text = decode(bytes, path)?;
        let text = if memchr::memchr(b'\r', text.as_bytes()).is_some() {
            text.replace("\r\n", "\n").replace('\r', "\n")
        } else {
            text
        };
        let after_ends = memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1);
        let lines = std::iter::once(0).chain(after_ends).filter(|&start| start < text.len()).collect();
        self.0.push(Source { path: path.to_vec(), directory: directory.to_vec(), text, lines });
        Ok(FileId(self.0.len() - 1))
    }

    /// The path of a file, as messages spell it.
    pub(crate) fn path(&self, file: FileId) -> &[u8] {
        &self.0[file.0].path
    }

    /// What `%(here)s` means in a file.
    pub(crate) fn directory(&self, file: FileId) -> &[u8] {
        &self.0[file.0].directory
    }

    /// Whether two files are one, or as good as one.
    pub(crate) fn are_equal(&self, one: FileId, other: FileId) -> bool {
        one != other && self.0[one.0].text == self.0[other.0].text
    }

    /// How many lines a file has.
    pub(crate) fn line_count(&self, file: FileId) -> usize {
        self.0[file.0].lines.len()
    }

    /// A line with its LF, if it has one.
    pub(crate) fn line(&self, file: FileId, line: usize) -> &str {
        let source = &self.0[file.0];
        let end = source.lines.get(line + 1).copied().unwrap_or(source.text.len());
        &source.text[source.lines[line]..end]
    }

    /// The place for a report.
    pub(crate) fn place(&self, span: Span) -> Place {
        let source = self.line(span.file, span.line).trim_end_matches('\n');
        let before = source.get(..span.start).unwrap_or(source);
        let within = source.get(span.start..span.end).unwrap_or_default();
        Place {
            file: shown(self.path(span.file)).into_owned(),
            line: span.line + 1,
            column: before.chars().count() + 1,
            length: within.chars().count().max(1),
            source: source.to_string(),
        }
    }
}

/// Strict UTF-8, with Python's words for what is not.
fn decode(bytes: Vec<u8>, path: &[u8]) -> Result<String, Fault> {
    String::from_utf8(bytes).map_err(|invalid| {
        let (error, bytes) = (invalid.utf8_error(), invalid.as_bytes());
        let start = error.valid_up_to();
        let length = error.error_len().unwrap_or(bytes.len() - start);
        let reason = match error.error_len() {
            None => "unexpected end of data",
            Some(1) if !(0xc2..=0xf4).contains(&bytes[start]) => "invalid start byte",
            Some(_) => "invalid continuation byte",
        };
        let which = describe_bytes(bytes, start..start + length);
        Fault::new(format!("'utf-8' codec can't decode {which}: {reason}"))
            .at(Some(undecodable_place(bytes, start..start + length, path)))
            .because("configuration files are read as UTF-8")
            .with_hint(Some(hint_for(bytes, path)))
    })
}

/// How to make UTF-8 of a file.
fn hint_for(bytes: &[u8], path: &[u8]) -> String {
    let path = shown(path);
    match encoding::likely(bytes) {
        Some(name) => format!("convert the file, for example: iconv -f {name} -t utf-8 {path} > {path}.new"),
        None => "save the file as UTF-8".to_string(),
    }
}

fn describe_bytes(bytes: &[u8], range: Range<usize>) -> String {
    if range.len() == 1 {
        format!("byte 0x{:02x} in position {}", bytes[range.start], range.start)
    } else {
        format!("bytes in position {}-{}", range.start, range.end - 1)
    }
}

fn undecodable_place(bytes: &[u8], range: Range<usize>, path: &[u8]) -> Place {
    let line_start = bytes[..range.start].iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
    let line_end = bytes[range.start..]
        .iter()
        .position(|&byte| byte == b'\n')
        .map_or(bytes.len(), |at| range.start + at);
    Place {
        file: shown(path).into_owned(),
        line: bytes[..range.start].split(|&byte| byte == b'\n').count(),
        column: String::from_utf8_lossy(&bytes[line_start..range.start]).chars().count() + 1,
        length: 1,
        source: String::from_utf8_lossy(&bytes[line_start..line_end]).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_end_is_one_lf() {
        let mut sources = Sources::default();
        let file = sources.add(b"f", b"/", b"a\r\nb\rc\n\nd\x0be".to_vec()).unwrap();
        let lines: Vec<_> = (0..sources.line_count(file)).map(|line| sources.line(file, line)).collect();
        assert_eq!(lines, ["a\n", "b\n", "c\n", "\n", "d\x0be"]);
        let empty = sources.add(b"e", b"/", Vec::new()).unwrap();
        assert_eq!(sources.line_count(empty), 0);
    }

    #[test]
    fn the_advice_is_for_the_likely_encoding() {
        let hint = |bytes: &[u8]| {
            let fault = Sources::default().add(b"f", b"/", bytes.to_vec()).unwrap_err();
            fault.hint().unwrap().to_string()
        };
        let convert = |name| format!("convert the file, for example: iconv -f {name} -t utf-8 f > f.new");
        assert_eq!(hint(b"; \xc6\xf4\xb6\xaf\xcd\xf8\xd5\xbe\n"), convert("gb18030"));
        assert_eq!(hint(b"\xff\xfe[\0s\0"), convert("utf-16"));
        assert_eq!(hint(b"; caf\xe9\n"), convert("latin1"));
    }

    /// Texts of Python 3.11 for the same bytes. CFG-13.
    #[test]
    fn undecodable_bytes_are_named_as_python_names_them() {
        let cases: [(&[u8], &str); 6] = [
            (b"[a]\nx=\xe9t", "byte 0xe9 in position 6: invalid continuation byte"),
            (b"\x80", "byte 0x80 in position 0: invalid start byte"),
            (b"\xff", "byte 0xff in position 0: invalid start byte"),
            (b"\xe9", "byte 0xe9 in position 0: unexpected end of data"),
            (b"\xe2\x82X", "bytes in position 0-1: invalid continuation byte"),
            (b"\xed\xa0\x80", "byte 0xed in position 0: invalid continuation byte"),
        ];
        for (bytes, expected) in cases {
            let fault = Sources::default().add(b"f", b"/", bytes.to_vec()).unwrap_err();
            assert_eq!(fault.message(), format!("'utf-8' codec can't decode {expected}"));
        }
    }
}
