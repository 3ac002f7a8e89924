//! Records of the main log that wait for one of its destinations.

use super::format;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use supervisor_core::{Level, Wall};
use supervisor_sys::{CopyBuffer, clock};

/// The most a destination may lag behind.
pub(super) const LIMIT: usize = 1024 * 1024;

/// A bounded queue; what does not fit is counted, and the place of the gap is marked.
#[derive(Debug)]
pub(crate) struct Queue {
    layout: Layout,
    state: Mutex<State>,
    /// Its destination is being written, or could not be when it was last tried.
    is_stalled: AtomicBool,
}

/// How a destination wants its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layout {
    /// As text with a newline at the end; continuation lines raw.
    Text,
    /// Every line with the timestamp and level in front, as each becomes a message of its own.
    Messages,
}

#[derive(Debug, Default)]
struct State {
    records: VecDeque<CopyBuffer>,
    bytes: usize,
    dropped: u64,
}

/// Whether the reader of a queue has to be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// The queue was empty: somebody has to look at it.
    First,
    /// Whoever reads it knows already.
    Behind,
}

impl Queue {
    pub(crate) fn new(layout: Layout) -> Self {
        Self { layout, state: Mutex::default(), is_stalled: AtomicBool::new(false) }
    }

    /// Adds a record, or counts it if there is no room.
    pub(crate) fn push(&self, at: Wall, level: Level, message: &[u8]) -> Pushed {
        let record = format(self.layout, at, level, message);
        let mut state = self.lock();
        let was_empty = state.records.is_empty() && state.dropped == 0;
        if state.has_room(record.len()) {
            if let Some(gap) = self.take_gap(&mut state) {
                state.add(gap);
            }
            state.add(record);
        } else {
            state.dropped += 1;
        }
        if was_empty { Pushed::First } else { Pushed::Behind }
    }

    /// The next record.
    pub(crate) fn pop(&self) -> Option<CopyBuffer> {
        let mut state = self.lock();
        match state.records.pop_front() {
            Some(record) => {
                state.bytes -= record.len();
                Some(record)
            }
            None => self.take_gap(&mut state),
        }
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        let state = self.lock();
        state.records.is_empty() && state.dropped == 0
    }

    /// Whether those who could wait with what they have to say had better, as the queue is about to be
    /// written.
    pub(crate) fn is_crowded(&self) -> bool {
        !self.is_stalled.load(Ordering::Relaxed) && self.lock().bytes > LIMIT / 2
    }

    /// Tells whether writing goes on. A write that hangs leaves it at no.
    pub(crate) fn set_stalled(&self, is_stalled: bool) {
        self.is_stalled.store(is_stalled, Ordering::Relaxed);
    }

    /// The record that stands for those dropped since the last one that was queued.
    fn take_gap(&self, state: &mut State) -> Option<CopyBuffer> {
        let dropped = std::mem::take(&mut state.dropped);
        (dropped > 0).then(|| {
            let message =
                format!("{dropped} lines are missing here: the log could not be written fast enough");
            format(self.layout, clock::now().wall, Level::Error, message.as_bytes())
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Once something was dropped, half of the queue has to be written first: one gap, not one after every
    /// other line. A single record always fits into an empty queue.
    fn has_room(&self, length: usize) -> bool {
        let limit = if self.dropped > 0 { LIMIT / 2 } else { LIMIT };
        self.records.is_empty() || self.bytes + length <= limit
    }

    fn add(&mut self, record: CopyBuffer) {
        self.bytes += record.len();
        self.records.push_back(record);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drain(queue: &Queue) -> Vec<String> {
        std::iter::from_fn(|| queue.pop()).map(|record| String::from_utf8(record.to_vec()).unwrap()).collect()
    }

    #[test]
    fn what_does_not_fit_is_counted_where_it_is_missing() {
        let queue = Queue::new(Layout::Text);
        let large = vec![b'x'; LIMIT / 2 - 100];
        assert_eq!(queue.push(Wall::default(), Level::Info, &large), Pushed::First);
        assert_eq!(queue.push(Wall::default(), Level::Info, &large), Pushed::Behind);
        assert_eq!(queue.push(Wall::default(), Level::Info, &large), Pushed::Behind);
        assert_eq!(queue.push(Wall::default(), Level::Info, b"small, but after a gap"), Pushed::Behind);
        assert!(queue.pop().unwrap().ends_with(b"x\n"));
        queue.push(Wall::default(), Level::Info, b"kept");
        let rest = drain(&queue);
        assert_eq!(rest.len(), 3);
        assert!(rest[0].ends_with("xxx\n"));
        assert!(rest[1].contains("ERRO 2 lines are missing here"), "{}", rest[1]);
        assert!(rest[2].ends_with("INFO kept\n"), "{}", rest[2]);
        assert!(queue.is_empty());
    }

    #[test]
    fn a_gap_at_the_end_is_marked_too() {
        let queue = Queue::new(Layout::Text);
        queue.push(Wall::default(), Level::Info, &vec![b'x'; LIMIT]);
        queue.push(Wall::default(), Level::Info, b"lost");
        queue.pop();
        assert!(!queue.is_empty());
        assert!(
            String::from_utf8(queue.pop().unwrap().to_vec()).unwrap().contains("1 lines are missing here")
        );
        assert!(queue.pop().is_none());
    }
}
