//! The end-to-end tests: the built programs in a fresh directory, with real children.
//!
//! `behaviour` has one file per feature. Every test runs against upstream as well, which shows that the test is right:
//! `SUPERVISOR_TEST_FLAVOUR=upstream SUPERVISOR_UPSTREAM=/path/to/venv cargo test --test main -- --skip unlike_upstream`.
//! A test whose name ends in `_unlike_upstream` is about a deliberate difference and has its entry in COMPATIBILITY.md.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail where it cannot go on")]

mod behaviour;
