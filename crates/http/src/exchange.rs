//! What outlives a request until its answer has been sent: how to frame it, and what to log.

use crate::date::log_date;
use crate::head::Head;
use crate::wire::Framing;
use crate::{Peer, Response, Version};
use supervisor_core::Wall;

/// A request that is being answered.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) version: Version,
    /// The client wants no body, only its head.
    pub(crate) is_head_only: bool,
    wants_keep_alive: bool,
    wants_close: bool,
    request_line: Vec<u8>,
    code: u16,
    bytes: usize,
}

/// What happens to the connection after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// The next request may come.
    KeepOpen,
    /// It is closed.
    Close,
}

impl Exchange {
    pub(crate) fn new(head: &Head) -> Self {
        Self {
            version: head.version.clone(),
            is_head_only: head.method == b"HEAD",
            wants_keep_alive: head.connection_says("keep-alive"),
            wants_close: head.connection_says("close"),
            request_line: head.request_line.clone(),
            code: 0,
            bytes: 0,
        }
    }

    /// For a request that could not be read: answered as HTTP/1.0, and the last answer on its connection.
    pub(crate) fn unreadable() -> Self {
        Self {
            version: Version::Http10,
            is_head_only: false,
            wants_keep_alive: false,
            wants_close: true,
            request_line: b"-".to_vec(),
            code: 0,
            bytes: 0,
        }
    }

    /// How the answer is framed, and what follows it.
    ///
    /// Only HTTP/1.0 has its persistence announced; the end of a connection is announced by no version, except
    /// where the answer itself carries `Connection: close`. Of an unknown version nothing is known, so its
    /// connection stays open.
    pub(crate) fn framing(&self, response: &Response) -> (Framing, Then) {
        let is_stream = response.body.length().is_none();
        let has_length = !is_stream && response.status.may_have_body();
        let is_last = response.first_header("Connection").is_some_and(|value| value == b"close");
        let plain = Framing { is_chunked: false, announces_keep_alive: false };
        match self.version {
            _ if is_last => (plain, Then::Close),
            Version::Http10 if self.wants_keep_alive && has_length => {
                (Framing { announces_keep_alive: true, ..plain }, Then::KeepOpen)
            }
            Version::Http10 => (plain, Then::Close),
            Version::Http11 if self.wants_close => (plain, Then::Close),
            Version::Http11 => (Framing { is_chunked: is_stream, ..plain }, Then::KeepOpen),
            Version::Other(_) if is_stream => (plain, Then::Close),
            Version::Other(_) => (plain, Then::KeepOpen),
        }
    }

    /// Notes the status for the log.
    pub(crate) fn answered_with(&mut self, code: u16) {
        self.code = code;
    }

    /// Notes bytes of the answer for the log.
    pub(crate) fn count(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// The line of the access log.
    pub(crate) fn log_line(&self, peer: Peer, now: Wall) -> String {
        let request = String::from_utf8_lossy(&self.request_line);
        format!("{peer} - - [{}] \"{request}\" {} {}", log_date(now), self.code, self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Next, Source, Status, StreamWaker};

    struct Endless;

    impl Source for Endless {
        fn start(&mut self, _waker: StreamWaker) {}

        fn next(&mut self, _max: usize) -> Next {
            Next::Pending
        }
    }

    fn exchange(request: &str) -> Exchange {
        Exchange::new(&Head::parse(request.as_bytes(), 10).unwrap())
    }

    const PLAIN: Framing = Framing { is_chunked: false, announces_keep_alive: false };
    const ANNOUNCED: Framing = Framing { is_chunked: false, announces_keep_alive: true };
    const CHUNKED: Framing = Framing { is_chunked: true, announces_keep_alive: false };

    /// RPC-1, RPC-2, RPC-3, RPC-51.
    #[test]
    fn persistence_follows_version_and_connection_header() {
        let bytes = || Response::new(Status::Ok);
        let framing = |request: &str| exchange(request).framing(&bytes());
        assert_eq!(framing("GET /"), (PLAIN, Then::Close));
        assert_eq!(framing("GET / HTTP/1.0"), (PLAIN, Then::Close));
        assert_eq!(framing("GET / HTTP/1.0\r\nConnection: Keep-Alive"), (ANNOUNCED, Then::KeepOpen));
        assert_eq!(framing("GET / HTTP/1.1"), (PLAIN, Then::KeepOpen));
        assert_eq!(framing("GET / HTTP/1.1\r\nConnection: close"), (PLAIN, Then::Close));
        assert_eq!(framing("GET / HTTP/2.0\r\nConnection: close"), (PLAIN, Then::KeepOpen));
    }

    #[test]
    fn streams_are_chunked_on_a_persistent_1_1_connection_only() {
        let stream = || Response::new(Status::Ok).stream(Box::new(Endless));
        let framing = |request: &str| exchange(request).framing(&stream());
        assert_eq!(framing("GET / HTTP/1.1"), (CHUNKED, Then::KeepOpen));
        assert_eq!(framing("GET / HTTP/1.1\r\nConnection: close"), (PLAIN, Then::Close));
        assert_eq!(framing("GET / HTTP/1.0\r\nConnection: keep-alive"), (PLAIN, Then::Close));
        assert_eq!(framing("GET / HTTP/2.0"), (PLAIN, Then::Close));
    }

    #[test]
    fn an_answer_may_end_the_connection_itself() {
        let last = Response::new(Status::Unauthorized).header("Connection", "close");
        let framing = exchange("GET / HTTP/1.0\r\nConnection: keep-alive").framing(&last);
        assert_eq!(framing, (PLAIN, Then::Close));
    }

    #[test]
    fn not_modified_has_no_length_to_keep_a_1_0_connection_open_by() {
        let not_modified = Response::new(Status::NotModified);
        let of_1_0 = exchange("GET / HTTP/1.0\r\nConnection: keep-alive").framing(&not_modified);
        assert_eq!(of_1_0, (PLAIN, Then::Close));
        assert_eq!(exchange("GET / HTTP/1.1").framing(&not_modified), (PLAIN, Then::KeepOpen));
    }
}
