//! The text of a main-log record.

use supervisor_core::{Level, Wall};
use supervisor_sys::{CopyBuffer, clock};

/// How an output wants its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// As text with a newline at the end; continuation lines as they are.
    Text,
    /// Each line with timestamp and level in front, as each becomes a message of its own.
    Messages,
}

/// A message as it is written. An echo of what a child wrote may be long.
pub(super) fn format(layout: Layout, at: Wall, level: Level, message: &[u8]) -> CopyBuffer {
    let timestamp = clock::log_timestamp(at);
    let mut formatted = CopyBuffer::default();
    formatted.refill(message.len() + 32, |record| {
        let mut line = |text: &[u8]| {
            record.extend_from_slice(timestamp.as_bytes());
            record.push(b' ');
            record.extend_from_slice(level.word().as_bytes());
            record.push(b' ');
            record.extend_from_slice(text);
            record.push(b'\n');
        };
        match layout {
            Layout::Text => line(message),
            Layout::Messages => without_final_newlines(message).split(|byte| *byte == b'\n').for_each(line),
        }
    });
    formatted
}

/// The system log gets no messages for newlines at the end.
fn without_final_newlines(message: &[u8]) -> &[u8] {
    let end = message.iter().rposition(|byte| *byte != b'\n').map_or(0, |last| last + 1);
    &message[..end]
}
