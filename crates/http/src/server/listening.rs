//! Accepts connections, and rejects those that exceed a limit.
//!
//! The limits are a number of connections per listener, and the descriptors of the process less those in reserve. A connection
//! beyond them is answered with 503 and lingers; the next rejected one takes its place. A connection that closes makes
//! room for the next, so waiting needs no timer.

use super::Server;
use super::reserve::Reserve;
use crate::connection::{Connection, Rules};
use crate::mailbox::ConnectionId;
use crate::socket::{Acceptor, Stream};
use crate::{Limits, Listener, Peer};
use mio::{Registry, Token};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use supervisor_core::Level;
use supervisor_sys::errno::{Errno, errno_of, words};

/// How long to wait when accept(2) fails and no open connection could make room by closing; clients wait in the kernel's
/// queue meanwhile.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How many connections of one listener are accepted before the other listeners get their turn.
const PER_ROUND: usize = 64;

/// A listener and its state.
pub(super) struct Listening {
    acceptor: Acceptor,
    rules: Arc<Rules>,
    /// Open connections accepted from it.
    open: usize,
    /// Those of them that were rejected.
    rejected: usize,
    /// The poll has reported connections that have not all been accepted.
    has_pending: bool,
    reserve: Reserve,
    /// The process had no free descriptor, so the next connection takes one of the reserve.
    lacks_descriptors: bool,
    /// accept(2) failed; it is not tried again before this.
    waiting: Option<Waiting>,
    /// That failure has been logged, and no connection has been accepted since.
    is_refused: bool,
    /// The limit has been reached and logged, and no connection has been admitted since.
    is_full: bool,
}

/// What a listener waits for after accept(2) has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    /// A connection closes.
    ForClose,
    /// This moment: no connection is open, or closing one would not help.
    Until(Instant),
}

impl Listening {
    pub(super) fn new(
        listener: Listener,
        reserved_connections: usize,
        registry: &Registry,
        token: Token,
    ) -> io::Result<Self> {
        let rules = Rules { section: listener.section.into(), credentials: listener.credentials };
        Ok(Self {
            acceptor: Acceptor::new(listener.socket, registry, token)?,
            rules: Arc::new(rules),
            open: 0,
            rejected: 0,
            has_pending: false,
            reserve: Reserve::new(reserved_connections),
            lacks_descriptors: false,
            waiting: None,
            is_refused: false,
            is_full: false,
        })
    }

    pub(super) fn note_pending(&mut self) {
        self.has_pending = true;
    }

    /// Open connections that were not rejected.
    fn admitted(&self) -> usize {
        self.open - self.rejected
    }

    /// Adjusts the reserve to the descriptors that may still be needed.
    fn fit_reserve(&mut self) {
        self.reserve.fit(self.admitted(), self.rejected);
    }

    pub(super) fn retry_at(&self) -> Option<Instant> {
        match self.waiting? {
            Waiting::Until(moment) => Some(moment),
            Waiting::ForClose => None,
        }
    }
}

impl Server {
    /// Whether there may be a connection that can be accepted now.
    pub(super) fn may_accept(&self, listener: usize) -> bool {
        self.listening.get(listener).is_some_and(|listening| {
            let is_ready = listening.has_pending && listening.waiting.is_none();
            let has_place = || listening.open < self.limits.capacity();
            is_ready && (has_place() || self.longest_lingering(listener).is_some())
        })
    }

    /// Whether some listener can only admit a connection after another one has closed.
    pub(super) fn is_crowded(&self) -> bool {
        self.listening.iter().any(|listening| {
            listening.has_pending && (listening.is_full || listening.open >= self.limits.connections)
        })
    }

    pub(super) fn accept_all(&mut self, now: Instant) {
        for listener in 0..self.listening.len() {
            if let Some(listening) = self.listening.get_mut(listener)
                && listening.retry_at().is_some_and(|retry_at| retry_at <= now)
            {
                listening.waiting = None;
                listening.fit_reserve();
            }
            for _ in 0..PER_ROUND {
                if !self.may_accept(listener) {
                    break;
                }
                self.accept(listener, now);
            }
        }
    }

    /// The connection that has been lingering for longest.
    fn longest_lingering(&self, listener: usize) -> Option<ConnectionId> {
        // Those that linger have the nearest deadlines of all, so this seldom looks further than the first.
        let is_lingering = |id: &ConnectionId| {
            self.connections
                .get(id)
                .is_some_and(|entry| entry.listener == listener && entry.connection.is_lingering())
        };
        self.deadlines.iter().map(|(_, id)| *id).find(is_lingering)
    }

    /// Closes that connection, to make room for another one.
    fn close_longest_lingering(&mut self, listener: usize) {
        if let Some(id) = self.longest_lingering(listener) {
            self.close(id);
        }
    }

    /// A connection of this listener has closed: its descriptor is free, for any listener.
    pub(super) fn note_close(&mut self, listener: usize, is_rejected: bool) {
        if let Some(listening) = self.listening.get_mut(listener) {
            listening.open -= 1;
            listening.rejected -= usize::from(is_rejected);
            listening.fit_reserve();
        }
        for listening in &mut self.listening {
            listening.fit_reserve();
            listening.waiting = None;
        }
    }

    /// Closes the listening sockets.
    pub(super) fn stop_listening(&mut self) {
        self.listening.clear();
    }

    fn accept(&mut self, listener: usize, now: Instant) {
        let Some(listening) = self.listening.get_mut(listener) else { return };
        match listening.acceptor.accept() {
            Ok((stream, peer)) => {
                listening.is_refused = false;
                self.admit_or_reject(stream, peer, listener, now);
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => {
                    listening.has_pending = false;
                    listening.lacks_descriptors = false;
                    listening.fit_reserve();
                }
                // A client that gave up while it was waiting; the next one is behind it.
                io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => {}
                _ if is_descriptor_shortage(&error) && listening.reserve.release() => {
                    listening.lacks_descriptors = true;
                }
                _ => {
                    if !listening.is_refused {
                        let text = format!(
                            "cannot accept connections for {} now: {} (waiting until descriptors are free)",
                            listening.rules.section,
                            words(&error)
                        );
                        (self.log)(Level::Error, &text);
                    }
                    listening.is_refused = true;
                    let waits_for_close = is_descriptor_shortage(&error) && !self.connections.is_empty();
                    let later = Waiting::Until(now + RETRY_AFTER);
                    listening.waiting = Some(if waits_for_close { Waiting::ForClose } else { later });
                }
            },
        }
    }

    fn admit_or_reject(&mut self, stream: Stream, peer: Peer, listener: usize, now: Instant) {
        if self.listening.get(listener).is_some_and(|known| known.open >= self.limits.capacity()) {
            self.close_longest_lingering(listener);
        }
        let has_room = self.make_room(listener, now);
        let Some(listening) = self.listening.get_mut(listener) else { return };
        if !has_room && !listening.is_full {
            let section = &listening.rules.section;
            let text = if listening.lacks_descriptors {
                format!("{section} has no file descriptors for more connections; turning clients away")
            } else {
                let limit = self.limits.connections;
                format!("{section} has reached its limit of {limit} connections; turning clients away")
            };
            (self.log)(Level::Warn, &text);
        }
        listening.is_full = !has_room;
        listening.lacks_descriptors = false;
        let id = self.next_id;
        let connection = Connection::new(id, stream, peer, Arc::clone(&listening.rules), now);
        self.next_id += 1;
        if let Err(error) = self.register(connection, id, listener) {
            (self.log)(Level::Error, &format!("cannot watch a new connection: {}", words(&error)));
            return;
        }
        self.note_open(id, listener, has_room);
        if has_room {
            self.enqueue(id);
        } else {
            self.run_turn(id, now, Connection::reject);
        }
    }

    /// A connection of this listener is open. With the reserve exhausted, the connection that has been lingering for longest
    /// is closed, so that another one can be accepted.
    fn note_open(&mut self, id: ConnectionId, listener: usize, has_room: bool) {
        if let Some(entry) = self.connections.get_mut(&id) {
            entry.is_rejected = !has_room;
        }
        let Some(listening) = self.listening.get_mut(listener) else { return };
        listening.open += 1;
        listening.rejected += usize::from(!has_room);
        listening.fit_reserve();
        if listening.reserve.is_exhausted() {
            self.close_longest_lingering(listener);
        }
    }

    /// Whether one more connection of this listener fits, if need be in the place of one that is not used.
    fn make_room(&mut self, listener: usize, now: Instant) -> bool {
        let Some(listening) = self.listening.get(listener) else { return false };
        let is_within = listening.open < self.limits.connections;
        if is_within
            && (!listening.lacks_descriptors || listening.reserve.has_room_beside(listening.admitted()))
        {
            return true;
        }
        let unused = self.longest_unused(listener, now);
        unused.inspect(|&id| self.close(id)).is_some()
    }

    /// The connection that has been idle longest, of those that may be closed to make room: a client that never
    /// asked anything within `request_timeout`, one that has asked within `idle`.
    fn longest_unused(&self, listener: usize, now: Instant) -> Option<ConnectionId> {
        let idle = |connection: &Connection, limits: &Limits| {
            let patience = if connection.has_requested() { limits.idle } else { limits.request_timeout };
            connection.idle_for(now).filter(|quiet| *quiet >= patience)
        };
        self.connections
            .iter()
            .filter(|(_, entry)| entry.listener == listener)
            .filter_map(|(id, entry)| idle(&entry.connection, &self.limits).map(|quiet| (quiet, *id)))
            .max()
            .map(|(_, id)| id)
    }
}

/// Whether there is no descriptor left, in the process or in the system.
fn is_descriptor_shortage(error: &io::Error) -> bool {
    matches!(errno_of(error), Some(Errno::MFILE | Errno::NFILE))
}
