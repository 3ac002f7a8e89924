//! Writes to the standard input of children: of clients, and of events for listeners.

use super::process::Child;
use super::stdin::{Progress, Refusal};
use super::{ChildToken, Children};
use mio::Interest;
use mio::unix::SourceFd;
use std::os::fd::AsRawFd;
use supervisor_core::{Input, Level, Pid, ProcessId};
use supervisor_sys::errno::words;

/// Why bytes for a child's standard input were refused; it got none of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StdinError {
    /// There is no child.
    NotRunning,
    /// The child has no standard input, or has closed it.
    Closed,
    /// The child does not read, and too much waits for it already.
    Full,
}

impl Children {
    /// Writes what a client sends. Returns the input for the core, if any.
    pub(crate) fn write_stdin(&mut self, id: ProcessId, bytes: &[u8]) -> Result<Option<Input>, StdinError> {
        let child = self.processes.get_mut(id).and_then(|process| process.child.as_mut());
        let child = child.ok_or(StdinError::NotRunning)?;
        let stdin = child.stdin.as_mut().ok_or(StdinError::Closed)?;
        match stdin.push(bytes) {
            Ok(progress) => Ok(self.progressed(id, progress)),
            Err(Refusal::Closed) => Err(StdinError::Closed),
            Err(Refusal::Full) => Err(StdinError::Full),
        }
    }

    /// Writes an event to a listener. Returns the input for the core, unless that follows once the child has read.
    pub(crate) fn write_event(&mut self, id: ProcessId, pid: Pid, bytes: &[u8]) -> Option<Input> {
        let child = self.processes.get_mut(id).and_then(|process| process.child.as_mut());
        let child = child.filter(|child| child.pid == pid)?;
        match child.stdin.as_mut().map_or(Progress::Closed, |stdin| stdin.push_event(bytes)) {
            Progress::Written => Some(Input::ListenerWritten { process: id, pid }),
            Progress::Waiting => {
                child.event_is_under_way = true;
                self.progressed(id, Progress::Waiting)
            }
            Progress::Closed => Some(Input::ListenerWriteFailed { process: id, pid }),
        }
    }

    /// A child has read from its standard input. Returns the input for the core, if any.
    pub(crate) fn stdin_has_room(&mut self, raw: u64) -> Option<Input> {
        let process = self.processes.get_raw(raw)?;
        let id = process.id;
        let stdin = process.child.as_mut().and_then(|child| child.stdin.as_mut())?;
        let progress = stdin.flush();
        self.progressed(id, progress)
    }

    /// Watches a child's standard input as long as bytes wait for room in it, and says what became of an event.
    fn progressed(&mut self, id: ProcessId, progress: Progress) -> Option<Input> {
        self.watch_stdin(id, progress == Progress::Waiting);
        let child = self.processes.get_mut(id).and_then(|process| process.child.as_mut())?;
        child.stdin.as_ref()?;
        if progress == Progress::Closed {
            child.stdin = None;
        }
        event_outcome(child, id, progress)
    }

    fn watch_stdin(&mut self, id: ProcessId, is_wanted: bool) {
        let registry = &self.registry;
        let child = self.processes.get_mut(id).and_then(|process| process.child.as_mut());
        let Some(child) = child.filter(|child| child.stdin_is_watched != is_wanted) else { return };
        let Some(descriptor) = child.stdin.as_ref().map(|stdin| stdin.pipe().as_raw_fd()) else { return };
        let mut source = SourceFd(&descriptor);
        let outcome = if is_wanted {
            registry.register(&mut source, ChildToken::Stdin(id.raw()).into(), Interest::WRITABLE)
        } else {
            registry.deregister(&mut source)
        };
        match outcome {
            Ok(()) => child.stdin_is_watched = is_wanted,
            Err(error) => {
                let text = format!("cannot watch the standard input of process {id}: {}", words(&error));
                self.log.log(Level::Critical, text);
            }
        }
    }
}

/// What became of the event that a child was being sent, if it was.
fn event_outcome(child: &mut Child, process: ProcessId, progress: Progress) -> Option<Input> {
    let pid = child.pid;
    let was_under_way = child.event_is_under_way;
    child.event_is_under_way &= progress == Progress::Waiting;
    if !was_under_way {
        return None;
    }
    match progress {
        Progress::Waiting => None,
        Progress::Written => Some(Input::ListenerWritten { process, pid }),
        Progress::Closed => Some(Input::ListenerWriteFailed { process, pid }),
    }
}
