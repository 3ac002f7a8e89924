//! Clears the logs of processes: joins the answers of the pump to one.

use crate::main_loop::Loop;
use crate::workers::spawn::stream_id;
use std::sync::{Arc, Mutex, PoisonError};
use supervisor_core::{Fault, ProcessId, ProcessOutcome};

/// Takes the outcomes of all processes.
type Finish = Box<dyn FnOnce(Vec<ProcessOutcome>) + Send>;

/// The logs of some processes being cleared. Finishes with the last answer of the pump.
pub(super) struct Clearing {
    outcomes: Mutex<Vec<ProcessOutcome>>,
    finish: Mutex<Option<Finish>>,
}

impl Clearing {
    /// Clears all logs of `processes` and passes the outcomes, in the same order, to `finish`, on the pump's thread or on this
    /// one.
    pub(super) fn of(
        owner: &Loop,
        processes: &[ProcessId],
        finish: impl FnOnce(Vec<ProcessOutcome>) + Send + 'static,
    ) {
        let clearing = Arc::new(Self {
            outcomes: Mutex::new(processes.iter().filter_map(|id| success(owner, *id)).collect()),
            finish: Mutex::new(Some(Box::new(finish))),
        });
        for (place, process) in processes.iter().filter_map(|id| owner.children.get(*id)).enumerate() {
            for channel in process.channels() {
                let clearing = Arc::clone(&clearing);
                let stream = stream_id(process.id(), channel);
                let file = process.log_file(channel).cloned();
                owner.pump.clear(stream, file, move |outcome| {
                    if outcome.is_err() {
                        clearing.record_failure(place);
                    }
                });
            }
        }
    }

    fn record_failure(&self, place: usize) {
        let mut outcomes = self.outcomes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outcome) = outcomes.get_mut(place) {
            let name = supervisor_core::Namespec { group: &outcome.group, process: Some(&outcome.name) };
            outcome.result = Err(Fault::Failed(name.to_string()));
        }
    }
}

impl Drop for Clearing {
    /// The callback for each answer holds a reference; the last one finishes.
    fn drop(&mut self) {
        let outcomes = std::mem::take(self.outcomes.get_mut().unwrap_or_else(PoisonError::into_inner));
        if let Some(finish) = self.finish.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            finish(outcomes);
        }
    }
}

fn success(owner: &Loop, id: ProcessId) -> Option<ProcessOutcome> {
    let config = owner.children.get(id)?.config();
    Some(ProcessOutcome { name: Arc::clone(&config.name), group: Arc::clone(&config.group), result: Ok(()) })
}
