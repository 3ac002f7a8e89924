//! What reading a configuration has to say: faults that forbid it, and lines for the log.

use crate::config::{Message, Severity};
use crate::diagnostic::Fault;
use std::collections::HashSet;

/// Collects faults and messages while a configuration is read.
#[derive(Debug, Default)]
pub(crate) struct Report {
    faults: Vec<Fault>,
    own_faults: Vec<Fault>,
    warnings: Vec<String>,
    remarks: Vec<String>,
    notes: Vec<String>,
    details: Vec<String>,
    seen: HashSet<String>,
    fault_count: usize,
}

impl Report {
    /// A fault upstream stops at. A second one about the same text is dropped: the options of a section may be read
    /// more than once.
    pub(crate) fn fault(&mut self, fault: Fault) {
        if self.is_new(&fault) {
            // Only the first one is shown with the names that may be used, and there may be many of both.
            let is_first = self.faults.is_empty();
            self.faults.push(if is_first { fault } else { fault.without_names() });
        }
    }

    /// A fault only we find; it must not come before one that upstream stops at.
    pub(crate) fn own_fault(&mut self, fault: Fault) {
        if self.is_new(&fault) {
            self.own_faults.push(fault);
        }
    }

    /// How many faults were found by now, those dropped as known included.
    pub(crate) fn fault_count(&self) -> usize {
        self.fault_count
    }

    fn is_new(&mut self, fault: &Fault) -> bool {
        self.fault_count += 1;
        let identity = match fault.place() {
            Some(place) if !place.is_header() => format!("{}:{}:{}", place.file, place.line, place.column),
            Some(_) | None => fault.remote_message(),
        };
        self.seen.insert(identity)
    }

    /// A warning of upstream's; repeated as often as upstream repeats it.
    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }

    /// A warning of ours; said once.
    pub(crate) fn remark(&mut self, text: impl Into<String>) {
        let text = text.into();
        if self.seen.insert(text.clone()) {
            self.remarks.push(text);
        }
    }

    /// Something to know.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// A line for the debug level.
    pub(crate) fn detail(&mut self, text: impl Into<String>) {
        self.details.push(text.into());
    }

    /// Every fault, upstream's first; empty if there is a configuration.
    pub(crate) fn take_faults(&mut self) -> Vec<Fault> {
        let mut faults = std::mem::take(&mut self.faults);
        faults.append(&mut self.own_faults);
        faults
    }

    /// Lines for the log, the most severe first.
    pub(crate) fn into_messages(self) -> Vec<Message> {
        let warnings = self.warnings.into_iter().chain(self.remarks);
        let warnings = warnings.map(|text| Message { severity: Severity::Warning, text });
        let notes = self.notes.into_iter().map(|text| Message { severity: Severity::Info, text });
        let details = self.details.into_iter().map(|text| Message { severity: Severity::Debug, text });
        warnings.chain(notes).chain(details).collect()
    }
}
