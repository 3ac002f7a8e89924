//! Completeness and order, whatever the speed.

use crate::support::{Rig, sink_spec, wait_until};
use std::io::Write;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use supervisor_log::LogFileSpec;

/// Compares the log and all its backups, the oldest first, with what `expected` prints.
fn assert_backups(rig: &Rig, name: &str, backups: u32, expected: &str) {
    let path = |suffix: String| format!("'{}{suffix}'", rig.scratch.path(name).display());
    let files = (1..=backups).rev().map(|number| path(format!(".{number}"))).chain([path(String::new())]);
    let files: Vec<String> = files.collect();
    let script = format!(
        "{expected} > '{0}.expected'; cat {1} 2>/dev/null | cmp - '{0}.expected'",
        rig.scratch.path(name).display(),
        files.join(" ")
    );
    let outcome = Command::new("sh").arg("-c").arg(&script).output().unwrap();
    let complaint = String::from_utf8_lossy(&[outcome.stdout, outcome.stderr].concat()).into_owned();
    assert!(outcome.status.success(), "{name}: {complaint}");
}

#[test]
fn two_hundred_megabytes_from_four_children_arrive_complete_and_in_order() {
    const LINES: u32 = 6_200_000;
    let rig = Rig::new();
    let children: Vec<_> = (1..=4)
        .map(|stream| {
            let name = format!("log{stream}");
            let rotating = LogFileSpec {
                max_bytes: if stream % 2 == 0 { 3_000_000 } else { 0 },
                backups: 30,
                ..rig.file(&name)
            };
            (
                stream,
                name.clone(),
                rig.spawn(stream, 1, &sink_spec(&name, rotating), &format!("exec seq 1 {LINES}")),
            )
        })
        .collect();
    for (stream, name, child) in children {
        rig.reap(stream, 1, child);
        assert_backups(&rig, &name, 30, &format!("seq 1 {LINES}"));
        assert_eq!(rig.scratch.path(&format!("{name}.1")).exists(), stream % 2 == 0);
    }
    assert_eq!(rig.complaints(), [""; 0]);
}

/// PROC-62.
#[test]
fn a_burst_of_three_megabytes_before_the_exit_is_complete() {
    let rig = Rig::new();
    let child = rig.spawn(1, 1, &sink_spec("burst", rig.file("log")), "seq 1 1000000 | head -c 3000000");
    rig.reap(1, 1, child);
    assert_backups(&rig, "log", 0, "seq 1 1000000 | head -c 3000000");
}

/// PROC-51.
#[test]
fn binary_output_is_logged_byte_for_byte() {
    let rig = Rig::new();
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    let mut pipe = rig.attach(1, 1, &sink_spec("binary", rig.file("log")));
    pipe.write_all(&bytes).unwrap();
    rig.finish(1, 1);
    assert_eq!(std::fs::read(rig.scratch.path("log")).unwrap(), bytes);
}

#[test]
fn a_line_of_a_megabyte_is_logged_whole() {
    let rig = Rig::new();
    let rotating = LogFileSpec { max_bytes: 100_000, backups: 40, ..rig.file("log") };
    let script = "head -c 1000000 /dev/zero | tr '\\0' x";
    let child = rig.spawn(1, 1, &sink_spec("long", rotating), script);
    rig.reap(1, 1, child);
    assert_backups(&rig, "log", 40, script);
}

/// PROC-49 through the pump: lines that were gathered into one read.
#[test]
fn gathered_lines_are_rotated_like_single_ones() {
    let rig = Rig::new();
    let rotating = LogFileSpec { max_bytes: 100, backups: 2, ..rig.file("log") };
    let mut pipe = rig.attach(1, 1, &sink_spec("web", rotating));
    pipe.write_all("0123456789012345678901234567890123456789\n".repeat(8).as_bytes()).unwrap();
    rig.finish(1, 1);
    let sizes = ["log.2", "log.1", "log"].map(|name| rig.read(name).len());
    assert_eq!(sizes, [123, 123, 82]);
}

/// With a limit of a few bytes every line is a rotation: slow, but nothing hangs, and nothing is to be said.
#[test]
fn a_flood_into_a_tiny_log_is_not_taken_for_a_hanging_disk() {
    let rig = Rig::new();
    let tiny = LogFileSpec { max_bytes: 1, backups: 10, ..rig.file("tiny") };
    let script = "yes | head -n 4000; echo last";
    let flood = rig.spawn(1, 1, &sink_spec("flood", tiny), script);
    rig.reap(1, 1, flood);
    assert_eq!(rig.read("tiny.1"), "last\n");
    assert_eq!(rig.complaints(), [""; 0]);
}

/// PROC-53: with `redirect_stderr` both outputs are one pipe; separate pipes may share a file by appending.
#[test]
fn two_streams_may_share_a_file() {
    let rig = Rig::new();
    let children = [(1, "a"), (2, "b")].map(|(stream, letter)| {
        (
            stream,
            rig.spawn(
                stream,
                1,
                &sink_spec(letter, rig.file("log")),
                &format!("yes {letter} | head -n 50000"),
            ),
        )
    });
    for (stream, child) in children {
        rig.reap(stream, 1, child);
    }
    let text = rig.read("log");
    assert_eq!(text.matches("a\n").count(), 50_000);
    assert_eq!(text.matches("b\n").count(), 50_000);
    assert_eq!(text.len(), 200_000);
}

/// Gathering must not hold up a child whose pipe is full, however little a full pipe may hold: here each write takes a page
/// and fills little more than half of it. Gathered every 40 ms, this would be 0.8 MB a second.
#[test]
fn pages_that_are_half_filled_do_not_slow_a_flood_down() {
    const WRITES: usize = 10_000;
    let rig = Rig::new();
    let mut writer = rig.attach(1, 1, &sink_spec("web", rig.file("log")));
    let stopwatch = ::support::Stopwatch::start();
    let piece = [b'x'; 2100];
    for _ in 0..WRITES {
        writer.write_all(&piece).unwrap();
    }
    let took = stopwatch.elapsed();
    drop(writer);
    rig.finish(1, 1);
    assert_eq!(rig.read("log").len(), WRITES * piece.len());
    assert!(took < std::time::Duration::from_secs(5), "{took:?}");
}

/// Each write into a watched pipe calls the poller, which costs a child that writes line by line a tenth of its time.
#[cfg(target_os = "linux")]
#[test]
fn a_pipe_that_is_flooded_by_small_writes_is_watched_again_when_the_flood_is_over() {
    let rig = Rig::new();
    // However long the flood takes.
    let log = LogFileSpec { max_bytes: 10_000_000, backups: 1, ..rig.file("log") };
    let mut writer = rig.attach(1, 1, &sink_spec("web", log));
    let is_watched = || {
        let all = rig.pump.descriptors();
        let pipe = all.iter().find(|one| one.purpose == "stdout pipe of 'web'").map(|one| one.fd.to_string());
        let pollers = all.iter().filter(|one| one.purpose.starts_with("poller"));
        let known: String = pollers
            .map(|poller| std::fs::read_to_string(format!("/proc/self/fdinfo/{}", poller.fd)).unwrap())
            .collect();
        let watched = known.lines().filter_map(|line| line.strip_prefix("tfd:")?.split_whitespace().next());
        pipe.is_some_and(|pipe| watched.into_iter().any(|fd| fd == pipe))
    };
    wait_until("it is watched", is_watched);
    let is_over = Arc::new(AtomicBool::new(false));
    let flood = thread::spawn({
        let is_over = Arc::clone(&is_over);
        move || {
            while !is_over.load(Ordering::Relaxed) {
                writer.write_all(&[b'x'; 100]).unwrap();
            }
            writer
        }
    });
    wait_until("it is looked at after each pause instead", || !is_watched());
    is_over.store(true, Ordering::Relaxed);
    let mut writer = flood.join().unwrap();
    wait_until("it is watched again", is_watched);
    writer.write_all(b"line\n").unwrap();
    // It may be the one that completes a backup.
    let ends_with_it = |name| std::fs::read(rig.scratch.path(name)).is_ok_and(|log| log.ends_with(b"line\n"));
    wait_until("a later line is written", || ends_with_it("log") || ends_with_it("log.1"));
}
