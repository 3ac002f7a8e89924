//! A long text in an answer, written in pieces.

use super::{ANSWER, ARRAY, Output, Writer, push_escaped};

/// Encodes bytes as text piece by piece; the result does not depend on where they are cut.
#[derive(Debug, Default)]
pub struct TextPieces {
    /// The beginning of a character that a piece ended in.
    cut: Vec<u8>,
}

impl TextPieces {
    /// Appends the bytes that follow those before.
    pub fn push(&mut self, bytes: &[u8], out: &mut Output) {
        let joined;
        let bytes = if self.cut.is_empty() {
            bytes
        } else {
            joined = [&std::mem::take(&mut self.cut), bytes].concat();
            &joined
        };
        let (whole, cut) = bytes.split_at(bytes.len() - cut_character(bytes));
        push_lossy(out, whole);
        self.cut.extend_from_slice(cut);
    }

    /// There are no more bytes.
    pub fn finish(&mut self, out: &mut Output) {
        push_lossy(out, &std::mem::take(&mut self.cut));
    }
}

/// How many bytes at the end are the beginning of a character.
fn cut_character(bytes: &[u8]) -> usize {
    let is_cut = |&length: &usize| {
        let end = &bytes[bytes.len() - length..];
        std::str::from_utf8(end).is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    };
    (1..=bytes.len().min(3)).find(is_cut).unwrap_or(0)
}

/// Appends bytes as text; what is not UTF-8 becomes U+FFFD.
pub(super) fn push_lossy(out: &mut Output, bytes: &[u8]) {
    for chunk in bytes.utf8_chunks() {
        push_escaped(out, chunk.valid());
        if !chunk.invalid().is_empty() {
            out.extend("\u{fffd}".as_bytes());
        }
    }
}

/// A value around a long text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextFrame {
    /// Nothing but the text: `read*Log`.
    Plain,
    /// The text, where the next window begins, and whether bytes were skipped: `tail*Log`.
    Tail {
        /// The size of the log.
        offset: i64,
        /// Bytes were skipped.
        overflow: bool,
    },
}

impl TextFrame {
    /// Writes the opening tags.
    pub fn open(self, out: &mut Output) {
        if matches!(self, Self::Tail { .. }) {
            out.extend(ARRAY.0.as_bytes());
        }
        out.extend(b"<value><string>");
    }

    /// Writes the closing tags.
    pub fn close(self, out: &mut Output) {
        out.extend(b"</string></value>\n");
        if let Self::Tail { offset, overflow } = self {
            let mut writer = Writer::new(out);
            writer.int(offset);
            writer.boolean(overflow);
            out.extend(ARRAY.1.as_bytes());
        }
    }
}

/// Writes the head of an answer, up to its value.
pub fn open_answer(out: &mut Output) {
    out.extend(ANSWER.0);
}

/// Writes the end of an answer, behind its value.
pub fn close_answer(out: &mut Output) {
    out.extend(ANSWER.1);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encode::response;
    use crate::{Encode, LogTail};
    use proptest::prelude::*;

    struct Lossy<'a>(&'a [u8]);

    impl Encode for Lossy<'_> {
        fn encode(&self, writer: &mut Writer<'_>) {
            writer.text_lossy(self.0);
        }
    }

    fn in_pieces(bytes: &[u8], piece: usize, frame: TextFrame) -> Vec<u8> {
        let (mut out, mut text) = (Output::default(), TextPieces::default());
        open_answer(&mut out);
        frame.open(&mut out);
        bytes.chunks(piece).for_each(|piece| text.push(piece, &mut out));
        text.finish(&mut out);
        frame.close(&mut out);
        close_answer(&mut out);
        out.into_bytes().unwrap()
    }

    prop_compose! {
        /// Bytes in which characters of every length are, and are broken.
        fn texts()(parts in prop::collection::vec(prop_oneof![
            any::<char>().prop_map(|character| character.to_string().into_bytes()),
            any::<u8>().prop_map(|byte| vec![byte]),
            Just(vec![0xef, 0xbf, 0xbf]),
            Just(vec![0xf0, 0x9f, 0x98]),
            Just(b"<&>".to_vec()),
        ], 0..12)) -> Vec<u8> {
            parts.concat()
        }
    }

    proptest! {
        #[test]
        fn cuts_leave_no_trace(bytes in texts(), piece in 1_usize..9) {
            prop_assert_eq!(in_pieces(&bytes, piece, TextFrame::Plain), response(&Lossy(&bytes)));
            let tail = LogTail { data: bytes.as_slice().into(), offset: 7, overflow: true };
            let frame = TextFrame::Tail { offset: 7, overflow: true };
            prop_assert_eq!(in_pieces(&bytes, piece, frame), response(&tail));
        }
    }
}
