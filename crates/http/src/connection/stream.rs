//! Streamed answers, with or without an end: pulls from the source whenever the outbox is empty.

use super::{Connection, Phase, Step, Turn};
use crate::exchange::{Exchange, Then};
use crate::mailbox::{Mailbox, Message};
use crate::wire::{self, Framing};
use crate::{Next, Source, StreamWaker};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;
use supervisor_core::Level;

/// A streamed answer that is being sent.
pub(super) struct Streaming {
    source: Box<dyn Source>,
    waker: StreamWaker,
    exchange: Exchange,
    is_chunked: bool,
    then: Then,
    /// The source had nothing, and has not called its waker since.
    is_waiting: bool,
    /// Bytes that are still to come; `None` if there is no end.
    remaining: Option<usize>,
    /// When the client took the last byte so far.
    pub(super) last_progress: Instant,
}

impl Streaming {
    /// `remaining` is the length of an answer that has one.
    pub(super) fn new(
        remaining: Option<usize>,
        mut source: Box<dyn Source>,
        waker: StreamWaker,
        exchange: Exchange,
        framing: Framing,
        then: Then,
        now: Instant,
    ) -> Self {
        source.start(waker.clone());
        Self {
            source,
            waker,
            exchange,
            is_chunked: framing.is_chunked,
            then,
            is_waiting: false,
            remaining,
            last_progress: now,
        }
    }

    /// Whether it goes on until the client or the server ends it.
    pub(super) fn is_endless(&self) -> bool {
        self.remaining.is_none()
    }

    /// The next piece; a source that panics ends the stream.
    fn next(&mut self, max: usize) -> Option<Next> {
        self.waker.rearm();
        catch_unwind(AssertUnwindSafe(|| self.source.next(max))).ok()
    }
}

impl fmt::Debug for Streaming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streaming").field("exchange", &self.exchange).finish_non_exhaustive()
    }
}

impl Connection {
    pub(super) fn stream_waker(&self, mailbox: &Arc<Mailbox>) -> StreamWaker {
        let (id, mailbox) = (self.id, Arc::clone(mailbox));
        StreamWaker::new(move || mailbox.post(Message::StreamReady(id)))
    }

    /// The source has called its waker.
    pub(crate) fn stream_is_ready(&mut self) {
        if let Phase::Streaming(streaming) = &mut self.phase {
            streaming.is_waiting = false;
        }
    }

    /// Asks the source for more. The outbox is empty, so at most one piece is held.
    pub(super) fn pull_stream(&mut self, turn: &Turn<'_>) -> Step {
        let Phase::Streaming(streaming) = &mut self.phase else { return Step::Blocked };
        if streaming.is_endless() && (self.is_half_closed || turn.is_draining) {
            return Step::Over;
        }
        if streaming.remaining == Some(0) {
            self.end_stream(turn);
            return Step::Progress;
        }
        if streaming.is_waiting {
            return Step::Blocked;
        }
        match streaming.next(turn.limits.stream_buffer) {
            Some(Next::Chunk(data)) => {
                if let Some(remaining) = &mut streaming.remaining {
                    let Some(rest) = remaining.checked_sub(data.len()) else {
                        (turn.log)(
                            Level::Error,
                            "an answer is longer than it was said to be; its connection is closed",
                        );
                        return Step::Over;
                    };
                    *remaining = rest;
                    streaming.last_progress = turn.now;
                }
                if !data.is_empty() {
                    let bytes = if streaming.is_chunked { wire::chunk(&data) } else { data };
                    streaming.exchange.count(bytes.len());
                    self.outbox.push(bytes);
                }
                Step::Progress
            }
            Some(Next::Pending) => {
                streaming.is_waiting = true;
                Step::Blocked
            }
            Some(Next::End) if !streaming.is_endless() => {
                // The log it reads has changed meanwhile: a cut connection shows the client that the answer is incomplete.
                Step::Over
            }
            Some(Next::End) => {
                self.end_stream(turn);
                Step::Progress
            }
            None => {
                (turn.log)(Level::Error, "the source of a stream panicked; its connection is closed");
                Step::Over
            }
        }
    }

    fn end_stream(&mut self, turn: &Turn<'_>) {
        let Phase::Streaming(streaming) = std::mem::replace(&mut self.phase, Phase::IDLE) else { return };
        let Streaming { mut exchange, is_chunked, then, .. } = streaming;
        if is_chunked {
            exchange.count(wire::LAST_CHUNK.len());
            self.outbox.push(wire::LAST_CHUNK.to_vec());
        }
        self.phase = Phase::Answering { exchange, then, last_progress: turn.now, _charge: None };
    }
}
