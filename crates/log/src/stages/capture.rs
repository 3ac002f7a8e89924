//! Capture: finds tagged messages in child output (`PROCESS_COMMUNICATION`).
//!
//! What is between the tags is a message for event listeners and not log text. A tag may be cut over reads; only what may still
//! become a tag is held back, so a short line is never late. Of a message the newest `limit` bytes are kept.

use super::{Next, Piece, Stage, StageContext};
use crate::spec::{Delivery, StreamSpec};
use memchr::memmem;
use std::collections::VecDeque;

const BEGIN: &[u8] = b"<!--XSUPERVISOR:BEGIN-->";
const END: &[u8] = b"<!--XSUPERVISOR:END-->";

/// The stage, for a stream that captures. The protocol of an event listener is not searched for tags.
pub(crate) fn stage(spec: &StreamSpec) -> Option<Box<dyn Stage>> {
    let captures = spec.capture_max_bytes > 0 && spec.delivery != Delivery::Protocol;
    captures.then(|| -> Box<dyn Stage> { Box::new(CaptureParser::new(spec.capture_max_bytes)) })
}

/// What the parser finds, in the order in which it came.
#[derive(Debug, PartialEq, Eq)]
enum Found<'a> {
    /// Bytes outside of any message; never empty.
    Plain(&'a [u8]),
    /// Part of a message that is not complete yet; never empty.
    Inside(&'a [u8]),
    /// The message is complete: its newest bytes.
    Message(Vec<u8>),
    /// The output ended inside a message: its newest bytes, already found as `Inside`; never empty.
    Unterminated(Vec<u8>),
}

impl Found<'_> {
    fn emit(self, context: &mut StageContext<'_>, next: Next<'_>) {
        match self {
            Self::Plain(bytes) => next(Piece::Output { raw: bytes, text: bytes, is_logged: true }, context),
            Self::Inside(bytes) => next(Piece::Output { raw: bytes, text: bytes, is_logged: false }, context),
            Self::Message(data) => next(Piece::Message(data), context),
            // It is log text after all.
            Self::Unterminated(bytes) => next(Piece::LogOnly(&bytes), context),
        }
    }
}

/// The parser of one generation's output.
#[derive(Debug)]
struct CaptureParser {
    limit: usize,
    is_inside: bool,
    /// A real prefix of the tag looked for, which ended the last chunk.
    held: Vec<u8>,
    message: VecDeque<u8>,
}

impl Stage for CaptureParser {
    fn pass(&mut self, piece: Piece<'_>, context: &mut StageContext<'_>, next: Next<'_>) {
        match piece {
            Piece::Output { text, is_logged: true, .. } => {
                self.feed(text, |found| found.emit(context, &mut *next));
            }
            other => next(other, context),
        }
    }

    fn finish(&mut self, context: &mut StageContext<'_>, next: Next<'_>) {
        self.end(|found| found.emit(context, &mut *next));
    }

    fn clear(&mut self) {
        self.discard_message();
    }
}

impl CaptureParser {
    /// A parser that keeps at most `limit` bytes of a message.
    fn new(limit: usize) -> Self {
        Self { limit, is_inside: false, held: Vec::new(), message: VecDeque::new() }
    }

    /// Hands what is in `chunk` to `emit`.
    fn feed(&mut self, chunk: &[u8], mut emit: impl FnMut(Found<'_>)) {
        if self.held.is_empty() {
            self.split(chunk, &mut emit);
        } else {
            let mut joined = std::mem::take(&mut self.held);
            joined.extend_from_slice(chunk);
            self.split(&joined, &mut emit);
        }
    }

    /// The output has ended: what is held back is no tag.
    fn end(&mut self, mut emit: impl FnMut(Found<'_>)) {
        let held = std::mem::take(&mut self.held);
        self.text(&held, &mut emit);
        if !self.message.is_empty() {
            emit(Found::Unterminated(self.take_message()));
        }
        self.is_inside = false;
    }

    /// Discards what was captured so far; a message that has begun goes on.
    fn discard_message(&mut self) {
        self.message.clear();
    }

    fn split(&mut self, mut bytes: &[u8], emit: &mut impl FnMut(Found<'_>)) {
        while let Some(at) = memmem::find(bytes, self.tag()) {
            self.text(&bytes[..at], emit);
            bytes = &bytes[at + self.tag().len()..];
            if self.is_inside {
                emit(Found::Message(self.take_message()));
            }
            self.is_inside = !self.is_inside;
        }
        let text = bytes.len() - partial_tag(bytes, self.tag());
        self.text(&bytes[..text], emit);
        self.held.extend_from_slice(&bytes[text..]);
    }

    fn tag(&self) -> &'static [u8] {
        if self.is_inside { END } else { BEGIN }
    }

    fn text(&mut self, bytes: &[u8], emit: &mut impl FnMut(Found<'_>)) {
        if bytes.is_empty() {
            return;
        }
        if self.is_inside {
            self.keep(bytes);
            emit(Found::Inside(bytes));
        } else {
            emit(Found::Plain(bytes));
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let newest = &bytes[bytes.len().saturating_sub(self.limit)..];
        let surplus = (self.message.len() + newest.len()).saturating_sub(self.limit);
        self.message.drain(..surplus);
        self.message.extend(newest);
    }

    fn take_message(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.message).into()
    }
}

/// The length of the longest end of `bytes` with which `tag` begins.
fn partial_tag(bytes: &[u8], tag: &[u8]) -> usize {
    let longest = bytes.len().min(tag.len() - 1);
    (1..=longest).rev().find(|length| bytes.ends_with(&tag[..*length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Default, PartialEq, Eq)]
    struct Collected {
        plain: Vec<u8>,
        inside: Vec<u8>,
        messages: Vec<Vec<u8>>,
        unterminated: Option<Vec<u8>>,
    }

    impl Collected {
        fn take(&mut self, found: Found<'_>) {
            match found {
                Found::Plain(bytes) => self.plain.extend(bytes),
                Found::Inside(bytes) => self.inside.extend(bytes),
                Found::Message(bytes) => self.messages.push(bytes),
                Found::Unterminated(bytes) => self.unterminated = Some(bytes),
            }
        }
    }

    fn split(limit: usize, chunks: &[&[u8]]) -> Collected {
        let mut parser = CaptureParser::new(limit);
        let mut found = Collected::default();
        for chunk in chunks {
            parser.feed(chunk, |piece| found.take(piece));
        }
        parser.end(|piece| found.take(piece));
        found
    }

    /// EVT-13.
    #[test]
    fn a_tagged_message_is_removed_from_the_output() {
        let found = split(100, &[b"before\n<!--XSUPERVISOR:BEGIN-->hello<!--XSUPERVISOR:END-->after\n"]);
        assert_eq!(found.plain, b"before\nafter\n");
        assert_eq!(found.messages, [b"hello".to_vec()]);
        assert_eq!(found.inside, b"hello");
    }

    /// PROC-59, EVT-14.
    #[test]
    fn tags_cut_over_three_chunks_give_one_message() {
        let found = split(100, &[b"x<!--XSUPER", b"VISOR:BEGIN-->pay", b"load<!--XSUPERVISOR:E", b"ND-->y"]);
        assert_eq!(found.messages, [b"payload".to_vec()]);
        assert_eq!(found.plain, b"xy");
    }

    #[test]
    fn an_empty_message_is_a_message() {
        let found = split(100, &[b"<!--XSUPERVISOR:BEGIN--><!--XSUPERVISOR:END-->"]);
        assert_eq!(found.messages, [b"".to_vec()]);
    }

    /// PROC-60, EVT-17: upstream holds 24 bytes back and loses them at exit.
    #[test]
    fn short_output_is_not_held_back() {
        let mut parser = CaptureParser::new(100);
        let mut found = Collected::default();
        parser.feed(b"bye\n", |piece| found.take(piece));
        assert_eq!(found.plain, b"bye\n");
    }

    #[test]
    fn the_beginning_of_a_tag_that_never_comes_is_output() {
        assert_eq!(split(100, &[b"a <!--XSUP", b"PER"]).plain, b"a <!--XSUPPER");
        assert_eq!(split(100, &[b"a <!--XSUP"]).plain, b"a <!--XSUP");
    }

    /// PROC-61, EVT-16: upstream delivers a single chunk larger than the limit whole.
    #[test]
    fn a_message_over_the_limit_keeps_its_newest_bytes() {
        let long: Vec<u8> = (0..100).collect();
        let found = split(20, &[BEGIN, &long[..30], &long[30..35], &long[35..], END]);
        assert_eq!(found.messages, [long[80..].to_vec()]);
    }

    #[test]
    fn an_unterminated_message_becomes_log_text_at_the_end() {
        let found = split(100, &[b"x<!--XSUPERVISOR:BEGIN-->lost?<!--X"]);
        assert_eq!(found.unterminated, Some(b"lost?<!--X".to_vec()));
        assert_eq!(found.messages, Vec::<Vec<u8>>::new());
    }

    #[test]
    fn clearing_discards_the_message_so_far() {
        let mut parser = CaptureParser::new(100);
        let mut found = Collected::default();
        parser.feed(b"<!--XSUPERVISOR:BEGIN-->old", |piece| found.take(piece));
        parser.discard_message();
        parser.feed(b"new<!--XSUPERVISOR:END-->", |piece| found.take(piece));
        assert_eq!(found.messages, [b"new".to_vec()]);
    }

    fn tagged_bytes() -> impl Strategy<Value = Vec<u8>> {
        let part = prop_oneof![
            Just(BEGIN.to_vec()),
            Just(END.to_vec()),
            Just(BEGIN[..10].to_vec()),
            Just(END[..20].to_vec()),
            proptest::collection::vec(any::<u8>(), 0..30),
        ];
        proptest::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_pieces(
            input in tagged_bytes(),
            cuts in proptest::collection::vec(0usize..300, 0..8),
            limit in 1usize..40,
        ) {
            let mut cuts: Vec<usize> = cuts.into_iter().filter(|cut| *cut <= input.len()).collect();
            cuts.sort_unstable();
            let mut chunks = Vec::new();
            let mut from = 0;
            for cut in cuts {
                chunks.push(&input[from..cut]);
                from = cut;
            }
            chunks.push(&input[from..]);
            prop_assert_eq!(split(limit, &chunks), split(limit, &[&input]));
        }

        #[test]
        fn no_byte_is_lost(input in tagged_bytes()) {
            let found = split(usize::MAX, &[&input]);
            let text = found.plain.len() + found.inside.len();
            let tags = found.messages.len() * (BEGIN.len() + END.len());
            // A message may have begun and not ended.
            prop_assert!([0, BEGIN.len()].contains(&(input.len() - text - tags)));
        }
    }
}
