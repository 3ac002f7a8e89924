//! The thread that owns every listener and connection.
//!
//! An iteration of the loop: wait in the poll; note what is ready; accept connections; handle messages from other
//! threads; give every ready connection one bounded turn; expire deadlines. The poll waits until the earliest
//! deadline of an open connection, and without one for ever.

mod listening;
mod reserve;

use crate::connection::{Connection, Outcome, Turn};
use crate::mailbox::{ConnectionId, Mailbox, Message};
use crate::{Handle, Limits, Listener, ReplyTo, Request};
use listening::Listening;
use mio::{Events, Interest, Poll, Token, Waker};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};
use supervisor_core::Level;
use supervisor_sys::CopyBuffer;
use supervisor_sys::errno::words;

/// Answers requests. Runs on the server's thread and must not block: what takes time moves `reply` to another thread.
pub trait Service: Send {
    /// Takes a complete request of an authenticated client.
    fn call(&mut self, request: Request, reply: ReplyTo);

    /// Every ready connection has had its turn: the moment for work that serves several calls.
    fn end_round(&mut self) {}
}

/// Where log lines go; called on the server's thread and must not block. `Trace`: every request; `Warn`: limits reached and
/// clients rejected; `Error`: what the server could not do.
pub type Log = Box<dyn Fn(Level, &str) + Send>;

/// Starts a server on its own thread.
///
/// # Errors
///
/// If the poll, its waker or the thread cannot be made, or a listener cannot be registered.
pub fn serve(
    listeners: Vec<Listener>,
    limits: Limits,
    service: Box<dyn Service>,
    log: Log,
) -> io::Result<Handle> {
    let poll = Poll::new()?;
    let mailbox = Arc::new(Mailbox::new(Waker::new(poll.registry(), WAKER)?));
    let listening = listeners
        .into_iter()
        .zip(FIRST_LISTENER..)
        .map(|(listener, token)| {
            Listening::new(listener, limits.reserved_connections, poll.registry(), Token(token))
        })
        .collect::<io::Result<Vec<_>>>()?;
    let server = Server {
        next_id: FIRST_LISTENER + listening.len(),
        poll,
        mailbox: Arc::clone(&mailbox),
        listening,
        connections: HashMap::new(),
        ready: VecDeque::new(),
        deadlines: BTreeSet::new(),
        limits,
        service,
        log,
        scratch: CopyBuffer::zeroed(SCRATCH),
        draining: None,
    };
    let thread = thread::Builder::new().name("http".to_owned()).spawn(move || server.run())?;
    Ok(Handle::new(mailbox, thread))
}

const WAKER: Token = Token(0);
const FIRST_LISTENER: usize = 1;

/// The most one read takes from a client.
const SCRATCH: usize = 64 * 1024;

struct Server {
    poll: Poll,
    mailbox: Arc<Mailbox>,
    listening: Vec<Listening>,
    connections: HashMap<ConnectionId, Entry>,
    /// Connections that are ready, each once.
    ready: VecDeque<ConnectionId>,
    deadlines: BTreeSet<(Instant, ConnectionId)>,
    next_id: ConnectionId,
    limits: Limits,
    service: Box<dyn Service>,
    log: Log,
    scratch: CopyBuffer,
    draining: Option<Draining>,
}

/// A connection and its state in the server.
struct Entry {
    connection: Connection,
    /// The listener it was accepted from.
    listener: usize,
    /// It was answered with 503, as there is no room.
    is_rejected: bool,
    is_queued: bool,
    /// Its entry in `deadlines`.
    deadline: Option<Instant>,
}

struct Draining {
    until: Instant,
    done: Vec<Box<dyn FnOnce() + Send>>,
}

impl Server {
    fn run(mut self) {
        let mut events = Events::with_capacity(256);
        while !self.is_over(Instant::now()) {
            if let Err(error) = self.poll.poll(&mut events, self.poll_timeout(Instant::now())) {
                if error.kind() == io::ErrorKind::Interrupted {
                    continue;
                }
                (self.log)(
                    Level::Error,
                    &format!("the HTTP server cannot wait for its clients and ends: {}", words(&error)),
                );
                break;
            }
            let now = Instant::now();
            for event in &events {
                self.note(event);
            }
            // Without room, connections that have closed come first.
            let is_crowded = self.is_crowded();
            if !is_crowded {
                self.accept_all(now);
            }
            self.handle_messages(now);
            self.serve_ready(now);
            self.expire(now);
            if is_crowded {
                self.accept_all(now);
            }
            self.service.end_round();
        }
        self.end();
    }

    /// How long the poll may wait; `None`: until an event.
    fn poll_timeout(&self, now: Instant) -> Option<Duration> {
        let may_accept = (0..self.listening.len()).any(|listener| self.may_accept(listener));
        if !self.ready.is_empty() || may_accept || !self.mailbox.may_sleep() {
            return Some(Duration::ZERO);
        }
        let earliest = self.deadlines.first().map(|(deadline, _)| *deadline);
        let retry = self.listening.iter().filter_map(Listening::retry_at).min();
        let end = self.draining.as_ref().map(|draining| draining.until);
        let next = [earliest, retry, end].into_iter().flatten().min()?;
        Some(next.saturating_duration_since(now))
    }

    fn note(&mut self, event: &mio::event::Event) {
        let Token(token) = event.token();
        if event.token() == WAKER {
            return;
        }
        if let Some(listening) = self.listening.get_mut(token - FIRST_LISTENER) {
            listening.note_pending();
        } else if let Some(entry) = self.connections.get_mut(&token) {
            entry.connection.record_readiness(event);
            self.enqueue(token);
        }
    }

    fn enqueue(&mut self, id: ConnectionId) {
        if let Some(entry) = self.connections.get_mut(&id)
            && !entry.is_queued
        {
            entry.is_queued = true;
            self.ready.push_back(id);
        }
    }

    fn handle_messages(&mut self, now: Instant) {
        for message in self.mailbox.take() {
            match message {
                Message::Answer(id, answer, charge) => {
                    self.run_turn(id, now, |connection, turn| connection.answer(answer, charge, turn));
                }
                Message::StreamReady(id) => {
                    if let Some(entry) = self.connections.get_mut(&id) {
                        entry.connection.stream_is_ready();
                        self.enqueue(id);
                    }
                }
                Message::StopListening(done) => {
                    self.stop_listening();
                    done();
                }
                Message::Drain { within, done } => self.begin_drain(now + within, done),
            }
        }
    }

    /// One turn for each connection that is ready now; those that are not done come again in the next iteration.
    fn serve_ready(&mut self, now: Instant) {
        for _ in 0..self.ready.len() {
            let Some(id) = self.ready.pop_front() else { break };
            if let Some(entry) = self.connections.get_mut(&id) {
                entry.is_queued = false;
            }
            self.run_turn(id, now, Connection::turn);
        }
    }

    fn expire(&mut self, now: Instant) {
        while let Some(&(deadline, id)) = self.deadlines.first()
            && deadline <= now
        {
            self.deadlines.pop_first();
            if let Some(entry) = self.connections.get_mut(&id) {
                entry.deadline = None;
            }
            self.run_turn(id, now, Connection::expire);
        }
    }

    /// Runs `act` on a connection, and updates its deadline and its place in the queue.
    fn run_turn(
        &mut self,
        id: ConnectionId,
        now: Instant,
        act: impl FnOnce(&mut Connection, &mut Turn<'_>) -> Outcome,
    ) {
        let Some(entry) = self.connections.get_mut(&id) else { return };
        let mut turn = Turn {
            limits: &self.limits,
            mailbox: &self.mailbox,
            service: self.service.as_mut(),
            log: &self.log,
            scratch: &mut self.scratch,
            now,
            is_draining: self.draining.is_some(),
        };
        let outcome = act(&mut entry.connection, &mut turn);
        if outcome == Outcome::Close || (self.draining.is_some() && entry.connection.closes_on_drain()) {
            self.close(id);
            return;
        }
        let deadline = entry.connection.deadline(&self.limits);
        if deadline != entry.deadline {
            let former = std::mem::replace(&mut entry.deadline, deadline);
            former.map(|former| self.deadlines.remove(&(former, id)));
            deadline.map(|deadline| self.deadlines.insert((deadline, id)));
        }
        if outcome == Outcome::Again {
            self.enqueue(id);
        }
    }

    fn close(&mut self, id: ConnectionId) {
        let Some(mut entry) = self.connections.remove(&id) else { return };
        if let Some(deadline) = entry.deadline {
            self.deadlines.remove(&(deadline, id));
        }
        // Closing the descriptor, which follows, takes it out of the poll as well.
        let _ = self.poll.registry().deregister(entry.connection.stream_mut());
        entry.connection.disconnect();
        self.note_close(entry.listener, entry.is_rejected);
    }

    fn register(&mut self, mut connection: Connection, id: ConnectionId, listener: usize) -> io::Result<()> {
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(connection.stream_mut(), Token(id), interest)?;
        let entry = Entry { connection, listener, is_rejected: false, is_queued: false, deadline: None };
        self.connections.insert(id, entry);
        Ok(())
    }

    fn begin_drain(&mut self, until: Instant, done: Box<dyn FnOnce() + Send>) {
        self.stop_listening();
        let draining = self.draining.get_or_insert_with(|| Draining { until, done: Vec::new() });
        draining.until = draining.until.min(until);
        draining.done.push(done);
        let dispensable: Vec<ConnectionId> = self
            .connections
            .iter()
            .filter(|(_, entry)| entry.connection.closes_on_drain())
            .map(|(id, _)| *id)
            .collect();
        for id in dispensable {
            self.close(id);
        }
    }

    fn is_over(&self, now: Instant) -> bool {
        self.draining.as_ref().is_some_and(|draining| self.connections.is_empty() || draining.until <= now)
    }

    fn end(mut self) {
        self.stop_listening();
        let open: Vec<ConnectionId> = self.connections.keys().copied().collect();
        for id in open {
            self.close(id);
        }
        let draining = self.draining.take();
        drop(self);
        for done in draining.into_iter().flat_map(|draining| draining.done) {
            done();
        }
    }
}
