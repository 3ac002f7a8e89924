//! Encoded values, and the results of a multicall.

use super::{ANSWER, ARRAY, Encode, Output, Writer, fault};
use crate::{Fault, FaultCode};

/// A value that has been encoded.
///
/// It is stored behind the head of an answer, so that a long one becomes an answer without being copied. If memory has run
/// out, it becomes a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded(Output);

impl Encoded {
    /// Encodes one value now.
    pub fn new(value: &(impl Encode + ?Sized)) -> Self {
        Self::with(|out| value.encode(&mut Writer::new(out)))
    }

    /// Encodes a list now; `expected` is about how many items it has.
    pub fn list<T: Encode>(expected: usize, items: impl IntoIterator<Item = T>) -> Self {
        Self::with(|out| Writer::new(out).list(expected, items))
    }

    /// Encodes the value that `write` writes.
    pub fn with(write: impl FnOnce(&mut Output)) -> Self {
        let mut out = Output::default();
        out.reserve(512);
        out.extend(ANSWER.0);
        write(&mut out);
        Self(out)
    }

    /// This value, or a fault if memory has run out.
    pub fn complete(self) -> Result<Self, Fault> {
        if self.0.is_out_of_memory() { Err(out_of_memory()) } else { Ok(self) }
    }

    /// A whole answer with this value.
    pub fn into_response(self) -> Vec<u8> {
        let mut out = self.0;
        out.extend(ANSWER.1);
        out.into_bytes().unwrap_or_else(|| fault(&out_of_memory()))
    }

    pub(super) fn value(&self) -> &[u8] {
        self.0.as_bytes().get(ANSWER.0.len()..).unwrap_or_default()
    }

    /// Bytes of the value.
    #[expect(clippy::len_without_is_empty, reason = "an encoded value is never empty")]
    pub fn len(&self) -> usize {
        self.value().len()
    }
}

/// The fault for an answer that memory ran out for.
pub(super) fn out_of_memory() -> Fault {
    Fault::with_detail(FaultCode::Failed, "there is not enough memory for this answer")
}

/// The results of a multicall, appended one by one.
#[derive(Debug)]
pub struct Results {
    out: Output,
    count: usize,
}

impl Results {
    /// Appends an encoded result.
    pub fn push(&mut self, result: &Encoded) {
        result.encode(&mut Writer::new(&mut self.out));
        self.count += 1;
    }

    /// Appends the one value that `write` writes. If it fails, nothing is added.
    pub fn push_with<E>(&mut self, write: impl FnOnce(&mut Output) -> Result<(), E>) -> Result<(), E> {
        let before = self.out.len();
        write(&mut self.out).inspect(|()| self.count += 1).inspect_err(|_| self.out.truncate(before))
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.out.len()
    }

    /// All of them as one value.
    pub fn finish(mut self) -> Encoded {
        self.out.extend(ARRAY.1.as_bytes());
        Encoded(self.out)
    }
}

impl Default for Results {
    /// None so far.
    fn default() -> Self {
        let mut out = Output::default();
        out.extend(ANSWER.0);
        out.extend(ARRAY.0.as_bytes());
        Self { out, count: 0 }
    }
}

impl Encode for Encoded {
    fn encode(&self, writer: &mut Writer<'_>) {
        if self.0.is_out_of_memory() {
            writer.out.fail();
        }
        writer.out.extend(self.value());
    }
}
