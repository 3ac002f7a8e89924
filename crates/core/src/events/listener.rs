//! The protocol of event listeners: a parser for what one writes to its standard output.
//!
//! ```text
//!   spawned                READY\n             event written
//!  ────────▶ ACKNOWLEDGED ────────▶ READY ───────────────────────▶ BUSY
//!                 ▲                                                  │
//!                 └─────────────── RESULT 2\nOK ─────────────────────┘
//!                                  RESULT n\n… (anything else: rejected)
//! ```
//! Anything that does not fit leads to UNKNOWN, which only a new child leaves. Bytes may arrive in any
//! portions. Memory is bounded: no line is longer than [`LINE_LIMIT`], and of a result's body only whether
//! it is still `OK` is kept.

use crate::events::pool::QueuedEvent;
use crate::repr;
use crate::snapshot::codec::{codec_enum, codec_struct};

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
    pub(crate) state: ListenerState,
    /// The event is being written to its standard input.
    pub(crate) is_writing: bool,
    /// No event can reach it any more.
    pub(crate) has_closed_stdin: bool,
}

codec_struct!(Listener { state, is_writing, has_closed_stdin });

/// Where a listener is in the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ListenerState {
    /// Has yet to say that it is ready.
    Acknowledged {
        /// What it has said so far, less than `READY\n`.
        said: Vec<u8>,
    },
    /// Waits for an event.
    Ready,
    /// Works on an event.
    Busy { event: QueuedEvent, result: ResultProgress },
    /// Has broken the protocol.
    Unknown,
}

codec_enum!(ListenerState {
    0 => Acknowledged { said },
    1 => Ready,
    2 => Busy { event, result },
    3 => Unknown,
});

/// How much of a result has arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ResultProgress {
    /// The first part of the result line.
    Line(Vec<u8>),
    /// The line; of the body `seen` bytes, `left` more to come.
    Body { seen: u64, left: u64, is_ok: bool },
}

codec_enum!(ResultProgress { 0 => Line(line), 1 => Body { seen, left, is_ok } });

/// What a listener's output means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// It is ready for an event.
    Ready,
    /// It wrote something in a state, of this name, in which it must not.
    Violation(&'static str),
    /// It has dealt with its event.
    Processed,
    /// It rejects this event.
    Rejected(QueuedEvent),
    /// It ended its event with a line that is no result line.
    BadLine { line: String, event: QueuedEvent },
}

impl Default for ListenerState {
    fn default() -> Self {
        Self::Acknowledged { said: Vec::new() }
    }
}

impl Listener {
    /// Whether it can take an event.
    pub(crate) fn is_free(&self) -> bool {
        self.state == ListenerState::Ready && !self.is_writing && !self.has_closed_stdin
    }

    /// Assigns it an event.
    pub(crate) fn take(&mut self, event: QueuedEvent) {
        self.state = ListenerState::Busy { event, result: ResultProgress::Line(Vec::new()) };
        self.is_writing = true;
    }

    /// Removes the event it is processing, if any; it is then ready.
    pub(crate) fn take_event(&mut self) -> Option<QueuedEvent> {
        match std::mem::replace(&mut self.state, ListenerState::Ready) {
            ListenerState::Busy { event, .. } => Some(event),
            other => {
                self.state = other;
                None
            }
        }
    }

    /// The serial of the event it works on.
    pub(crate) fn current(&self) -> Option<u64> {
        match &self.state {
            ListenerState::Busy { event, .. } => Some(event.event.serial),
            ListenerState::Acknowledged { .. } | ListenerState::Ready | ListenerState::Unknown => None,
        }
    }

    /// Parses what it wrote, and calls `message` for each message in it.
    pub(crate) fn parse(&mut self, mut bytes: &[u8], mut message: impl FnMut(Message)) {
        while !bytes.is_empty() {
            let state = std::mem::replace(&mut self.state, ListenerState::Unknown);
            let (next, rest) = match state {
                ListenerState::Acknowledged { said } => parse_ready(said, bytes, &mut message),
                ListenerState::Ready => {
                    message(Message::Violation("READY"));
                    (ListenerState::Unknown, &[][..])
                }
                ListenerState::Busy { event, result: ResultProgress::Line(line) } => {
                    parse_result_line(event, line, bytes, &mut message)
                }
                ListenerState::Busy { event, result: ResultProgress::Body { seen, left, is_ok } } => {
                    parse_result_body(event, (seen, left, is_ok), bytes, &mut message)
                }
                ListenerState::Unknown => (ListenerState::Unknown, &[][..]),
            };
            self.state = next;
            bytes = rest;
        }
    }
}

/// Expects `READY\n`; compares only once as many bytes have arrived, as upstream does.
fn parse_ready<'a>(
    mut said: Vec<u8>,
    bytes: &'a [u8],
    message: &mut impl FnMut(Message),
) -> (ListenerState, &'a [u8]) {
    let (head, rest) = bytes.split_at(bytes.len().min(READY.len() - said.len()));
    said.extend_from_slice(head);
    if said.len() < READY.len() {
        (ListenerState::Acknowledged { said }, rest)
    } else if said == READY {
        message(Message::Ready);
        (ListenerState::Ready, rest)
    } else {
        message(Message::Violation("ACKNOWLEDGED"));
        (ListenerState::Unknown, &[])
    }
}

fn parse_result_line<'a>(
    event: QueuedEvent,
    mut line: Vec<u8>,
    bytes: &'a [u8],
    message: &mut impl FnMut(Message),
) -> (ListenerState, &'a [u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let head = &bytes[..end.unwrap_or(bytes.len())];
    line.extend_from_slice(&head[..head.len().min(LINE_LIMIT + 1 - line.len())]);
    if end.is_none() && line.len() <= LINE_LIMIT {
        return (ListenerState::Busy { event, result: ResultProgress::Line(line) }, &[]);
    }
    let rest = end.map_or(&[][..], |end| &bytes[end + 1..]);
    match announced_length(&line) {
        Some(0) => {
            message(Message::Rejected(event));
            (ListenerState::default(), rest)
        }
        Some(left) => (
            ListenerState::Busy { event, result: ResultProgress::Body { seen: 0, left, is_ok: left == 2 } },
            rest,
        ),
        None => {
            message(Message::BadLine { line: repr::decoded(&line).into_owned(), event });
            (ListenerState::Unknown, &[])
        }
    }
}

fn parse_result_body<'a>(
    event: QueuedEvent,
    (mut seen, mut left, mut is_ok): (u64, u64, bool),
    mut bytes: &'a [u8],
    message: &mut impl FnMut(Message),
) -> (ListenerState, &'a [u8]) {
    while left > 0 {
        let Some((byte, rest)) = bytes.split_first() else {
            return (ListenerState::Busy { event, result: ResultProgress::Body { seen, left, is_ok } }, &[]);
        };
        is_ok = is_ok && usize::try_from(seen).ok().and_then(|seen| OK.get(seen)) == Some(byte);
        (seen, left, bytes) = (seen + 1, left - 1, rest);
    }
    message(if is_ok { Message::Processed } else { Message::Rejected(event) });
    (ListenerState::default(), bytes)
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
    use crate::events::{Event, EventKind};

    fn event() -> QueuedEvent {
        let event = Event { serial: 7, kind: EventKind::RemoteCommunication, payload: "type:a\nb".into() };
        QueuedEvent { event, pool_serial: 3, failures: 0 }
    }

    fn busy() -> Listener {
        let mut listener = Listener::default();
        assert_eq!(parsed(&mut listener, b"READY\n"), [Message::Ready]);
        assert!(listener.is_free());
        listener.take(event());
        assert!(!listener.is_free());
        listener
    }

    fn parsed(listener: &mut Listener, bytes: &[u8]) -> Vec<Message> {
        let mut messages = Vec::new();
        listener.parse(bytes, |message| messages.push(message));
        messages
    }

    fn bad(line: &str) -> Vec<Message> {
        vec![Message::BadLine { line: line.to_owned(), event: event() }]
    }

    #[test]
    fn a_result_of_ok_completes_the_event_however_the_bytes_are_split() {
        let bytes = b"RESULT 2\nOKREADY\n";
        for cut in 0..=bytes.len() {
            let mut listener = busy();
            let mut messages = parsed(&mut listener, &bytes[..cut]);
            messages.extend(parsed(&mut listener, &bytes[cut..]));
            assert_eq!(messages, [Message::Processed, Message::Ready], "cut at {cut}");
        }
        let mut listener = busy();
        let messages: Vec<_> = bytes.iter().flat_map(|byte| parsed(&mut listener, &[*byte])).collect();
        assert_eq!(messages, [Message::Processed, Message::Ready]);
    }

    #[test]
    fn every_other_result_rejects_the_event() {
        for result in
            [&b"RESULT 4\nFAIL"[..], b"RESULT 0\n", b"RESULT 2\nok", b"RESULT 3\nOK\n", b"RESULT 1\nO"]
        {
            let mut listener = busy();
            assert_eq!(parsed(&mut listener, result), [Message::Rejected(event())]);
            assert_eq!(listener.state, ListenerState::default());
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
            assert_eq!(parsed(&mut listener, format!("{line}\nOK").as_bytes()), bad(line));
            assert_eq!(listener.state, ListenerState::Unknown);
            assert_eq!(parsed(&mut listener, b"READY\n"), []);
        }
        let mut listener = busy();
        assert_eq!(parsed(&mut listener, b"\xff\n"), bad(r"Undecodable: b'\xff'"));
    }

    #[test]
    fn neither_a_line_without_end_nor_a_huge_result_takes_memory() {
        let mut listener = busy();
        assert_eq!(parsed(&mut listener, &[b'x'; 1000]), bad(&"x".repeat(LINE_LIMIT + 1)));
        let mut listener = busy();
        assert_eq!(parsed(&mut listener, b"RESULT 1048577\n"), bad("RESULT 1048577"));
        let mut listener = busy();
        assert_eq!(parsed(&mut listener, b"RESULT 1048576\n"), []);
        assert_eq!(parsed(&mut listener, &vec![b'O'; 1 << 20]), [Message::Rejected(event())]);
    }

    /// EVT-24, EVT-25.
    #[test]
    fn speaking_out_of_turn_breaks_the_protocol() {
        let mut listener = Listener::default();
        assert_eq!(parsed(&mut listener, b"garba"), []);
        assert_eq!(parsed(&mut listener, b"ge"), [Message::Violation("ACKNOWLEDGED")]);
        assert_eq!(listener.state, ListenerState::Unknown);
        let mut listener = Listener::default();
        assert_eq!(parsed(&mut listener, b"READY\nx"), [Message::Ready, Message::Violation("READY")]);
    }

    #[test]
    fn an_unfinished_event_can_be_taken_back() {
        let mut listener = busy();
        assert_eq!(listener.current(), Some(7));
        assert_eq!(listener.take_event(), Some(event()));
        assert_eq!(listener.take_event(), None);
        assert_eq!(listener.state, ListenerState::Ready);
    }
}
