//! Targets that have a reader, are full, or are somebody else's.

use crate::support::{PATIENCE, Rig, file_spec, sink_spec, wait_until};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use supervisor_core::Level;
use supervisor_log::{
    ClearError, LogFileSpec, MainDestination, MainLog, MainLogSpec, OutputPipeline, Pump, StreamId,
};

/// PROC-56: an error at once, which the daemon makes a spawn error.
#[test]
fn a_fifo_without_reader_is_refused_at_once() {
    let rig = Rig::new();
    let fifo = rig.scratch.fifo("fifo");
    let error = OutputPipeline::open(&sink_spec("web", file_spec(&fifo)).into()).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(6), "ENXIO: {error}");
}

#[test]
fn a_fifo_whose_reader_stops_holds_up_its_own_stream_only() {
    const LINES: usize = 60_000;
    let rig = Rig::new();
    let fifo = rig.scratch.fifo("fifo");
    let mut reader = File::options().read(true).write(true).open(&fifo).unwrap();
    // Room above the default: rotation must not touch it.
    let spec = sink_spec("web", LogFileSpec { max_bytes: 1000, backups: 3, ..file_spec(&fifo) });
    let child = rig.spawn(1, 1, &spec, &format!("seq 1 {LINES}"));
    let mut other = rig.attach(2, 1, &sink_spec("other", rig.file("other")));
    // Two pipes and a chunk are full, nobody reads.
    other.write_all(b"goes on\n").unwrap();
    wait_until("another stream goes on", || rig.read("other") == "goes on\n");
    wait_until("people are told", || rig.main_text().contains("has taken nothing for 5 seconds"));

    let mut lines = BufReader::new(&mut reader).lines();
    for number in 1..=LINES {
        assert_eq!(lines.next().unwrap().unwrap(), number.to_string());
    }
    rig.reap(1, 1, child);
    assert!(std::fs::symlink_metadata(&fifo).unwrap().file_type().is_fifo());
    assert!(!rig.scratch.path("fifo.1").exists());
    rig.wait_for_message("is written again after");
}

#[test]
fn a_fifo_keeps_its_bytes_from_one_reader_to_the_next() {
    let rig = Rig::new();
    let fifo = rig.scratch.fifo("fifo");
    let open_reader = || File::options().read(true).open(&fifo).unwrap();
    // A first reader, so that it can be opened.
    let keeper = File::options().read(true).write(true).open(&fifo).unwrap();
    let mut pipe = rig.attach(1, 1, &sink_spec("web", file_spec(&fifo)));
    rig.sync();
    drop(keeper);
    pipe.write_all(b"while nobody reads\n").unwrap();
    rig.sync();
    let mut line = String::new();
    BufReader::new(open_reader()).read_line(&mut line).unwrap();
    assert_eq!(line, "while nobody reads\n");
    rig.finish(1, 1);
    assert_eq!(rig.complaints(), [""; 0]);
}

#[test]
fn a_full_device_is_reported_once_and_delays_only_its_own_stream() {
    let rig = Rig::new();
    let mut full = rig.attach(1, 1, &sink_spec("full", file_spec(Path::new("/dev/full"))));
    let mut other = rig.attach(2, 1, &sink_spec("other", rig.file("other")));
    full.write_all(b"x\n").unwrap();
    let expected = "ERRO could not write the stdout log of 'full' ('/dev/full'): [Errno 28] No space left on device; \
                    the output waits and is tried again (waiting 1 seconds)";
    wait_until("it is told", || rig.main_text().contains(expected));
    other.write_all(b"goes on\n").unwrap();
    wait_until("another stream goes on", || rig.read("other") == "goes on\n");
    assert_eq!(rig.main_text().matches("/dev/full").count(), 1);
    let unfinished = rig.pump.shutdown(std::time::Duration::from_millis(50)).unwrap_err();
    assert_eq!(unfinished.logs, ["stdout log of 'full'"]);
}

/// Needs the right to mount; elsewhere the failing target of the unit tests stands for it.
#[test]
fn a_full_file_system_recovers_by_itself_without_losing_a_byte() {
    let rig = Rig::new();
    let mount = rig.scratch.path("tiny");
    std::fs::create_dir(&mount).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=128k", "none"])
        .arg(&mount)
        .stderr(Stdio::null())
        .status();
    if !mounted.is_ok_and(|status| status.success()) {
        return;
    }
    std::fs::write(mount.join("filler"), vec![0; 100 * 1024]).unwrap();
    let child = rig.spawn(1, 1, &sink_spec("web", file_spec(&mount.join("log"))), "seq 1 15000");
    wait_until("it is told", || rig.main_text().contains("No space left on device"));
    std::fs::remove_file(mount.join("filler")).unwrap();
    rig.reap(1, 1, child);
    let text = std::fs::read_to_string(mount.join("log")).unwrap();
    assert!(text.lines().map(str::to_owned).eq((1..=15_000).map(|number| number.to_string())));
    rig.wait_for_message("is written again after");
    // A child that another test forks meanwhile holds what is open here until it executes.
    wait_until("it can be unmounted", || {
        Command::new("umount").arg(&mount).stderr(Stdio::null()).status().unwrap().success()
    });
}

/// PROC-57.
#[test]
fn clearing_a_device_is_refused() {
    let rig = Rig::new();
    let _pipe = rig.attach(1, 1, &sink_spec("web", file_spec(Path::new("/dev/null"))));
    let (reply, answer) = mpsc::channel();
    rig.pump.clear(StreamId(1), None, move |outcome| reply.send(outcome).unwrap());
    assert!(matches!(answer.recv_timeout(PATIENCE).unwrap(), Err(ClearError::NotRegular)));
    assert!(std::fs::symlink_metadata("/dev/null").unwrap().file_type().is_char_device());
}

/// The part of the tests below that runs with a stdout of its own; does nothing when called as a test.
#[test]
fn helper_that_logs_to_its_stdout() {
    let Ok(count) = std::env::var("LOG_TO_STDOUT") else { return };
    let destination = MainDestination::File { path: "/dev/stdout".into(), max_bytes: 50, backups: 2 };
    let main_log =
        MainLog::open(&MainLogSpec { level: Level::Info, destination, copy_to_stdout: true }).unwrap();
    let pump = Pump::start(&main_log, |_| ()).unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    let file = LogFileSpec { max_bytes: 50, backups: 2, ..file_spec(Path::new("/dev/stdout")) };
    let sink = OutputPipeline::open(&sink_spec("web", file).into()).unwrap();
    pump.attach(StreamId(1), supervisor_log::Generation(1), reader.into(), sink).unwrap();
    // The harness leaves its own line open.
    writeln!(writer).unwrap();
    for number in 1..=count.parse().unwrap() {
        writeln!(writer, "child {number}").unwrap();
    }
    // Not in the middle of a line of the child.
    let (reply, answer) = mpsc::channel();
    pump.sync(move || reply.send(()).unwrap());
    answer.recv_timeout(PATIENCE).unwrap();
    main_log.log(Level::Info, "main line");
    pump.shutdown(PATIENCE).unwrap();
    if let Some(path) = std::env::var_os("LOG_DONE") {
        File::create(path).unwrap();
    }
}

fn helper(count: usize, stdout: impl Into<Stdio>) -> Child {
    helper_command(count, stdout).spawn().unwrap()
}

fn helper_command(count: usize, stdout: impl Into<Stdio>) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", "targets::helper_that_logs_to_its_stdout", "--nocapture", "--test-threads=1"])
        .env("LOG_TO_STDOUT", count.to_string())
        .stdout(stdout);
    command
}

fn assert_complete(text: &str, count: usize) {
    let numbers: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("child ")).collect();
    assert_eq!(numbers.len(), count);
    assert!(numbers.iter().zip(1..).all(|(found, number)| *found == number.to_string()));
    // Once as /dev/stdout, once as the foreground's copy (PROC-70).
    assert_eq!(text.matches("INFO main line").count(), 2, "{text}");
    assert!(!text.contains("CRIT") && !text.contains("ERRO"), "{text}");
}

/// PROC-54, PROC-55: the default limits do no harm.
#[test]
fn dev_stdout_as_a_slow_pipe_gets_everything() {
    let mut child = helper(50_000, Stdio::piped());
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success());
    assert_complete(&text, 50_000);
}

#[test]
fn dev_stdout_as_a_socket_gets_everything() {
    let (mut ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut child = helper(50_000, std::os::fd::OwnedFd::from(theirs));
    let mut text = String::new();
    ours.read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success());
    assert_complete(&text, 50_000);
}

#[test]
fn dev_stdout_as_a_file_is_neither_rotated_nor_renamed() {
    let rig = Rig::new();
    let path = rig.scratch.path("redirected");
    let file = File::options().append(true).create(true).open(&path).unwrap();
    assert!(helper(1000, file).wait().unwrap().success());
    assert_complete(&rig.read("redirected"), 1000);
    assert!(!rig.scratch.path("redirected.1").exists());
}

/// A reader that goes away for good must not stop the child.
#[test]
fn dev_stdout_nobody_reads_any_more_is_given_up() {
    let rig = Rig::new();
    let done = rig.scratch.path("done");
    let (reader, writer) = std::io::pipe().unwrap();
    let mut child =
        helper_command(50_000, writer).env("LOG_DONE", &done).stderr(Stdio::null()).spawn().unwrap();
    // From the first line of the child on, the harness is silent until the helper is through.
    assert!(BufReader::new(reader).lines().any(|line| line.unwrap().starts_with("child ")));
    // The reader is gone. The harness itself fails to report then, so its exit status tells nothing.
    child.wait().unwrap();
    assert!(done.exists());
}
