//! The right to answer one request, now or later, from any thread.

use crate::{Response, Status};
use std::fmt;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Answers one request. Dropped unanswered it answers 500, so that no client waits for ever.
pub struct ReplyTo {
    deliver: Option<Box<dyn FnOnce(Option<Response>) + Send>>,
    client: Client,
}

impl ReplyTo {
    /// `deliver` takes the answer; `None` if there is none and the client is gone.
    pub(crate) fn new(client: Client, deliver: impl FnOnce(Option<Response>) + Send + 'static) -> Self {
        Self { deliver: Some(Box::new(deliver)), client }
    }

    /// A reply that ends in a channel instead of a connection; `Client::lose` of its client plays the
    /// disconnect.
    pub fn into_channel() -> (Self, Receiver<Response>, Client) {
        let (sender, receiver) = sync_channel(1);
        let client = Client::default();
        let reply = Self::new(client.clone(), move |response| {
            // The receiver may have been dropped: then nobody wants the answer.
            let _ = response.map(|response| sender.send(response));
        });
        (reply, receiver, client)
    }

    /// Sends the answer. It is discarded if the client is gone.
    pub fn send(mut self, response: Response) {
        if let Some(deliver) = self.deliver.take() {
            deliver(Some(response));
        }
    }

    /// Whether the client has gone away, so that nobody waits for the answer.
    pub fn is_gone(&self) -> bool {
        self.client.is_gone()
    }

    /// Calls `hook` if the client goes away before the answer, on the server's thread (it must not block); at
    /// once if it is gone already; never after the answer.
    pub fn on_disconnect(&self, hook: impl FnOnce() + Send + 'static) {
        self.client.on_disconnect(Box::new(hook));
    }
}

impl Drop for ReplyTo {
    fn drop(&mut self) {
        if let Some(deliver) = self.deliver.take() {
            let is_wanted = !self.client.is_gone();
            deliver(is_wanted.then(|| Response::error(Status::InternalServerError)));
        }
    }
}

impl fmt::Debug for ReplyTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplyTo").field("is_gone", &self.is_gone()).finish_non_exhaustive()
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

    /// Notes that the client has gone away and calls the hooks.
    pub fn lose(&self) {
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
    pub(crate) fn settle(&self) {
        let hooks = std::mem::take(&mut self.lock().hooks);
        drop(hooks);
    }

    fn on_disconnect(&self, hook: Hook) {
        let mut presence = self.lock();
        if presence.is_gone {
            drop(presence);
            hook();
        } else {
            presence.hooks.push(hook);
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("is_gone", &self.is_gone()).finish_non_exhaustive()
    }
}
