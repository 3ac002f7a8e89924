//! The load that process managers run in `cargo xtask bench`: `bench-load ROLE ARGUMENT...`.
//!
//! | Role | What it does |
//! |---|---|
//! | `quiet REPORT` | reports and sleeps |
//! | `flood REPORT GO BYTES CHUNK` | reports, waits for the start, writes numbered lines of 100 bytes in chunks, sleeps |
//! | `chat REPORT GO LINES PER_SECOND` | the same, one line a write, so many a second |
//! | `probe REPORT GO LOG COUNT` | waits for the start, writes single lines, reports how many µs each took into its log |
//! | `count LINES < LOG` | checks that there are so many lines, each complete and in its place |
//! | `bare COUNT PROGRAM ARGUMENT...` | starts a program so often, as cheaply as the system can, and sleeps |
//!
//! A report is a line with a number in the named pipe `REPORT`: the process id where nothing else is said. `GO` is a
//! named pipe as well: opening it for writing starts all loads.
#![forbid(unsafe_code)]

use std::error::Error;
use std::fmt::Display;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, Read, Write};
use std::os::fd::AsFd;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Length of a numbered line with its newline.
const LINE: usize = 100;

/// Digits at the beginning of a line.
const DIGITS: usize = 12;

type Outcome = Result<(), Box<dyn Error>>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The exit code reports the failure where standard error is closed.
            let _unseen = writeln!(io::stderr(), "bench-load {arguments:?}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[&str]) -> Outcome {
    match *arguments {
        ["quiet", report] => {
            write_report(report, std::process::id())?;
            sleep()
        }
        ["flood", report, go, bytes, chunk] => {
            write_report(report, std::process::id())?;
            wait_for_start(go)?;
            flood(bytes.parse()?, chunk.parse()?)?;
            sleep()
        }
        ["chat", report, go, lines, per_second] => {
            write_report(report, std::process::id())?;
            wait_for_start(go)?;
            chat(lines.parse()?, per_second.parse()?)?;
            sleep()
        }
        ["probe", report, go, log, count] => {
            wait_for_start(go)?;
            probe(report, log, count.parse()?)?;
            sleep()
        }
        ["count", lines] => count(lines.parse()?),
        ["bare", count, program, ref arguments @ ..] => bare(count.parse()?, program, arguments),
        _ => Err("unknown role, or not its arguments".into()),
    }
}

fn write_report(report: &str, number: impl Display) -> io::Result<()> {
    let line = format!("{number}\n");
    OpenOptions::new().write(true).open(report)?.write_all(line.as_bytes())
}

fn wait_for_start(go: &str) -> io::Result<()> {
    File::open(go).map(drop)
}

fn sleep() -> ! {
    loop {
        thread::park();
    }
}

/// Standard output without the buffer that would turn many writes into one.
fn unbuffered_stdout() -> io::Result<File> {
    io::stdout().as_fd().try_clone_to_owned().map(File::from)
}

/// A line with room for its number.
fn blank_line() -> [u8; LINE] {
    let mut line = [b'x'; LINE];
    line[DIGITS] = b' ';
    line[LINE - 1] = b'\n';
    line
}

fn number(line: &mut [u8], number: u64) {
    let mut rest = number;
    for digit in line[..DIGITS].iter_mut().rev() {
        *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
    }
}

/// Writes `bytes` of numbered lines, `chunk` bytes at a time.
fn flood(bytes: usize, chunk: usize) -> io::Result<()> {
    let mut out = unbuffered_stdout()?;
    let lines = bytes / LINE;
    let at_once = (chunk / LINE).max(1);
    let mut buffer = blank_line().repeat(at_once);
    let mut next = 0;
    while next < lines {
        let count = at_once.min(lines - next);
        for line in buffer[..count * LINE].chunks_exact_mut(LINE) {
            number(line, next as u64);
            next += 1;
        }
        out.write_all(&buffer[..count * LINE])?;
    }
    Ok(())
}

/// Writes one line at a time, evenly spread.
fn chat(lines: u64, per_second: u32) -> io::Result<()> {
    let mut out = unbuffered_stdout()?;
    let (began, mut line) = (Instant::now(), blank_line());
    for index in 0..lines {
        let due = began + Duration::from_secs(index) / per_second;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        number(&mut line, index);
        out.write_all(&line)?;
    }
    Ok(())
}

/// Writes single lines and waits until each is in the log.
fn probe(report: &str, log: &str, count: u32) -> io::Result<()> {
    let log = File::open(log)?;
    let (mut out, line) = (unbuffered_stdout()?, blank_line());
    for _ in 0..count {
        // No whole multiple of any pause.
        thread::sleep(Duration::from_millis(23));
        let before = log.metadata()?.len();
        let began = Instant::now();
        out.write_all(&line)?;
        while log.metadata()?.len() == before {
            thread::sleep(Duration::from_micros(100));
        }
        write_report(report, began.elapsed().as_micros())?;
    }
    Ok(())
}

fn count(expected: u64) -> Outcome {
    let mut input = io::stdin().lock();
    let (mut wanted, mut line) = (blank_line(), [0; LINE]);
    for index in 0..expected {
        number(&mut wanted, index);
        input.read_exact(&mut line).map_err(|error| format!("line {index}: {error}"))?;
        if line != wanted {
            return Err(format!("line {index} is {:?}", String::from_utf8_lossy(&line)).into());
        }
    }
    if input.fill_buf()?.is_empty() { Ok(()) } else { Err(format!("more than {expected} lines").into()) }
}

fn bare(count: usize, program: &str, arguments: &[&str]) -> Outcome {
    let mut children = Vec::with_capacity(count);
    for _ in 0..count {
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        children.push(command.spawn()?);
    }
    sleep()
}
