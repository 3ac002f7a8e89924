//! Work that may block, such as reading a file from a bad disk.

use std::fmt;
use std::sync::Arc;

/// A piece of work.
pub type Job = Box<dyn FnOnce() + Send>;

/// Runs jobs on threads that may block.
pub trait Executor: Send + Sync {
    /// Runs a job after those submitted before it, or drops it.
    fn execute(&self, job: Job) -> Result<(), Rejected>;
}

/// A job was dropped: too many are waiting, or no thread can be started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejected;

/// An interface's handle on threads that may block; clones share them.
#[derive(Clone)]
pub struct Blocking(Arc<dyn Executor>);

impl Blocking {
    /// A handle on these threads.
    pub fn new(executor: impl Executor + 'static) -> Self {
        Self(Arc::new(executor))
    }

    /// Runs `job` where it may block. A rejected job is dropped, and with it the reply it may hold.
    pub fn run(&self, job: impl FnOnce() + Send + 'static) {
        let _rejected = self.try_run(job);
    }

    /// Runs `job` where it may block, or says that it was rejected.
    pub fn try_run(&self, job: impl FnOnce() + Send + 'static) -> Result<(), Rejected> {
        self.0.execute(Box::new(job))
    }
}

impl fmt::Debug for Blocking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Blocking")
    }
}
