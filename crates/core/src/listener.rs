//! The protocol of event listeners: what one writes goes in, verdicts come out.
//!
//! ```text
//!   spawned                READY\n             event handed over
//!  ────────▶ ACKNOWLEDGED ────────▶ READY ───────────────────────▶ BUSY
//!                 ▲                                                  │
//!                 └─────────────── RESULT 2\nOK ─────────────────────┘
//!                                  RESULT n\n… (anything else: rejected)
//! ```
//! Anything that does not fit leads to UNKNOWN, which only a new child leaves. Bytes may arrive in any
//! portions. Memory is bounded: no line is longer than [`LINE_LIMIT`], and of a result's body only whether
//! it is still `OK` is kept.

use crate::pool::Queued;
use crate::repr;

const READY: &[u8] = b"READY\n";
const RESULT: &[u8] = b"RESULT ";
const OK: &[u8] = b"OK";

/// No result line is longer: the word, a blank and a length.
const LINE_LIMIT: usize = 64;

/// A result longer than this is a broken listener, not an answer.
const RESULT_LIMIT: u64 = 1 << 20;

/// One listener's side of the protocol.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listener {
    pub(crate) stage: Stage,
    /// An event has been handed to the daemon that is not written completely yet.
    pub(crate) is_writing: bool,
    /// It has closed its standard input: no event can reach it any more.
    pub(crate) is_deaf: bool,
}

/// Where a listener is in the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Has yet to say that it is ready.
    Acknowledged {
        /// What it has said so far, less than `READY\n`.
        said: Vec<u8>,
    },
    /// Waits for an event.
    Ready,
    /// Works on an event.
    Busy { event: Queued, result: Reception },
    /// Has broken the protocol.
    Unknown,
}

/// How much of a result has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reception {
    /// The first part of the result line.
    Line(Vec<u8>),
    /// The line; of the body `seen` bytes, `left` more to come.
    Body { seen: u64, left: u64, is_ok: bool },
}

/// What a listener's output means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is ready for an event.
    Ready,
    /// It spoke out of turn, in the stage of this name.
    Violation(&'static str),
    /// It has dealt with its event.
    Processed,
    /// It would rather not have this event now.
    Rejected(Queued),
    /// It ended its event with a line that is no result line.
    BadLine { line: String, event: Queued },
}

impl Default for Stage {
    fn default() -> Self {
        Self::Acknowledged { said: Vec::new() }
    }
}

impl Listener {
    /// Whether an event can be handed to it.
    pub(crate) fn is_free(&self) -> bool {
        self.stage == Stage::Ready && !self.is_writing && !self.is_deaf
    }

    /// Hands it an event.
    pub(crate) fn take(&mut self, event: Queued) {
        self.stage = Stage::Busy { event, result: Reception::Line(Vec::new()) };
        self.is_writing = true;
    }

    /// Takes its unfinished event away from it, if it has one; it then waits as if it had not got it.
    pub(crate) fn forfeit(&mut self) -> Option<Queued> {
        match std::mem::replace(&mut self.stage, Stage::Ready) {
            Stage::Busy { event, .. } => Some(event),
            other => {
                self.stage = other;
                None
            }
        }
    }

    /// The serial of the event it works on.
    pub(crate) fn current(&self) -> Option<u64> {
        match &self.stage {
            Stage::Busy { event, .. } => Some(event.event.serial),
            Stage::Acknowledged { .. } | Stage::Ready | Stage::Unknown => None,
        }
    }

    /// Takes what it wrote, and says what that means, one verdict after the other.
    pub(crate) fn hear(&mut self, mut bytes: &[u8], mut verdict: impl FnMut(Verdict)) {
        while !bytes.is_empty() {
            let stage = std::mem::replace(&mut self.stage, Stage::Unknown);
            let (next, rest) = match stage {
                Stage::Acknowledged { said } => hear_greeting(said, bytes, &mut verdict),
                Stage::Ready => {
                    verdict(Verdict::Violation("READY"));
                    (Stage::Unknown, &[][..])
                }
                Stage::Busy { event, result: Reception::Line(line) } => {
                    hear_line(event, line, bytes, &mut verdict)
                }
                Stage::Busy { event, result: Reception::Body { seen, left, is_ok } } => {
                    hear_body(event, (seen, left, is_ok), bytes, &mut verdict)
                }
                Stage::Unknown => (Stage::Unknown, &[][..]),
            };
            self.stage = next;
            bytes = rest;
        }
    }
}

/// Waits for `READY\n`, and judges only once as many bytes have come, as upstream does.
fn hear_greeting<'a>(
    mut said: Vec<u8>,
    bytes: &'a [u8],
    verdict: &mut impl FnMut(Verdict),
) -> (Stage, &'a [u8]) {
    let (head, rest) = bytes.split_at(bytes.len().min(READY.len() - said.len()));
    said.extend_from_slice(head);
    if said.len() < READY.len() {
        (Stage::Acknowledged { said }, rest)
    } else if said == READY {
        verdict(Verdict::Ready);
        (Stage::Ready, rest)
    } else {
        verdict(Verdict::Violation("ACKNOWLEDGED"));
        (Stage::Unknown, &[])
    }
}

fn hear_line<'a>(
    event: Queued,
    mut line: Vec<u8>,
    bytes: &'a [u8],
    verdict: &mut impl FnMut(Verdict),
) -> (Stage, &'a [u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let head = &bytes[..end.unwrap_or(bytes.len())];
    line.extend_from_slice(&head[..head.len().min(LINE_LIMIT + 1 - line.len())]);
    if end.is_none() && line.len() <= LINE_LIMIT {
        return (Stage::Busy { event, result: Reception::Line(line) }, &[]);
    }
    let rest = end.map_or(&[][..], |end| &bytes[end + 1..]);
    match announced_length(&line) {
        Some(0) => {
            verdict(Verdict::Rejected(event));
            (Stage::default(), rest)
        }
        Some(left) => {
            (Stage::Busy { event, result: Reception::Body { seen: 0, left, is_ok: left == 2 } }, rest)
        }
        None => {
            verdict(Verdict::BadLine { line: repr::decoded(&line).into_owned(), event });
            (Stage::Unknown, &[])
        }
    }
}

fn hear_body<'a>(
    event: Queued,
    (mut seen, mut left, mut is_ok): (u64, u64, bool),
    mut bytes: &'a [u8],
    verdict: &mut impl FnMut(Verdict),
) -> (Stage, &'a [u8]) {
    while left > 0 {
        let Some((byte, rest)) = bytes.split_first() else {
            return (Stage::Busy { event, result: Reception::Body { seen, left, is_ok } }, &[]);
        };
        is_ok = is_ok && usize::try_from(seen).ok().and_then(|seen| OK.get(seen)) == Some(byte);
        (seen, left, bytes) = (seen + 1, left - 1, rest);
    }
    verdict(if is_ok { Verdict::Processed } else { Verdict::Rejected(event) });
    (Stage::default(), bytes)
}

/// The length in `RESULT 2`; strictly digits after the blank.
fn announced_length(line: &[u8]) -> Option<u64> {
    let digits = line.strip_prefix(RESULT)?;
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let length = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (length <= RESULT_LIMIT).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, EventKind};

    fn event() -> Queued {
        let event = Event { serial: 7, kind: EventKind::RemoteCommunication, payload: "type:a\nb".into() };
        Queued { event, pool_serial: 3, failures: 0 }
    }

    fn busy() -> Listener {
        let mut listener = Listener::default();
        assert_eq!(heard(&mut listener, b"READY\n"), [Verdict::Ready]);
        assert!(listener.is_free());
        listener.take(event());
        assert!(!listener.is_free());
        listener
    }

    fn heard(listener: &mut Listener, bytes: &[u8]) -> Vec<Verdict> {
        let mut verdicts = Vec::new();
        listener.hear(bytes, |verdict| verdicts.push(verdict));
        verdicts
    }

    fn bad(line: &str) -> Vec<Verdict> {
        vec![Verdict::BadLine { line: line.to_owned(), event: event() }]
    }

    #[test]
    fn a_result_of_ok_completes_the_event_however_the_bytes_are_split() {
        let bytes = b"RESULT 2\nOKREADY\n";
        for cut in 0..=bytes.len() {
            let mut listener = busy();
            let mut verdicts = heard(&mut listener, &bytes[..cut]);
            verdicts.extend(heard(&mut listener, &bytes[cut..]));
            assert_eq!(verdicts, [Verdict::Processed, Verdict::Ready], "cut at {cut}");
        }
        let mut listener = busy();
        let verdicts: Vec<_> = bytes.iter().flat_map(|byte| heard(&mut listener, &[*byte])).collect();
        assert_eq!(verdicts, [Verdict::Processed, Verdict::Ready]);
    }

    #[test]
    fn every_other_result_rejects_the_event() {
        for result in
            [&b"RESULT 4\nFAIL"[..], b"RESULT 0\n", b"RESULT 2\nok", b"RESULT 3\nOK\n", b"RESULT 1\nO"]
        {
            let mut listener = busy();
            assert_eq!(heard(&mut listener, result), [Verdict::Rejected(event())]);
            assert_eq!(listener.stage, Stage::default());
        }
    }

    /// EVT-26, and what upstream takes for a number.
    #[test]
    fn a_line_that_is_no_result_line_breaks_the_protocol() {
        for line in [
            "WHATEVER xx",
            "WHATEVER 2",
            "RESULT",
            "RESULT ",
            "RESULT +2",
            "RESULT 1_0",
            "RESULT -1",
            "RESULT 2 ",
        ] {
            let mut listener = busy();
            assert_eq!(heard(&mut listener, format!("{line}\nOK").as_bytes()), bad(line));
            assert_eq!(listener.stage, Stage::Unknown);
            assert_eq!(heard(&mut listener, b"READY\n"), []);
        }
        let mut listener = busy();
        assert_eq!(heard(&mut listener, b"\xff\n"), bad(r"Undecodable: b'\xff'"));
    }

    #[test]
    fn neither_a_line_without_end_nor_a_huge_result_takes_memory() {
        let mut listener = busy();
        assert_eq!(heard(&mut listener, &[b'x'; 1000]), bad(&"x".repeat(LINE_LIMIT + 1)));
        let mut listener = busy();
        assert_eq!(heard(&mut listener, b"RESULT 1048577\n"), bad("RESULT 1048577"));
        let mut listener = busy();
        assert_eq!(heard(&mut listener, b"RESULT 1048576\n"), []);
        assert_eq!(heard(&mut listener, &vec![b'O'; 1 << 20]), [Verdict::Rejected(event())]);
    }

    /// EVT-24, EVT-25.
    #[test]
    fn speaking_out_of_turn_breaks_the_protocol() {
        let mut listener = Listener::default();
        assert_eq!(heard(&mut listener, b"garba"), []);
        assert_eq!(heard(&mut listener, b"ge"), [Verdict::Violation("ACKNOWLEDGED")]);
        assert_eq!(listener.stage, Stage::Unknown);
        let mut listener = Listener::default();
        assert_eq!(heard(&mut listener, b"READY\nx"), [Verdict::Ready, Verdict::Violation("READY")]);
    }

    #[test]
    fn an_unfinished_event_can_be_taken_back() {
        let mut listener = busy();
        assert_eq!(listener.current(), Some(7));
        assert_eq!(listener.forfeit(), Some(event()));
        assert_eq!(listener.forfeit(), None);
        assert_eq!(listener.stage, Stage::Ready);
    }
}
