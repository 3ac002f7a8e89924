//! From bytes to a request: reads, looks for a complete head and body, and hands the request to the service.

use super::{Connection, Phase, Step, Turn, catch_panic};
use crate::exchange::Exchange;
use crate::head::{Head, HeadError};
use crate::inbox::HeadProgress;
use crate::mailbox::Message;
use crate::{Client, Limits, ReplyTo, Request, Status};
use std::io::{ErrorKind, Read};
use std::sync::Arc;

/// A request up to this size is taken whatever the budget holds.
const SMALL_REQUEST: usize = 8 * 1024;

/// What a byte of a request is charged: itself, and its parsed form.
const COST_OF_REQUEST: usize = 2;

/// The outcome of a read.
enum Received {
    Bytes(usize),
    Nothing,
    End,
}

impl Connection {
    /// Takes a complete request from the inbox; reads on if there is none.
    pub(super) fn receive(&mut self, turn: &mut Turn<'_>) -> Step {
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
            HeadProgress::Complete(Err(HeadError::Blank)) => Step::Over,
            HeadProgress::Complete(Ok(head)) => {
                self.admit(head, turn);
                Step::Progress
            }
            HeadProgress::Complete(Err(HeadError::Malformed)) => {
                self.refuse(Status::BadRequest, Exchange::unreadable(), turn);
                Step::Progress
            }
            HeadProgress::TooLarge | HeadProgress::Complete(Err(HeadError::TooManyHeaders)) => {
                self.refuse(Status::HeadTooLarge, Exchange::unreadable(), turn);
                Step::Progress
            }
        }
    }

    fn read_on(&mut self, turn: &mut Turn<'_>) -> Step {
        match self.read(turn.scratch) {
            Received::Bytes(count) => {
                let has_room = self.charge_request(count, turn.limits);
                if !has_room || !self.inbox.push(&turn.scratch[..count]) {
                    self.refuse(Status::ServiceUnavailable, Exchange::unreadable(), turn);
                }
                Step::Progress
            }
            Received::Nothing => Step::Blocked,
            Received::End => Step::Over,
        }
    }

    /// Charges the inbox with `more` bytes to come; false if the budget is exhausted.
    fn charge_request(&mut self, more: usize, limits: &Limits) -> bool {
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
            client.disconnect();
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
        catch_panic(turn.log, || turn.service.call(request, reply));
    }

    /// Discards what a client still sends, as closing with unread input would reset the connection and destroy the
    /// answer. A client that has finished sending is disconnected at once.
    pub(super) fn discard(&mut self, turn: &mut Turn<'_>) -> Step {
        match self.read(turn.scratch) {
            Received::Bytes(_) => Step::Progress,
            Received::Nothing => Step::Blocked,
            Received::End => Step::Over,
        }
    }
}
