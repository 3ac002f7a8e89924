//! The clients: their requests, the replies they wait for, and the feed of changes for those who subscribe.

use crate::main_loop::descriptors::Descriptor;
use std::collections::HashMap;
use std::sync::Weak;
use supervisor_control::{ChangeKind, Feed, Reply, Request, Requests};
use supervisor_core::{Answer, Effects, SupervisorState, Ticket};

/// What the loop keeps for clients. Dropping it answers every request that waits: its reply is dropped (HTTP 500).
pub(crate) struct Clients {
    requests: Requests,
    /// Replies that wait for the core's answer.
    deferred: HashMap<Ticket, Reply<Answer>>,
    /// What changes, for those who subscribe.
    feed: Feed,
    /// The state of the supervisor that the feed knows.
    known_state: SupervisorState,
    /// The sockets of the HTTP servers, which their own thread owns.
    servers: Vec<Descriptor>,
}

impl Clients {
    /// The clients whose requests come through `requests`.
    pub(crate) fn new(requests: Requests, servers: Vec<Descriptor>) -> Self {
        let (feed, known_state) = (Feed::new(), SupervisorState::Running);
        Self { requests, deferred: HashMap::new(), feed, known_state, servers }
    }

    /// The request that has waited longest.
    pub(crate) fn next_request(&self) -> Option<Request> {
        self.requests.take()
    }

    /// Keeps a reply until the core answers its ticket.
    pub(crate) fn defer(&mut self, ticket: Ticket, reply: Reply<Answer>) {
        self.deferred.insert(ticket, reply);
    }

    /// Sends a deferred reply, if its client still waits.
    pub(crate) fn answer(&mut self, ticket: Ticket, answer: Answer) {
        if let Some(reply) = self.deferred.remove(&ticket) {
            reply.send(answer);
        }
    }

    /// Drops a deferred reply, whose client is gone; `false` if there is none.
    pub(crate) fn cancel(&mut self, ticket: Ticket) -> bool {
        self.deferred.remove(&ticket).is_some()
    }

    /// What changed lately.
    pub(crate) fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Wakes a subscriber from now on, as long as it is alive.
    pub(crate) fn subscribe(&mut self, wake: Weak<dyn Fn() + Send + Sync>) {
        self.feed.subscribe(wake);
    }

    /// Notes a change that the core does not know of.
    pub(crate) fn record(&mut self, kind: ChangeKind) {
        self.feed.record(kind);
    }

    /// Notes what the core has just changed.
    pub(crate) fn record_changes(&mut self, effects: &mut Effects, state: SupervisorState) {
        for process in effects.drain_changed() {
            self.feed.record(ChangeKind::Process(process));
        }
        if state != self.known_state {
            self.known_state = state;
            self.feed.record(ChangeKind::Supervisor(state));
        }
    }

    /// The turn is over: wakes the subscribers if something has changed.
    pub(crate) fn notify(&mut self) {
        self.feed.notify();
    }

    /// The sockets of the HTTP servers.
    pub(crate) fn servers(&self) -> &[Descriptor] {
        &self.servers
    }
}
