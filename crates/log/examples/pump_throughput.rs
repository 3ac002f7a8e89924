//! Measures the pump: CPU seconds per gigabyte against `cat`, and wake-ups under many small writes.
//!
//! `cargo run --release -p supervisor-log --example pump_throughput [directory for the logs]` (Linux; figures
//! depend on the file system and on what else the machine does: repeat, and compare within one run.)
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measuring tool")]

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};
use supervisor_core::Channel;
use supervisor_log::{
    Delivery, FileOrigin, Generation, LogFileSpec, MainLog, Notice, OutputPipeline, Pump, StreamId,
    StreamSpec,
};

const GIGABYTE: u64 = 1_000_000_000;
const BULK: u64 = 2 * GIGABYTE;
const ROUNDS: u32 = 3;
const CHILDREN: u64 = 200;
const LINES_PER_SECOND: u64 = 200;
const SPAN: Duration = Duration::from_secs(10);

fn main() {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next();
    if first.as_deref() == Some("--child") {
        return write_lines_steadily();
    }
    let directory =
        first.map_or_else(std::env::temp_dir, PathBuf::from).join(format!("pump-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    for round in 1..=ROUNDS {
        println!("bulk, round {round}: cat {:.2} s/GB", bulk_by_cat(&directory));
        for (name, max_bytes) in [("no rotation", 0), ("rotating at 50 MB", 50_000_000)] {
            let (cpu, speed) = bulk_by_pump(&directory, max_bytes);
            println!("bulk, round {round}: pump {cpu:.2} s/GB, {speed:.0} MB/s ({name})");
        }
    }
    small_writes(&directory);
    std::fs::remove_dir_all(&directory).unwrap();
}

/// 100-byte lines as fast as they go.
fn generator() -> Child {
    let line = "x".repeat(99);
    let script = format!("yes {line} | head -c {BULK}");
    Command::new("sh").arg("-c").arg(script).stdout(Stdio::piped()).spawn().unwrap()
}

/// CPU seconds per gigabyte `cat` needs for what the pump does.
fn bulk_by_cat(directory: &Path) -> f64 {
    let path = directory.join("cat");
    let mut source = generator();
    let output = Command::new("sh")
        .args(["-c", "cat > \"$0\"; times"])
        .arg(&path)
        .stdin(source.stdout.take().unwrap())
        .output()
        .unwrap();
    source.wait().unwrap();
    std::fs::remove_file(path).unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let children = text.lines().nth(1).unwrap();
    children.split_whitespace().map(shell_seconds).sum::<f64>() / gigabytes()
}

/// `1m2.5s`.
fn shell_seconds(time: &str) -> f64 {
    let (minutes, seconds) = time.trim_end_matches('s').split_once('m').unwrap();
    minutes.parse::<f64>().unwrap() * 60.0 + seconds.parse::<f64>().unwrap()
}

/// CPU seconds per gigabyte of the pump thread, and megabytes per second.
fn bulk_by_pump(directory: &Path, max_bytes: u64) -> (f64, f64) {
    let (pump, drained) = start_pump();
    let mut source = generator();
    let pipe = source.stdout.take().unwrap();
    let began = Instant::now();
    attach(&pump, 1, pipe.into(), directory, max_bytes);
    source.wait().unwrap();
    pump.finish(StreamId(1), Generation(1));
    drained.recv().unwrap();
    let seconds = began.elapsed().as_secs_f64();
    let cpu = Usage::of_pump().cpu.as_secs_f64();
    pump.shutdown(Duration::from_secs(10)).unwrap();
    for entry in std::fs::read_dir(directory).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
    (cpu / gigabytes(), gigabytes() * 1000.0 / seconds)
}

fn small_writes(directory: &Path) {
    let (pump, drained) = start_pump();
    let spawn = |stream| {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg("--child")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        attach(&pump, stream, child.stdout.take().unwrap().into(), directory, 0);
        child
    };
    let mut children: Vec<Child> = (0..CHILDREN).map(spawn).collect();
    thread::sleep(Duration::from_secs(1));
    let (before, began) = (Usage::of_pump(), Instant::now());
    thread::sleep(SPAN.mul_f32(0.7));
    let (after, seconds) = (Usage::of_pump(), began.elapsed().as_secs_f64());
    for (stream, child) in (0..).zip(&mut children) {
        child.wait().unwrap();
        pump.finish(StreamId(stream), Generation(1));
        drained.recv().unwrap();
    }
    #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
    let wakeups = (after.switches - before.switches) as f64 / seconds;
    let cpu = after.cpu.saturating_sub(before.cpu).as_secs_f64() / seconds;
    let lines = CHILDREN * LINES_PER_SECOND;
    println!("small writes: about {lines} lines/s, {wakeups:.0} wake-ups/s, {:.1} % of a core", cpu * 100.0);
    pump.shutdown(Duration::from_secs(10)).unwrap();
}

/// The part of a child in `small_writes`.
fn write_lines_steadily() {
    let line = [&[b'x'; 99][..], b"\n"].concat();
    let mut phase = [0];
    File::open("/dev/urandom").unwrap().read_exact(&mut phase).unwrap();
    thread::sleep(Duration::from_micros(20 * u64::from(phase[0])));
    let mut next = Instant::now();
    let end = next + SPAN;
    while next < end {
        io::stdout().write_all(&line).unwrap();
        next += Duration::from_millis(1000 / LINES_PER_SECOND);
        thread::sleep(next.saturating_duration_since(Instant::now()));
    }
}

fn start_pump() -> (Pump, mpsc::Receiver<Notice>) {
    let (drained, news) = mpsc::channel();
    (Pump::start(&MainLog::nowhere(), move |notice| drained.send(notice).unwrap()).unwrap(), news)
}

fn attach(pump: &Pump, stream: u64, pipe: std::os::fd::OwnedFd, directory: &Path, max_bytes: u64) {
    let path = directory.join(format!("log{stream}"));
    let file = LogFileSpec { path: path.into(), origin: FileOrigin::Configured, max_bytes, backups: 10 };
    let spec = StreamSpec {
        process_name: "bench".into(),
        channel: Channel::Stdout,
        file: Some(file),
        syslog: false,
        strip_ansi: false,
        capture_max_bytes: 0,
        delivery: Delivery::Nothing,
    };
    pump.attach(StreamId(stream), Generation(1), pipe, OutputPipeline::open(&Arc::new(spec)).unwrap())
        .unwrap();
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn gigabytes() -> f64 {
    BULK as f64 / GIGABYTE as f64
}

/// What the pump's thread has used so far.
struct Usage {
    cpu: Duration,
    switches: u64,
}

impl Usage {
    fn of_pump() -> Self {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().map(|entry| entry.unwrap().path());
        let is_pump = |task: &PathBuf| {
            std::fs::read_to_string(task.join("comm")).is_ok_and(|comm| comm.trim() == "log-pump")
        };
        let task = tasks.filter(is_pump).last().unwrap();
        let scheduled = std::fs::read_to_string(task.join("schedstat")).unwrap();
        let status = std::fs::read_to_string(task.join("status")).unwrap();
        let switches = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
        Self {
            cpu: Duration::from_nanos(scheduled.split(' ').next().unwrap().parse().unwrap()),
            switches: switches.trim().parse().unwrap(),
        }
    }
}
