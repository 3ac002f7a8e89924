//! A sink that tests can make hang or fail, and inspect.

use super::{ClearError, RotationUnit, Sink, SinkReport, Written};
use crate::sync::{Condvar, Mutex, MutexGuard};
use std::io;
use std::sync::{Arc, PoisonError};

/// What the test and the sink share.
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

/// The sink.
#[derive(Debug)]
pub(crate) struct FakeSink(pub(crate) Arc<FakeSinkState>);

impl FakeSinkState {
    /// From now on writes hang, as on a dead disk.
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

    /// Writes that hang now.
    pub(crate) fn hanging(&self) -> usize {
        self.lock().hanging
    }

    /// All bytes that were written.
    pub(crate) fn written(&self) -> Vec<u8> {
        self.lock().written.clone()
    }

    /// Blocks until so many lines were written.
    #[cfg(all(test, loom))]
    pub(crate) fn wait_for_lines(&self, count: usize) {
        let mut inner = self.lock();
        while inner.written.iter().filter(|byte| **byte == b'\n').count() < count {
            inner = self.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink for FakeSink {
    fn write(&mut self, bytes: &[u8], _unit: RotationUnit, _report: &mut SinkReport<'_>) -> Written {
        let mut inner = self.0.lock();
        inner.hanging += 1;
        while inner.hangs {
            inner = self.0.changed.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
        inner.hanging -= 1;
        if let Some(errno) = inner.fails_with {
            return Written::failed(0, io::Error::from_raw_os_error(errno));
        }
        inner.written.extend_from_slice(bytes);
        drop(inner);
        self.0.changed.notify_all();
        Written::complete(bytes.len())
    }

    fn clear(&mut self) -> Result<(), ClearError> {
        self.0.lock().written.clear();
        Ok(())
    }
}
