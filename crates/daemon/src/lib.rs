//! supervisord: the shell around the core.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod blocking;
pub mod request;
