//! Accepting newcomers, and what happens when there is no room for them.

use super::Server;
use crate::connection::{Connection, Rules};
use crate::mailbox::ConnectionId;
use crate::socket::{Acceptor, Stream};
use crate::{Level, Limits, Listener, Peer};
use mio::{Registry, Token};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};
use supervisor_sys::errno::words;

/// How long to wait when the system refuses to accept; the connections wait in its queue meanwhile.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// How many newcomers of a listener are looked at before the others get their turn again.
const PER_ROUND: usize = 64;

/// A listener with what the server has noted about it.
pub(super) struct Listening {
    acceptor: Acceptor,
    rules: Arc<Rules>,
    /// Connections that came by it and are open.
    open: usize,
    /// The poll has announced newcomers that have not all been accepted.
    has_newcomers: bool,
    /// The system refused to accept; not before this is it asked again.
    retry_at: Option<Instant>,
    /// That has been reported, and nobody has got in since.
    is_refused: bool,
    /// The limit has been reached and reported, and nobody has got in since.
    is_full: bool,
}

impl Listening {
    pub(super) fn new(listener: Listener, registry: &Registry, token: Token) -> io::Result<Self> {
        let rules = Rules { section: listener.section.into(), credentials: listener.credentials };
        Ok(Self {
            acceptor: Acceptor::new(listener.socket, registry, token)?,
            rules: Arc::new(rules),
            open: 0,
            has_newcomers: false,
            retry_at: None,
            is_refused: false,
            is_full: false,
        })
    }

    pub(super) fn note_newcomers(&mut self) {
        self.has_newcomers = true;
    }

    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// One of its connections has ended.
    pub(super) fn release(&mut self) {
        self.open -= 1;
    }
}

impl Server {
    /// Whether there may be newcomers that can be accepted now.
    pub(super) fn may_accept(&self, listener: usize) -> bool {
        self.listening.get(listener).is_some_and(|listening| {
            listening.has_newcomers && listening.open < self.limits.places() && listening.retry_at.is_none()
        })
    }

    pub(super) fn accept_all(&mut self, now: Instant) {
        for listener in 0..self.listening.len() {
            if let Some(listening) = self.listening.get_mut(listener) {
                listening.retry_at = listening.retry_at.filter(|retry_at| now < *retry_at);
            }
            for _ in 0..PER_ROUND {
                if !self.may_accept(listener) && !self.hasten_an_end(listener) {
                    break;
                }
                self.accept(listener, now);
            }
        }
    }

    /// Closes the connection that could make room for a newcomer. Whether there was one.
    fn hasten_an_end(&mut self, listener: usize) -> bool {
        self.may_be_hastened(listener).inspect(|&id| self.close(id)).is_some()
    }

    /// With newcomers and no place even to turn them away from: the connection that has been lingering for longest.
    pub(super) fn may_be_hastened(&self, listener: usize) -> Option<ConnectionId> {
        let listening = self.listening.get(listener)?;
        let is_crowded =
            listening.has_newcomers && listening.retry_at.is_none() && listening.open >= self.limits.places();
        if !is_crowded {
            return None;
        }
        // Those that linger have the nearest deadlines of all, so this seldom looks further than the first.
        let is_lingering = |id: &ConnectionId| {
            self.connections
                .get(id)
                .is_some_and(|entry| entry.listener == listener && entry.connection.is_lingering())
        };
        self.deadlines.iter().map(|(_, id)| *id).find(is_lingering)
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
                self.welcome(stream, peer, listener, now);
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock => listening.has_newcomers = false,
                // A client that gave up while it was waiting; the next one is behind it.
                io::ErrorKind::Interrupted | io::ErrorKind::ConnectionAborted => {}
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
                    listening.retry_at = Some(now + RETRY_AFTER);
                }
            },
        }
    }

    fn welcome(&mut self, stream: Stream, peer: Peer, listener: usize, now: Instant) {
        let has_room = self.make_room(listener, now);
        let Some(listening) = self.listening.get_mut(listener) else { return };
        if !has_room && !listening.is_full {
            let text = format!(
                "{} has reached its limit of {} connections; turning clients away",
                listening.rules.section, self.limits.connections
            );
            (self.log)(Level::Warn, &text);
        }
        listening.is_full = !has_room;
        let id = self.next_id;
        let connection = Connection::new(id, stream, peer, Arc::clone(&listening.rules), now);
        self.next_id += 1;
        if let Err(error) = self.register(connection, id, listener) {
            (self.log)(Level::Error, &format!("cannot watch a new connection: {}", words(&error)));
            return;
        }
        if let Some(listening) = self.listening.get_mut(listener) {
            listening.open += 1;
        }
        if has_room {
            self.enqueue(id);
        } else {
            self.give_turn(id, now, Connection::turn_away);
        }
    }

    /// Whether one more connection of this listener fits, if need be in the place of one that is not used.
    fn make_room(&mut self, listener: usize, now: Instant) -> bool {
        let is_full = self.listening.get(listener).is_none_or(|known| known.open >= self.limits.connections);
        if !is_full {
            return true;
        }
        let unused = self.longest_unused(listener, now);
        unused.inspect(|&id| self.close(id)).is_some()
    }

    /// The connection that has been idle longest, of those that may be closed to make room: a client that never
    /// asked anything within `slow_sender`, one that has asked within `idle`.
    fn longest_unused(&self, listener: usize, now: Instant) -> Option<ConnectionId> {
        let idle = |connection: &Connection, limits: &Limits| {
            let patience = if connection.has_asked() { limits.idle } else { limits.slow_sender };
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
