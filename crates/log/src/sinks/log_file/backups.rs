//! Shifting the old backups of a log.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use supervisor_sys::entry::Entry;

/// Up to so many backups are tried by their names; with more allowed it is cheaper to see which there are.
const FEW: u32 = 100;

/// Moves the log to `<name>.1`, the older backups one number up, and the one over `backups` out. Missing
/// ones are no error. `backups` is at least 1. `path` is the log's own, which `log` was found by.
pub(super) fn shift_backups(log: &Entry, path: &Path, backups: u32) -> io::Result<()> {
    let name = log.name();
    let older = if backups <= FEW { (1..backups).collect() } else { existing(path, backups)? };
    for number in older.into_iter().rev() {
        rename_if_there(log, &backup(name, number), &backup(name, number + 1))?;
    }
    rename_if_there(log, name, &backup(name, 1))
}

/// The numbers below `backups` of the backups there are, in rising order.
fn existing(path: &Path, backups: u32) -> io::Result<Vec<u32>> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let Some(name) = path.file_name() else { return Ok(Vec::new()) };
    let prefix = [name.as_bytes(), b"."].concat();
    let mut numbers = Vec::new();
    for entry in std::fs::read_dir(directory)? {
        let number = number_behind(&prefix, entry?.file_name().as_bytes());
        numbers.extend(number.filter(|number| *number < backups));
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// The number of a backup, written as we write it.
fn number_behind(prefix: &[u8], name: &[u8]) -> Option<u32> {
    let digits = std::str::from_utf8(name.strip_prefix(prefix)?).ok()?;
    let number = digits.parse::<u32>().ok().filter(|number| *number > 0)?;
    (number.to_string() == digits).then_some(number)
}

fn backup(name: &OsStr, number: u32) -> OsString {
    let mut name = name.to_owned();
    name.push(format!(".{number}"));
    name
}

fn rename_if_there(log: &Entry, from: &OsStr, to: &OsStr) -> io::Result<()> {
    match log.rename_within(from, to) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;

    #[test]
    fn shifting_costs_what_there_is_and_not_what_there_may_be() {
        let scratch = Scratch::new();
        let path = scratch.write("log", "new");
        for (name, content) in
            [("log.1", "old"), ("log.7", "older"), ("log.07", "not ours"), ("log.x", "neither")]
        {
            scratch.write(name, content);
        }
        shift_backups(&Entry::itself(&path).unwrap(), &path, u32::MAX).unwrap();
        for (name, content) in [
            ("log.1", "new"),
            ("log.2", "old"),
            ("log.8", "older"),
            ("log.07", "not ours"),
            ("log.x", "neither"),
        ] {
            assert_eq!(scratch.read(name), content, "{name}");
        }
        assert!(!path.exists() && !scratch.path("log.7").exists());
    }

    #[test]
    fn the_last_backup_is_removed_whatever_the_limit() {
        for backups in [FEW, FEW + 1] {
            let scratch = Scratch::new();
            let path = scratch.write("log", "new");
            scratch.write(&format!("log.{backups}"), "last");
            scratch.write(&format!("log.{}", backups - 1), "last but one");
            shift_backups(&Entry::itself(&path).unwrap(), &path, backups).unwrap();
            assert_eq!(scratch.read(&format!("log.{backups}")), "last but one");
            assert!(!scratch.path(&format!("log.{}", backups + 1)).exists());
        }
    }
}
