//! What the output of a process passes on its way to the sinks.

pub(crate) mod capture;
pub(crate) mod strip_ansi;
