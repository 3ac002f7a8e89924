//! `system.multicall`: calls one after the other, answered together.
//!
//! A call that waits holds up those behind it. Its answer may come at once, on the same stack, or later from
//! another thread; either way one driver goes through the calls in a loop, so that thirty thousand calls that
//! answer at once need no deeper stack than one.

use super::supervisor::Planned;
use super::{Answered, Backend, Done, Outcome, Plan, plan};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use supervisor_rpc::method::Arguments;
use supervisor_rpc::{Encoded, Fault, FaultCode, Value};

/// Bytes of results after which further calls are not made: their results say so.
const MAX_RESULTS: usize = 32 * 1024 * 1024;

pub(super) fn multicall(arguments: &Arguments) -> Planned {
    let calls = match arguments.value(0)? {
        Value::Array(calls) => calls.clone(),
        // Nothing to go through, upstream finds, is no call.
        Value::String(text) if text.is_empty() => Vec::new(),
        _ => return Err(Fault::bare(FaultCode::IncorrectParameters)),
    };
    Ok(Plan::later(move |backend, done| {
        let run = Run {
            backend: backend.clone(),
            progress: Mutex::new(Progress {
                calls: calls.into_iter(),
                results: Vec::new(),
                bytes: 0,
                driver: Driver::Absent,
                done: Some(done),
            }),
        };
        Arc::new(run).drive();
    }))
}

/// Whether somebody is in `drive` and will see what comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Driver {
    Present,
    Absent,
}

struct Run {
    backend: Backend,
    progress: Mutex<Progress>,
}

struct Progress {
    calls: std::vec::IntoIter<Value>,
    results: Vec<Encoded>,
    /// Of all results so far.
    bytes: usize,
    driver: Driver,
    /// `None` once the results have been handed over.
    done: Option<Done>,
}

impl Run {
    fn lock(&self) -> MutexGuard<'_, Progress> {
        // No foreign code runs under the lock.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes calls until one of them waits, or all are made.
    fn drive(self: Arc<Self>) {
        self.lock().driver = Driver::Present;
        loop {
            let Some(call) = self.next_call() else { return };
            let made = self.lock().results.len();
            self.make(call);
            let mut progress = self.lock();
            if progress.results.len() == made {
                // It waits; its result will be received with nobody here to see it.
                progress.driver = Driver::Absent;
                return;
            }
        }
    }

    /// The next call, if there is one and somebody waits for its result; hands the results over at the end.
    fn next_call(&self) -> Option<Result<Value, Fault>> {
        let mut progress = self.lock();
        if progress.done.as_ref().is_none_or(|done| done.watch().is_gone()) {
            // As upstream has it: what has begun goes on, and nothing further begins.
            progress.done = None;
            return None;
        }
        if let Some(call) = progress.calls.next() {
            return Some(if progress.bytes < MAX_RESULTS { Ok(call) } else { Err(too_much()) });
        }
        let results = std::mem::take(&mut progress.results);
        let done = progress.done.take()?;
        drop(progress);
        done.send(Outcome::Lazy(Box::new(move || Ok(Encoded::new(&results)))));
        None
    }

    /// Makes one call.
    fn make(self: &Arc<Self>, call: Result<Value, Fault>) {
        let planned = call.and_then(|call| {
            let (name, params) = taken_apart(&call)?;
            plan(&self.backend, name, params)
        });
        match planned {
            // The driver is here.
            Ok(Plan::Now(value)) => _ = self.note(Ok(value)),
            Err(fault) => _ = self.note(Err(fault)),
            Ok(Plan::Later(start)) => {
                let Some(watch) = self.lock().done.as_ref().map(|done| done.watch().clone()) else { return };
                let run = Arc::clone(self);
                start(&self.backend, Done::new(watch, move |outcome| run.receive(outcome.resolve())));
            }
        }
    }

    /// Takes the result of a call that waited, and goes on unless somebody does already.
    fn receive(self: Arc<Self>, answered: Answered) {
        if self.note(answered) == Driver::Absent {
            self.drive();
        }
    }

    /// Notes a result, and who sees it.
    fn note(&self, answered: Answered) -> Driver {
        let result = answered.unwrap_or_else(|fault| Encoded::new(&fault));
        let mut progress = self.lock();
        progress.bytes += result.len();
        progress.results.push(result);
        progress.driver
    }
}

/// The name and the parameters of a call. Parameters may be whatever upstream's language goes through item by
/// item: of a struct these are the names, of a text the characters.
fn taken_apart(call: &Value) -> Result<(&str, Vec<Value>), Fault> {
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

fn too_much() -> Fault {
    Fault::with_detail(
        FaultCode::Failed,
        "the results of the calls before are as much as one answer may hold",
    )
}
