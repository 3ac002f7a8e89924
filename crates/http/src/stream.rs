//! Streamed bodies.
//!
//! The server pulls the next chunk from a source whenever its client's socket takes more. A source without data
//! answers `Pending` and wakes the server, from any thread, once it has some. While a client does not read, nothing
//! is pulled: the source decides what to keep.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where the body of a streamed answer comes from. All methods, and `drop`, run on the server's thread and must
/// not block; the source is dropped when the client is gone or the server shuts down.
pub trait Source: Send {
    /// Hands over the waker, once, before the first `next`.
    fn start(&mut self, waker: StreamWaker);

    /// The next piece, of at most `max` bytes (`max` is at least 1).
    fn next(&mut self, max: usize) -> Next;
}

/// What a source answers.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Bytes; sent as one chunk. Empty ones are skipped.
    Chunk(Vec<u8>),
    /// Nothing now; the source calls its waker later. A wake-up before this answer counts.
    Pending,
    /// The end.
    End,
}

/// Wakes the server, from any thread, when a source has data.
#[derive(Clone)]
pub struct StreamWaker {
    shared: Arc<Shared>,
}

struct Shared {
    /// A wake-up is on its way; keeps the queue to the server at one entry per stream.
    is_queued: AtomicBool,
    notify: Box<dyn Fn() + Send + Sync>,
}

impl StreamWaker {
    /// A waker that calls `notify`, once for any number of wake-ups until `rearm`. The server makes its own;
    /// this is public so that sources can be tested without one.
    pub fn new(notify: impl Fn() + Send + Sync + 'static) -> Self {
        Self { shared: Arc::new(Shared { is_queued: AtomicBool::new(false), notify: Box::new(notify) }) }
    }

    /// The source has data, or has ended.
    pub fn wake(&self) {
        if !self.shared.is_queued.swap(true, Ordering::AcqRel) {
            (self.shared.notify)();
        }
    }

    /// From now on a wake-up notifies again. The server calls it before it pulls.
    pub fn rearm(&self) {
        self.shared.is_queued.store(false, Ordering::Release);
    }
}

impl fmt::Debug for StreamWaker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("StreamWaker")
    }
}
