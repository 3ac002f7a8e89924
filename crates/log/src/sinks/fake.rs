//! A target tests can block, fail and inspect.

use super::{Outcome, Written};
use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// What the test and the target share.
#[derive(Debug, Default)]
pub(crate) struct FakeSinkState {
    inner: Mutex<Inner>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    written: Vec<u8>,
    hangs: bool,
    hanging: usize,
    fails_with: Option<i32>,
}

/// The target side.
#[derive(Debug)]
pub(crate) struct FakeSink(pub(crate) Arc<FakeSinkState>);

impl FakeSinkState {
    /// From now on writes do not return, as on a dead disk.
    pub(crate) fn hang(&self) {
        self.lock().hangs = true;
    }

    /// Lets hanging writes go on.
    pub(crate) fn release(&self) {
        self.lock().hangs = false;
        self.changed.notify_all();
    }

    /// From now on writes fail with this errno, or work again.
    pub(crate) fn fail_with(&self, errno: Option<i32>) {
        self.lock().fails_with = errno;
    }

    /// Writes that are hanging now.
    pub(crate) fn hanging(&self) -> usize {
        self.lock().hanging
    }

    /// All that was written.
    pub(crate) fn written(&self) -> Vec<u8> {
        self.lock().written.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FakeSink {
    pub(super) fn write(&mut self, bytes: &[u8]) -> Written {
        let mut inner = self.0.lock();
        inner.hanging += 1;
        while inner.hangs {
            inner = self.0.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        inner.hanging -= 1;
        if let Some(errno) = inner.fails_with {
            return Written { count: 0, outcome: Outcome::Failed(io::Error::from_raw_os_error(errno)) };
        }
        inner.written.extend_from_slice(bytes);
        Written { count: bytes.len(), outcome: Outcome::Complete }
    }

    pub(super) fn clear(&self) {
        self.0.lock().written.clear();
    }
}
