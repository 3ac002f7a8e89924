//! One connection: receives a request, has it answered, sends the answer, begins anew.
//!
//! ```text
//!             head and body complete          answer given
//! Receiving ───────────────────────▶ Waiting ──────────────▶ Answering ─▶ Receiving, or the end
//!     │                                 │                        ▲   └──▶ Lingering ─▶ the end
//!     │ cannot be taken                 └──────▶ Streaming ──────┤
//!     └──────────────────────────────────────────────────────────┘
//! ```
//!
//! Readiness is edge-triggered: `is_readable` and `is_writable` remember what the poll said until a read or a
//! write has found otherwise. Nothing is read while an answer is being made or sent, so what a client pipelines
//! waits in its socket.

mod admission;
mod stream;

use crate::exchange::{Exchange, Then};
use crate::head::{Head, HeadFault};
use crate::inbox::{HeadProgress, Inbox};
use crate::mailbox::{ConnectionId, Mailbox, Message};
use crate::outbox::Outbox;
use crate::reply::Answer;
use crate::socket::Stream;
use crate::wire;
use crate::{
    Body, Charge, Client, Credentials, Level, Limits, Log, Peer, ReplyTo, Request, Response, Service, Status,
};
use mio::event::Event;
use std::io::{ErrorKind, Read};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};
use stream::Streaming;
use supervisor_sys::clock;

/// What holds for all connections of one listener.
#[derive(Debug)]
pub(crate) struct Rules {
    pub(crate) section: Arc<str>,
    pub(crate) credentials: Option<Credentials>,
}

/// What a connection needs of the server while it has its turn.
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
    /// Until the client, the answer or the deadline comes.
    Sleep,
    /// There is more to do; others come first.
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

/// Steps of a turn; a step moves at most a scratch buffer full. Keeps a busy client from starving others.
const STEPS: usize = 16;

/// A request up to this size is taken, and an answer up to this size is given, whatever other clients are sending and not taking.
const SMALL_REQUEST: usize = 8 * 1024;
const SMALL_ANSWER: usize = 64 * 1024;

/// What a byte of a request is charged: itself, and what is made of it.
const COST_OF_REQUEST: usize = 2;

/// A sender gets a second more for each of these bytes, so that a large body may take its time.
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
    /// The answer is made as it is sent.
    Streaming(Streaming),
    /// The answer has left, and the client may still be sending: what comes is thrown away.
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
    /// What a long request is charged to.
    charge: Option<Charge>,
    outbox: Outbox,
    is_readable: bool,
    is_writable: bool,
    /// The client sends no more; it may still be reading.
    is_half_closed: bool,
    /// It has sent a request before.
    has_asked: bool,
    quiet_since: Instant,
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
            has_asked: false,
            quiet_since: now,
        }
    }

    pub(crate) fn stream_mut(&mut self) -> &mut Stream {
        &mut self.stream
    }

    /// For how long nothing has been asked or answered; `None` while something is.
    pub(crate) fn idle_for(&self, now: Instant) -> Option<Duration> {
        let is_idle = matches!(self.phase, Phase::Receiving { head: None, since: None });
        is_idle.then(|| now.saturating_duration_since(self.quiet_since))
    }

    pub(crate) fn has_asked(&self) -> bool {
        self.has_asked
    }

    /// Whether all it does is to wait for the client to close.
    pub(crate) fn is_lingering(&self) -> bool {
        matches!(self.phase, Phase::Lingering { .. })
    }

    /// Whether its end would lose nothing that is bounded in time: it is idle, or streams without end.
    pub(crate) fn is_dispensable(&self) -> bool {
        match &self.phase {
            Phase::Receiving { head: None, since: None } | Phase::Lingering { .. } => true,
            Phase::Streaming(streaming) => streaming.is_endless(),
            Phase::Receiving { .. } | Phase::Waiting { .. } | Phase::Answering { .. } => false,
        }
    }

    /// When something must be done about it, should nothing else happen before.
    pub(crate) fn deadline(&self, limits: &Limits) -> Option<Instant> {
        match &self.phase {
            Phase::Receiving { since, .. } => since.map(|since| {
                let seconds = u64::try_from(self.inbox.len() / BYTES_PER_SECOND).unwrap_or(u64::MAX);
                since + limits.slow_sender + Duration::from_secs(seconds)
            }),
            Phase::Answering { last_progress, .. } => Some(*last_progress + limits.slow_reader),
            Phase::Lingering { until } => Some(*until),
            // Of an answer that ends, and is there to be taken.
            Phase::Streaming(streaming) if !streaming.is_endless() && !self.outbox.is_empty() => {
                Some(streaming.last_progress + limits.slow_reader)
            }
            Phase::Waiting { .. } | Phase::Streaming(_) => None,
        }
    }

    /// Notes what the poll said.
    pub(crate) fn note(&mut self, event: &Event) {
        let is_read_closed = event.is_read_closed();
        let is_write_closed = event.is_write_closed() || event.is_error();
        self.is_readable |= event.is_readable() || is_read_closed || is_write_closed;
        self.is_writable |= event.is_writable() || is_write_closed;
        if (is_read_closed || is_write_closed) && !self.is_half_closed {
            self.is_half_closed = true;
            // It may still be reading, but most likely it is gone; what can be called off is.
            if let Phase::Waiting { client, .. } = &self.phase {
                client.lose();
            }
        }
    }

    /// Goes on as far as possible.
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

    /// The service has answered, or never will.
    pub(crate) fn answer(&mut self, answer: Answer, charge: Option<Charge>, turn: &mut Turn<'_>) -> Outcome {
        let (exchange, client) = match std::mem::replace(&mut self.phase, Phase::IDLE) {
            Phase::Waiting { exchange, client } => (exchange, client),
            // There is one answer to a request, and nothing else ends the wait for it.
            other @ (Phase::Receiving { .. }
            | Phase::Answering { .. }
            | Phase::Streaming(_)
            | Phase::Lingering { .. }) => {
                self.phase = other;
                return Outcome::Sleep;
            }
        };
        client.settle();
        let response = match answer {
            Answer::Ready(response) => response,
            Answer::Made(make) => guarded(turn.log, make).unwrap_or_else(internal_error),
            Answer::Missing if self.is_half_closed || turn.is_draining => return Outcome::Close,
            Answer::Missing => internal_error(),
        };
        self.begin_answer(response, charge, exchange, turn);
        self.turn(turn)
    }

    /// Answers 503 and ends: there is no room for this client.
    pub(crate) fn turn_away(&mut self, turn: &mut Turn<'_>) -> Outcome {
        self.refuse(Status::ServiceUnavailable, Exchange::unreadable(), turn);
        self.turn(turn)
    }

    /// The connection is over: whoever still works for its client is told.
    pub(crate) fn lose(self) {
        if let Phase::Waiting { client, .. } = self.phase {
            client.lose();
        }
    }

    fn step(&mut self, turn: &mut Turn<'_>) -> Step {
        if !self.outbox.is_empty() {
            return self.flush(turn.now);
        }
        match &self.phase {
            Phase::Receiving { .. } => self.receive(turn),
            Phase::Waiting { .. } => Step::Blocked,
            Phase::Answering { .. } => self.conclude(turn),
            Phase::Streaming(_) => self.pull(turn),
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

    /// Looks for a complete request among what has come; reads on if there is none.
    fn receive(&mut self, turn: &mut Turn<'_>) -> Step {
        let Phase::Receiving { head, since } = &mut self.phase else { return Step::Blocked };
        if since.is_none() && !self.inbox.is_empty() {
            *since = Some(turn.now);
        }
        if let Some((known, length)) = head.take() {
            let Some(body) = self.inbox.take_body(length) else {
                *head = Some((known, length));
                return self.read_on(turn);
            };
            self.dispatch(*known, body, turn);
            return Step::Progress;
        }
        match self.inbox.take_head(turn.limits.head, turn.limits.headers) {
            HeadProgress::Incomplete => self.read_on(turn),
            HeadProgress::Complete(Err(HeadFault::Blank)) => Step::Over,
            HeadProgress::Complete(Ok(head)) => {
                self.admit(head, turn);
                Step::Progress
            }
            HeadProgress::Complete(Err(HeadFault::Malformed)) => {
                self.refuse(Status::BadRequest, Exchange::unreadable(), turn);
                Step::Progress
            }
            HeadProgress::TooLarge | HeadProgress::Complete(Err(HeadFault::TooManyHeaders)) => {
                self.refuse(Status::HeadTooLarge, Exchange::unreadable(), turn);
                Step::Progress
            }
        }
    }

    fn read_on(&mut self, turn: &mut Turn<'_>) -> Step {
        match self.read(turn.scratch) {
            Received::Bytes(count) => {
                let is_room = self.makes_room_for(count, turn.limits);
                if !is_room || !self.inbox.push(&turn.scratch[..count]) {
                    self.refuse(Status::ServiceUnavailable, Exchange::unreadable(), turn);
                }
                Step::Progress
            }
            Received::Nothing => Step::Blocked,
            Received::End => Step::Over,
        }
    }

    /// Charges what has come, with so much more. Whether there is room.
    fn makes_room_for(&mut self, more: usize, limits: &Limits) -> bool {
        let owed = (self.inbox.len() + more).saturating_sub(SMALL_REQUEST) * COST_OF_REQUEST;
        if owed == 0 {
            return true;
        }
        if self.charge.is_none() {
            self.charge = limits.memory.charge(0);
        }
        self.charge.as_mut().is_some_and(|charge| charge.resize(owed))
    }

    fn read(&mut self, scratch: &mut [u8]) -> Received {
        while self.is_readable {
            match self.stream.read(scratch) {
                Ok(0) => return Received::End,
                Ok(count) => return Received::Bytes(count),
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.is_readable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => return Received::End,
            }
        }
        Received::Nothing
    }

    fn dispatch(&mut self, head: Head, body: Vec<u8>, turn: &mut Turn<'_>) {
        let exchange = Exchange::new(&head);
        let client = Client::default();
        if self.is_half_closed {
            client.lose();
        }
        self.phase = Phase::Waiting { exchange, client: client.clone() };
        let Head { method, target, path, query, version, headers, .. } = head;
        let section = Arc::clone(&self.rules.section);
        let request =
            Request { method, target, path, query, version, headers, body, peer: self.peer, section };
        let (id, mailbox) = (self.id, Arc::clone(turn.mailbox));
        let reply = ReplyTo::new(client, move |answer, charge| {
            mailbox.post(Message::Answer(id, answer, charge));
        });
        let reply = reply.charged(self.charge.take());
        guarded(turn.log, || turn.service.call(request, reply));
    }

    /// Answers with an error page that is the last answer on this connection.
    fn refuse(&mut self, status: Status, exchange: Exchange, turn: &Turn<'_>) {
        self.begin_last_answer(admission::refusal(status), exchange, turn);
    }

    fn begin_last_answer(&mut self, response: Response, exchange: Exchange, turn: &Turn<'_>) {
        self.charge = None;
        self.begin_answer(response, None, exchange, turn);
        if let Phase::Answering { then, .. } = &mut self.phase {
            *then = Then::Close;
        }
    }

    fn begin_answer(
        &mut self,
        response: Response,
        charge: Option<Charge>,
        mut exchange: Exchange,
        turn: &Turn<'_>,
    ) {
        let (response, charge) = match settle(&response, charge, turn.limits) {
            Ok(charge) => (response, charge),
            Err(NoRoom) if exchange.is_head_only => (response, None),
            Err(NoRoom) => (admission::refusal(Status::ServiceUnavailable), None),
        };
        let (framing, mut then) = exchange.framing(&response);
        if turn.is_draining {
            then = Then::Close;
        }
        exchange.answered_with(response.status.code());
        let head = wire::head(&exchange.version, &response, framing, clock::now().wall);
        exchange.count(head.len());
        self.outbox.push(head);
        let length = response.body.length();
        match response.body {
            Body::Stream(source) | Body::Pieces(_, source)
                if !exchange.is_head_only && response.status.may_have_body() =>
            {
                let waker = self.stream_waker(turn.mailbox);
                let streaming = Streaming::new(length, source, waker, exchange, framing, then, turn.now);
                self.phase = Phase::Streaming(streaming);
            }
            Body::Bytes(bytes) if !exchange.is_head_only && response.status.may_have_body() => {
                exchange.count(bytes.len());
                self.outbox.push(bytes);
                self.phase = Phase::Answering { exchange, then, last_progress: turn.now, _charge: charge };
            }
            Body::Stream(_) | Body::Pieces(..) | Body::Bytes(_) => {
                self.phase = Phase::Answering { exchange, then, last_progress: turn.now, _charge: None };
            }
        }
    }

    /// The answer has left in full.
    fn conclude(&mut self, turn: &Turn<'_>) -> Step {
        let Phase::Answering { exchange, then, .. } = &self.phase else { return Step::Blocked };
        (turn.log)(Level::Trace, &exchange.log_line(self.peer, clock::now().wall));
        match then {
            Then::KeepOpen => {
                self.phase = Phase::IDLE;
                self.quiet_since = turn.now;
                Step::Progress
            }
            Then::Close => {
                self.stream.shut_down_sending();
                self.inbox.clear();
                self.phase = Phase::Lingering { until: turn.now + turn.limits.linger };
                Step::Progress
            }
        }
    }

    /// Throws away what a client still sends, so that its end is no reset that would destroy the answer. A
    /// client with nothing more to send is let go at once.
    fn discard(&mut self, turn: &mut Turn<'_>) -> Step {
        match self.read(turn.scratch) {
            Received::Bytes(_) => Step::Progress,
            Received::Nothing => Step::Blocked,
            Received::End => Step::Over,
        }
    }
}

/// There is no room for an answer beside those that other clients have not taken.
struct NoRoom;

/// Charges an answer that is complete for what it holds; `charge` is what it was made for.
fn settle(response: &Response, charge: Option<Charge>, limits: &Limits) -> Result<Option<Charge>, NoRoom> {
    match &response.body {
        Body::Bytes(bytes) if bytes.len() > SMALL_ANSWER => {
            let mut charge = charge.or_else(|| limits.memory.charge(0)).ok_or(NoRoom)?;
            if charge.resize(bytes.len()) { Ok(Some(charge)) } else { Err(NoRoom) }
        }
        // What comes in pieces holds one at a time.
        Body::Bytes(_) | Body::Stream(_) | Body::Pieces(..) => Ok(None),
    }
}

/// What a read came to.
enum Received {
    Bytes(usize),
    Nothing,
    End,
}

/// Runs a service's code. A panic in it is a bug; it costs its client an answer of 500, not all clients the
/// server.
fn guarded<T>(log: &Log, run: impl FnOnce() -> T) -> Option<T> {
    let outcome = catch_unwind(AssertUnwindSafe(run)).ok();
    if outcome.is_none() {
        log(Level::Error, "a request made its handler panic; its client is answered with 500");
    }
    outcome
}

fn internal_error() -> Response {
    Response::error(Status::InternalServerError)
}
