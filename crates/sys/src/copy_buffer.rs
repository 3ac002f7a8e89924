//! Buffers much data is copied through, at an offset of a page at which copies are fast.
//!
//! The kernel copies between a page of its own and a buffer by `rep movsb`. On several processors that takes up to twice as
//! long where the two begin at nearly, but not exactly, the same place of their pages. Pages of pipes, files and sockets are
//! filled from their beginning, or from a few bytes behind it; and behind the beginning of a page, by the 8 or 16 bytes of its
//! own header, is where an allocator puts a large block. So this puts it half a page away.

use std::ops::{Deref, DerefMut};

/// The unit in which places are compared. Not the system's page, which may be larger.
const PAGE: usize = 4096;

/// Where a buffer begins within a page.
const PLACE: usize = PAGE / 2;

/// Less than this is not worth a place: the copy costs less than the call.
const WORTH_A_PLACE: usize = 16 * 1024;

/// Bytes that begin at an offset of a page at which copies are fast, if they are many.
#[derive(Debug, Default)]
pub struct CopyBuffer {
    /// With room in front of the content.
    block: Vec<u8>,
    /// Where the content begins.
    start: usize,
}

impl CopyBuffer {
    /// `length` zero bytes. Their pages are allocated when they are written.
    pub fn zeroed(length: usize) -> Self {
        // In this way, and not by `resize`, the allocator takes pages that are zero already.
        let mut block = vec![0; length + PAGE];
        let start = until_place(&block);
        block.truncate(start + length);
        Self { block, start }
    }

    /// Replaces the content by what `fill` appends to a vector, at most `capacity` bytes; of more the place is not sure. The
    /// memory is used again.
    pub fn refill(&mut self, capacity: usize, fill: impl FnOnce(&mut Vec<u8>)) {
        self.block.clear();
        self.start = 0;
        if capacity >= WORTH_A_PLACE {
            self.block.reserve(capacity + PAGE);
            self.start = until_place(&self.block);
            self.block.resize(self.start, 0);
        } else {
            self.block.reserve(capacity);
        }
        fill(&mut self.block);
    }
}

impl Deref for CopyBuffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.block[self.start..]
    }
}

impl DerefMut for CopyBuffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.block[self.start..]
    }
}

/// How many bytes into this memory the next such offset is.
fn until_place(memory: &[u8]) -> usize {
    PLACE.wrapping_sub(memory.as_ptr().addr()) % PAGE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(bytes: &[u8]) -> usize {
        bytes.as_ptr().addr() % PAGE
    }

    #[test]
    fn a_zeroed_buffer_has_its_length_and_its_place() {
        // Large blocks come from the system, others from among what else is in use.
        for length in [1, 1000, 64 * 1024, 128 * 1024, 1024 * 1024] {
            let blocks: Vec<_> =
                (0..10).map(|number| (CopyBuffer::zeroed(length), vec![0_u8; 16 * number + 1])).collect();
            for (buffer, _) in &blocks {
                assert_eq!((buffer.len(), place(buffer)), (length, PLACE));
                assert!(buffer.iter().all(|byte| *byte == 0));
            }
        }
    }

    #[test]
    fn refilling_keeps_the_place_of_much_and_takes_no_room_for_little() {
        let mut buffer = CopyBuffer::default();
        for length in [WORTH_A_PLACE, 100 * 1024, 200 * 1024, WORTH_A_PLACE] {
            buffer.refill(length, |bytes| bytes.resize(bytes.len() + length, b'x'));
            assert_eq!((buffer.len(), place(&buffer)), (length, PLACE));
            assert!(buffer.iter().all(|byte| *byte == b'x'));
        }
        let mut small = CopyBuffer::default();
        small.refill(10, |bytes| bytes.extend_from_slice(b"0123456789"));
        assert_eq!((&*small, small.block.capacity()), (&b"0123456789"[..], 10));
    }
}
