//! The bytes of an answer's head and of its chunks, in upstream's order.
//!
//! `Server` and `Date` come first, then the answer's own headers, then `Content-Length` if the answer did not
//! place it itself, and last what the connection adds.

use crate::{Response, Version};
use std::fmt::Write;
use supervisor_core::Wall;
use supervisor_sys::clock::http_date;

/// How the answer is delimited on the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Framing {
    /// The body is sent in chunks.
    pub(crate) is_chunked: bool,
    /// `Connection: Keep-Alive` is announced, as only HTTP/1.0 needs it.
    pub(crate) announces_keep_alive: bool,
}

/// The head of an answer, with the blank line that ends it.
pub(crate) fn head(version: &Version, response: &Response, framing: Framing, now: Wall) -> Vec<u8> {
    let mut head = format!(
        "HTTP/{} {} {}\r\nServer: Medusa/1.12\r\nDate: {}\r\n",
        version.digits(),
        response.status.code(),
        response.status.reason(),
        http_date(now)
    )
    .into_bytes();
    for (name, value) in response.headers() {
        line(&mut head, name, value);
    }
    if let Some(length) = response.body.length()
        && response.status.may_have_body()
        && response.first_header("Content-Length").is_none()
    {
        line(&mut head, "Content-Length", length.to_string().as_bytes());
    }
    if framing.announces_keep_alive {
        line(&mut head, "Connection", b"Keep-Alive");
    }
    if framing.is_chunked {
        line(&mut head, "Transfer-Encoding", b"chunked");
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn line(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    head.extend_from_slice(name.as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value);
    head.extend_from_slice(b"\r\n");
}

/// One chunk of a chunked body.
pub(crate) fn chunk(data: &[u8]) -> Vec<u8> {
    let mut size = String::new();
    // Writing into a String cannot fail.
    let _ = write!(size, "{:x}", data.len());
    [size.as_bytes(), b"\r\n", data, b"\r\n"].concat()
}

/// What ends a chunked body.
pub(crate) const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;

    fn written(response: &Response, framing: Framing) -> String {
        let now = Wall { micros: 784_111_777_000_000 };
        String::from_utf8(head(&Version::Http11, response, framing, now)).unwrap()
    }

    const PLAIN: Framing = Framing { is_chunked: false, announces_keep_alive: false };
    const START: &str = "Server: Medusa/1.12\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n";

    /// RPC-3: the announcement comes last.
    #[test]
    fn headers_keep_their_order_and_the_length_comes_after_them() {
        let response = Response::new(Status::Ok).header("Content-Type", "text/xml").body("hé");
        let framing = Framing { announces_keep_alive: true, ..PLAIN };
        assert_eq!(
            written(&response, framing),
            format!(
                "HTTP/1.1 200 OK\r\n{START}Content-Type: text/xml\r\nContent-Length: 3\r\n\
                 Connection: Keep-Alive\r\n\r\n"
            )
        );
    }

    #[test]
    fn a_header_value_cannot_end_its_line() {
        let response = Response::new(Status::Ok).header("X", "a\r\nSet-Cookie: b");
        assert!(written(&response, PLAIN).contains("X: a  Set-Cookie: b\r\n"));
    }

    #[test]
    fn not_modified_has_neither_body_nor_length() {
        let text = written(&Response::new(Status::NotModified), PLAIN);
        assert_eq!(text, format!("HTTP/1.1 304 Not Modified\r\n{START}\r\n"));
    }

    #[test]
    fn chunk_sizes_are_lower_case_hex() {
        assert_eq!(chunk(&[b'x'; 27]), [&b"1b\r\n"[..], &[b'x'; 27], b"\r\n"].concat());
    }
}
