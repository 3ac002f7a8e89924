//! Barriers: a reply once everything present at a moment is written ([`Pump::sync`](crate::Pump::sync)).

use super::Reply;
use std::collections::HashMap;

/// After so many services of 256 KiB a flooding pipe has passed what was in it when the barrier was added: the largest pipe,
/// and a chunk under way.
const MAX_SERVICES: u32 = 5;

/// The barriers that are not passed yet.
#[derive(Debug, Default)]
pub(crate) struct Barriers(Vec<Barrier>);

struct Barrier {
    /// Slots still to be served.
    waiting: HashMap<usize, Wait>,
    stage: Stage,
    reply: Reply,
}

/// What a barrier waits for at one slot.
#[derive(Clone, Copy, Debug)]
struct Wait {
    /// So many more services, if each of them leaves more to do.
    services: u32,
    /// A service was under way when the barrier was added; it may have found the pipe empty before.
    began_before: bool,
}

/// How a slot was served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visit {
    /// As far as possible.
    Complete,
    /// It has more to do at once.
    Partial,
    /// It hangs, or is gone.
    Abandoned,
}

/// Streams come first, as serving them may write lines into the main log.
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

/// What a visit led to.
#[derive(Default)]
pub(crate) struct Advanced {
    /// Called after the lock is released.
    pub(crate) replies: Vec<Reply>,
    /// The slots to serve for the second stage.
    pub(crate) ready: Vec<usize>,
}

impl Barriers {
    /// Adds one over these slots; the flag says that a slot is being served now.
    pub(crate) fn add(&mut self, streams: impl Iterator<Item = (usize, bool)>, reply: Reply) {
        let waiting = streams
            .map(|(slot, began_before)| (slot, Wait { services: MAX_SERVICES, began_before }))
            .collect();
        self.0.push(Barrier { waiting, stage: Stage::Streams, reply });
    }

    /// Counts a service of `slot`.
    pub(crate) fn pass(&mut self, slot: usize, visit: Visit) {
        for barrier in &mut self.0 {
            let Some(wait) = barrier.waiting.get_mut(&slot) else { continue };
            let began_before = std::mem::take(&mut wait.began_before);
            if began_before && visit != Visit::Abandoned {
                continue;
            }
            let is_passed = match visit {
                Visit::Complete | Visit::Abandoned => true,
                Visit::Partial => {
                    wait.services -= 1;
                    wait.services == 0
                }
            };
            if is_passed {
                barrier.waiting.remove(&slot);
            }
        }
    }

    /// Moves every barrier that waits for no slot any more to its next stage. `main` are the slots of the main log.
    pub(crate) fn advance(&mut self, main: &[usize]) -> Advanced {
        let mut advanced = Advanced::default();
        for mut barrier in std::mem::take(&mut self.0) {
            if barrier.waiting.is_empty() && barrier.stage == Stage::Streams && !main.is_empty() {
                barrier.stage = Stage::Main;
                let wait = Wait { services: MAX_SERVICES, began_before: false };
                barrier.waiting = main.iter().map(|slot| (*slot, wait)).collect();
                advanced.ready.extend_from_slice(main);
            }
            if barrier.waiting.is_empty() {
                advanced.replies.push(barrier.reply);
            } else {
                self.0.push(barrier);
            }
        }
        advanced
    }

    /// The replies of all barriers, which are no more.
    pub(crate) fn take_replies(&mut self) -> Vec<Reply> {
        std::mem::take(&mut self.0).into_iter().map(|barrier| barrier.reply).collect()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
