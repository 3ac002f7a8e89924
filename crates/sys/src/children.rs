//! The table of our own children: made by `spawn`, not yet reaped.
//!
//! It resolves a race between two threads. A spawner thread makes a child and informs the loop afterwards; the child
//! may exit in between, and the loop, reaping orphans, would take its exit status for an orphan's. So a pid is in the
//! table before `spawn` returns, and while a spawn is under way every unknown zombie may be the child it just made.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use supervisor_core::Pid;

static OURS: Mutex<BTreeSet<Pid>> = Mutex::new(BTreeSet::new());
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// A spawn that has begun; dropping it marks its end.
pub(crate) struct SpawnUnderWay(());

impl SpawnUnderWay {
    /// Call it before the child can exist.
    pub(crate) fn begin() -> Self {
        UNDER_WAY.fetch_add(1, Ordering::SeqCst);
        Self(())
    }

    /// Records the child, then the end of the spawn: in this order, so that a reader who sees none under way
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

/// Whether a child that is not in the table may still be ours.
pub(crate) fn any_spawn_under_way() -> bool {
    UNDER_WAY.load(Ordering::SeqCst) > 0
}

/// Our children. Reaping holds this lock from before the kernel frees the pid until it is out of the table: otherwise a
/// new child that gets the same pid at once would be removed instead.
pub(crate) fn ours() -> MutexGuard<'static, BTreeSet<Pid>> {
    // The set is whole after every operation, so a panic elsewhere while it was locked spoils nothing.
    OURS.lock().unwrap_or_else(PoisonError::into_inner)
}
