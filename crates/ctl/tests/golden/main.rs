//! What supervisorctl prints and how it ends, against a server with canned answers. The texts are upstream's to
//! the byte; each test names the scenarios of the contract it stands for.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod configuration;
mod control;
#[expect(dead_code, reason = "shared with the tests of the program, which use the rest")]
mod fake;
mod hostile;
mod logs;
mod server;
mod shell;
mod status;
