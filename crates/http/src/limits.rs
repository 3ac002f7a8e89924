//! The limits of a server, with defaults no real client meets.

use std::time::Duration;

/// How much a client may send, hold open and delay before it gets a written answer and is let go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of request line and headers together, the blank line included; more is answered with 431.
    pub head: usize,
    /// Header lines of one request; more is answered with 431.
    pub headers: usize,
    /// Bytes of a request body; more is answered with 413 before any of it is read.
    pub body: usize,
    /// Connections open at the same time over all listeners. At the limit the longest idle keep-alive
    /// connection makes room if it has been quiet for `idle`; else the newcomer is answered with 503.
    pub connections: usize,
    /// Bytes of an endless answer held for one client that does not read; at this mark its source is paused.
    pub stream_buffer: usize,
    /// How long a client may take from the first byte of a request to its last; later is answered with 408.
    pub slow_sender: Duration,
    /// How long a complete answer may wait without the client taking a single byte of it.
    pub slow_reader: Duration,
    /// How long an idle keep-alive connection is safe from being closed when the connection limit is reached.
    pub idle: Duration,
    /// How long a client may go on sending after an answer that ends the connection (such as 413), so that
    /// it gets to read the answer instead of a reset.
    pub linger: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 64 * 1024,
            headers: 256,
            body: 8 * 1024 * 1024,
            connections: 1024,
            stream_buffer: 256 * 1024,
            slow_sender: Duration::from_mins(1),
            slow_reader: Duration::from_mins(1),
            idle: Duration::from_mins(30),
            linger: Duration::from_secs(2),
        }
    }
}
