//! The buffer of an answer.

/// A buffer that survives running out of memory: the length of an answer depends on the request. On failure all content
/// is discarded, and so is what is appended later; [`Output::into_bytes`] reports it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    bytes: Vec<u8>,
    is_out_of_memory: bool,
}

/// Up to this size the room is doubled when it is used up, above it an eighth is added: an answer is seldom longer than expected,
/// and large blocks grow without being copied.
const LARGE: usize = 1 << 20;

impl Output {
    /// Appends bytes.
    pub fn extend(&mut self, more: &[u8]) {
        if self.bytes.capacity() - self.bytes.len() >= more.len() || self.grow(more.len()) {
            self.bytes.extend_from_slice(more);
        }
    }

    /// Reserves room for about `more` bytes, if there is memory.
    pub fn reserve(&mut self, more: usize) {
        let _grows_later = self.bytes.try_reserve_exact(more);
    }

    /// The bytes so far.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Shortens it to `length` bytes.
    pub fn truncate(&mut self, length: usize) {
        self.bytes.truncate(length);
    }

    /// Whether memory ran out.
    pub fn is_out_of_memory(&self) -> bool {
        self.is_out_of_memory
    }

    /// The bytes; `None` if memory ran out.
    pub fn into_bytes(self) -> Option<Vec<u8>> {
        (!self.is_out_of_memory).then_some(self.bytes)
    }

    #[cold]
    fn grow(&mut self, more: usize) -> bool {
        if self.is_out_of_memory {
            return false;
        }
        let size = self.bytes.len();
        let step = if size < LARGE { size.max(64) } else { size / 8 };
        let grown =
            self.bytes.try_reserve_exact(more.max(step)).or_else(|_| self.bytes.try_reserve_exact(more));
        if grown.is_err() {
            self.fail();
        }
        grown.is_ok()
    }

    /// Memory has run out: discards everything.
    pub(super) fn fail(&mut self) {
        *self = Self { bytes: Vec::new(), is_out_of_memory: true };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_no_memory_for_is_given_up_for_good() {
        let mut output = Output::default();
        output.extend(b"something");
        assert!(!output.grow(usize::MAX / 2));
        output.extend(b"more");
        assert!(output.is_out_of_memory() && output.is_empty());
        assert_eq!(output.into_bytes(), None);
    }

    #[test]
    fn large_blocks_grow_by_an_eighth() {
        let mut output = Output::default();
        output.extend(&[0; 1000]);
        output.extend(&[0; 1000]);
        assert_eq!(output.bytes.capacity(), 2000);
        output.extend(&vec![0; 8 << 20]);
        let full = output.bytes.capacity() - output.len();
        output.extend(&vec![0; full + 1]);
        assert!(output.bytes.capacity() <= output.len() + output.len() / 8);
    }
}
