//! What the pump serves.

pub(in crate::pump) mod file_watch;
pub(in crate::pump) mod generation;
pub(in crate::pump) mod main_log;
pub(in crate::pump) mod report;
pub(in crate::pump) mod stream;
