//! Finding tagged messages in child output (`PROCESS_COMMUNICATION`).
//!
//! What stands between the tags is a message for event listeners and does not go to the log. Tags may be cut
//! over reads; only what may still become a tag is held back, so a short line is never late. Messages are
//! kept to the newest `limit` bytes.

use memchr::memmem;
use std::collections::VecDeque;

const BEGIN: &[u8] = b"<!--XSUPERVISOR:BEGIN-->";
const END: &[u8] = b"<!--XSUPERVISOR:END-->";

/// A piece of output, in the order it came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Ordinary output; never empty.
    Plain(&'a [u8]),
    /// Part of a message that is not complete yet; never empty.
    Inside(&'a [u8]),
    /// The message is complete: its newest bytes.
    Message(Vec<u8>),
    /// The output ended inside a message: its newest bytes, already seen as `Inside`; never empty.
    Unterminated(Vec<u8>),
}

/// The parser of one generation's output.
#[derive(Debug)]
pub(crate) struct CaptureStage {
    limit: usize,
    is_inside: bool,
    /// A real prefix of the tag looked for, which ended the last chunk.
    held: Vec<u8>,
    message: VecDeque<u8>,
}

impl CaptureStage {
    /// A parser that keeps at most `limit` bytes of a message.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, is_inside: false, held: Vec::new(), message: VecDeque::new() }
    }

    /// Hands the pieces of `chunk` to `emit`.
    pub(crate) fn feed(&mut self, chunk: &[u8], mut emit: impl FnMut(Piece<'_>)) {
        if self.held.is_empty() {
            self.split(chunk, &mut emit);
        } else {
            let mut joined = std::mem::take(&mut self.held);
            joined.extend_from_slice(chunk);
            self.split(&joined, &mut emit);
        }
    }

    /// The output has ended: nothing held back can become a tag any more.
    pub(crate) fn finish(&mut self, mut emit: impl FnMut(Piece<'_>)) {
        let held = std::mem::take(&mut self.held);
        self.text(&held, &mut emit);
        if !self.message.is_empty() {
            emit(Piece::Unterminated(self.take_message()));
        }
        self.is_inside = false;
    }

    /// Forgets what was captured so far; a message that has begun goes on.
    pub(crate) fn clear(&mut self) {
        self.message.clear();
    }

    fn split(&mut self, mut bytes: &[u8], emit: &mut impl FnMut(Piece<'_>)) {
        while let Some(at) = memmem::find(bytes, self.tag()) {
            self.text(&bytes[..at], emit);
            bytes = &bytes[at + self.tag().len()..];
            if self.is_inside {
                emit(Piece::Message(self.take_message()));
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

    fn text(&mut self, bytes: &[u8], emit: &mut impl FnMut(Piece<'_>)) {
        if bytes.is_empty() {
            return;
        }
        if self.is_inside {
            self.keep(bytes);
            emit(Piece::Inside(bytes));
        } else {
            emit(Piece::Plain(bytes));
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

/// The length of the longest end of `bytes` that begins `tag`.
fn partial_tag(bytes: &[u8], tag: &[u8]) -> usize {
    let longest = bytes.len().min(tag.len() - 1);
    (1..=longest).rev().find(|length| bytes.ends_with(&tag[..*length])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Default, PartialEq, Eq)]
    struct Found {
        plain: Vec<u8>,
        inside: Vec<u8>,
        messages: Vec<Vec<u8>>,
        unterminated: Option<Vec<u8>>,
    }

    impl Found {
        fn take(&mut self, piece: Piece<'_>) {
            match piece {
                Piece::Plain(bytes) => self.plain.extend(bytes),
                Piece::Inside(bytes) => self.inside.extend(bytes),
                Piece::Message(bytes) => self.messages.push(bytes),
                Piece::Unterminated(bytes) => self.unterminated = Some(bytes),
            }
        }
    }

    fn split(limit: usize, chunks: &[&[u8]]) -> Found {
        let mut capture = CaptureStage::new(limit);
        let mut found = Found::default();
        for chunk in chunks {
            capture.feed(chunk, |piece| found.take(piece));
        }
        capture.finish(|piece| found.take(piece));
        found
    }

    /// EVT-13.
    #[test]
    fn a_tagged_message_is_taken_out_of_the_output() {
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
    fn short_output_passes_at_once() {
        let mut capture = CaptureStage::new(100);
        let mut found = Found::default();
        capture.feed(b"bye\n", |piece| found.take(piece));
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
    fn an_unterminated_message_is_given_back_at_the_end() {
        let found = split(100, &[b"x<!--XSUPERVISOR:BEGIN-->lost?<!--X"]);
        assert_eq!(found.unterminated, Some(b"lost?<!--X".to_vec()));
        assert_eq!(found.messages, Vec::<Vec<u8>>::new());
    }

    #[test]
    fn clearing_forgets_the_message_so_far() {
        let mut capture = CaptureStage::new(100);
        let mut found = Found::default();
        capture.feed(b"<!--XSUPERVISOR:BEGIN-->old", |piece| found.take(piece));
        capture.clear();
        capture.feed(b"new<!--XSUPERVISOR:END-->", |piece| found.take(piece));
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
