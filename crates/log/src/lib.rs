//! log
#![forbid(unsafe_code)]
