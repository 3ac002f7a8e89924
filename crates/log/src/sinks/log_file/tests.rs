//! Tests of a log file: reopening, clearing, links.

use crate::scratch::Scratch;
use crate::sinks::{ClearError, OpenSink, Outcome, RotationUnit, SinkReport, clear_file};
use crate::spec::{FileOrigin, LogFileSpec};
use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

pub(super) const LINE: &str = "0123456789012345678901234567890123456789\n";

pub(super) fn spec(path: &Path, max_bytes: u64, backups: u32) -> LogFileSpec {
    LogFileSpec { path: path.into(), origin: FileOrigin::Configured, max_bytes, backups }
}

pub(super) fn open(path: &Path, max_bytes: u64, backups: u32) -> OpenSink {
    OpenSink::open(&spec(path, max_bytes, backups)).unwrap()
}

/// Writes all of `bytes` and returns what the sink reported.
pub(super) fn write(sink: &mut OpenSink, bytes: &[u8]) -> Vec<String> {
    let (mut messages, mut count) = (Vec::new(), 0);
    let label = "log".to_owned().into();
    loop {
        let mut report = SinkReport { label: &label, messages: &mut messages };
        let written = sink.sink_mut().write(&bytes[count..], RotationUnit::Line, &mut report);
        count += written.count;
        if !matches!(written.outcome, Outcome::Paused) {
            assert!(matches!(written.outcome, Outcome::Complete), "{written:?}");
            assert_eq!(count, bytes.len());
            return messages.into_iter().map(|(_, message)| message).collect();
        }
    }
}

pub(super) fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().mode() & 0o7777
}

#[test]
fn reopening_follows_the_path_and_keeps_the_old_file_when_it_cannot() {
    let scratch = Scratch::new();
    let directory = scratch.path("logs");
    std::fs::create_dir(&directory).unwrap();
    let path = directory.join("log");
    let mut log = open(&path, 0, 0);
    std::fs::rename(&path, directory.join("moved")).unwrap();
    log.reopen().unwrap();
    write(&mut log, b"new\n");
    assert_eq!(scratch.read("logs/log"), "new\n");
    // PROC-22: the directory vanishes.
    std::fs::rename(&directory, scratch.path("gone")).unwrap();
    log.reopen().unwrap_err();
    write(&mut log, b"kept\n");
    assert_eq!(scratch.read("gone/log"), "new\nkept\n");
    std::fs::create_dir(&directory).unwrap();
    log.reopen().unwrap();
    write(&mut log, b"back\n");
    assert_eq!(scratch.read("logs/log"), "back\n");
}

#[test]
fn clearing_keeps_the_file_and_its_mode() {
    let scratch = Scratch::new();
    let path = scratch.write("log", "old\n");
    std::fs::set_permissions(&path, Permissions::from_mode(0o600)).unwrap();
    let mut log = open(&path, 0, 0);
    log.sink_mut().clear().unwrap();
    write(&mut log, b"new\n");
    assert_eq!((scratch.read("log"), mode(&path)), ("new\n".to_owned(), 0o600));
    std::fs::remove_file(&path).unwrap();
    log.sink_mut().clear().unwrap();
    write(&mut log, b"again\n");
    assert_eq!(scratch.read("log"), "again\n");
}

/// PROC-77.
#[test]
fn the_log_of_a_stopped_process_is_cleared_by_its_path() {
    let scratch = Scratch::new();
    let path = scratch.write("log", "old\n");
    scratch.write("log.1", "older\n");
    clear_file(&spec(&path, 0, 0)).unwrap();
    assert_eq!((scratch.read("log").as_str(), scratch.read("log.1").as_str()), ("", "older\n"));
    clear_file(&spec(&scratch.path("none"), 0, 0)).unwrap();
    assert!(!scratch.path("none").exists());
}

/// PROC-57.
#[test]
fn only_a_regular_file_is_cleared() {
    let scratch = Scratch::new();
    for path in [scratch.fifo("fifo"), "/dev/null".into(), "/dev/stdout".into(), scratch.root().to_owned()] {
        let outcome = clear_file(&spec(&path, 0, 0));
        assert!(matches!(outcome, Err(ClearError::NotRegular)), "{}: {outcome:?}", path.display());
    }
    assert!(std::fs::symlink_metadata("/dev/stdout").unwrap().is_symlink());
}

/// Everything an attacker can do to the log of a live or stopped process in a directory that others can write.
#[test]
fn a_link_in_a_directory_others_can_write_is_neither_written_cleared_reopened_nor_rotated_to() {
    let scratch = Scratch::new();
    let victim = scratch.write("victim", "precious");
    let directory = scratch.path("theirs");
    std::fs::create_dir(&directory).unwrap();
    std::fs::set_permissions(&directory, Permissions::from_mode(0o777)).unwrap();
    let path = directory.join("log");
    let mut log = open(&path, 10, 2);
    std::fs::rename(&path, directory.join("moved")).unwrap();
    std::os::unix::fs::symlink(&victim, &path).unwrap();
    assert!(matches!(log.sink_mut().clear(), Err(ClearError::Io(_))));
    assert!(matches!(clear_file(&spec(&path, 0, 0)), Err(ClearError::Io(_))));
    log.reopen().unwrap_err();
    let messages = write(&mut log, LINE.as_bytes());
    assert!(matches!(&messages[..], [one] if one.starts_with("could not rotate the log: ")), "{messages:?}");
    OpenSink::open(&spec(&path, 0, 0)).unwrap_err();
    assert_eq!((scratch.read("victim").as_str(), scratch.read("theirs/moved").as_str()), ("precious", LINE));
}

/// PROC-74: the error is the open's own, and no descriptor is left.
#[test]
fn opening_a_directory_fails_by_name() {
    let scratch = Scratch::new();
    let error = OpenSink::open(&spec(scratch.root(), 0, 0)).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EISDIR));
}
