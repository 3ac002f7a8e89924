//! How a call gets its result, and where the result goes.

use super::log_text::LogText;
use super::{Charged, Context, wire_fault};
use supervisor_control::{Caller, Command, Reply, Request, View};
use supervisor_core::{Answer, Fault as CoreFault, ProcessOutcome};
use supervisor_http::Budget;
use supervisor_rpc::{Encode, Encoded, Fault, Status};

/// The value of a call, or its fault.
pub(crate) type EncodedResult = Result<Charged<Encoded>, Fault>;

/// How a call gets its result.
pub(crate) enum Plan {
    /// The value is known.
    Ready(Encoded),
    /// An operation passes the result to a [`Completion`].
    Deferred(Begin),
}

/// Starts an operation.
pub(super) type Begin = Box<dyn FnOnce(&Context, Completion) + Send>;

impl Plan {
    /// A value that is known.
    pub(super) fn ready(value: &(impl Encode + ?Sized)) -> Self {
        Self::Ready(Encoded::new(value))
    }

    /// An operation.
    pub(super) fn deferred(begin: impl FnOnce(&Context, Completion) + Send + 'static) -> Self {
        Self::Deferred(Box::new(begin))
    }

    /// An inspection with a short answer.
    pub(super) fn inspect(read: impl FnOnce(&dyn View) -> EncodedResult + Send + 'static) -> Self {
        Self::inspect_charged(|view, _| read(view))
    }

    /// An inspection with an answer that may be long.
    pub(super) fn inspect_charged(
        read: impl FnOnce(&dyn View, &Budget) -> EncodedResult + Send + 'static,
    ) -> Self {
        Self::deferred(move |context, completion| {
            let answers = context.answers.clone();
            context.control.inspect(move |view| completion.send(CallResult::Ready(read(view, &answers))));
        })
    }

    /// A request whose answer is encoded by `encode`.
    pub(super) fn request<T: Send + 'static>(
        request: impl FnOnce(Reply<Result<T, CoreFault>>) -> Request + Send + 'static,
        encode: impl FnOnce(T) -> Encoded + Send + 'static,
    ) -> Self {
        Self::deferred(move |context, completion| {
            let reply = Reply::new(move |answer: Result<T, CoreFault>| {
                completion.send(CallResult::Lazy(Box::new(move || match answer {
                    Ok(value) => Ok(encode(value).into()),
                    Err(fault) => Err(wire_fault(&fault)),
                })));
            });
            context.control.send(request(reply));
        })
    }

    /// A request for many processes.
    pub(super) fn request_outcomes(request: impl FnOnce(Reply<Answer>) -> Request + Send + 'static) -> Self {
        Self::deferred(move |context, completion| {
            context.control.send(request(Reply::new(|answer| completion.send_answer(answer))));
        })
    }

    /// A command, which is cancelled when the client disconnects.
    pub(super) fn command(command: Command) -> Self {
        Self::deferred(move |_, completion| {
            let caller = completion.caller.clone();
            caller.command(command, |answer| completion.send_answer(answer));
        })
    }
}

/// The core's answer as it goes over the wire.
fn encode_answer(answer: Answer) -> EncodedResult {
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

/// The result of a call.
pub(crate) enum CallResult {
    /// Encoded.
    Ready(EncodedResult),
    /// To be encoded, on a thread that has the time.
    Lazy(Box<dyn FnOnce() -> EncodedResult + Send>),
    /// A long text of a log, on a thread that may block, which reads the rest.
    Text(LogText),
}

impl CallResult {
    /// The value or the fault, all of it.
    pub(crate) fn resolve(self) -> EncodedResult {
        let answered = match self {
            Self::Ready(answered) => answered,
            Self::Lazy(encode) => encode(),
            Self::Text(text) => text.encode().map(Into::into),
        };
        answered.and_then(|Charged { value, charge }| Ok(Charged { value: value.complete()?, charge }))
    }
}

/// Takes the result of a call, on any thread. If it is dropped unused, the client gets HTTP 500.
pub(crate) struct Completion {
    take: Box<dyn FnOnce(CallResult) + Send>,
    caller: Caller,
}

impl Completion {
    pub(crate) fn new(caller: Caller, take: impl FnOnce(CallResult) + Send + 'static) -> Self {
        Self { take: Box::new(take), caller }
    }

    pub(crate) fn send(self, outcome: CallResult) {
        (self.take)(outcome);
    }

    fn send_answer(self, answer: Answer) {
        self.send(CallResult::Lazy(Box::new(move || encode_answer(answer))));
    }

    pub(super) fn send_fault(self, fault: Fault) {
        self.send(CallResult::Ready(Err(fault)));
    }

    /// The client of the call.
    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }
}
