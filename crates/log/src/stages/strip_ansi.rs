//! Removes terminal control sequences (`strip_ansi`).
//!
//! Removed are complete control sequences, `ESC [` parameters intermediates final (ECMA-48 5.4), and complete operating system
//! commands, `ESC ]` text `BEL` or `ESC \` (window titles, hyperlinks). All else stays as it came: a lone escape, a sequence that
//! breaks off, text. So only what a terminal would have swallowed is removed, wherever the output is cut into chunks.

use super::{Next, Piece, Stage, StageContext};
use crate::spec::StreamSpec;
use memchr::memchr;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;

/// A longer sequence is text; no terminal program writes such titles or links.
const MAX_SEQUENCE: usize = 4096;

/// The stage, for a stream that strips.
pub(crate) fn stage(spec: &StreamSpec) -> Option<Box<dyn Stage>> {
    spec.strip_ansi.then(|| -> Box<dyn Stage> { Box::<AnsiStripper>::default() })
}

/// The parser; it carries an unfinished sequence from one chunk to the next.
#[derive(Debug, Default)]
struct AnsiStripper {
    state: State,
    /// The sequence so far; empty exactly in `State::Ground`.
    held: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Ground,
    /// After `ESC`.
    Escape,
    /// In the parameters of a control sequence.
    Parameters,
    /// In its intermediates: no more parameters may follow.
    Intermediates,
    /// In the text of an operating system command.
    Command,
    /// After an `ESC` in that text.
    CommandEscape,
}

/// What a byte is to the sequence it comes in.
enum Step {
    /// It continues the sequence.
    Continue(State),
    /// It completes the sequence.
    Complete,
    /// It is no part of a sequence: what was held is text.
    Broken,
}

impl Stage for AnsiStripper {
    fn pass(&mut self, piece: Piece<'_>, context: &mut StageContext<'_>, next: Next<'_>) {
        match piece {
            Piece::Output { raw, text, is_logged } => {
                let mut visible = context.scratch.take();
                visible.refill(text.len() + self.held.len(), |visible| self.strip(text, visible));
                next(Piece::Output { raw, text: &visible, is_logged }, context);
                context.scratch.put_back(visible);
            }
            // Its bytes have passed here before, as output: a parser of its own must not disturb the state of this one.
            Piece::LogOnly(text) => {
                let (mut stripper, mut visible) = (Self::default(), Vec::new());
                stripper.strip(text, &mut visible);
                stripper.release(&mut visible);
                next(Piece::LogOnly(&visible), context);
            }
            Piece::Message(data) => next(Piece::Message(data), context),
        }
    }

    fn finish(&mut self, context: &mut StageContext<'_>, next: Next<'_>) {
        let mut rest = Vec::new();
        self.release(&mut rest);
        next(Piece::Output { raw: &[], text: &rest, is_logged: true }, context);
    }
}

impl AnsiStripper {
    /// Appends `input` without its sequences to `output`.
    fn strip(&mut self, mut input: &[u8], output: &mut Vec<u8>) {
        while !input.is_empty() {
            if self.state == State::Ground {
                let plain = memchr(ESC, input).unwrap_or(input.len());
                output.extend_from_slice(&input[..plain]);
                input = &input[plain..];
                if !input.is_empty() {
                    self.begin();
                    input = &input[1..];
                }
            } else if self.step(input[0], output) {
                input = &input[1..];
            }
        }
    }

    fn begin(&mut self) {
        self.state = State::Escape;
        self.held.push(ESC);
    }

    /// Handles one byte within a sequence; false if the byte is still to be looked at.
    fn step(&mut self, byte: u8, output: &mut Vec<u8>) -> bool {
        match classify(self.state, byte) {
            Step::Continue(next) if self.held.len() < MAX_SEQUENCE => {
                self.held.push(byte);
                self.state = next;
                true
            }
            Step::Complete => {
                self.held.clear();
                self.state = State::Ground;
                true
            }
            Step::Continue(_) | Step::Broken => {
                self.release(output);
                false
            }
        }
    }

    /// What is held is text after all.
    fn release(&mut self, output: &mut Vec<u8>) {
        // An `ESC` that ends the held text may begin the next sequence.
        let reopen = self.state == State::CommandEscape;
        let text = self.held.len() - usize::from(reopen);
        output.extend(self.held.drain(..text));
        self.state = if reopen { State::Escape } else { State::Ground };
    }
}

fn classify(state: State, byte: u8) -> Step {
    match state {
        State::Escape => after_escape(byte),
        State::Parameters => match byte {
            0x30..=0x3f => Step::Continue(State::Parameters),
            _ => after_parameters(byte),
        },
        State::Intermediates => after_parameters(byte),
        State::Command => match byte {
            BEL => Step::Complete,
            ESC => Step::Continue(State::CommandEscape),
            // Text may be UTF-8; a control character ends the attempt, so that an unfinished command never
            // eats a line.
            0x20..=0x7e | 0x80..=0xff => Step::Continue(State::Command),
            _ => Step::Broken,
        },
        State::CommandEscape if byte == b'\\' => Step::Complete,
        State::Ground | State::CommandEscape => Step::Broken,
    }
}

fn after_escape(byte: u8) -> Step {
    match byte {
        b'[' => Step::Continue(State::Parameters),
        b']' => Step::Continue(State::Command),
        _ => Step::Broken,
    }
}

fn after_parameters(byte: u8) -> Step {
    match byte {
        0x20..=0x2f => Step::Continue(State::Intermediates),
        0x40..=0x7e => Step::Complete,
        _ => Step::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn strip(chunks: &[&[u8]]) -> Vec<u8> {
        let mut stripper = AnsiStripper::default();
        let mut output = Vec::new();
        for chunk in chunks {
            stripper.strip(chunk, &mut output);
        }
        stripper.release(&mut output);
        output
    }

    /// PROC-52.
    #[test]
    fn colours_and_cursor_movements_are_removed() {
        assert_eq!(strip(&[b"a\x1b[1;31mred\x1b[0m \x1b[2J\x1b[10;20Hb\x1b[?25lc\n"]), b"ared bc\n");
    }

    /// PROC-52; upstream leaves `mZ`.
    #[test]
    fn a_sequence_cut_into_pieces_is_removed() {
        assert_eq!(strip(&[b"X\x1b[1", b"mZ"]), b"XZ");
        assert_eq!(strip(&[b"X\x1b", b"[", b"1", b";", b"m", b"Z"]), b"XZ");
    }

    /// Upstream swallows text up to the next final byte it knows.
    #[test]
    fn every_final_byte_ends_a_sequence() {
        assert_eq!(strip(&[b"\x1b[5n after \x1b[3G\x1b[2S\x1b[4 q."]), b" after .");
    }

    #[test]
    fn titles_and_links_are_removed() {
        assert_eq!(strip(&[b"\x1b]0;title\x07a\x1b]8;;http://x/\x1b\\link\x1b]8;;\x1b\\b"]), b"alinkb");
    }

    #[test]
    fn an_incomplete_sequence_stays_as_it_came() {
        for text in [
            &b"\x1b"[..],
            b"\x1bM",
            b"\x1b[12",
            b"\x1b[1\nm",
            b"\x1b]0;title\nline\n",
            b"\x1b]0;title\x1bx",
            b"\x1b\x1b",
            b"\x1b[\x80",
            b"\x1b[ 1m",
        ] {
            assert_eq!(strip(&[text]), text, "{text:?}");
        }
    }

    #[test]
    fn an_escape_that_breaks_a_sequence_may_begin_another() {
        assert_eq!(strip(&[b"\x1b[1\x1b[0mx"]), b"\x1b[1x");
        assert_eq!(strip(&[b"\x1b]0;t\x1b[0mx"]), b"\x1b]0;tx");
        assert_eq!(strip(&[b"\x1b\x1b[0mx"]), b"\x1bx");
    }

    #[test]
    fn an_endless_sequence_is_held_up_to_a_bound() {
        let endless = [&b"\x1b]"[..], &[b'a'; 2 * MAX_SEQUENCE]].concat();
        let mut stripper = AnsiStripper::default();
        let mut output = Vec::new();
        stripper.strip(&endless, &mut output);
        assert_eq!(output, endless);
        assert!(stripper.held.is_empty());
    }

    fn noisy_bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![
            Just(ESC),
            Just(b'['),
            Just(b']'),
            Just(BEL),
            Just(b'\\'),
            Just(b';'),
            Just(b'm'),
            any::<u8>()
        ];
        proptest::collection::vec(byte, 0..200)
    }

    proptest! {
        #[test]
        fn any_split_gives_the_same_output(
            input in noisy_bytes(),
            cuts in proptest::collection::vec(0usize..200, 0..6),
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
            prop_assert_eq!(strip(&chunks), strip(&[&input]));
        }

        #[test]
        fn text_without_escapes_is_untouched(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let input: Vec<u8> = bytes.into_iter().filter(|byte| *byte != ESC).collect();
            prop_assert_eq!(strip(&[&input]), input);
        }
    }
}
