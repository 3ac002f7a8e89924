//! The pump with real pipes, files, FIFOs and children.
#![allow(clippy::unwrap_used, reason = "a test may")]

#[path = "../support/mod.rs"]
#[allow(dead_code, reason = "it serves other tests as well")]
mod support;

mod delivery;
mod flood;
mod generations;
mod main_log;
mod targets;
