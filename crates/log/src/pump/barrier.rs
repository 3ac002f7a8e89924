//! Waiting until everything present at a moment is written.

use std::collections::HashMap;

/// A flooding pipe has surely passed what was in it after so many rounds of 256 KiB: the largest pipe and a
/// chunk under way.
const ROUNDS: u32 = 5;

/// Those who wait.
#[derive(Debug, Default)]
pub(super) struct Barriers(Vec<Barrier>);

struct Barrier {
    /// Slots still to be served, with the rounds they have left.
    waiting: HashMap<usize, u32>,
    stage: Stage,
    reply: Box<dyn FnOnce() + Send>,
}

/// First the streams, as they may write into the main log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Streams,
    Main,
}

impl std::fmt::Debug for Barrier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Barrier")
            .field("waiting", &self.waiting)
            .field("stage", &self.stage)
            .finish_non_exhaustive()
    }
}

/// What passing a slot led to.
#[derive(Default)]
pub(super) struct Passed {
    /// To be called without a lock.
    pub(super) replies: Vec<Box<dyn FnOnce() + Send>>,
    /// The slots to serve now.
    pub(super) due: Vec<usize>,
}

impl Barriers {
    /// A new one, over the slots that have to be served first.
    pub(super) fn add(&mut self, streams: &[usize], reply: Box<dyn FnOnce() + Send>) {
        let waiting = streams.iter().map(|slot| (*slot, ROUNDS)).collect();
        self.0.push(Barrier { waiting, stage: Stage::Streams, reply });
    }

    /// `slot` was served and has more to do at once.
    pub(super) fn round(&mut self, slot: usize) {
        for barrier in &mut self.0 {
            if let Some(rounds) = barrier.waiting.get_mut(&slot) {
                *rounds = rounds.saturating_sub(1);
            }
        }
        self.0.iter_mut().for_each(|barrier| barrier.waiting.retain(|_, rounds| *rounds > 0));
    }

    /// `slot` was served as far as possible, or hangs.
    pub(super) fn pass(&mut self, slot: usize) {
        self.0.iter_mut().for_each(|barrier| {
            barrier.waiting.remove(&slot);
        });
    }

    /// Moves on every barrier nothing holds up any more.
    pub(super) fn advance(&mut self, main: &[usize]) -> Passed {
        let mut passed = Passed::default();
        for mut barrier in std::mem::take(&mut self.0) {
            if barrier.waiting.is_empty() && barrier.stage == Stage::Streams && !main.is_empty() {
                barrier.stage = Stage::Main;
                barrier.waiting = main.iter().map(|slot| (*slot, ROUNDS)).collect();
                passed.due.extend_from_slice(main);
            }
            if barrier.waiting.is_empty() {
                passed.replies.push(barrier.reply);
            } else {
                self.0.push(barrier);
            }
        }
        passed
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
