//! The limits of a server, with defaults no real client meets.

use crate::Budget;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

/// How much a client may send, hold open and delay before it is answered with an error and disconnected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of request line and headers together, the blank line included; more is answered with 431.
    pub head: usize,
    /// Header lines of one request; more is answered with 431.
    pub headers: usize,
    /// Bytes of a request body; more is answered with 413 before any of it is read.
    pub body: usize,
    /// What long requests, over 8 KiB, until they are answered, and long answers, over 64 KiB, until their clients have taken
    /// them, may hold together; a request counts twice, since a service makes something of it. What does not fit is
    /// answered with 503. A service charges what it is making to the same budget.
    pub memory: Budget,
    /// Connections open at the same time per listener. At the limit the connection that was idle
    /// longest makes room (see `idle`); if none may, the new one is answered with 503.
    pub connections: usize,
    /// Connections beyond those, of one listener, that are kept just long enough to be answered with 503. If there are
    /// more, those that have been lingering for longest are closed.
    pub rejected_connections: usize,
    /// Connections of each listener that descriptors are reserved for when the server starts, beside what it takes to
    /// reject others.
    pub reserved_connections: usize,
    /// The largest piece an endless answer is sent in, and so all that is held for a client that does not read:
    /// the source is not asked for more until it has.
    pub stream_buffer: usize,
    /// How long a client may take from the first byte of a request to its last, with a second more for every
    /// 16 KiB; later is answered with 408.
    pub request_timeout: Duration,
    /// How long a complete answer may wait while its client takes no byte of it.
    pub answer_timeout: Duration,
    /// How long an idle keep-alive connection is safe from being closed when the connection limit is reached;
    /// one that never asked anything is safe for `request_timeout`. Below the limit nothing idle is ever closed.
    pub idle: Duration,
    /// How long a closing connection waits for the client to close it too, so that a client that is still
    /// sending (as after 413) reads the answer instead of a reset.
    pub linger: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head: 64 * 1024,
            headers: 256,
            body: 8 * 1024 * 1024,
            memory: Budget::new(32 * 1024 * 1024),
            connections: 1024,
            rejected_connections: 64,
            reserved_connections: 4,
            stream_buffer: 64 * 1024,
            request_timeout: MINUTE,
            answer_timeout: MINUTE,
            idle: 30 * MINUTE,
            linger: Duration::from_secs(2),
        }
    }
}

impl Limits {
    /// These limits where at most `capacity` connections can be open at once per listener.
    #[must_use]
    pub fn within(self, capacity: usize) -> Self {
        let rejected_connections = self.rejected_connections.min(capacity / 4).max(1);
        let connections = self.connections.min(capacity.saturating_sub(rejected_connections)).max(1);
        Self { connections, rejected_connections, ..self }
    }

    /// Connections that can be open at once per listener, rejected ones included.
    pub fn capacity(&self) -> usize {
        self.connections + self.rejected_connections
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_shrink_to_the_capacity_and_never_grow() {
        let all = Limits::default();
        assert_eq!(all.clone().within(all.capacity()), all);
        assert_eq!(all.clone().within(usize::MAX), all);
        let few = all.clone().within(40);
        assert_eq!((few.connections, few.rejected_connections), (30, 10));
        assert_eq!((all.clone().within(0).connections, all.within(0).rejected_connections), (1, 1));
    }
}
