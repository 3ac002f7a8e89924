//! XML-RPC as both sides of Supervisor speak it: values, the wire format to the byte, the table of methods,
//! faults, the records methods return, and a blocking [`client`] for programs that talk to a supervisord.
//!
//! # Theory
//!
//! The server side decodes a request with [`decode::call`] into a [`decode::Call`], finds it in the
//! [`method`] table, binds the parameters with [`method::Arguments`], and encodes what the method returned with
//! [`encode::response`] or [`encode::fault`]. Answers are written straight into one byte buffer through
//! [`encode::Writer`]; no tree of values is built on that path, since `getAllProcessInfo` of thousands of
//! processes is what monitoring asks every second.
//!
//! The client side is the mirror image: [`encode::call`], an HTTP exchange, [`decode::response`]. Between our own
//! programs the longest answer of all has a second form, [`compact`].
//!
//! Text on the wire is UTF-8. Names and log bytes that are not are decoded lossily where they enter a record.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod client;
pub mod compact;
pub mod config_info;
pub mod decode;
pub mod encode;
pub mod fault;
pub mod info;
mod members;
pub mod method;
mod python;
pub mod value;

pub use config_info::{ConfigInfo, LogFile};
pub use encode::{Encode, Encoded, Writer};
pub use fault::{Fault, FaultCode};
pub use info::{
    Implementation, LogTail, ProcessInfo, ProcessSummary, ReloadedGroups, Status, SupervisorState,
};
pub use value::Value;

/// The examples of the manual, so that they compile.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/client.md")]
struct Manual;
