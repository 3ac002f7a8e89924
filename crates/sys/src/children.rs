//! The books on our own children: made by `spawn`, not yet collected.
//!
//! They keep two threads from harming each other. A spawner thread makes a child and tells the supervision
//! loop afterwards; the child may die in between, and the loop, looking for strangers to bury, would take its
//! exit status as a stranger's. So a pid is on the books before `spawn` returns, and while a spawn is under
//! way every unknown dead child may be the one it just made.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use supervisor_core::Pid;

static OURS: Mutex<BTreeSet<Pid>> = Mutex::new(BTreeSet::new());
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// A spawn that has begun; its end is entered when it is dropped.
pub(crate) struct SpawnUnderWay(());

impl SpawnUnderWay {
    /// To be called before the child can exist.
    pub(crate) fn begin() -> Self {
        UNDER_WAY.fetch_add(1, Ordering::SeqCst);
        Self(())
    }

    /// Enters the child, then the end of the spawn: in this order, so that a reader who sees none under way
    /// finds the child.
    pub(crate) fn finish(self, pid: Pid) {
        ours().insert(pid);
        drop(self);
    }
}

impl Drop for SpawnUnderWay {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether a child that is not on the books may still be ours.
pub(crate) fn any_spawn_under_way() -> bool {
    UNDER_WAY.load(Ordering::SeqCst) > 0
}

/// The children of ours. Whoever collects one holds this from before the kernel forgets the pid until it is
/// off the books: otherwise a new child that gets the same pid at once would be struck off instead.
pub(crate) fn ours() -> MutexGuard<'static, BTreeSet<Pid>> {
    // The set is whole after every operation, so a panic elsewhere while it was locked spoils nothing.
    OURS.lock().unwrap_or_else(PoisonError::into_inner)
}
