//! Answers that come later: what a call comes to, and to whom it is handed.

use super::Backend;
use super::text::LogText;
use crate::request::{Order, Reply, Request, Requests};
use crate::serve::wire_fault;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use supervisor_core::{Answer, Outcome as ProcessOutcome, Ticket};
use supervisor_http::{Budget, Charge, Client};
use supervisor_rpc::{Encode, Encoded, Fault, FaultCode, Status};

/// The value of a call, or its fault.
pub(crate) type Answered = Result<Charged<Encoded>, Fault>;

/// An answer with what it is charged to as long as it waits for its client.
pub(crate) struct Charged<T> {
    pub(crate) value: T,
    pub(crate) charge: Option<Charge>,
}

/// Answers up to this size are not charged, so that there is always room for them.
pub(crate) const UNCHARGED: usize = 64 * 1024;

impl<T> Charged<T> {
    /// Makes an answer of about this size, if there is room for it beside the others.
    pub(crate) fn make(
        budget: &Budget,
        expected: usize,
        make: impl FnOnce() -> T,
        length: impl FnOnce(&T) -> usize,
    ) -> Result<Self, Fault> {
        let mut charge = budget.charge(expected.saturating_sub(UNCHARGED)).ok_or_else(no_room)?;
        let value = make();
        let owed = length(&value).saturating_sub(UNCHARGED);
        if charge.resize(owed) { Ok(Self { value, charge: Some(charge) }) } else { Err(no_room()) }
    }
}

impl<T> From<T> for Charged<T> {
    fn from(value: T) -> Self {
        Self { value, charge: None }
    }
}

/// The fault of an answer that does not fit beside the others.
pub(super) fn no_room() -> Fault {
    Fault::with_detail(
        FaultCode::Failed,
        "there is no room for this answer beside the long ones that other clients have not taken yet; try again later",
    )
}

/// What a call comes to.
pub(crate) enum Plan {
    /// This value.
    Now(Encoded),
    /// Whatever is handed to `Done` in the end.
    Later(Begin),
}

/// Sets a call in motion.
pub(super) type Begin = Box<dyn FnOnce(&Backend, Done) + Send>;

impl Plan {
    /// A value that is known already.
    pub(super) fn now(value: &(impl Encode + ?Sized)) -> Self {
        Self::Now(Encoded::new(value))
    }

    /// Something to begin.
    pub(super) fn later(begin: impl FnOnce(&Backend, Done) + Send + 'static) -> Self {
        Self::Later(Box::new(begin))
    }

    /// A question to the loop, whose answer is encoded by `encode`.
    pub(super) fn ask<T: Send + 'static>(
        question: impl FnOnce(Reply<Result<T, Fault>>) -> Request + Send + 'static,
        encode: impl FnOnce(T) -> Encoded + Send + 'static,
    ) -> Self {
        Self::later(move |backend, done| {
            let reply = Reply::new(move |answer: Result<T, Fault>| {
                done.send(Outcome::Lazy(Box::new(move || Ok(encode(answer?).into()))));
            });
            backend.ask(question(reply));
        })
    }

    /// A question to the loop that it answers with a value that is encoded already.
    pub(super) fn ask_encoded(question: impl FnOnce(Reply<Answered>) -> Request + Send + 'static) -> Self {
        Self::later(move |backend, done| {
            backend.ask(question(Reply::new(|answer| done.send(Outcome::Ready(answer)))));
        })
    }

    /// A question to the loop about many processes.
    pub(super) fn ask_outcomes(question: impl FnOnce(Reply<Answer>) -> Request + Send + 'static) -> Self {
        Self::later(move |backend, done| backend.ask(question(Reply::new(|answer| done.send_answer(answer)))))
    }

    /// An order to the state machine.
    pub(super) fn order(order: Order) -> Self {
        Self::later(move |backend, done| {
            let watch = done.watch.clone();
            backend.order(&watch, order, |answer| done.send_answer(answer));
        })
    }
}

impl Backend {
    /// Puts a question to the loop. If it is not taken (see [`Requests::is_congested`]), its reply is dropped,
    /// which its client is told with an answer of 500.
    pub(crate) fn ask(&self, question: Request) {
        let _refused = self.requests.send(question);
    }

    /// Gives an order, which is called off if the client goes away.
    pub(crate) fn order(&self, watch: &Watch, order: Order, take: impl FnOnce(Answer) + Send + 'static) {
        let ticket = self.requests.ticket();
        watch.is_waiting_for(ticket);
        self.ask(Request::Order { ticket, order, reply: Reply::new(take) });
        if watch.is_gone() {
            // It may have gone before it was known what to call off.
            self.ask(Request::Cancel(ticket));
        }
    }
}

/// How the answer of the state machine goes over the wire.
fn encode_answer(answer: Answer) -> Answered {
    match answer {
        Answer::Done => Ok(Encoded::new(&true).into()),
        Answer::Fault(fault) => Err(wire_fault(&fault)),
        Answer::Outcomes(outcomes) => {
            let statuses: Vec<Status<'_>> = outcomes.iter().map(status).collect();
            Ok(Encoded::new(&statuses).into())
        }
    }
}

fn status(outcome: &ProcessOutcome) -> Status<'_> {
    let (group, name) = (&*outcome.group, &*outcome.name);
    match &outcome.result {
        Ok(()) => Status::success(group, name),
        Err(fault) => Status::failure(group, name, wire_fault(fault)),
    }
}

/// What is handed to a [`Done`].
pub(crate) enum Outcome {
    /// It is encoded.
    Ready(Answered),
    /// It is still to be encoded, by a thread that has the time.
    Lazy(Box<dyn FnOnce() -> Answered + Send>),
    /// It is a long text of a log, on the pool's thread, which may read more of it.
    Text(LogText),
}

impl Outcome {
    /// The value or the fault, all of it.
    pub(crate) fn resolve(self) -> Answered {
        let answered = match self {
            Self::Ready(answered) => answered,
            Self::Lazy(encode) => encode(),
            Self::Text(text) => text.encode().map(Into::into),
        };
        answered.and_then(|Charged { value, charge }| Ok(Charged { value: value.complete()?, charge }))
    }
}

/// Takes what a call came to; may be used on any thread. Dropped unused, its client is told so (HTTP 500).
pub(crate) struct Done {
    take: Box<dyn FnOnce(Outcome) + Send>,
    watch: Watch,
}

impl Done {
    pub(crate) fn new(watch: Watch, take: impl FnOnce(Outcome) + Send + 'static) -> Self {
        Self { take: Box::new(take), watch }
    }

    pub(crate) fn send(self, outcome: Outcome) {
        (self.take)(outcome);
    }

    fn send_answer(self, answer: Answer) {
        self.send(Outcome::Lazy(Box::new(move || encode_answer(answer))));
    }

    pub(super) fn send_fault(self, fault: Fault) {
        self.send(Outcome::Ready(Err(fault)));
    }

    pub(super) fn watch(&self) -> &Watch {
        &self.watch
    }
}

impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Done")
    }
}

/// Watches the client of an HTTP request, and calls off the order it waits for when it goes away. However many
/// orders a request comes to, one after the other, there is one watch.
#[derive(Clone)]
pub(crate) struct Watch {
    client: Client,
    /// The ticket of the order under way; 0 before the first.
    current: Arc<AtomicU64>,
}

impl Watch {
    pub(crate) fn new(client: &Client, requests: &Requests) -> Self {
        let current = Arc::new(AtomicU64::new(0));
        let (requests, ticket) = (requests.clone(), Arc::clone(&current));
        client.on_disconnect(move || {
            let ticket = Ticket(ticket.load(Ordering::Acquire));
            if ticket != Ticket(0) {
                // Refused only if the loop has ended, and every order with it.
                let _refused = requests.send(Request::Cancel(ticket));
            }
        });
        Self { client: client.clone(), current }
    }

    fn is_waiting_for(&self, ticket: Ticket) {
        self.current.store(ticket.0, Ordering::Release);
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.client.is_gone()
    }
}
