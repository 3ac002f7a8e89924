//! Threads for what may hang: starts of children, opening and reading files.

pub(crate) mod command;
pub(crate) mod pipeline;
pub(crate) mod pool;
pub(crate) mod spawn;
