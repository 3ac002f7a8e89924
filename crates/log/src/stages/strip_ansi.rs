//! Removing terminal control sequences (`strip_ansi`).
//!
//! Removed are complete control sequences, `ESC [` parameters intermediates final (ECMA-48 5.4), and complete
//! operating system commands, `ESC ]` text `BEL` or `ESC \` (window titles, hyperlinks). Everything else
//! stays as it came: a lone escape, a sequence that breaks off, text. So only what a terminal would have
//! swallowed is lost, however the input is cut into chunks.

use memchr::memchr;

const ESC: u8 = 0x1b;
const BEL: u8 = 0x07;

/// A longer sequence is taken for text; no terminal program writes such titles or links.
const LONGEST_SEQUENCE: usize = 4096;

/// The parser; it carries an unfinished sequence from one chunk to the next.
#[derive(Debug, Default)]
pub(crate) struct StripStage {
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

/// What a byte means to the sequence it comes in.
enum Verdict {
    /// It continues it.
    Continue(State),
    /// It completes it.
    Complete,
    /// It does not belong to it: what was held is text.
    Broken,
}

impl StripStage {
    /// Appends `input` without its sequences to `output`.
    pub(crate) fn strip(&mut self, mut input: &[u8], output: &mut Vec<u8>) {
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

    /// How many bytes are held: so many more than it is given may come out.
    pub(crate) fn held(&self) -> usize {
        self.held.len()
    }

    /// The input has ended: what is held is text.
    pub(crate) fn finish(&mut self, output: &mut Vec<u8>) {
        self.release(output);
    }

    fn begin(&mut self) {
        self.state = State::Escape;
        self.held.push(ESC);
    }

    /// Handles one byte within a sequence; false if the byte is still to be looked at.
    fn step(&mut self, byte: u8, output: &mut Vec<u8>) -> bool {
        match verdict(self.state, byte) {
            Verdict::Continue(next) if self.held.len() < LONGEST_SEQUENCE => {
                self.held.push(byte);
                self.state = next;
                true
            }
            Verdict::Complete => {
                self.held.clear();
                self.state = State::Ground;
                true
            }
            Verdict::Continue(_) | Verdict::Broken => {
                self.release(output);
                false
            }
        }
    }

    fn release(&mut self, output: &mut Vec<u8>) {
        // An `ESC` that ends the held text may begin the next sequence.
        let reopen = self.state == State::CommandEscape;
        let text = self.held.len() - usize::from(reopen);
        output.extend(self.held.drain(..text));
        self.state = if reopen { State::Escape } else { State::Ground };
    }
}

fn verdict(state: State, byte: u8) -> Verdict {
    match state {
        State::Escape => after_escape(byte),
        State::Parameters => match byte {
            0x30..=0x3f => Verdict::Continue(State::Parameters),
            _ => after_parameters(byte),
        },
        State::Intermediates => after_parameters(byte),
        State::Command => match byte {
            BEL => Verdict::Complete,
            ESC => Verdict::Continue(State::CommandEscape),
            // Text may be UTF-8; a control character ends the attempt, so that an unfinished command never
            // eats a line.
            0x20..=0x7e | 0x80..=0xff => Verdict::Continue(State::Command),
            _ => Verdict::Broken,
        },
        State::CommandEscape if byte == b'\\' => Verdict::Complete,
        State::Ground | State::CommandEscape => Verdict::Broken,
    }
}

fn after_escape(byte: u8) -> Verdict {
    match byte {
        b'[' => Verdict::Continue(State::Parameters),
        b']' => Verdict::Continue(State::Command),
        _ => Verdict::Broken,
    }
}

fn after_parameters(byte: u8) -> Verdict {
    match byte {
        0x20..=0x2f => Verdict::Continue(State::Intermediates),
        0x40..=0x7e => Verdict::Complete,
        _ => Verdict::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn strip(chunks: &[&[u8]]) -> Vec<u8> {
        let mut strip = StripStage::default();
        let mut output = Vec::new();
        for chunk in chunks {
            strip.strip(chunk, &mut output);
        }
        strip.finish(&mut output);
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
    fn what_is_no_complete_sequence_stays_as_it_came() {
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
    fn a_sequence_without_end_is_held_up_to_a_bound_only() {
        let endless = [&b"\x1b]"[..], &[b'a'; 2 * LONGEST_SEQUENCE]].concat();
        let mut strip = StripStage::default();
        let mut output = Vec::new();
        strip.strip(&endless, &mut output);
        assert_eq!(output, endless);
        assert!(strip.held.is_empty());
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
