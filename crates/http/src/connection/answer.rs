//! From an answer to bytes: charges it, frames it, and keeps the connection or closes it.

use super::stream::Streaming;
use super::{Connection, Outcome, Phase, Step, Turn, admission, catch_panic};
use crate::exchange::{Exchange, Then};
use crate::reply::Answer;
use crate::wire;
use crate::{Body, Charge, Limits, Response, Status};
use supervisor_core::Level;
use supervisor_sys::clock;

/// An answer up to this size is sent whatever the budget holds.
const SMALL_ANSWER: usize = 64 * 1024;

impl Connection {
    /// The service has answered, or dropped the request.
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
        client.drop_hooks();
        let response = match answer {
            Answer::Ready(response) => response,
            Answer::Made(make) => catch_panic(turn.log, make).unwrap_or_else(internal_error),
            Answer::Missing if self.is_half_closed || turn.is_draining => return Outcome::Close,
            Answer::Missing => internal_error(),
        };
        self.begin_answer(response, charge, exchange, turn);
        self.turn(turn)
    }

    /// Answers with an error page that is the last answer on this connection.
    pub(super) fn refuse(&mut self, status: Status, exchange: Exchange, turn: &Turn<'_>) {
        self.begin_last_answer(admission::refusal(status), exchange, turn);
    }

    pub(super) fn begin_last_answer(&mut self, response: Response, exchange: Exchange, turn: &Turn<'_>) {
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
        let (response, charge) = match charge_answer(&response, charge, turn.limits) {
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

    /// The answer has been sent in full.
    pub(super) fn finish_answer(&mut self, turn: &Turn<'_>) -> Step {
        let Phase::Answering { exchange, then, .. } = &self.phase else { return Step::Blocked };
        (turn.log)(Level::Trace, &exchange.log_line(self.peer, clock::now().wall));
        match then {
            Then::KeepOpen => {
                self.phase = Phase::IDLE;
                self.idle_since = turn.now;
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
}

/// The budget has no room for an answer.
struct NoRoom;

/// Charges a complete answer for its bytes; `charge` is what the service has charged for it.
fn charge_answer(
    response: &Response,
    charge: Option<Charge>,
    limits: &Limits,
) -> Result<Option<Charge>, NoRoom> {
    match &response.body {
        Body::Bytes(bytes) if bytes.len() > SMALL_ANSWER => {
            let mut charge = charge.or_else(|| limits.memory.charge(0)).ok_or(NoRoom)?;
            if charge.resize(bytes.len()) { Ok(Some(charge)) } else { Err(NoRoom) }
        }
        // A stream holds one piece at a time.
        Body::Bytes(_) | Body::Stream(_) | Body::Pieces(..) => Ok(None),
    }
}

fn internal_error() -> Response {
    Response::error(Status::InternalServerError)
}
