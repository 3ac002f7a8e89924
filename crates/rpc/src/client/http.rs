//! Reads one HTTP response from bytes as they arrive: head, then a body that is framed by its length, by
//! chunks, or by the end of the connection.
//!
//! Lenient, as upstream's client: a reason phrase may hold any character, which supervisorctl escapes, and a header that is
//! none is skipped. httparse refuses both heads.

use super::ClientError;
use crate::decode::Malformed;

/// Bytes a head may have, and a line inside a chunked body.
const MAX_HEAD: usize = 64 * 1024;

/// The head of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) reason: String,
    /// Empty without the header.
    pub(super) content_type: String,
    keeps_alive: bool,
    framing: Framing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(u64),
    Chunked,
    UntilClose,
}

/// What the next byte belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    /// A body of which this many bytes are to come.
    Length(u64),
    UntilClose,
    ChunkSize,
    /// A chunk of which this many bytes are to come.
    Chunk(u64),
    /// The line end after a chunk.
    ChunkEnd,
    /// The lines after the last chunk.
    Trailer,
    Done,
}

/// Reads one response.
#[derive(Debug, Default)]
pub(super) struct ResponseReader {
    state: State,
    head: Option<Head>,
    /// Bytes of a head or line that is not complete yet.
    pending: Vec<u8>,
    has_surplus: bool,
}

impl ResponseReader {
    /// The head, once it has arrived.
    pub(super) fn head(&self) -> Option<&Head> {
        self.head.as_ref()
    }

    /// The whole response has arrived.
    pub(super) fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The connection can carry another request.
    pub(super) fn is_reusable(&self) -> bool {
        self.is_done() && !self.has_surplus && self.head.as_ref().is_some_and(|head| head.keeps_alive)
    }

    /// Takes bytes from the connection and appends those of the body to `body`.
    pub(super) fn feed(&mut self, mut input: &[u8], body: &mut Vec<u8>) -> Result<(), ClientError> {
        while !input.is_empty() {
            input = match self.state {
                State::Head => self.feed_head(input)?,
                State::Length(left) => {
                    let (rest, left) = take_body(input, left, body);
                    self.state = if left == 0 { State::Done } else { State::Length(left) };
                    rest
                }
                State::UntilClose => {
                    body.extend_from_slice(input);
                    &[]
                }
                State::Chunk(left) => {
                    let (rest, left) = take_body(input, left, body);
                    self.state = if left == 0 { State::ChunkEnd } else { State::Chunk(left) };
                    rest
                }
                State::ChunkSize | State::ChunkEnd | State::Trailer => self.feed_line(input)?,
                State::Done => {
                    self.has_surplus = true;
                    &[]
                }
            };
        }
        Ok(())
    }

    /// The connection ended.
    pub(super) fn end(&mut self) -> Result<(), ClientError> {
        match self.state {
            State::UntilClose => self.state = State::Done,
            State::Done => {}
            State::Head if self.pending.is_empty() => return Err(ClientError::Closed),
            State::Head
            | State::Length(_)
            | State::ChunkSize
            | State::Chunk(_)
            | State::ChunkEnd
            | State::Trailer => return Err(malformed("the connection ended inside the answer")),
        }
        Ok(())
    }

    fn feed_head<'i>(&mut self, input: &'i [u8]) -> Result<&'i [u8], ClientError> {
        let already = self.pending.len();
        self.pending.extend_from_slice(input);
        let Some(end) = find(&self.pending, b"\r\n\r\n") else {
            return if self.pending.len() > MAX_HEAD {
                Err(malformed("the head is too long"))
            } else {
                Ok(&[])
            };
        };
        let head = parse_head(&self.pending[..end])?;
        self.pending.clear();
        let rest = &input[end + 4 - already..];
        if (100..200).contains(&head.status) {
            // An interim response; the real one follows.
            return Ok(rest);
        }
        self.state = match head.framing {
            Framing::Length(0) => State::Done,
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::ChunkSize,
            Framing::UntilClose => State::UntilClose,
        };
        self.head = Some(head);
        Ok(rest)
    }

    fn feed_line<'i>(&mut self, input: &'i [u8]) -> Result<&'i [u8], ClientError> {
        let Some(end) = input.iter().position(|byte| *byte == b'\n') else {
            self.pending.extend_from_slice(input);
            return if self.pending.len() > MAX_HEAD {
                Err(malformed("a chunk's line is too long"))
            } else {
                Ok(&[])
            };
        };
        self.pending.extend_from_slice(&input[..end]);
        let line = std::mem::take(&mut self.pending);
        self.take_line(line.trim_ascii())?;
        Ok(&input[end + 1..])
    }

    fn take_line(&mut self, line: &[u8]) -> Result<(), ClientError> {
        self.state = match (self.state, line.is_empty()) {
            (State::ChunkEnd | State::ChunkSize, true) => State::ChunkSize,
            (State::ChunkEnd, false) => return Err(malformed("a chunk is longer than its size")),
            (State::Trailer, true) => State::Done,
            (State::Trailer, false) => State::Trailer,
            (State::ChunkSize, false) => match chunk_size(line)? {
                0 => State::Trailer,
                size => State::Chunk(size),
            },
            (
                other @ (State::Head | State::Length(_) | State::UntilClose | State::Chunk(_) | State::Done),
                _,
            ) => other,
        };
        Ok(())
    }
}

/// Appends up to `left` bytes to `body`; what remains of the input and of `left`.
fn take_body<'i>(input: &'i [u8], left: u64, body: &mut Vec<u8>) -> (&'i [u8], u64) {
    let count = usize::try_from(left).map_or(input.len(), |left| left.min(input.len()));
    body.extend_from_slice(&input[..count]);
    (&input[count..], left.saturating_sub(count as u64))
}

fn chunk_size(line: &[u8]) -> Result<u64, ClientError> {
    let digits = line.split(|byte| matches!(byte, b';' | b' ' | b'\t')).next().unwrap_or_default();
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'));
    digits
        .and_then(|digits| u64::from_str_radix(digits, 16).ok())
        .ok_or_else(|| malformed("a chunk's size is no number"))
}

fn parse_head(head: &[u8]) -> Result<Head, ClientError> {
    let text = String::from_utf8_lossy(head);
    let mut lines = text.split("\r\n").skip_while(|line| line.is_empty());
    let status_line = lines.next().unwrap_or_default();
    let (version, after) = status_line.split_once(' ').unwrap_or((status_line, ""));
    let (status, reason) = after.trim_start().split_once(' ').unwrap_or((after, ""));
    let status = status.parse().ok().filter(|_| version.starts_with("HTTP/"));
    let status = status.ok_or_else(|| malformed("the answer is no HTTP"))?;
    let mut head = Head {
        status,
        reason: reason.trim().to_owned(),
        content_type: String::new(),
        keeps_alive: version != "HTTP/1.0",
        framing: Framing::UntilClose,
    };
    for line in lines {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        take_header(&mut head, &name.to_ascii_lowercase(), value.trim())?;
    }
    if head.framing == Framing::UntilClose {
        head.keeps_alive = false;
    }
    Ok(head)
}

fn take_header(head: &mut Head, name: &str, value: &str) -> Result<(), ClientError> {
    match name {
        "content-length" if head.framing != Framing::Chunked => {
            let length = value.parse().map_err(|_| malformed("the length of the answer is no number"))?;
            head.framing = Framing::Length(length);
        }
        "transfer-encoding" if value.eq_ignore_ascii_case("chunked") => head.framing = Framing::Chunked,
        "content-type" => value.clone_into(&mut head.content_type),
        "connection" => head.keeps_alive = value.eq_ignore_ascii_case("keep-alive"),
        _ => {}
    }
    Ok(())
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn malformed(what: &str) -> ClientError {
    ClientError::Malformed(Malformed::new(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reads a response that arrives in pieces of `step` bytes.
    fn read(bytes: &[u8], step: usize) -> Result<(ResponseReader, Vec<u8>), ClientError> {
        let mut reader = ResponseReader::default();
        let mut body = Vec::new();
        for piece in bytes.chunks(step) {
            reader.feed(piece, &mut body)?;
        }
        Ok((reader, body))
    }

    #[test]
    fn bodies_are_read_whatever_the_pieces_they_arrive_in() {
        let by_length = b"HTTP/1.1 200 OK\r\nServer: x\r\ncontent-length: 5\r\n\r\nhello";
        let chunked =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x\r\nhe\r\n3\r\nllo\r\n0\r\nT: v\r\n\r\n";
        for bytes in [&by_length[..], &chunked[..]] {
            for step in 1..bytes.len() {
                let (reader, body) = read(bytes, step).unwrap();
                assert!(reader.is_done() && reader.is_reusable(), "{step}");
                assert_eq!(body, b"hello");
            }
        }
    }

    #[test]
    fn a_body_without_length_ends_with_the_connection() {
        let (mut reader, body) = read(b"HTTP/1.0 200 OK\r\n\r\nhello", 7).unwrap();
        assert!(!reader.is_done());
        reader.end().unwrap();
        assert!(reader.is_done() && !reader.is_reusable());
        assert_eq!(body, b"hello");
    }

    #[test]
    fn interim_responses_are_skipped() {
        let (reader, _) =
            read(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", 9)
                .unwrap();
        let head = reader.head().unwrap();
        assert_eq!((head.status, head.reason.as_str()), (404, "Not Found"));
    }

    #[test]
    fn an_early_end_is_an_error() {
        let mut silent = ResponseReader::default();
        assert!(matches!(silent.end(), Err(ClientError::Closed)));
        let (mut cut, _) = read(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", 99).unwrap();
        assert!(matches!(cut.end(), Err(ClientError::Malformed(_))));
    }

    #[test]
    fn connections_are_reused_only_when_both_sides_agree() {
        let reusable = |head: &str| {
            let bytes = format!("{head}\r\nContent-Length: 0\r\n\r\n");
            read(bytes.as_bytes(), 99).unwrap().0.is_reusable()
        };
        assert!(reusable("HTTP/1.1 200 OK"));
        assert!(!reusable("HTTP/1.1 200 OK\r\nConnection: close"));
        assert!(!reusable("HTTP/1.0 200 OK"));
        assert!(reusable("HTTP/1.0 200 OK\r\nConnection: Keep-Alive"));
    }

    #[test]
    fn heads_are_read_leniently() {
        let (reader, _) =
            read(b"HTTP/1.1 200 a\x1bb\r\nno colon\r\nA B: c\x01\r\nContent-Length: 0\r\n\r\n", 7).unwrap();
        assert!(reader.is_done());
        assert_eq!(reader.head().unwrap().reason, "a\x1bb");
    }

    #[test]
    fn what_is_no_http_is_refused() {
        for bytes in [
            &b"SSH-2.0-OpenSSH\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
        ] {
            assert!(matches!(read(bytes, 4), Err(ClientError::Malformed(_))), "{bytes:?}");
        }
        assert!(read(&vec![b'x'; MAX_HEAD + 1], 1000).is_err());
    }
}
