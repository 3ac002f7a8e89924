//! The main log.

use crate::support::{PATIENCE, Rig, Scratch, wait_until};
use std::sync::mpsc;
use supervisor_core::Level;
use supervisor_log::{FollowKey, MainDestination, MainLog, MainLogSpec, Pump};

fn spec(path: std::path::PathBuf, max_bytes: u64, backups: u32) -> MainLogSpec {
    let destination = MainDestination::File { path, max_bytes, backups };
    MainLogSpec { level: Level::Info, destination, copy_to_stdout: false }
}

/// Whether a line looks like `2026-01-01 00:00:00,000 INFO …`.
fn is_stamped(line: &str) -> bool {
    let shape: String = line
        .chars()
        .take(24)
        .map(|character| if character.is_ascii_digit() { '9' } else { character })
        .collect();
    let words = ["CRIT ", "ERRO ", "WARN ", "INFO ", "DEBG ", "TRAC ", "BLAT "];
    shape == "9999-99-99 99:99:99,999 " && words.iter().any(|word| line[24..].starts_with(word))
}

/// PROC-69.
#[test]
fn lines_have_upstreams_format_and_level_filter() {
    let scratch = Scratch::new();
    let log = MainLog::open(&spec(scratch.path("main"), 0, 0)).unwrap();
    for level in Level::ALL {
        log.log(level, format!("at {}", level.name()));
    }
    let text = scratch.read("main");
    assert!(text.lines().all(is_stamped), "{text}");
    let messages: Vec<&str> = text.lines().map(|line| &line[24..]).collect();
    assert_eq!(messages, ["INFO at info", "WARN at warn", "ERRO at error", "CRIT at critical"]);
    assert!(log.is_enabled(Level::Info) && !log.is_enabled(Level::Debug));
    log.log(Level::Info, b"bytes \xff\nraw continuation");
    let bytes = std::fs::read(scratch.path("main")).unwrap();
    assert!(bytes.ends_with(b"INFO bytes \xff\nraw continuation\n"));
}

/// PROC-71, for a log written directly and by the pump.
#[test]
fn it_rotates_after_whole_records() {
    let scratch = Scratch::new();
    let log = MainLog::open(&spec(scratch.path("main"), 100, 2)).unwrap();
    let pump = Pump::start(&log, |_| ()).unwrap();
    for number in 0..10 {
        log.log(Level::Info, format!("message {number}\nsecond line"));
    }
    pump.shutdown(PATIENCE).unwrap();
    // 29 bytes of stamp and level, 22 of message, one newline: 52 each, two to a backup.
    assert_eq!(scratch.read("main"), "");
    assert_eq!(scratch.read("main.1").lines().count(), 4);
    assert!(scratch.read("main.1").contains("message 8\nsecond line\n"));
    assert!(scratch.read("main.2").contains("message 6\nsecond line\n"));
    assert!(!scratch.path("main.3").exists());
}

/// PROC-73.
#[test]
fn clearing_starts_it_anew() {
    let rig = Rig::new();
    rig.main_log.log(Level::Info, "old");
    let (told, news) = mpsc::channel();
    let _follow =
        rig.pump.follow(FollowKey::Main, &rig.scratch.path("main"), move || told.send(()).unwrap_or(()));
    let (reply, answer) = mpsc::channel();
    rig.pump.clear_main(move |outcome| reply.send(outcome.is_ok()).unwrap());
    assert!(answer.recv_timeout(PATIENCE).unwrap());
    assert_eq!(rig.read("main"), "");
    news.recv_timeout(PATIENCE).unwrap();
    std::fs::remove_file(rig.scratch.path("main")).unwrap();
    let (reply, answer) = mpsc::channel();
    rig.pump.clear_main(move |outcome| reply.send(outcome.is_ok()).unwrap());
    assert!(answer.recv_timeout(PATIENCE).unwrap());
    rig.main_log.log(Level::Info, "new");
    rig.wait_for_message("INFO new\n");
}

/// PROC-21, PROC-22.
#[test]
fn reopening_follows_a_rename_and_survives_a_vanished_directory() {
    let rig = Rig::new();
    let mut pipe = rig.attach(1, 1, &crate::support::sink_spec("web", rig.file("log")));
    rig.main_log.log(Level::Info, "before");
    rig.wait_for_message("INFO before\n");
    for name in ["main", "log"] {
        std::fs::rename(rig.scratch.path(name), rig.scratch.path(&format!("{name}.moved"))).unwrap();
    }
    rig.pump.reopen_all();
    wait_until("both are opened again", || {
        ["main", "log"].iter().all(|name| rig.scratch.path(name).exists())
    });
    rig.main_log.log(Level::Info, "after");
    std::io::Write::write_all(&mut pipe, b"after\n").unwrap();
    wait_until("the new file is written", || rig.read("log") == "after\n");
    rig.wait_for_message("INFO after\n");
    assert!(!rig.main_text().contains("INFO before"), "{}", rig.main_text());
    assert!(rig.read("main.moved").ends_with("INFO before\n"));

    std::fs::create_dir(rig.scratch.path("logs")).unwrap();
    let mut other = rig.attach(2, 1, &crate::support::sink_spec("other", rig.file("logs/log")));
    std::fs::rename(rig.scratch.path("logs"), rig.scratch.path("gone")).unwrap();
    rig.pump.reopen_all();
    std::io::Write::write_all(&mut other, b"kept\n").unwrap();
    wait_until("the old file stays in use", || rig.read("gone/log") == "kept\n");
    let expected = format!(
        "ERRO could not reopen the stdout log of 'other' ('{}'): [Errno 2] No such file or directory; \
         the file opened before stays in use",
        rig.scratch.path("logs/log").display()
    );
    rig.wait_for_message(&expected);
}

#[test]
fn a_log_that_cannot_be_opened_is_an_error() {
    let scratch = Scratch::new();
    assert!(MainLog::open(&spec(scratch.root().to_owned(), 0, 0)).is_err());
    let nowhere = MainLog::nowhere();
    nowhere.log(Level::Critical, "goes nowhere");
    assert!(!nowhere.is_enabled(Level::Critical));
}
