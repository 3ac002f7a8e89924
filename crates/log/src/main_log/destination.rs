//! One destination of the main log as the pump serves it.

use super::queue::{Layout, Queue};
use crate::label::Label;
use crate::sinks::ClearError;
use crate::sinks::buffered_output::{BufferedOutput, Flow, LogMessages};
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use supervisor_core::Level;
use supervisor_sys::clock;

/// The most that is written before others get their turn: a whole queue.
const ROUND: usize = super::queue::LIMIT;

/// A queue and where it goes.
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
    /// The copy on stdout, which is neither.
    Copy,
}

/// How serving went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct DrainReport {
    pub(crate) flow: Flow,
    pub(crate) has_written: bool,
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

    /// Writes what waits, record by record, as far as it is taken.
    pub(crate) fn serve(&mut self, messages: &mut LogMessages) -> DrainReport {
        self.queue.set_stalled(true);
        let mut served =
            DrainReport { flow: self.output.flush(messages), has_written: false, has_more: false };
        let mut bytes = 0;
        while served.flow == Flow::Open {
            if bytes >= ROUND {
                served.has_more = !self.queue.is_empty();
                break;
            }
            let Some(record) = self.queue.pop() else { break };
            bytes += record.len();
            served.flow = self.output.write(&record, messages);
            served.has_written = true;
        }
        self.queue.set_stalled(served.flow != Flow::Open);
        served
    }

    pub(crate) fn reopen(&mut self, messages: &mut LogMessages) {
        if self.is_log() {
            self.output.reopen(messages);
        }
    }

    /// Empties the log proper.
    pub(crate) fn clear(&mut self) -> Result<(), ClearError> {
        self.output.clear()
    }

    /// Says on the copy, which is never emptied, that the log proper is.
    pub(crate) fn note_cleared(&self) {
        if !self.is_log() {
            self.queue.push(clock::now().wall, Level::Info, b"reopening log file");
        }
    }

    /// Whether it is the log proper.
    pub(crate) fn is_log(&self) -> bool {
        self.role == Role::Log
    }

    /// Whether everything is written.
    pub(crate) fn is_settled(&self) -> bool {
        self.queue.is_empty() && !self.output.is_waiting()
    }

    pub(crate) fn fd(&self) -> Option<BorrowedFd<'_>> {
        self.output.fd()
    }

    pub(crate) fn label(&self) -> &Label {
        self.output.label()
    }
}
