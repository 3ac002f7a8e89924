//! Whether a request is admitted, decided by its head alone.

use super::{Connection, Phase, Turn};
use crate::auth::AuthOutcome;
use crate::exchange::Exchange;
use crate::head::{BodyLength, Head};
use crate::{Limits, Response, Status};

impl Connection {
    /// Admits a request or answers it with an error, before any of its body is read.
    pub(super) fn admit(&mut self, head: Head, turn: &Turn<'_>) {
        self.has_requested = true;
        if let Some(refusal) = self.rejection(&head, turn.limits) {
            let exchange = Exchange::new(&head);
            self.begin_last_answer(refusal, exchange, turn);
            return;
        }
        let length = match head.body_length() {
            BodyLength::Bytes(length) => length,
            // Without a usable length the request was rejected.
            BodyLength::Absent | BodyLength::Chunked | BodyLength::Ambiguous => 0,
        };
        if let Phase::Receiving { head: slot, .. } = &mut self.phase {
            *slot = Some((Box::new(head), length));
        }
    }

    fn rejection(&self, head: &Head, limits: &Limits) -> Option<Response> {
        let outcome = self.rules.credentials.as_ref().map_or(AuthOutcome::Accepted, |credentials| {
            credentials.check(head.headers.first("Authorization"))
        });
        match outcome {
            AuthOutcome::Accepted => {}
            AuthOutcome::Denied => return Some(unauthorized()),
            AuthOutcome::Malformed => return Some(refusal(Status::BadRequest)),
        }
        match head.body_length() {
            BodyLength::Absent => None,
            BodyLength::Bytes(length) => (length > limits.body).then(|| refusal(Status::ContentTooLarge)),
            BodyLength::Chunked => Some(refusal(Status::LengthRequired)),
            BodyLength::Ambiguous => Some(refusal(Status::BadRequest)),
        }
    }
}

fn unauthorized() -> Response {
    Response::new(Status::Unauthorized)
        .header("Connection", "close")
        .header("WWW-Authenticate", "Basic realm=\"default\"")
        .error_page()
}

/// The page for a request that is refused. Statuses that upstream never sends announce the end of the connection with
/// `Connection: close`; with the others upstream does not, and neither do we.
pub(super) fn refusal(status: Status) -> Response {
    match status {
        Status::RequestTimeout
        | Status::ContentTooLarge
        | Status::HeadTooLarge
        | Status::ServiceUnavailable => Response::new(status).header("Connection", "close").error_page(),
        Status::Ok
        | Status::MovedPermanently
        | Status::SeeOther
        | Status::NotModified
        | Status::BadRequest
        | Status::Unauthorized
        | Status::Forbidden
        | Status::NotFound
        | Status::LengthRequired
        | Status::UnsupportedMediaType
        | Status::InternalServerError
        | Status::NotImplemented => Response::error(status),
    }
}
