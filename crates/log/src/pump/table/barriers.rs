//! Waiting until everything present at a moment is written.

use std::collections::HashMap;

/// A flooding pipe has surely passed what was in it after so many rounds of 256 KiB: the largest pipe and a
/// chunk under way.
const ROUNDS: u32 = 5;

/// Those who wait.
#[derive(Debug, Default)]
pub(in crate::pump) struct Barriers(Vec<Barrier>);

struct Barrier {
    /// Slots still to be served.
    waiting: HashMap<usize, Wait>,
    stage: Stage,
    reply: Box<dyn FnOnce() + Send>,
}

/// What is waited for at one slot.
#[derive(Clone, Copy, Debug)]
struct Wait {
    /// So many more rounds, if it always has more to do.
    rounds: u32,
    /// It was being served when the wait began, and may have been found empty before.
    is_under_way: bool,
}

/// How a slot was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::pump) enum Visit {
    /// As far as possible.
    Complete,
    /// It has more to do at once.
    Partial,
    /// It hangs, or is gone.
    Abandoned,
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

/// What visiting a slot led to.
#[derive(Default)]
pub(in crate::pump) struct Advanced {
    /// To be called without a lock.
    pub(in crate::pump) replies: Vec<Box<dyn FnOnce() + Send>>,
    /// The slots to serve now.
    pub(in crate::pump) due: Vec<usize>,
}

impl Barriers {
    /// A new one, over the slots that have to be served first, each with whether it is being served.
    pub(in crate::pump) fn add(
        &mut self,
        streams: impl Iterator<Item = (usize, bool)>,
        reply: Box<dyn FnOnce() + Send>,
    ) {
        let waiting =
            streams.map(|(slot, is_under_way)| (slot, Wait { rounds: ROUNDS, is_under_way })).collect();
        self.0.push(Barrier { waiting, stage: Stage::Streams, reply });
    }

    /// `slot` was served.
    pub(in crate::pump) fn pass(&mut self, slot: usize, visit: Visit) {
        for barrier in &mut self.0 {
            let Some(wait) = barrier.waiting.get_mut(&slot) else { continue };
            let began_before = std::mem::take(&mut wait.is_under_way);
            if began_before && visit != Visit::Abandoned {
                continue;
            }
            let is_passed = match visit {
                Visit::Complete | Visit::Abandoned => true,
                Visit::Partial => {
                    wait.rounds -= 1;
                    wait.rounds == 0
                }
            };
            if is_passed {
                barrier.waiting.remove(&slot);
            }
        }
    }

    /// Moves on every barrier nothing holds up any more.
    pub(in crate::pump) fn advance(&mut self, main: &[usize]) -> Advanced {
        let mut passed = Advanced::default();
        for mut barrier in std::mem::take(&mut self.0) {
            if barrier.waiting.is_empty() && barrier.stage == Stage::Streams && !main.is_empty() {
                barrier.stage = Stage::Main;
                let wait = Wait { rounds: ROUNDS, is_under_way: false };
                barrier.waiting = main.iter().map(|slot| (*slot, wait)).collect();
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

    pub(in crate::pump) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
