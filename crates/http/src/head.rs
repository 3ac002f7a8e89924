//! The head of a request: request line and headers.
//!
//! A proxy in front may have read the same bytes before. Where it could have understood another request than we do (request
//! smuggling), the head is refused: line ends other than CRLF, NUL, folded lines, names that are no tokens (above all with a
//! blank before the colon), a second `Host` or `Authorization`, and a body whose length is unclear.
//!
//! httparse does not fit here. Strictly it refuses what upstream's clients send: a request line without a version, a line
//! without a colon. Leniently it drops `Transfer-Encoding : chunked` and folded lines without a word. Either way it takes a
//! bare LF for the end of a line.

use crate::uri::{self, Target};
use crate::{Headers, Version};

/// A parsed head.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// The request line as sent, for the access log.
    pub(crate) request_line: Vec<u8>,
    pub(crate) method: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) path: Vec<u8>,
    pub(crate) query: Vec<u8>,
    pub(crate) version: Version,
    pub(crate) headers: Headers,
}

/// Why a head is refused.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HeadError {
    /// Nothing but line ends: there is no request.
    Blank,
    /// The request line or a header cannot be understood, or could be understood in two ways.
    Malformed,
    /// More header lines than the limit.
    TooManyHeaders,
}

/// What the headers say about the length of the body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BodyLength {
    /// No header speaks of a body: there is none.
    Absent,
    /// That many bytes follow.
    Bytes(usize),
    /// Chunked, which the protocol of Supervisor's clients never uses.
    Chunked,
    /// No number, lengths that contradict each other, or a length beside a transfer coding: two readers may
    /// disagree where the body ends.
    Ambiguous,
}

impl Head {
    /// Parses what stands before the blank line that ends a head.
    pub(crate) fn parse(bytes: &[u8], header_limit: usize) -> Result<Self, HeadError> {
        let mut lines = Lines(Some(bytes)).skip_while(|line| line.is_empty());
        let request_line = lines.next().ok_or(HeadError::Blank)?;
        if !is_one_line(request_line) {
            return Err(HeadError::Malformed);
        }
        let (method, target, version) = parse_request_line(request_line).ok_or(HeadError::Malformed)?;
        let headers = parse_headers(lines, header_limit)?;
        let Target { path, query } = uri::split(target);
        Ok(Self {
            request_line: request_line.to_vec(),
            method: method.to_vec(),
            target: target.to_vec(),
            path,
            query,
            version,
            headers,
        })
    }

    /// What the headers say about the body.
    pub(crate) fn body_length(&self) -> BodyLength {
        let is_coded = self.headers.first("Transfer-Encoding").is_some();
        let mut lengths = self.headers.all("Content-Length");
        let Some(first) = lengths.next() else {
            return if is_coded { BodyLength::Chunked } else { BodyLength::Absent };
        };
        if is_coded || lengths.any(|other| other != first) || !first.iter().all(u8::is_ascii_digit) {
            return BodyLength::Ambiguous;
        }
        // All digits, so it is UTF-8; more digits than a usize holds is a length beyond every limit.
        match std::str::from_utf8(first).unwrap_or_default() {
            "" => BodyLength::Ambiguous,
            digits => BodyLength::Bytes(digits.parse().unwrap_or(usize::MAX)),
        }
    }

    /// Whether the `Connection` header holds this token, in any case.
    pub(crate) fn connection_says(&self, token: &str) -> bool {
        self.headers.all("Connection").any(|value| {
            value
                .split(|&byte| byte == b',')
                .any(|entry| entry.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
        })
    }
}

/// Iterates over the pieces between CRLFs; other line ends are ordinary bytes.
struct Lines<'a>(Option<&'a [u8]>);

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.0?;
        if let Some(at) = rest.windows(2).position(|pair| pair == b"\r\n") {
            self.0 = Some(&rest[at + 2..]);
            Some(&rest[..at])
        } else {
            self.0 = None;
            Some(rest)
        }
    }
}

/// `METHOD SP TARGET [SP HTTP/digits-and-dots]`, single spaces.
fn parse_request_line(line: &[u8]) -> Option<(&[u8], &[u8], Version)> {
    let mut words = line.split(|&byte| byte == b' ');
    let method = words.next().filter(|word| !word.is_empty())?;
    let target = words.next().filter(|word| !word.is_empty())?;
    let version = match words.next() {
        None => Version::Http10,
        Some(word) => parse_version(word)?,
    };
    words.next().is_none().then_some((method, target, version))
}

fn parse_version(word: &[u8]) -> Option<Version> {
    let digits = word.strip_prefix(b"HTTP/")?;
    match digits {
        b"" => None,
        b"1.0" => Some(Version::Http10),
        b"1.1" => Some(Version::Http11),
        other if other.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') => {
            Some(Version::Other(String::from_utf8_lossy(other).into_owned()))
        }
        _ => None,
    }
}

/// Headers that decide who asks and for what: of two, a proxy may use the other one.
const SINGULAR: [&str; 2] = ["Host", "Authorization"];

fn parse_headers<'a>(lines: impl Iterator<Item = &'a [u8]>, limit: usize) -> Result<Headers, HeadError> {
    let mut headers = Headers::default();
    for (count, line) in lines.enumerate() {
        if count >= limit {
            return Err(HeadError::TooManyHeaders);
        }
        let is_folded = line.starts_with(b" ") || line.starts_with(b"\t");
        if is_folded || !is_one_line(line) {
            return Err(HeadError::Malformed);
        }
        // A line without a colon means nothing to any reader; upstream ignores it, too.
        let Some(colon) = line.iter().position(|&byte| byte == b':') else { continue };
        if !is_token(&line[..colon]) {
            return Err(HeadError::Malformed);
        }
        headers.push(line[..colon].to_vec(), line[colon + 1..].trim_ascii().to_vec());
    }
    if SINGULAR.iter().any(|name| headers.all(name).nth(1).is_some()) {
        return Err(HeadError::Malformed);
    }
    Ok(headers)
}

/// Whether no reader takes part of a line for another line, or for its end.
fn is_one_line(line: &[u8]) -> bool {
    !line.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0))
}

/// Whether this can be the name of a header.
fn is_token(name: &[u8]) -> bool {
    !name.is_empty()
        && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Head, HeadError> {
        Head::parse(text.as_bytes(), 10)
    }

    #[test]
    fn a_request_line_without_version_is_http_1_0() {
        assert_eq!(parse("GET /x").unwrap().version, Version::Http10);
        assert_eq!(parse("GET /x HTTP/1.1").unwrap().version, Version::Http11);
        assert_eq!(parse("GET /x HTTP/2.0").unwrap().version, Version::Other("2.0".into()));
    }

    #[test]
    fn request_lines_that_are_none_are_malformed() {
        for line in [
            "GET",
            "GET  /x",
            "GET /x  HTTP/1.0",
            " GET /x",
            "GET /x HTTP/1.0 ",
            "GET /x http/1.0",
            "GET /x HTTP/",
            "x y z",
        ] {
            assert_eq!(parse(line), Err(HeadError::Malformed), "{line}");
        }
    }

    #[test]
    fn leading_blank_lines_are_skipped_and_nothing_but_blank_lines_is_blank() {
        assert_eq!(parse("\r\n\r\nGET / HTTP/1.0").unwrap().method, b"GET");
        assert_eq!(parse(""), Err(HeadError::Blank));
        assert_eq!(parse("\r\n\r\n"), Err(HeadError::Blank));
    }

    #[test]
    fn header_names_ignore_case_and_values_need_no_blank_before_them() {
        let head = parse("POST /RPC2 HTTP/1.1\r\ncontent-LENGTH:81\r\nX: \t a b \t").unwrap();
        assert_eq!(head.body_length(), BodyLength::Bytes(81));
        assert_eq!(head.headers.first("x"), Some(&b"a b"[..]));
    }

    #[test]
    fn heads_that_two_readers_may_understand_differently_are_malformed() {
        for header in [
            "Transfer-Encoding : chunked",
            "Transfer-Encoding\t: chunked",
            "Transfer-Encoding\x0b: chunked",
            "X: a\r\n Transfer-Encoding: chunked",
            "X: a\r\n\tb",
            " X: a",
            ": a",
            "X Y: a",
            "X\u{e9}: a",
            "X: a\nTransfer-Encoding: chunked",
            "X: a\rTransfer-Encoding: chunked",
            "X: a\r",
            "X: a\0b",
            "nothing\0",
            "Authorization: Basic YTpi\r\nAuthorization: Basic YTpi",
            "Host: a\r\nhost: b",
        ] {
            let head = format!("POST / HTTP/1.1\r\nContent-Length: 3\r\n{header}");
            assert_eq!(parse(&head), Err(HeadError::Malformed), "{header:?}");
        }
        for line in ["GET /\0 HTTP/1.1", "GET /\n HTTP/1.1", "GET /a\rb HTTP/1.1", "GET / HTTP/1.1\r"] {
            assert_eq!(parse(line), Err(HeadError::Malformed), "{line:?}");
        }
        assert_eq!(parse("GET / HTTP/1.1\r\nCookie: a\r\nCookie: b").unwrap().headers.len(), 2);
    }

    #[test]
    fn header_lines_without_a_colon_are_ignored_but_counted() {
        assert_eq!(parse("GET / HTTP/1.1\r\nnothing\r\nA: b").unwrap().headers.len(), 1);
        let many = "\r\nx".repeat(11);
        assert_eq!(parse(&format!("GET / HTTP/1.1{many}")), Err(HeadError::TooManyHeaders));
    }

    #[test]
    fn body_lengths_that_cannot_be_trusted_are_unclear() {
        let length = |headers: &str| parse(&format!("POST / HTTP/1.1{headers}")).unwrap().body_length();
        assert_eq!(length(""), BodyLength::Absent);
        assert_eq!(length("\r\nTransfer-Encoding: chunked"), BodyLength::Chunked);
        assert_eq!(length("\r\nContent-Length: 3\r\nTransfer-Encoding: chunked"), BodyLength::Ambiguous);
        assert_eq!(length("\r\nContent-Length: 3\r\nContent-Length: 4"), BodyLength::Ambiguous);
        assert_eq!(length("\r\nContent-Length: 3\r\nContent-Length: 03"), BodyLength::Ambiguous);
        assert_eq!(length("\r\nContent-Length: 3\r\nContent-Length: 3"), BodyLength::Bytes(3));
        for bad in ["-1", "abc", "+3", "", "0x3", "1 2", "3, 3", "3.0", "\u{664}"] {
            assert_eq!(length(&format!("\r\nContent-Length: {bad}")), BodyLength::Ambiguous, "{bad:?}");
        }
        assert_eq!(length("\r\nContent-Length: 99999999999999999999999"), BodyLength::Bytes(usize::MAX));
    }

    #[test]
    fn connection_tokens_are_found_in_lists_in_any_case() {
        let head = parse("GET / HTTP/1.1\r\nConnection: TE, Close").unwrap();
        assert!(head.connection_says("close"));
        assert!(!head.connection_says("keep-alive"));
    }
}
