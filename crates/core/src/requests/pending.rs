//! Pending requests: the processes still awaited, and the outcome for the others.
//!
//! The answer about many processes lists them in upstream's order: first the immediate outcomes (faults, and successes that need
//! no waiting) by priority, then the deferred ones as they are known. Upstream polls about once a second, and lists outcomes of
//! the same second by priority; so do we, counting seconds from the request.

use crate::process::Process;
use crate::snapshot::codec::{codec_enum, codec_struct};
use crate::{Answer, Fault, Namespec, ProcessId, ProcessOutcome, Wait};
use std::collections::BTreeMap;
use std::time::Duration;

/// The outcome for one process.
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

/// Whether upstream knows an outcome when it takes the request, or only when it polls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Timing {
    Immediate,
    Deferred,
}

/// A start whose command files are being checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PendingStart {
    /// The name as the client wrote it, if it is about one process.
    pub(crate) spelled: Option<String>,
    pub(crate) wait: Wait,
    /// The client is gone. The processes are started, and no reply is sent.
    pub(crate) is_cancelled: bool,
}

codec_struct!(PendingStart { spelled, wait, is_cancelled });

/// A request that is not answered yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PendingRequest {
    pub(crate) asked: Duration,
    pub(crate) subject: Subject,
    /// The processes still undecided, with their place in the request.
    pub(crate) awaited: BTreeMap<ProcessId, u64>,
    /// All its processes were looked at. Until then it is not over, even if nothing is awaited.
    pub(crate) is_complete: bool,
}

codec_struct!(PendingRequest { asked, subject, awaited, is_complete });

/// The processes of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// One process, as the client spelled it.
    One { spelled: String, result: Result<(), Fault> },
    /// Many processes: what came of each, by second and place.
    Many { outcomes: BTreeMap<(u64, u64), ProcessOutcome>, places: u64 },
}

codec_enum!(Subject { 0 => One { spelled, result }, 1 => Many { outcomes, places } });

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

    /// Awaits an outcome for `process`.
    pub(crate) fn wait_for(&mut self, process: ProcessId) {
        let place = self.take_place();
        self.awaited.insert(process, place);
    }

    /// Records the result for a process that need not be awaited.
    pub(crate) fn note(&mut self, process: &Process, result: Result<(), Fault>) {
        let place = self.take_place();
        self.record(process, (0, place), result);
    }

    /// Records that its process was removed; one of many is left out.
    pub(crate) fn refuse_unknown(&mut self) {
        match &mut self.subject {
            Subject::One { spelled, result } => *result = Err(Fault::BadName(spelled.clone())),
            Subject::Many { .. } => {}
        }
    }

    /// Records the outcome for a process that is awaited; ignores later ones.
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
