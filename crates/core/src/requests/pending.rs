//! Requests under way: what is still awaited, and what has come of the rest.
//!
//! A request for many processes answers in upstream's order: first what is decided at once (faults, and
//! successes that need no waiting) by priority, then the others as they are decided. Upstream looks about once
//! a second, so whatever was decided within the same second it lists by priority; so do we, counting seconds
//! from the request.

use crate::process::Process;
use crate::{Answer, Fault, Namespec, ProcessId, ProcessOutcome, Wait};
use std::collections::BTreeMap;
use std::time::Duration;

/// What came of the attempt for one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Done,
    SpawnError,
    AbnormalTermination,
    NotRunning,
    Failed(String),
}

impl Outcome {
    /// The result on the wire, for a process the client calls `spelled`.
    fn into_result(self, spelled: &str) -> Result<(), Fault> {
        let name = || spelled.to_owned();
        match self {
            Self::Done => Ok(()),
            Self::SpawnError => Err(Fault::SpawnError(name())),
            Self::AbnormalTermination => Err(Fault::AbnormalTermination(name())),
            Self::NotRunning => Err(Fault::NotRunning(name())),
            Self::Failed(text) => Err(Fault::Failed(text)),
        }
    }
}

/// Whether an outcome belongs to what upstream decides while it takes the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timing {
    Immediate,
    Deferred,
}

/// A start whose command files are being looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PendingStart {
    /// The name as the client wrote it, if it is about one process.
    pub(crate) spelled: Option<String>,
    pub(crate) wait: Wait,
    /// The client is gone. The processes are started all the same.
    pub(crate) is_cancelled: bool,
}

/// A request under way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PendingRequest {
    pub(crate) asked: Duration,
    pub(crate) subject: Subject,
    /// The processes still undecided, with their place in the request.
    pub(crate) awaited: BTreeMap<ProcessId, u64>,
    /// Every process of the request has been taken up. Until then a request is not over, even if nothing is
    /// awaited.
    pub(crate) is_complete: bool,
}

/// What a request is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// One process, as the client spelled it.
    One { spelled: String, result: Result<(), Fault> },
    /// Many processes: what came of each, by second and place.
    Many { outcomes: BTreeMap<(u64, u64), ProcessOutcome>, places: u64 },
}

impl PendingRequest {
    /// A request for the one process the client calls `spelled`, or for many.
    pub(crate) fn new(spelled: Option<String>, asked: Duration) -> Self {
        let subject = match spelled {
            Some(spelled) => Subject::One { spelled, result: Ok(()) },
            None => Subject::Many { outcomes: BTreeMap::new(), places: 0 },
        };
        Self { asked, subject, awaited: BTreeMap::new(), is_complete: false }
    }

    /// The name to use for `process` in faults: the client's, or the full one.
    pub(crate) fn spelled(&self, process: &Process) -> String {
        match &self.subject {
            Subject::One { spelled, .. } => spelled.clone(),
            Subject::Many { .. } => {
                Namespec { group: &process.group_name, process: Some(&process.name) }.to_string()
            }
        }
    }

    /// Waits for an outcome on `process`.
    pub(crate) fn wait_for(&mut self, process: ProcessId) {
        let place = self.take_place();
        self.awaited.insert(process, place);
    }

    /// Notes a result for a process that was never waited for.
    pub(crate) fn note(&mut self, process: &Process, result: Result<(), Fault>) {
        let place = self.take_place();
        self.record(process, (0, place), result);
    }

    /// Notes that the only process it is about does not exist; one of many is passed over.
    pub(crate) fn refuse_unknown(&mut self) {
        match &mut self.subject {
            Subject::One { spelled, result } => *result = Err(Fault::BadName(spelled.clone())),
            Subject::Many { .. } => {}
        }
    }

    /// Notes an outcome if one is still awaited for this process; later ones change nothing.
    pub(crate) fn resolve(&mut self, process: &Process, outcome: Outcome, timing: Timing, now: Duration) {
        let Some(place) = self.awaited.remove(&process.id) else { return };
        let second = match timing {
            Timing::Immediate => 0,
            Timing::Deferred => now.saturating_sub(self.asked).as_secs() + 1,
        };
        let result = outcome.into_result(&self.spelled(process));
        self.record(process, (second, place), result);
    }

    /// Whether the answer is known.
    pub(crate) fn is_over(&self) -> bool {
        self.is_complete && self.awaited.is_empty()
    }

    /// The answer.
    pub(crate) fn into_answer(self) -> Answer {
        match self.subject {
            Subject::One { result: Ok(()), .. } => Answer::Done,
            Subject::One { result: Err(fault), .. } => Answer::Fault(fault),
            Subject::Many { outcomes, .. } => Answer::Outcomes(outcomes.into_values().collect()),
        }
    }

    fn take_place(&mut self) -> u64 {
        match &mut self.subject {
            Subject::One { .. } => 0,
            Subject::Many { places, .. } => {
                *places += 1;
                *places
            }
        }
    }

    fn record(&mut self, process: &Process, order: (u64, u64), new: Result<(), Fault>) {
        match &mut self.subject {
            Subject::One { result, .. } => *result = new,
            Subject::Many { outcomes, .. } => {
                let (name, group) = (process.name.clone(), process.group_name.clone());
                outcomes.insert(order, ProcessOutcome { name, group, result: new });
            }
        }
    }
}
