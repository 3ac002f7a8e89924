//! The supervision machine as its caller sees it: inputs and made-up moments in, effects out.
#![expect(clippy::unwrap_used, reason = "tests")]

mod events;
mod exits;
mod listeners;
mod names;
mod properties;
mod requests;
mod shutdown;
mod snapshots;
mod spawning;
mod stopping;
mod world;
