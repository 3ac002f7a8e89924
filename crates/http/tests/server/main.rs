//! The server as clients see it: raw bytes over real sockets.
#![allow(clippy::unwrap_used)]

mod arbitrary;
mod authentication;
mod drain;
mod framing;
mod fuzz;
mod idle;
mod limits;
mod pieces;
mod replies;
mod streams;
mod support;
