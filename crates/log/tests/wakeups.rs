//! How often the pump's threads wake up. Alone in its process, so that the threads can be found by name.
#![allow(clippy::unwrap_used, reason = "a test may")]
#![allow(dead_code, reason = "the support module serves larger tests as well")]

#[path = "support/mod.rs"]
mod support;

use ::support::Stopwatch;
use std::io::Write;
use std::thread;
use std::time::{Duration, Instant};
use supervisor_core::Level;
use supervisor_log::{Delivery, StreamSpec};
use support::{Rig, sink_spec, wait_until};

/// Voluntary context switches of the threads named so: each is a wait that ended.
fn switches(name: &str) -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|entry| entry.unwrap().path());
    let named =
        tasks.filter(|task| std::fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim() == name));
    let count = |task: std::path::PathBuf| -> Option<u64> {
        let status = std::fs::read_to_string(task.join("status")).ok()?;
        status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")?.trim().parse().ok())
    };
    named.filter_map(count).sum()
}

/// Waits until both threads have been asleep for a while.
fn settle() {
    wait_until("the threads sleep", || {
        let before = (switches("log-pump"), switches("log-watchdog"));
        thread::sleep(Duration::from_millis(700));
        before == (switches("log-pump"), switches("log-watchdog"))
    });
}

/// One test, as the steps would disturb each other's counts.
#[test]
fn the_pump_sleeps_when_idle_and_gathers_under_load() {
    if !cfg!(target_os = "linux") {
        return;
    }
    let rig = Rig::new();
    let mut pipes: Vec<_> = (0..20)
        .map(|number| rig.attach(number, 1, &sink_spec("web", rig.file(&format!("log{number}")))))
        .collect();
    rig.main_log.log(Level::Info, "attached");
    settle();

    // Idle.
    let before = (switches("log-pump"), switches("log-watchdog"));
    thread::sleep(Duration::from_secs(2));
    assert_eq!((switches("log-pump"), switches("log-watchdog")), before, "wake-ups while idle");

    // Single lines, well apart: one wake-up each, and no delay.
    let before = switches("log-pump");
    for number in 1..=10 {
        let stopwatch = Stopwatch::start();
        pipes[0].write_all(b"line\n").unwrap();
        wait_until("it is written", || rig.read("log0").len() == 5 * number);
        let took = stopwatch.elapsed();
        assert!(took < Duration::from_secs(1), "{took:?}");
        thread::sleep(Duration::from_millis(30));
    }
    let woken = switches("log-pump") - before;
    assert!((10..=25).contains(&woken), "{woken} wake-ups for 10 lines");

    // Many small writes: gathered.
    settle();
    let before = switches("log-pump");
    let began = Instant::now();
    let mut lines = 0_u64;
    while began.elapsed() < Duration::from_secs(2) || lines <= 2000 {
        for pipe in &mut pipes {
            pipe.write_all(b"line\n").unwrap();
            lines += 1;
        }
        thread::sleep(Duration::from_millis(1));
    }
    let seconds = began.elapsed().as_secs() + 1;
    let woken = switches("log-pump") - before;
    // 25 pauses a second, each with the wait in front of it, and what a busy machine adds.
    assert!(woken <= 75 * seconds, "{woken} wake-ups for {lines} lines in {seconds} s");
    wait_until("all is written", || {
        let written: usize = (0..20).map(|number| rig.read(&format!("log{number}")).len()).sum();
        written as u64 == 5 * lines + 50
    });

    // A stream the daemon waits for is not put off by the others' pauses, which would be 20 ms at the median.
    // Whatever else the machine does, one batch of several must show it.
    let spec = StreamSpec { delivery: Delivery::Events, ..sink_spec("listener", rig.file("listener")) };
    let mut listener = rig.attach(99, 1, &spec);
    let mut delivered = 0;
    let medians: Vec<Duration> = (0..10)
        .map(|_| {
            let mut delays: Vec<Duration> = (0..21)
                .map(|_| {
                    for pipe in &mut pipes {
                        pipe.write_all(b"line\n").unwrap();
                    }
                    let began = Instant::now();
                    listener.write_all(b"x").unwrap();
                    delivered += 1;
                    wait_until("it is delivered", || rig.delivered().0.len() == delivered);
                    began.elapsed()
                })
                .collect();
            delays.sort();
            delays[delays.len() / 2]
        })
        .collect();
    assert!(medians.iter().any(|median| *median < Duration::from_millis(10)), "{medians:?}");
    settle();
}
