//! `system.multicall`: calls one after the other, answered together.
//!
//! A call that waits delays those after it. Its result may come at once, on the same stack, or later from another thread;
//! either way one driver runs the calls in a loop, so that thirty thousand calls that complete at once need no deeper stack than
//! one.
//!
//! Results are appended as they come, texts of logs piece by piece, so that no copy is made. They are charged as they grow.
//! A result that exceeds the budget is replaced by a fault, and so are those of the calls after it, which are not made; if
//! these faults become too many, the whole answer is a fault.

use super::charged::{UNCHARGED, no_room};
use super::log_text::{LogText, More};
use super::supervisor::Planned;
use super::{CallResult, Charged, Completion, Context, EncodedResult, Plan, plan};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use supervisor_http::{Budget, Charge};
use supervisor_rpc::encode::Results;
use supervisor_rpc::method::Arguments;
use supervisor_rpc::{Encoded, Fault, FaultCode, Value};

pub(super) fn multicall(arguments: &Arguments) -> Planned {
    let calls = match arguments.value(0)? {
        Value::Array(calls) => calls.clone(),
        // Upstream iterates over it, and an empty string has no items.
        Value::String(text) if text.is_empty() => Vec::new(),
        _ => return Err(Fault::bare(FaultCode::IncorrectParameters)),
    };
    Ok(Plan::deferred(move |context, completion| {
        let running = Multicall {
            context: context.clone(),
            progress: Mutex::new(Progress {
                calls: calls.into_iter(),
                results: Some(ResultBuffer::new(&context.answers)),
                made: 0,
                driver: Driver::Absent,
                completion: Some(completion),
            }),
        };
        Arc::new(running).drive();
    }))
}

/// Whether a thread is in `drive` and will see the next result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Driver {
    Present,
    Absent,
}

struct Multicall {
    context: Context,
    progress: Mutex<Progress>,
}

struct Progress {
    calls: std::vec::IntoIter<Value>,
    /// `None` while a text is appended, and after completion.
    results: Option<ResultBuffer>,
    /// How many calls have results.
    made: usize,
    driver: Driver,
    /// `None` after completion.
    completion: Option<Completion>,
}

/// The results so far.
struct ResultBuffer {
    results: Results,
    charge: Option<Charge>,
    /// One of them exceeded the budget.
    is_full: bool,
    /// Bytes of the faults that say so, which are not charged.
    refusals: usize,
}

/// Bytes that must be free before a call is made, so that its result can be told.
const RESULT: usize = 16 * 1024;

impl ResultBuffer {
    fn new(budget: &Budget) -> Self {
        Self { results: Results::default(), charge: budget.charge(0), is_full: false, refusals: 0 }
    }

    /// Whether the budget allows so many more bytes.
    fn has_room(&mut self, more: usize) -> bool {
        let owed = (self.results.bytes() + more).saturating_sub(UNCHARGED);
        self.is_full |= !self.charge.as_mut().is_some_and(|charge| charge.resize(owed));
        !self.is_full
    }

    fn add(&mut self, answered: EncodedResult) {
        let result = answered.map_or_else(|fault| Encoded::new(&fault), |charged| charged.value);
        if self.has_room(result.len()) {
            self.results.push(&result);
        } else {
            self.refuse();
        }
    }

    /// Appends the fault of a result that exceeds the budget.
    fn refuse(&mut self) {
        let refusal = Encoded::new(&no_room());
        self.refusals += refusal.len();
        self.results.push(&refusal);
    }

    /// Whether there are too many such faults.
    fn is_over(&self) -> bool {
        self.refusals > UNCHARGED
    }

    /// Appends a text; on a thread that may block.
    fn add_text(&mut self, mut text: LogText) {
        let Self { results, charge, is_full, .. } = self;
        let written = results.push_with(|out| {
            loop {
                match text.write_next(out) {
                    Ok(More::Ended) => return Ok(()),
                    Ok(More::Follows) => {}
                    Err(_) => return Err(Some(text.unreadable())),
                }
                let owed = out.len().saturating_sub(UNCHARGED);
                if !charge.as_mut().is_some_and(|charge| charge.resize(owed)) {
                    *is_full = true;
                    return Err(None);
                }
            }
        });
        match written {
            Ok(()) => {}
            Err(Some(instead)) => self.add(instead.map(Into::into)),
            Err(None) => self.refuse(),
        }
    }
}

impl Multicall {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        // No foreign code runs under the lock.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes calls until one of them waits, or all are made.
    fn drive(self: Arc<Self>) {
        self.lock().driver = Driver::Present;
        loop {
            let Some(call) = self.next_call() else { return };
            let made = self.lock().made;
            self.make(call);
            let mut progress = self.lock();
            if progress.made == made {
                // It waits; `receive` continues when its result comes.
                progress.driver = Driver::Absent;
                return;
            }
        }
    }

    /// The next call, if there is one and the client is still connected; completes at the end.
    fn next_call(&self) -> Option<Result<Value, Fault>> {
        let mut progress = self.lock();
        if progress.completion.as_ref().is_none_or(|completion| completion.caller().is_gone()) {
            // As upstream: a call under way continues, and no further one begins.
            progress.completion = None;
            return None;
        }
        if progress.results.as_ref().is_some_and(ResultBuffer::is_over) {
            let (completion, results) = (progress.completion.take()?, progress.results.take());
            drop((progress, results));
            completion.send_fault(no_room());
            return None;
        }
        if let Some(call) = progress.calls.next() {
            let has_room = progress.results.as_mut().is_some_and(|results| results.has_room(RESULT));
            return Some(if has_room { Ok(call) } else { Err(no_room()) });
        }
        let (completion, results) = (progress.completion.take()?, progress.results.take()?);
        drop(progress);
        let ResultBuffer { results, charge, .. } = results;
        completion.send(CallResult::Ready(Ok(Charged { value: results.finish(), charge })));
        None
    }

    /// Makes one call.
    fn make(self: &Arc<Self>, call: Result<Value, Fault>) {
        let planned = call.and_then(|call| {
            let (name, params) = split_call(&call)?;
            plan(&self.context, name, params)
        });
        match planned {
            // The driver is here.
            Ok(Plan::Ready(value)) => _ = self.record(Ok(value.into())),
            Err(fault) => _ = self.record(Err(fault)),
            Ok(Plan::Deferred(start)) => {
                let Some(caller) =
                    self.lock().completion.as_ref().map(|completion| completion.caller().clone())
                else {
                    return;
                };
                let running = Arc::clone(self);
                start(&self.context, Completion::new(caller, move |outcome| running.receive(outcome)));
            }
        }
    }

    /// Takes the result of a call that waited, and drives on unless another thread does.
    fn receive(self: Arc<Self>, outcome: CallResult) {
        let driver = match outcome {
            CallResult::Text(text) => self.record_text(text),
            outcome @ (CallResult::Ready(_) | CallResult::Lazy(_)) => self.record(outcome.resolve()),
        };
        if driver == Driver::Absent {
            self.drive();
        }
    }

    /// Records a result; returns whether a driver will see it.
    fn record(&self, answered: EncodedResult) -> Driver {
        self.record_with(|results| results.add(answered))
    }

    /// The same with a text, which is read without the lock.
    fn record_text(&self, text: LogText) -> Driver {
        let results = self.lock().results.take();
        let results = results.map(|mut results| {
            results.add_text(text);
            results
        });
        let mut progress = self.lock();
        progress.results = results;
        progress.made += 1;
        progress.driver
    }

    fn record_with(&self, add: impl FnOnce(&mut ResultBuffer)) -> Driver {
        let mut progress = self.lock();
        if let Some(results) = &mut progress.results {
            add(results);
        }
        progress.made += 1;
        progress.driver
    }
}

/// The name and the parameters of a call. Parameters may be anything that Python iterates over: of a struct the names, of a
/// string the characters.
fn split_call(call: &Value) -> Result<(&str, Vec<Value>), Fault> {
    let incorrect = || Fault::bare(FaultCode::IncorrectParameters);
    let Value::Struct(members) = call else { return Err(incorrect()) };
    let member = |wanted: &str| members.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    let name = match member("methodName") {
        None | Some(Value::Nil) => {
            return Err(Fault::with_detail(FaultCode::IncorrectParameters, "No methodName"));
        }
        Some(name) => name.as_str().ok_or_else(incorrect)?,
    };
    if name == "system.multicall" {
        let text = "Recursive system.multicall forbidden";
        return Err(Fault::with_detail(FaultCode::IncorrectParameters, text));
    }
    let params = match member("params") {
        None => Vec::new(),
        Some(Value::Array(items)) => items.clone(),
        Some(Value::Struct(members)) => members.iter().map(|(name, _)| Value::from(name.as_str())).collect(),
        Some(Value::String(text)) => text.chars().map(|letter| Value::from(letter.to_string())).collect(),
        Some(
            Value::Nil
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Double(_)
            | Value::Base64(_)
            | Value::DateTime(_),
        ) => return Err(incorrect()),
    };
    Ok((name, params))
}
