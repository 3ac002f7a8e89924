//! The synchronization primitives of this crate: those of the standard library, or, under `--cfg loom`, those of loom, whose
//! scheduler tries the interleavings of a model's threads (see `pump::model`).

#[cfg(not(loom))]
pub(crate) use std::sync::{Condvar, Mutex, MutexGuard, atomic};
#[cfg(not(loom))]
pub(crate) use std::thread;

#[cfg(loom)]
pub(crate) use loom::sync::{Condvar, Mutex, MutexGuard, atomic};

#[cfg(loom)]
pub(crate) mod thread {
    pub(crate) use loom::thread::{Builder, Thread, current, park};

    /// loom knows no time: the timeout may have passed at any moment.
    pub(crate) fn park_timeout(_: std::time::Duration) {
        loom::thread::yield_now();
    }
}
