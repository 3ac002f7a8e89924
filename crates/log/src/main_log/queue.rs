//! The records of the main log that wait for one of its outputs.

use super::record::{Layout, format};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard};
use std::collections::VecDeque;
use std::sync::PoisonError;
use supervisor_core::{Level, Wall};
use supervisor_sys::{CopyBuffer, clock};

/// The most a queue holds.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

/// A bounded queue. Records that do not fit are counted, and a record of ours marks the gap.
#[derive(Debug)]
pub(crate) struct Queue {
    layout: Layout,
    state: Mutex<State>,
    /// Its output is being written, or did not accept the last write.
    is_stalled: AtomicBool,
}

#[derive(Debug, Default)]
struct State {
    records: VecDeque<CopyBuffer>,
    bytes: usize,
    dropped: u64,
}

/// Whether the reader of a queue has to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// It has: the queue was empty.
    First,
    /// The push that found the queue empty wakes it, or has woken it.
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
        let was_empty = state.is_empty();
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

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Whether the pump should write the queue before it adds more echoes. Not while the output is stalled: then echoes are
    /// dropped and counted rather than delaying children.
    pub(crate) fn is_crowded(&self) -> bool {
        !self.is_stalled.load(Ordering::Relaxed) && self.lock().bytes > MAX_BYTES / 2
    }

    /// Records whether the output accepts records. A write that hangs leaves it stalled.
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
    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.dropped == 0
    }

    /// Once a record was dropped, half of the queue has to be written first: one gap, not one after every other line. A single
    /// record always fits into an empty queue.
    fn has_room(&self, length: usize) -> bool {
        let limit = if self.dropped > 0 { MAX_BYTES / 2 } else { MAX_BYTES };
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
    fn dropped_records_are_counted_where_they_are_missing() {
        let queue = Queue::new(Layout::Text);
        let large = vec![b'x'; MAX_BYTES / 2 - 100];
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
        queue.push(Wall::default(), Level::Info, &vec![b'x'; MAX_BYTES]);
        queue.push(Wall::default(), Level::Info, b"lost");
        queue.pop();
        assert!(!queue.is_empty());
        assert!(
            String::from_utf8(queue.pop().unwrap().to_vec()).unwrap().contains("1 lines are missing here")
        );
        assert!(queue.pop().is_none());
    }
}
