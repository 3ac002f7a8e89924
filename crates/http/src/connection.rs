//! One connection: receives a request, passes it to the service, sends the answer, and receives the next.
//!
//! ```text
//!             head and body complete          answer given
//! Receiving ───────────────────────▶ Waiting ──────────────▶ Answering ─▶ Receiving, or the end
//!     │                                 │                        ▲   └──▶ Lingering ─▶ the end
//!     │ cannot be taken                 └──────▶ Streaming ──────┤
//!     └──────────────────────────────────────────────────────────┘
//! ```
//!
//! Readiness is edge-triggered: `is_readable` and `is_writable` keep what the poll reported until a read or a
//! write would block. Nothing is read while an answer is being made or sent, so pipelined requests wait in the
//! socket.

mod admission;
mod answer;
mod receive;
mod stream;

use crate::exchange::{Exchange, Then};
use crate::head::Head;
use crate::inbox::Inbox;
use crate::mailbox::{ConnectionId, Mailbox};
use crate::outbox::Outbox;
use crate::socket::Stream;
use crate::{Charge, Client, Credentials, Limits, Log, Peer, Service, Status};
use mio::event::Event;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stream::Streaming;
use supervisor_core::Level;

/// What applies to all connections of one listener.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) section: Arc<str>,
    pub(crate) credentials: Option<Credentials>,
}

/// What a connection needs of the server during its turn.
pub(crate) struct Turn<'a> {
    pub(crate) limits: &'a Limits,
    pub(crate) mailbox: &'a Arc<Mailbox>,
    pub(crate) service: &'a mut dyn Service,
    pub(crate) log: &'a Log,
    pub(crate) scratch: &'a mut [u8],
    pub(crate) now: Instant,
    /// No further request is taken after the one in hand.
    pub(crate) is_draining: bool,
}

/// How a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Until the socket is ready, the answer is there, or the deadline has passed.
    Sleep,
    /// There is more to do; other connections come first.
    Again,
    /// The connection is over.
    Close,
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Progress,
    Blocked,
    Over,
}

/// Steps of a turn; a step moves at most one scratch buffer. Keeps a busy client from starving others.
const STEPS: usize = 16;

/// The request timeout grows by a second for each of these bytes, for large bodies.
const BYTES_PER_SECOND: usize = 16 * 1024;

#[derive(Debug)]
enum Phase {
    /// Between requests, or in the middle of one.
    Receiving {
        /// The head, and the length of the body that is still coming.
        head: Option<(Box<Head>, usize)>,
        /// When the first byte came.
        since: Option<Instant>,
    },
    /// The service has the request.
    Waiting { exchange: Exchange, client: Client },
    /// All of the answer is in the outbox.
    Answering { exchange: Exchange, then: Then, last_progress: Instant, _charge: Option<Charge> },
    /// The answer is produced while it is sent.
    Streaming(Streaming),
    /// The answer has been sent, and the client may still be sending: input is discarded.
    Lingering { until: Instant },
}

impl Phase {
    const IDLE: Self = Self::Receiving { head: None, since: None };
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Connection {
    id: ConnectionId,
    stream: Stream,
    peer: Peer,
    rules: Arc<Rules>,
    phase: Phase,
    inbox: Inbox,
    /// The charge for a long request.
    charge: Option<Charge>,
    outbox: Outbox,
    is_readable: bool,
    is_writable: bool,
    /// The client has shut down its sending side; it may still be reading.
    is_half_closed: bool,
    /// It has sent a request.
    has_requested: bool,
    idle_since: Instant,
}

impl Connection {
    pub(crate) fn new(id: ConnectionId, stream: Stream, peer: Peer, rules: Arc<Rules>, now: Instant) -> Self {
        Self {
            id,
            stream,
            peer,
            rules,
            phase: Phase::IDLE,
            inbox: Inbox::default(),
            charge: None,
            outbox: Outbox::default(),
            is_readable: true,
            is_writable: true,
            is_half_closed: false,
            has_requested: false,
            idle_since: now,
        }
    }

    pub(crate) fn stream_mut(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// For how long it has been idle; `None` while a request is in hand.
    pub(crate) fn idle_for(&self, now: Instant) -> Option<Duration> {
        let is_idle = matches!(self.phase, Phase::Receiving { head: None, since: None });
        is_idle.then(|| now.saturating_duration_since(self.idle_since))
    }

    pub(crate) fn has_requested(&self) -> bool {
        self.has_requested
    }

    /// Whether it only waits for the client to close.
    pub(crate) fn is_lingering(&self) -> bool {
        matches!(self.phase, Phase::Lingering { .. })
    }

    /// Whether a drain closes it at once: it is idle, or streams without end.
    pub(crate) fn closes_on_drain(&self) -> bool {
        match &self.phase {
            Phase::Receiving { head: None, since: None } | Phase::Lingering { .. } => true,
            Phase::Streaming(streaming) => streaming.is_endless(),
            Phase::Receiving { .. } | Phase::Waiting { .. } | Phase::Answering { .. } => false,
        }
    }

    /// When it expires, should nothing happen before.
    pub(crate) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        match &self.phase {
            Phase::Receiving { since, .. } => since.map(|since| {
                let seconds = u64::try_from(self.inbox.len() / BYTES_PER_SECOND).unwrap_or(u64::MAX);
                since + limits.request_timeout + Duration::from_secs(seconds)
            }),
            Phase::Answering { last_progress, .. } => Some(*last_progress + limits.answer_timeout),
            Phase::Lingering { until } => Some(*until),
            // Of an answer that ends, and is there to be taken.
            Phase::Streaming(streaming) if !streaming.is_endless() && !self.outbox.is_empty() => {
                Some(streaming.last_progress + limits.answer_timeout)
            }
            Phase::Waiting { .. } | Phase::Streaming(_) => None,
        }
    }

    /// Records what the poll reported.
    pub(crate) fn record_readiness(&mut self, event: &Event) {
        let is_read_closed = event.is_read_closed();
        let is_write_closed = event.is_write_closed() || event.is_error();
        self.is_readable |= event.is_readable() || is_read_closed || is_write_closed;
        self.is_writable |= event.is_writable() || is_write_closed;
        if (is_read_closed || is_write_closed) && !self.is_half_closed {
            self.is_half_closed = true;
            // It may still be reading, but most likely it is gone: cancel what can be cancelled.
            if let Phase::Waiting { client, .. } = &self.phase {
                client.disconnect();
            }
        }
    }

    /// Takes up to `STEPS` steps.
    pub(crate) fn turn(&mut self, turn: &mut Turn<'_>) -> Outcome {
        for _ in 0..STEPS {
            match self.step(turn) {
                Step::Progress => {}
                Step::Blocked => return Outcome::Sleep,
                Step::Over => return Outcome::Close,
            }
        }
        Outcome::Again
    }

    /// The deadline has passed.
    pub(crate) fn expire(&mut self, turn: &mut Turn<'_>) -> Outcome {
        match self.phase {
            Phase::Receiving { .. } => {
                self.refuse(Status::RequestTimeout, Exchange::unreadable(), turn);
                self.turn(turn)
            }
            Phase::Answering { .. } | Phase::Streaming(_) | Phase::Lingering { .. } => Outcome::Close,
            Phase::Waiting { .. } => Outcome::Sleep,
        }
    }

    /// Answers 503 and closes: there is no room for this client.
    pub(crate) fn reject(&mut self, turn: &mut Turn<'_>) -> Outcome {
        self.refuse(Status::ServiceUnavailable, Exchange::unreadable(), turn);
        self.turn(turn)
    }

    /// The connection is over: runs the disconnect hooks of the request in hand.
    pub(crate) fn disconnect(self) {
        if let Phase::Waiting { client, .. } = self.phase {
            client.disconnect();
        }
    }

    fn step(&mut self, turn: &mut Turn<'_>) -> Step {
        if !self.outbox.is_empty() {
            return self.flush(turn.now);
        }
        match &self.phase {
            Phase::Receiving { .. } => self.receive(turn),
            Phase::Waiting { .. } => Step::Blocked,
            Phase::Answering { .. } => self.finish_answer(turn),
            Phase::Streaming(_) => self.pull_stream(turn),
            Phase::Lingering { .. } => self.discard(turn),
        }
    }

    fn flush(&mut self, now: Instant) -> Step {
        if !self.is_writable {
            return Step::Blocked;
        }
        let Ok(flushed) = self.outbox.flush(&mut self.stream) else { return Step::Over };
        if flushed.bytes > 0 {
            match &mut self.phase {
                Phase::Answering { last_progress, .. } => *last_progress = now,
                Phase::Streaming(streaming) => streaming.last_progress = now,
                Phase::Receiving { .. } | Phase::Waiting { .. } | Phase::Lingering { .. } => {}
            }
        }
        self.is_writable = !flushed.is_blocked;
        if flushed.is_blocked { Step::Blocked } else { Step::Progress }
    }
}

/// Runs a service's code. A panic in it is a bug: its client is answered with 500, and the server goes on.
fn catch_panic<T>(log: &Log, run: impl FnOnce() -> T) -> Option<T> {
    let outcome = catch_unwind(AssertUnwindSafe(run)).ok();
    if outcome.is_none() {
        log(Level::Error, "a request made its handler panic; its client is answered with 500");
    }
    outcome
}
