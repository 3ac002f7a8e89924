//! Shifting the old generations of a log.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

/// Moves `path` to `path.1`, the older generations one number up, and the one over `backups` out. Missing
/// ones are no error. `backups` is at least 1.
pub(super) fn shift_generations(path: &Path, backups: u32) -> io::Result<()> {
    for number in (1..backups).rev() {
        rename_if_there(&generation(path, number), &generation(path, number + 1))?;
    }
    rename_if_there(path, &generation(path, 1))
}

fn generation(path: &Path, number: u32) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(format!(".{number}"));
    name.into()
}

fn rename_if_there(from: &Path, to: &Path) -> io::Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}
