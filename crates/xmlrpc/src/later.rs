//! Answers that come later: what a call comes to, and to whom it is handed.

use super::text::LogText;
use super::{Context, wire_fault};
use std::fmt;
use supervisor_control::{Caller, Command, Reply, Request, View};
use supervisor_core::{Answer, Fault as CoreFault, Outcome as ProcessOutcome};
use supervisor_http::{Budget, Charge};
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
pub(super) type Begin = Box<dyn FnOnce(&Context, Done) + Send>;

impl Plan {
    /// A value that is known already.
    pub(super) fn now(value: &(impl Encode + ?Sized)) -> Self {
        Self::Now(Encoded::new(value))
    }

    /// Something to begin.
    pub(super) fn later(begin: impl FnOnce(&Context, Done) + Send + 'static) -> Self {
        Self::Later(Box::new(begin))
    }

    /// A question whose answer is short.
    pub(super) fn inspect(read: impl FnOnce(&dyn View) -> Answered + Send + 'static) -> Self {
        Self::inspect_charged(|view, _| read(view))
    }

    /// A question whose answer may be long.
    pub(super) fn inspect_charged(
        read: impl FnOnce(&dyn View, &Budget) -> Answered + Send + 'static,
    ) -> Self {
        Self::later(move |context, done| {
            let answers = context.answers.clone();
            context.control.inspect(move |view| done.send(Outcome::Ready(read(view, &answers))));
        })
    }

    /// A request whose answer is encoded by `encode`.
    pub(super) fn request<T: Send + 'static>(
        request: impl FnOnce(Reply<Result<T, CoreFault>>) -> Request + Send + 'static,
        encode: impl FnOnce(T) -> Encoded + Send + 'static,
    ) -> Self {
        Self::later(move |context, done| {
            let reply = Reply::new(move |answer: Result<T, CoreFault>| {
                done.send(Outcome::Lazy(Box::new(move || match answer {
                    Ok(value) => Ok(encode(value).into()),
                    Err(fault) => Err(wire_fault(&fault)),
                })));
            });
            context.control.send(request(reply));
        })
    }

    /// A request about many processes.
    pub(super) fn request_outcomes(request: impl FnOnce(Reply<Answer>) -> Request + Send + 'static) -> Self {
        Self::later(move |context, done| {
            context.control.send(request(Reply::new(|answer| done.send_answer(answer))));
        })
    }

    /// A command, which is cancelled if the client goes away.
    pub(super) fn command(command: Command) -> Self {
        Self::later(move |_, done| {
            let caller = done.caller.clone();
            caller.command(command, |answer| done.send_answer(answer));
        })
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
    caller: Caller,
}

impl Done {
    pub(crate) fn new(caller: Caller, take: impl FnOnce(Outcome) + Send + 'static) -> Self {
        Self { take: Box::new(take), caller }
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

    /// The client that waits for it.
    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }
}

impl fmt::Debug for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Done")
    }
}
