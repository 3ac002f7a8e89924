//! The handle for the one reply to a request, now or later, from any thread.

use crate::{Charge, Response, Status};
use std::fmt;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Answers one request. Dropped unanswered it answers 500, so that no client waits for ever; if the
/// client is gone or the server drains, the connection is closed instead.
pub struct ReplyTo {
    deliver: Option<Deliver>,
    client: Client,
    charge: Option<Charge>,
}

type Deliver = Box<dyn FnOnce(Answer, Option<Charge>) + Send>;

/// The outcome of a request.
pub(crate) enum Answer {
    /// An answer.
    Ready(Response),
    /// An answer that the server's thread makes.
    Made(Box<dyn FnOnce() -> Response + Send>),
    /// None: the reply was dropped.
    Missing,
}

impl ReplyTo {
    pub(crate) fn new(client: Client, deliver: impl FnOnce(Answer, Option<Charge>) + Send + 'static) -> Self {
        Self { deliver: Some(Box::new(deliver)), client, charge: None }
    }

    /// A reply that goes to a channel instead of a connection; `Client::disconnect` simulates the disconnect.
    pub fn with_channel() -> (Self, Receiver<Response>, Client) {
        let (sender, receiver) = sync_channel(1);
        let client = Client::default();
        let watched = client.clone();
        let reply = Self::new(client.clone(), move |answer, _charge| {
            let response = match answer {
                Answer::Ready(response) => response,
                Answer::Made(make) => make(),
                Answer::Missing if watched.is_gone() => return,
                Answer::Missing => Response::error(Status::InternalServerError),
            };
            // The receiver may have been dropped, and the answer with it.
            let _ = sender.send(response);
        });
        (reply, receiver, client)
    }

    /// Sends the answer. It is discarded if the client is gone.
    pub fn send(mut self, response: Response) {
        if let Some(deliver) = self.deliver.take() {
            deliver(Answer::Ready(response), self.charge.take());
        }
    }

    /// Sends the answer that `make` returns on the server's thread: for threads that have more urgent work than
    /// formatting an answer.
    pub fn send_with(mut self, make: impl FnOnce() -> Response + Send + 'static) {
        if let Some(deliver) = self.deliver.take() {
            deliver(Answer::Made(Box::new(make)), self.charge.take());
        }
    }

    /// The charge for the answer, until it has been sent. An answer without one is charged when it is complete.
    #[must_use]
    pub fn charged(mut self, charge: Option<Charge>) -> Self {
        self.charge = charge;
        self
    }

    /// The client that waits for the answer.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

impl Drop for ReplyTo {
    fn drop(&mut self) {
        if let Some(deliver) = self.deliver.take() {
            deliver(Answer::Missing, None);
        }
    }
}

impl fmt::Debug for ReplyTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyTo").field("client", &self.client).finish_non_exhaustive()
    }
}

type Hook = Box<dyn FnOnce() + Send>;

/// The presence of a client, shared between its connection and the reply to it.
#[derive(Clone, Default)]
pub struct Client {
    presence: Arc<Mutex<Presence>>,
}

#[derive(Default)]
struct Presence {
    is_gone: bool,
    hooks: Vec<Hook>,
}

impl Client {
    fn lock(&self) -> MutexGuard<'_, Presence> {
        // The lock is never held across foreign code, so a panic cannot leave half a change behind.
        self.presence.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the client has gone away.
    pub fn is_gone(&self) -> bool {
        self.lock().is_gone
    }

    /// Marks the client as gone and calls the hooks.
    pub fn disconnect(&self) {
        let hooks = {
            let mut presence = self.lock();
            presence.is_gone = true;
            std::mem::take(&mut presence.hooks)
        };
        for hook in hooks {
            hook();
        }
    }

    /// Drops the hooks: the request has been answered.
    pub(crate) fn drop_hooks(&self) {
        let hooks = std::mem::take(&mut self.lock().hooks);
        drop(hooks);
    }

    /// Calls `hook` if the client goes away before its answer, on the server's thread (it must not block); at
    /// once if it is gone already; never after the answer.
    pub fn on_disconnect(&self, hook: impl FnOnce() + Send + 'static) {
        let mut presence = self.lock();
        if presence.is_gone {
            drop(presence);
            hook();
        } else {
            presence.hooks.push(Box::new(hook));
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("is_gone", &self.is_gone()).finish_non_exhaustive()
    }
}
