//! `AUTO` log files: their names, and the removal of those an earlier run left.

use crate::Channel;
use std::io;
use std::path::{Path, PathBuf};

/// Creates `<directory>/<process>-<channel>---<identifier>-<8 random>.log` with mode 0600 and returns its path.
pub fn create(directory: &Path, process: &str, channel: Channel, identifier: &str) -> io::Result<PathBuf> {
    let _ = (directory, process, channel, identifier);
    Err(io::ErrorKind::Unsupported.into())
}

/// Removes the `AUTO` files of `identifier` that an earlier run left in `directory`; returns the warnings to log.
pub fn remove_old(directory: &Path, identifier: &str) -> Vec<String> {
    let _ = (directory, identifier);
    Vec::new()
}
