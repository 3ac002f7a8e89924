//! Tests of rotation by size.

use super::tests::{LINE, mode, open, spec, write};
use crate::scratch::Scratch;
use crate::sinks::{Outcome, RotationUnit, SinkReport, Written, clear_file};
use proptest::prelude::*;
use std::fs::{File, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use supervisor_sys::user::effective_uid;

/// PROC-49.
#[test]
fn backups_hold_the_lines_up_to_the_one_that_crosses_the_limit() {
    let scratch = Scratch::new();
    let mut log = open(&scratch.path("log"), 100, 2);
    for _ in 0..9 {
        write(&mut log, LINE.as_bytes());
    }
    assert_eq!(scratch.read("log"), "");
    assert_eq!(scratch.read("log.1"), LINE.repeat(3));
    assert_eq!(scratch.read("log.2"), LINE.repeat(3));
    assert!(!scratch.path("log.3").exists());
}

/// PROC-49 with all lines in one read, as a coalescing pause makes it.
#[test]
fn lines_of_one_write_are_rotated_as_if_written_one_by_one() {
    let scratch = Scratch::new();
    let mut log = open(&scratch.path("log"), 100, 5);
    write(&mut log, LINE.repeat(10).as_bytes());
    assert_eq!(scratch.read("log"), LINE);
    for backup in ["log.1", "log.2", "log.3"] {
        assert_eq!(scratch.read(backup), LINE.repeat(3));
    }
}

/// With a limit of a few bytes a write of many lines is as many rotations, which takes longer than other channels should wait.
#[test]
fn a_write_pauses_after_four_rotations() {
    let scratch = Scratch::new();
    let mut log = open(&scratch.path("log"), 1, 40);
    let lines = LINE.repeat(40);
    let label = "log".to_owned().into();
    let mut report = SinkReport { label: &label, messages: &mut Vec::new() };
    let written = log.sink_mut().write(lines.as_bytes(), RotationUnit::Line, &mut report);
    let done = LINE.len() * 4;
    assert!(matches!(written, Written { count, outcome: Outcome::Paused } if count == done), "{written:?}");
    write(&mut log, &lines.as_bytes()[done..]);
    assert!((1..=40).all(|number| scratch.read(&format!("log.{number}")) == LINE));
}

#[test]
fn a_line_longer_than_the_limit_stays_whole() {
    let scratch = Scratch::new();
    let mut log = open(&scratch.path("log"), 100, 2);
    write(&mut log, &[b'x'; 1000]);
    assert_eq!(scratch.read("log.1").len(), 1000);
    assert_eq!(scratch.read("log"), "");
}

/// PROC-50.
#[test]
fn without_backups_the_file_starts_anew_and_without_limit_it_grows() {
    let scratch = Scratch::new();
    let mut log = open(&scratch.path("log"), 100, 0);
    write(&mut log, LINE.repeat(4).as_bytes());
    assert_eq!(scratch.read("log"), LINE);
    assert!(!scratch.path("log.1").exists());
    let mut endless = open(&scratch.path("endless"), 0, 3);
    write(&mut endless, LINE.repeat(100).as_bytes());
    assert_eq!(scratch.read("endless").len(), 4100);
}

#[test]
fn a_file_that_is_large_already_is_rotated_after_the_first_write() {
    let scratch = Scratch::new();
    let path = scratch.write("log", &"x".repeat(500));
    let mut log = open(&path, 100, 2);
    write(&mut log, b"y\n");
    assert_eq!(scratch.read("log.1").len(), 502);
}

#[test]
fn a_file_another_program_truncated_is_not_rotated_early() {
    let scratch = Scratch::new();
    let path = scratch.path("log");
    let mut log = open(&path, 100, 2);
    write(&mut log, &[b'x'; 90]);
    File::options().write(true).truncate(true).open(&path).unwrap();
    write(&mut log, &[b'y'; 50]);
    assert_eq!(scratch.read("log"), "y".repeat(50));
    assert!(!scratch.path("log.1").exists());
}

#[test]
fn two_writers_of_one_path_lose_nothing_when_one_rotates() {
    let scratch = Scratch::new();
    let path = scratch.path("log");
    let (mut one, mut two) = (open(&path, 100, 9), open(&path, 100, 9));
    let mut expected = Vec::new();
    for number in 0..20 {
        let line = format!("{number:010} {}\n", "x".repeat(20));
        write(if number % 2 == 0 { &mut one } else { &mut two }, line.as_bytes());
        expected.push(line);
    }
    let names = (1..=9).rev().map(|number| format!("log.{number}")).chain(["log".to_owned()]);
    let mut found: Vec<String> = names
        .flat_map(|name| scratch.read(&name).lines().map(|line| format!("{line}\n")).collect::<Vec<_>>())
        .collect();
    found.sort();
    assert_eq!(found, expected);
}

#[test]
fn a_new_log_keeps_the_mode_of_its_backup() {
    let scratch = Scratch::new();
    let path = scratch.write("log", "");
    std::fs::set_permissions(&path, Permissions::from_mode(0o662)).unwrap();
    let mut log = open(&path, 10, 2);
    write(&mut log, &[b'x'; 10]);
    assert_eq!((mode(&scratch.path("log.1")), mode(&path)), (0o662, 0o662));
    assert_eq!(scratch.read("log"), "");
}

#[test]
fn a_failing_rotation_loses_nothing_and_is_reported_once() {
    let scratch = Scratch::new();
    let path = scratch.path("log");
    // A directory that is not empty stands in the way of the oldest backup.
    std::fs::create_dir_all(scratch.path("log.1/occupied")).unwrap();
    let mut log = open(&path, 50, 1);
    let mut messages = Vec::new();
    for _ in 0..5 {
        messages.extend(write(&mut log, LINE.as_bytes()));
    }
    assert!(matches!(&messages[..], [one] if one.starts_with("could not rotate the log: ")), "{messages:?}");
    assert_eq!(scratch.read("log"), LINE.repeat(5));
}

/// Links that only root or we could have laid; `entry` of supervisor-sys has the rules.
#[test]
fn a_link_is_followed_and_renamed_by_rotation() {
    let scratch = Scratch::new();
    let target = scratch.write("target", "old\n");
    let link = scratch.path("link");
    std::os::unix::fs::symlink(&target, &link).unwrap();
    clear_file(&spec(&link, 0, 0)).unwrap();
    write(&mut open(&link, 10, 2), LINE.as_bytes());
    assert_eq!(scratch.read("target"), LINE);
    assert!(std::fs::symlink_metadata(scratch.path("link.1")).unwrap().is_symlink());
    assert_eq!((scratch.read("link").as_str(), mode(&link)), ("", mode(&target)));
}

/// A user who owns the old file chooses its mode; the new one is root's.
#[test]
fn a_new_log_takes_neither_special_bits_nor_the_mode_of_a_file_another_user_owned() {
    let scratch = Scratch::new();
    let plain = mode(&scratch.write("plain", ""));
    for (owner, expected) in [(effective_uid(), 0o666), (65534, plain)] {
        let path = scratch.write("log", "");
        if owner != effective_uid() && effective_uid() != 0 {
            continue;
        }
        std::os::unix::fs::chown(&path, Some(owner), None).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o6777)).unwrap();
        write(&mut open(&path, 10, 2), &[b'x'; 10]);
        assert_eq!(mode(&path), expected, "owner {owner}");
    }
}

/// A child that had a copy would close it before it executes, and wait for the server of the file system.
#[test]
fn children_do_not_copy_the_descriptor_of_a_log() {
    let scratch = Scratch::new();
    let mut log = open(&scratch.path("log"), 10, 2);
    assert!(log.fd().unwrap().as_raw_fd() >= 128);
    write(&mut log, &[b'x'; 10]);
    assert!(scratch.path("log.1").exists() && log.fd().unwrap().as_raw_fd() >= 128);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// However lines are coalesced into writes, the backups come out the same.
    #[test]
    fn coalescing_does_not_change_the_backups(
        lengths in proptest::collection::vec(0usize..80, 1..60),
        groups in proptest::collection::vec(1usize..20, 1..20),
        max_bytes in 1u64..200,
        backups in 0u32..4,
    ) {
        let line = |(number, length): (usize, &usize)| format!("{number}{}\n", "x".repeat(*length)).into_bytes();
        let lines: Vec<Vec<u8>> = lengths.iter().enumerate().map(line).collect();
        let (single, gathered) = (Scratch::new(), Scratch::new());
        let mut log = open(&single.path("log"), max_bytes, backups);
        for line in &lines {
            write(&mut log, line);
        }
        let mut log = open(&gathered.path("log"), max_bytes, backups);
        let mut rest = &lines[..];
        for group in groups.iter().cycle() {
            let (now, later) = rest.split_at((*group).min(rest.len()));
            write(&mut log, &now.concat());
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        for name in ["log", "log.1", "log.2", "log.3", "log.4"] {
            prop_assert_eq!(single.read(name), gathered.read(name), "{}", name);
        }
    }
}
