//! Bytes that are still to be sent to a client.

use std::collections::VecDeque;
use std::io::{self, ErrorKind, Write};

/// Bytes on their way to a client.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    segments: VecDeque<Vec<u8>>,
    /// How much of the first segment has been sent.
    sent: usize,
}

/// The outcome of a flush.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Flushed {
    /// Bytes sent.
    pub(crate) bytes: usize,
    /// The socket takes no more for now.
    pub(crate) is_blocked: bool,
}

/// A segment up to this size is appended to the one before it, so that head and body leave in one write.
const SMALL: usize = 16 * 1024;

impl Outbox {
    pub(crate) fn push(&mut self, segment: Vec<u8>) {
        match self.segments.back_mut() {
            Some(last) if segment.len() <= SMALL => last.extend_from_slice(&segment),
            _ if segment.is_empty() => {}
            _ => self.segments.push_back(segment),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.segments.is_empty()
    }

    /// Writes until everything is sent or `target` takes no more.
    pub(crate) fn flush(&mut self, target: &mut impl Write) -> io::Result<Flushed> {
        let mut bytes = 0;
        while let Some(first) = self.segments.front() {
            match target.write(&first[self.sent..]) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(count) => {
                    bytes += count;
                    self.advance(count);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    return Ok(Flushed { bytes, is_blocked: true });
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Flushed { bytes, is_blocked: false })
    }

    fn advance(&mut self, count: usize) {
        self.sent += count;
        if self.segments.front().is_some_and(|first| self.sent >= first.len()) {
            self.segments.pop_front();
            self.sent = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a few bytes per write and blocks after some writes.
    struct Sip {
        taken: Vec<u8>,
        per_write: usize,
        writes_left: usize,
    }

    impl Write for Sip {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if self.writes_left == 0 {
                return Err(ErrorKind::WouldBlock.into());
            }
            self.writes_left -= 1;
            let count = bytes.len().min(self.per_write);
            self.taken.extend_from_slice(&bytes[..count]);
            Ok(count)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn everything_leaves_in_order_over_short_and_blocked_writes() {
        let large: Vec<u8> = (0..=255).cycle().take(SMALL + 7).collect();
        let mut outbox = Outbox::default();
        outbox.push(b"head".to_vec());
        outbox.push(Vec::new());
        outbox.push(large.clone());
        outbox.push(b"tail".to_vec());
        let mut target = Sip { taken: Vec::new(), per_write: 1000, writes_left: 3 };
        assert_eq!(outbox.flush(&mut target).unwrap(), Flushed { bytes: 2004, is_blocked: true });
        target.writes_left = usize::MAX;
        assert!(!outbox.flush(&mut target).unwrap().is_blocked);
        assert!(outbox.is_empty());
        assert_eq!(target.taken, [b"head".to_vec(), large, b"tail".to_vec()].concat());
    }
}
