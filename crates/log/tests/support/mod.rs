//! A pump with real files, pipes and children.

#[path = "../../src/scratch.rs"]
mod scratch;

pub(crate) use scratch::Scratch;

use std::io::{self, PipeWriter};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use supervisor_core::{Channel, Level};
use supervisor_log::{
    Delivery, FileOrigin, Generation, LogFileSpec, MainDestination, MainLog, MainLogSpec, Notice,
    OutputPipeline, Pump, StreamId, StreamSpec,
};

pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// Waits for a condition; the pause only keeps the waiting cheap.
pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "{what}: not within {PATIENCE:?}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// A pump whose logs are in a directory of the test's own.
pub(crate) struct Rig {
    pub(crate) scratch: Scratch,
    pub(crate) pump: Pump,
    pub(crate) main_log: MainLog,
    notices: Arc<Mutex<Vec<Notice>>>,
}

impl Rig {
    pub(crate) fn new() -> Self {
        Self::with_level(Level::Info)
    }

    /// The daemon of this rig acknowledges at once.
    pub(crate) fn with_level(level: Level) -> Self {
        Self::build(level, true)
    }

    /// The daemon of this rig never acknowledges.
    pub(crate) fn without_acknowledging() -> Self {
        Self::build(Level::Info, false)
    }

    fn build(level: Level, acknowledges: bool) -> Self {
        let scratch = Scratch::new();
        let destination = MainDestination::File { path: scratch.path("main"), max_bytes: 0, backups: 0 };
        let main_log = MainLog::open(&MainLogSpec { level, destination, copy_to_stdout: false }).unwrap();
        let notices: Arc<Mutex<Vec<Notice>>> = Arc::default();
        let (sent, received) = mpsc::channel::<Notice>();
        let pump = Pump::start(&main_log, move |notice| sent.send(notice).unwrap()).unwrap();
        let (collected, handle) = (Arc::clone(&notices), pump.clone());
        thread::spawn(move || {
            for notice in received {
                if acknowledges {
                    handle.acknowledge(notice.stream(), notice.cost());
                }
                collected.lock().unwrap().push(notice);
            }
        });
        Self { scratch, pump, main_log, notices }
    }

    pub(crate) fn file(&self, name: &str) -> LogFileSpec {
        file_spec(&self.scratch.path(name))
    }

    /// A pipe into `spec`; what is written to the returned end is logged.
    pub(crate) fn attach(&self, stream: u64, generation: u64, spec: &StreamSpec) -> PipeWriter {
        let (reader, writer) = io::pipe().unwrap();
        let sink = OutputPipeline::open(&Arc::new(spec.clone())).unwrap();
        self.pump.attach(StreamId(stream), Generation(generation), reader.into(), sink).unwrap();
        writer
    }

    /// A shell command whose stdout goes into `spec`.
    pub(crate) fn spawn(&self, stream: u64, generation: u64, spec: &StreamSpec, script: &str) -> Child {
        let writer = OwnedFd::from(self.attach(stream, generation, spec));
        Command::new("sh").arg("-c").arg(script).stdout(Stdio::from(writer)).spawn().unwrap()
    }

    /// Waits for the child's exit, tells the pump, and waits until all is written.
    pub(crate) fn reap(&self, stream: u64, generation: u64, mut child: Child) {
        child.wait().unwrap();
        self.finish(stream, generation);
    }

    pub(crate) fn finish(&self, stream: u64, generation: u64) {
        self.pump.finish(StreamId(stream), Generation(generation));
        wait_until("the generation is drained", || self.has_drained(stream, generation));
    }

    pub(crate) fn has_drained(&self, stream: u64, generation: u64) -> bool {
        let notice = Notice::Drained { stream: StreamId(stream), generation: Generation(generation) };
        self.notices.lock().unwrap().contains(&notice)
    }

    pub(crate) fn notices(&self) -> Vec<Notice> {
        self.notices.lock().unwrap().clone()
    }

    /// All output delivered, and the captured messages.
    pub(crate) fn delivered(&self) -> (Vec<u8>, Vec<Vec<u8>>) {
        let (mut output, mut captured) = (Vec::new(), Vec::new());
        for notice in self.notices() {
            match notice {
                Notice::Output { data, .. } => output.extend(data),
                Notice::Captured { data, .. } => captured.push(data),
                Notice::Drained { .. } => {}
            }
        }
        (output, captured)
    }

    /// Waits until the main log says so.
    pub(crate) fn wait_for_message(&self, text: &str) {
        wait_until(&format!("{text:?} in the main log"), || self.main_text().contains(text));
    }

    /// The lines of the main log but for those about a disk that took its time.
    pub(crate) fn complaints(&self) -> Vec<String> {
        let text = self.main_text();
        let is_slow_disk = |line: &&str| line.contains("does not return;") || line.ends_with("has returned");
        text.lines().filter(|line| !is_slow_disk(line)).map(str::to_owned).collect()
    }

    /// Waits until all that was in pipes and queues is written, leaving aside what hangs, also if that is only a busy disk: to
    /// be followed by a wait for what it should have led to.
    pub(crate) fn sync(&self) {
        let (reply, answer) = mpsc::channel();
        self.pump.sync(move || reply.send(()).unwrap());
        answer.recv_timeout(PATIENCE).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> String {
        self.scratch.read(name)
    }

    pub(crate) fn main_text(&self) -> String {
        self.sync();
        self.read("main")
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        if !thread::panicking() {
            // Tests that leave something stuck on purpose shut down themselves.
            let _ = self.pump.shutdown(Duration::from_millis(500));
        }
    }
}

pub(crate) fn file_spec(path: &Path) -> LogFileSpec {
    LogFileSpec { path: path.into(), origin: FileOrigin::Configured, max_bytes: 0, backups: 0 }
}

pub(crate) fn sink_spec(name: &str, file: LogFileSpec) -> StreamSpec {
    StreamSpec {
        process_name: name.into(),
        channel: Channel::Stdout,
        file: Some(file),
        syslog: false,
        strip_ansi: false,
        capture_max_bytes: 0,
        delivery: Delivery::Nothing,
    }
}
