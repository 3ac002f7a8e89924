//! What the end-to-end tests and the suites share: sandboxes, daemons, clients, and the installation of upstream.
//!
//! The crate knows no crate of the product. It drives the built programs the way a user does and reads the wire
//! with a reader of its own, so that a mistake in the product cannot cancel itself out in the test. For the same
//! reason every helper works on either [`Flavour`]: the programs of this repository, or upstream's.
//!
//! Rules it keeps:
//! - a test waits for conditions ([`wait_for`]), never for time to pass;
//! - nothing survives a test: whatever carries the sandbox's marker in its environment is killed when the
//!   [`Sandbox`] is dropped, also while panicking, and the drop fails if something will not die;
//! - a failing test prints the daemon's log and output.
//!
//! Linux only, because processes are looked at through `/proc`.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a helper that fails fails the test")]

mod connection;
mod daemon;
mod flavour;
mod http;
mod identity;
mod launch;
mod log;
mod mutate;
mod port;
pub mod processes;
mod rpc;
mod sandbox;
pub mod upstream;
mod wait;
pub mod workspace;
mod xml;

pub use connection::Connection;
pub use daemon::Daemon;
pub use flavour::Flavour;
pub use http::{Address, Response, exchange};
pub use identity::{Account, is_root};
pub use launch::{Launch, Outcome};
pub use log::LogLine;
pub use mutate::Mutator;
pub use port::Port;
pub use rpc::{Fault, RpcClient};
pub use sandbox::{Sandbox, survivors_of_any_sandbox};
pub use wait::{PATIENCE, Stopwatch, stays_true_for, wait_for, wait_until};
pub use workspace::Failure;
pub use xml::Value;
