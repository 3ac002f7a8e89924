//! Bytes that a client has sent and that are not parsed yet.

use crate::head::{Head, HeadError};

/// Received bytes, cut into heads and bodies.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    bytes: Vec<u8>,
    /// No blank line starts before this offset; keeps the search linear when bytes come one by one.
    searched: usize,
}

/// Whether the next head is complete.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum HeadProgress {
    /// More bytes are needed.
    Incomplete,
    /// The end of the head is further away than the limit.
    TooLarge,
    /// The head, removed from the buffer.
    Complete(Result<Head, HeadError>),
}

const LARGE: usize = 1 << 20;

const BLANK_LINE: &[u8] = b"\r\n\r\n";

impl Inbox {
    /// Appends bytes; false if there is no memory for them.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> bool {
        if self.bytes.capacity() - self.bytes.len() < bytes.len() {
            // A long body grows by an eighth: doubling would take twice its room.
            let step = if self.bytes.len() < LARGE { self.bytes.len() } else { self.bytes.len() / 8 };
            if self.bytes.try_reserve_exact(bytes.len().max(step)).is_err() {
                return false;
            }
        }
        self.bytes.extend_from_slice(bytes);
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Discards everything and frees the memory.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Removes the next head if it is complete. Both limits are those of `Limits`.
    pub(crate) fn take_head(&mut self, size_limit: usize, header_limit: usize) -> HeadProgress {
        let unsearched = &self.bytes[self.searched..];
        let Some(at) = unsearched.windows(BLANK_LINE.len()).position(|window| window == BLANK_LINE) else {
            self.searched = self.bytes.len().saturating_sub(BLANK_LINE.len() - 1);
            return if self.bytes.len() >= size_limit {
                HeadProgress::TooLarge
            } else {
                HeadProgress::Incomplete
            };
        };
        let end = self.searched + at + BLANK_LINE.len();
        if end > size_limit {
            return HeadProgress::TooLarge;
        }
        let head = Head::parse(&self.bytes[..end - BLANK_LINE.len()], header_limit);
        self.remove_front(end);
        HeadProgress::Complete(head)
    }

    /// Takes out a body of this length if it is complete.
    pub(crate) fn take_body(&mut self, length: usize) -> Option<Vec<u8>> {
        if self.bytes.len() < length {
            return None;
        }
        let rest = self.bytes.split_off(length);
        self.searched = 0;
        Some(std::mem::replace(&mut self.bytes, rest))
    }

    fn remove_front(&mut self, count: usize) {
        self.bytes.drain(..count);
        self.searched = 0;
        if self.bytes.is_empty() {
            self.bytes = Vec::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(inbox: &mut Inbox) -> HeadProgress {
        inbox.take_head(100, 10)
    }

    #[test]
    fn a_head_is_found_however_it_is_cut() {
        let mut inbox = Inbox::default();
        let text = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\nab";
        for &byte in &text[..text.len() - 3] {
            assert!(inbox.push(&[byte]));
            assert_eq!(take(&mut inbox), HeadProgress::Incomplete);
        }
        assert!(inbox.push(b"\nabGET / HTTP/1.0\r\n\r\n"));
        assert!(matches!(take(&mut inbox), HeadProgress::Complete(Ok(_))));
        assert_eq!(inbox.take_body(2).as_deref(), Some(&b"ab"[..]));
        assert!(matches!(take(&mut inbox), HeadProgress::Complete(Ok(_))));
        assert!(inbox.is_empty());
    }

    #[test]
    fn a_head_over_the_limit_is_refused_whether_it_ends_or_not() {
        let mut endless = Inbox::default();
        assert!(endless.push(&[b'a'; 99]));
        assert_eq!(take(&mut endless), HeadProgress::Incomplete);
        assert!(endless.push(b"a"));
        assert_eq!(take(&mut endless), HeadProgress::TooLarge);
        let mut ended = Inbox::default();
        assert!(ended.push(&[b'a'; 97]));
        assert!(ended.push(b"\r\n\r\n"));
        assert_eq!(take(&mut ended), HeadProgress::TooLarge);
    }

    #[test]
    fn a_body_waits_for_its_last_byte() {
        let mut inbox = Inbox::default();
        assert!(inbox.push(b"ab"));
        assert_eq!(inbox.take_body(3), None);
        assert!(inbox.push(b"cd"));
        assert_eq!(inbox.take_body(3).as_deref(), Some(&b"abc"[..]));
        assert_eq!(inbox.len(), 1);
        assert_eq!(inbox.take_body(0).as_deref(), Some(&b""[..]));
    }
}
