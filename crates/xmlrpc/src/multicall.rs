//! `system.multicall`: calls one after the other, answered together.
//!
//! A call that waits holds up those behind it. Its answer may come at once, on the same stack, or later from
//! another thread; either way one driver goes through the calls in a loop, so that thirty thousand calls that
//! answer at once need no deeper stack than one.
//!
//! Results are written behind one another as they come, texts of logs piece by piece, so that nothing is there twice. They
//! are charged as they grow. Where there is no room for a result, it says so, and so do those of the calls behind it, which
//! are not made; where there is no room even for that, the whole answer is a fault.

use super::later::{UNCHARGED, no_room};
use super::supervisor::Planned;
use super::text::{LogText, More};
use super::{Answered, Charged, Context, Done, Outcome, Plan, plan};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use supervisor_http::{Budget, Charge};
use supervisor_rpc::encode::Results;
use supervisor_rpc::method::Arguments;
use supervisor_rpc::{Encoded, Fault, FaultCode, Value};

pub(super) fn multicall(arguments: &Arguments) -> Planned {
    let calls = match arguments.value(0)? {
        Value::Array(calls) => calls.clone(),
        // Nothing to go through, upstream finds, is no call.
        Value::String(text) if text.is_empty() => Vec::new(),
        _ => return Err(Fault::bare(FaultCode::IncorrectParameters)),
    };
    Ok(Plan::later(move |context, done| {
        let run = Run {
            context: context.clone(),
            progress: Mutex::new(Progress {
                calls: calls.into_iter(),
                results: Some(Growing::new(&context.answers)),
                made: 0,
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
    context: Context,
    progress: Mutex<Progress>,
}

struct Progress {
    calls: std::vec::IntoIter<Value>,
    /// `None` while a text is added to them, and once they have been handed over.
    results: Option<Growing>,
    /// How many calls have their results.
    made: usize,
    driver: Driver,
    /// `None` once the results have been handed over.
    done: Option<Done>,
}

/// The results so far.
struct Growing {
    results: Results,
    charge: Option<Charge>,
    /// There was no room for one of them.
    is_full: bool,
    /// Bytes of those that say so, which are not charged.
    refusals: usize,
}

/// What there must be room for before a call is made, so that its result can say what it has done.
const RESULT: usize = 16 * 1024;

impl Growing {
    fn new(budget: &Budget) -> Self {
        Self { results: Results::default(), charge: budget.charge(0), is_full: false, refusals: 0 }
    }

    /// Whether so many bytes may be added.
    fn has_room(&mut self, more: usize) -> bool {
        let owed = (self.results.bytes() + more).saturating_sub(UNCHARGED);
        self.is_full |= !self.charge.as_mut().is_some_and(|charge| charge.resize(owed));
        !self.is_full
    }

    fn add(&mut self, answered: Answered) {
        let result = answered.map_or_else(|fault| Encoded::new(&fault), |charged| charged.value);
        if self.has_room(result.len()) {
            self.results.push(&result);
        } else {
            self.refuse();
        }
    }

    /// Adds that there is no room.
    fn refuse(&mut self) {
        let refusal = Encoded::new(&no_room());
        self.refusals += refusal.len();
        self.results.push(&refusal);
    }

    /// Whether there is no room for refusals either.
    fn is_over(&self) -> bool {
        self.refusals > UNCHARGED
    }

    /// Adds a text; on a thread that may wait for a disk.
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
            let made = self.lock().made;
            self.make(call);
            let mut progress = self.lock();
            if progress.made == made {
                // It waits; its result will be received with nobody here to see it.
                progress.driver = Driver::Absent;
                return;
            }
        }
    }

    /// The next call, if there is one and somebody waits for its result; hands the results over at the end.
    fn next_call(&self) -> Option<Result<Value, Fault>> {
        let mut progress = self.lock();
        if progress.done.as_ref().is_none_or(|done| done.caller().is_gone()) {
            // As upstream has it: what has begun goes on, and nothing further begins.
            progress.done = None;
            return None;
        }
        if progress.results.as_ref().is_some_and(Growing::is_over) {
            let (done, results) = (progress.done.take()?, progress.results.take());
            drop((progress, results));
            done.send_fault(no_room());
            return None;
        }
        if let Some(call) = progress.calls.next() {
            let has_room = progress.results.as_mut().is_some_and(|results| results.has_room(RESULT));
            return Some(if has_room { Ok(call) } else { Err(no_room()) });
        }
        let (done, results) = (progress.done.take()?, progress.results.take()?);
        drop(progress);
        let Growing { results, charge, .. } = results;
        done.send(Outcome::Ready(Ok(Charged { value: results.finish(), charge })));
        None
    }

    /// Makes one call.
    fn make(self: &Arc<Self>, call: Result<Value, Fault>) {
        let planned = call.and_then(|call| {
            let (name, params) = taken_apart(&call)?;
            plan(&self.context, name, params)
        });
        match planned {
            // The driver is here.
            Ok(Plan::Now(value)) => _ = self.note(Ok(value.into())),
            Err(fault) => _ = self.note(Err(fault)),
            Ok(Plan::Later(start)) => {
                let Some(caller) = self.lock().done.as_ref().map(|done| done.caller().clone()) else {
                    return;
                };
                let run = Arc::clone(self);
                start(&self.context, Done::new(caller, move |outcome| run.receive(outcome)));
            }
        }
    }

    /// Takes the result of a call that waited, and goes on unless somebody does already.
    fn receive(self: Arc<Self>, outcome: Outcome) {
        let driver = match outcome {
            Outcome::Text(text) => self.note_text(text),
            outcome @ (Outcome::Ready(_) | Outcome::Lazy(_)) => self.note(outcome.resolve()),
        };
        if driver == Driver::Absent {
            self.drive();
        }
    }

    /// Notes a result, and who sees it.
    fn note(&self, answered: Answered) -> Driver {
        self.note_with(|results| results.add(answered))
    }

    /// The same with a text, which is read without the lock.
    fn note_text(&self, text: LogText) -> Driver {
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

    fn note_with(&self, add: impl FnOnce(&mut Growing)) -> Driver {
        let mut progress = self.lock();
        if let Some(results) = &mut progress.results {
            add(results);
        }
        progress.made += 1;
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
