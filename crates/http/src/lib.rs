//! The HTTP/1.x server that Supervisor's clients expect.
//!
//! # Theory
//!
//! One thread owns all listeners and connections and sleeps in one poll until a descriptor is ready, another
//! thread posts to its mailbox, or the earliest deadline of an open connection is due; an idle server has no
//! deadline and never wakes. Nothing on this thread may block: a [`Service`] gets each complete, authenticated
//! [`Request`] together with a [`ReplyTo`], which it may answer at once or hand to another thread.
//!
//! A connection works on one request at a time, in the order they were sent; pipelined requests wait in the
//! socket. Answers are bytes, or a [`Source`] that the server pulls from whenever the client's socket takes more. Every
//! buffer has a bound in [`Limits`], and exceeding it has a defined answer. Long answers share one [`Budget`].
//!
//! Status lines, header order, error pages and the rules for keeping a connection open are those of Supervisor
//! 4.3.0, to the byte, except where its behaviour was a defect.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod auth;
mod budget;
mod connection;
mod date;
#[cfg(feature = "double")]
pub mod double;
mod exchange;
mod handle;
mod head;
mod inbox;
mod limits;
mod listener;
mod mailbox;
mod outbox;
mod reply;
mod request;
mod response;
mod server;
mod socket;
mod stream;
mod uri;
mod wire;

pub use auth::{Credentials, secrets_match};
pub use budget::{Budget, Charge};
pub use date::parse_http_date;
pub use handle::Handle;
pub use limits::Limits;
pub use listener::{Listener, Peer, Socket};
pub use reply::{Client, ReplyTo};
pub use request::{Headers, Request, Version};
pub use response::{Body, Response, Status};
pub use server::{Log, Service, serve};
pub use stream::{Next, Source, StreamWaker};
pub use uri::{form_pairs, percent_decode, percent_encode};
