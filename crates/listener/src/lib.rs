//! For authors of event listeners and of programs that talk to them: what `supervisor.childutils` is for Python.
//!
//! An event listener is a program of an `[eventlistener:x]` section. supervisord writes events to its standard input, one
//! at a time, and reads a result from its standard output after each:
//!
//! ```text
//! listener     READY\n
//! supervisord  ver:3.0 server:supervisor serial:21 pool:x poolserial:10 eventname:PROCESS_STATE_EXITED len:71\n
//!              processname:cat groupname:cat from_state:RUNNING expected:0 pid:2766
//! listener     RESULT 2\nOK
//! ```
//!
//! [`Listener::run`] keeps to that order by itself and leaves the decisions to a function:
//!
//! ```no_run
//! use supervisor_listener::{Listener, Verdict};
//!
//! fn main() -> Result<(), supervisor_listener::Error> {
//!     Listener::stdio().run(|event| {
//!         if event.name() == "PROCESS_STATE_EXITED" && event.is_expected() == Some(false) {
//!             // Standard output belongs to the protocol: messages go to standard error.
//!             eprintln!("{} has crashed", event.process_name().unwrap_or("?"));
//!         }
//!         Verdict::Ok
//!     })
//! }
//! ```
//!
//! # What to keep in mind
//!
//! - Nothing but the protocol may be written to standard output; one stray `println!` and supervisord sends no more
//!   events until the listener is restarted.
//! - [`Verdict::Fail`] has supervisord send the same event again, to this listener or another of its pool, after a second
//!   at first and less and less often; after ten attempts it is given up.
//! - While a listener works on an event the others wait in a buffer of `buffer_size` events, and the oldest are lost when
//!   there are more.
//! - `len` in the header counts characters, as upstream's does, or bytes in a section with `event_length=bytes`. A listener on
//!   [`Listener::stdio`] finds out by itself and reads either.
//! - At the end of the input supervisord is gone or has closed the pipe: [`Listener::run`] returns.
//!
//! Programs that want to tell listeners something use [`message::send`] and need `stdout_capture_maxbytes` in their section.
//! A listener that reacts to events calls supervisord by XML-RPC: [`supervisord`].
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod environment;
mod error;
mod event;
mod length;
pub mod message;
mod protocol;
mod tokens;

pub use environment::{EnvironmentError, supervisord};
pub use error::Error;
pub use event::Event;
pub use length::Length;
pub use protocol::{Listener, Verdict};
pub use supervisor_rpc::client;
pub use tokens::Tokens;
