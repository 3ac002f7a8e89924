//! One output of the main log: the log proper or its copy on stdout, fed from a queue.

use super::queue::{MAX_BYTES, Queue};
use super::record::Layout;
use crate::label::Label;
use crate::sinks::ClearError;
use crate::sinks::buffered_output::{BufferedOutput, Flow, LogMessages};
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use supervisor_core::Level;
use supervisor_sys::clock;

/// The most that is written before other channels get their turn: a whole queue.
const QUOTA: usize = MAX_BYTES;

/// A queue and its output.
#[derive(Debug)]
pub(crate) struct MainLogOutput {
    queue: Arc<Queue>,
    output: BufferedOutput,
    role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// The log proper: reopened and cleared.
    Log,
    /// The copy on stdout: neither.
    Copy,
}

/// What [`MainLogOutput::drain`] did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Drained {
    pub(crate) flow: Flow,
    pub(crate) has_written: bool,
    /// The quota was used up before the queue was empty.
    pub(crate) has_more: bool,
}

impl MainLogOutput {
    pub(crate) fn log(output: BufferedOutput, layout: Layout) -> Self {
        Self { queue: Arc::new(Queue::new(layout)), output, role: Role::Log }
    }

    pub(crate) fn copy(output: BufferedOutput) -> Self {
        Self { queue: Arc::new(Queue::new(Layout::Text)), output, role: Role::Copy }
    }

    pub(crate) fn queue(&self) -> Arc<Queue> {
        Arc::clone(&self.queue)
    }

    /// Writes the backlog and the queued records, one by one, as far as the sink accepts them.
    pub(crate) fn drain(&mut self, messages: &mut LogMessages) -> Drained {
        self.queue.set_stalled(true);
        let mut drained = Drained { flow: self.output.flush(messages), has_written: false, has_more: false };
        let mut bytes = 0;
        while drained.flow == Flow::Open {
            if bytes >= QUOTA {
                drained.has_more = !self.queue.is_empty();
                break;
            }
            let Some(record) = self.queue.pop() else { break };
            bytes += record.len();
            drained.flow = self.output.write(&record, messages);
            drained.has_written = true;
        }
        self.queue.set_stalled(drained.flow != Flow::Open);
        drained
    }

    pub(crate) fn reopen(&mut self, messages: &mut LogMessages) {
        if self.is_log() {
            self.output.reopen(messages);
        }
    }

    /// Truncates the log proper.
    pub(crate) fn clear(&mut self) -> Result<(), ClearError> {
        self.output.clear()
    }

    /// Says on the copy, which is never truncated, that the log proper is.
    pub(crate) fn note_cleared(&self) {
        if !self.is_log() {
            self.queue.push(clock::now().wall, Level::Info, b"reopening log file");
        }
    }

    /// Whether it is the log proper.
    pub(crate) fn is_log(&self) -> bool {
        self.role == Role::Log
    }

    /// Whether all records are written.
    pub(crate) fn is_settled(&self) -> bool {
        self.queue.is_empty() && !self.output.has_backlog()
    }

    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.output.fd()
    }

    pub(crate) fn label(&self) -> &Label {
        self.output.label()
    }
}
