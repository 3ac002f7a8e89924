//! Updates of open pages: server-sent events on `/ui/events`.
//!
//! # Theory
//!
//! While at least one page is open, a sampler thread subscribes to the supervisor's [feed](supervisor_control::Feed). When
//! it is woken it takes an [`Overview`], every few seconds it samples `/proc`, and it updates the [`State`] with what differs
//! and the serial number at which it changed. The thread ends with the last page; an idle daemon has neither the thread nor a
//! timer.
//!
//! The stream of a page remembers the serial it has sent, and sends what is newer when its client has room. Nothing is
//! queued: a slow client gets fewer, more recent events, and memory does not depend on its speed.

mod stream;

use super::i18n::Messages;
use super::list::{Usage, push};
use super::overview::{Overview, Process};
use super::usage::{self, Sample};
use super::{Context, failure_reason};
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};
pub(super) use stream::EventStream;
use supervisor_control::{Diff, Fault, Reply, Request as ControlRequest, Serial};
use supervisor_core::{Moment, SupervisorState};
use supervisor_http::StreamWaker;

/// The least time between two overviews, which coalesces changes.
const MIN_INTERVAL: Duration = Duration::from_millis(100);

/// How often CPU and memory are sampled, and how often with many processes.
const SAMPLING: Duration = Duration::from_secs(2);
const MANY_PROCESSES: usize = 500;
const SAMPLING_MANY: Duration = Duration::from_secs(5);

/// How long a comparison with the configuration on disk is up to date.
const COMPARISON_MAX_AGE: Duration = Duration::from_secs(5);

/// When a comparison that has not returned is given up.
const COMPARISON_TIMEOUT: Duration = Duration::from_secs(60);

/// How the configuration on disk differs from what runs.
pub(super) type Comparison = Result<Diff, Fault>;

/// The streams of the open pages; clones share them.
#[derive(Clone)]
pub(super) struct EventStreams {
    shared: Arc<Shared>,
}

struct Shared {
    context: Context,
    state: Mutex<State>,
    /// Something has changed, or a stream has ended.
    woken: Condvar,
    /// A comparison has returned.
    compared: Condvar,
}

/// What the sampler knows, and since which serial.
#[derive(Default)]
struct State {
    /// The streams to wake; the sampler runs while there are any.
    wakers: HashMap<u64, StreamWaker>,
    next_stream: u64,
    is_sampling: bool,
    /// The feed has woken us.
    has_changed: bool,
    /// Of the newest overview.
    serial: Serial,
    /// The last serial at which a process was added or removed; `None` before the first overview.
    structure: Option<Serial>,
    supervisor: Option<SupervisorState>,
    rows: Vec<Row>,
    /// Of the newest overview.
    now: Option<Moment>,
    /// Counts the samplings.
    tick: u64,
    config: Option<(Instant, Comparison)>,
    /// A comparison is under way.
    comparing_since: Option<Instant>,
    /// Counts the changes of the comparison.
    config_revision: u64,
}

struct Row {
    process: Process,
    /// The last lines of its log, if it has failed.
    last_lines: Option<String>,
    /// The serial at which it changed last.
    changed: Serial,
    usage: Usage,
    sample: Option<(Sample, Instant)>,
    /// The sampling in which its usage changed last.
    sampled: u64,
}

impl EventStreams {
    pub(super) fn new(context: Context) -> Self {
        Self {
            shared: Arc::new(Shared {
                context,
                state: Mutex::default(),
                woken: Condvar::new(),
                compared: Condvar::new(),
            }),
        }
    }

    /// The stream of a page that shows the state at `seen`. `instance` names this instance of the daemon.
    pub(super) fn open(
        &self,
        messages: &'static Messages,
        instance: String,
        seen: Option<Serial>,
    ) -> EventStream {
        EventStream::new(Arc::clone(&self.shared), messages, instance, seen)
    }

    /// What the processes use; empty unless the sampler runs.
    pub(super) fn usages(&self) -> HashMap<String, Usage> {
        let state = self.shared.lock();
        if !state.is_sampling {
            return HashMap::new();
        }
        state.rows.iter().map(|row| (row.process.namespec(), row.usage.clone())).collect()
    }

    /// The last comparison with the configuration on disk. Waits for one that is under way, but no longer than `patience`, and
    /// not if it has taken that long already.
    pub(super) fn comparison(&self, patience: Duration) -> Option<Comparison> {
        let is_awaited =
            |state: &mut State| state.comparing_since.is_some_and(|since| since.elapsed() < patience);
        let state = self.shared.compared.wait_timeout_while(self.shared.lock(), patience, is_awaited);
        let state = state.unwrap_or_else(PoisonError::into_inner).0;
        state.config.as_ref().map(|(_, comparison)| comparison.clone())
    }

    /// Begins a comparison with the configuration on disk, unless the last one is up to date or one is under way.
    pub(super) fn compare_if_stale(&self) {
        self.shared.compare_if_stale();
    }

    /// Invalidates the comparison: the configuration was applied.
    pub(super) fn forget_comparison(&self) {
        let mut state = self.shared.lock();
        (state.config, state.comparing_since) = (None, None);
        state.has_changed = true;
        drop(state);
        self.shared.woken.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No foreign code runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set_comparison(&self, comparison: Comparison) {
        let mut state = self.lock();
        let is_news = state.config.as_ref().is_none_or(|(_, known)| *known != comparison);
        state.config_revision += u64::from(is_news);
        state.config = Some((Instant::now(), comparison));
        state.comparing_since = None;
        let wakers: Vec<StreamWaker> =
            if is_news { state.wakers.values().cloned().collect() } else { Vec::new() };
        drop(state);
        self.compared.notify_all();
        wakers.iter().for_each(StreamWaker::wake);
    }

    /// Adds a stream, and starts the sampler if it does not run.
    fn add_stream(self: &Arc<Self>, waker: StreamWaker) -> u64 {
        let mut state = self.lock();
        state.next_stream += 1;
        let number = state.next_stream;
        state.wakers.insert(number, waker);
        state.has_changed = true;
        if state.is_sampling {
            drop(state);
            self.woken.notify_one();
            return number;
        }
        let shared = Arc::clone(self);
        let started =
            thread::Builder::new().name("sampler".to_owned()).stack_size(512 * 1024).spawn(move || {
                shared.sample_while_open();
            });
        // Without a thread the stream ends, and the page connects again later.
        state.is_sampling = started.is_ok();
        number
    }

    fn remove_stream(&self, number: u64) {
        self.lock().wakers.remove(&number);
        self.woken.notify_one();
    }

    /// The sampler: runs until the last stream has ended.
    fn sample_while_open(self: &Arc<Self>) {
        let shared = Arc::downgrade(self);
        let _subscription = self.context.control.subscribe(move || {
            if let Some(shared) = shared.upgrade() {
                shared.lock().has_changed = true;
                shared.woken.notify_one();
            }
        });
        let mut sample_at = Instant::now();
        while self.wait(sample_at) {
            let Some(overview) = self.take_overview() else {
                // Too busy, or ending: the streams end, and the pages connect again later.
                let mut state = self.lock();
                state.is_sampling = false;
                let wakers = std::mem::take(&mut state.wakers);
                drop(state);
                wakers.values().for_each(StreamWaker::wake);
                return;
            };
            let now = Instant::now();
            let is_due = now >= sample_at;
            if is_due {
                let many = overview.processes.len() >= MANY_PROCESSES;
                sample_at = now + if many { SAMPLING_MANY } else { SAMPLING };
                self.compare_if_stale();
            }
            self.update(overview, is_due);
            thread::sleep(MIN_INTERVAL);
        }
    }

    /// Waits until something has changed or it is time to sample; `false` if the last stream has ended.
    fn wait(&self, sample_at: Instant) -> bool {
        let mut state = self.lock();
        loop {
            if state.wakers.is_empty() {
                state.is_sampling = false;
                return false;
            }
            let patience = sample_at.saturating_duration_since(Instant::now());
            if std::mem::take(&mut state.has_changed) || patience.is_zero() {
                return true;
            }
            state = self.woken.wait_timeout(state, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Takes an overview; `None` if the supervisor has ended.
    fn take_overview(&self) -> Option<Overview> {
        let (sender, answer) = mpsc::channel();
        self.context.control.inspect(move |view| {
            // The receiver waits below.
            let _ = sender.send(Overview::of(view));
        });
        answer.recv().ok()
    }

    fn compare_if_stale(self: &Arc<Self>) {
        let mut state = self.lock();
        let is_fresh = state.config.as_ref().is_some_and(|(at, _)| at.elapsed() < COMPARISON_MAX_AGE);
        let is_under_way = state.comparing_since.is_some_and(|since| since.elapsed() < COMPARISON_TIMEOUT);
        if is_fresh || is_under_way {
            return;
        }
        state.comparing_since = Some(Instant::now());
        drop(state);
        let shared = Arc::clone(self);
        let reply = Reply::new(move |comparison: Comparison| shared.set_comparison(comparison));
        self.context.control.send(ControlRequest::CompareConfig { reply });
    }

    /// Updates the state with an overview, and a sampling if one is due, and wakes the streams.
    fn update(&self, overview: Overview, is_due: bool) {
        // Files and /proc are read without the lock.
        let mut previous: HashMap<String, Row> = {
            let mut state = self.lock();
            let rows = std::mem::take(&mut state.rows);
            rows.into_iter().map(|row| (row.process.namespec(), row)).collect()
        };
        let serial = overview.serial;
        let tick = self.lock().tick + u64::from(is_due);
        let samples = if is_due { usage::sample(overview.pids()) } else { HashMap::new() };
        let sampled_at = Instant::now();
        let mut added = 0;
        let rows: Vec<Row> = overview
            .processes
            .into_iter()
            .map(|process| {
                let known = previous.remove(&process.namespec());
                added += usize::from(known.is_none());
                let mut row = Row::of(process, known, serial);
                if let Some(sample) = row.process.pid.and_then(|pid| samples.get(&pid)) {
                    row.add_sample(*sample, sampled_at, tick);
                }
                row
            })
            .collect();
        let mut state = self.lock();
        state.structure = match state.structure {
            Some(known) if added == 0 && previous.is_empty() => Some(known),
            Some(_) => Some(serial),
            None => Some(Serial::default()),
        };
        (state.rows, state.serial, state.tick) = (rows, serial, tick);
        state.now = Some(overview.now);
        state.supervisor = Some(overview.state);
        let wakers: Vec<StreamWaker> = state.wakers.values().cloned().collect();
        drop(state);
        wakers.iter().for_each(StreamWaker::wake);
    }
}

impl Row {
    fn of(process: Process, known: Option<Self>, serial: Serial) -> Self {
        match known {
            Some(known) if is_unchanged(&known.process, &process) => Self { process, ..known },
            known => {
                let last_lines = failure_reason::has_failed(process.state)
                    .then(|| failure_reason::last_lines(&process))
                    .flatten();
                let (usage, sample, sampled) = known
                    .filter(|known| known.process.pid == process.pid)
                    .map_or_else(Default::default, |known| (known.usage, known.sample, known.sampled));
                Self { process, last_lines, changed: serial, usage, sample, sampled }
            }
        }
    }

    /// Adds a sample.
    fn add_sample(&mut self, sample: Sample, now: Instant, tick: u64) {
        let load = self.sample.map(|(earlier, at)| sample.load_since(&earlier, now - at));
        let is_load_news = load.is_some() && self.usage.load.last() != load.as_ref();
        if is_load_news || self.usage.memory.last() != Some(&sample.memory) {
            self.sampled = tick;
        }
        self.usage.note(load, sample.memory);
        self.sample = Some((sample, now));
    }
}

/// Whether a process is the same in two overviews, apart from the time.
fn is_unchanged(one: &Process, two: &Process) -> bool {
    one.state == two.state
        && one.history == two.history
        && one.pid == two.pid
        && one.start == two.start
        && one.stop == two.stop
        && one.spawn_error == two.spawn_error
}

/// Text as a JSON string, on one line.
pub(super) fn json(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 16);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            other if other.is_control() || other == '\u{2028}' || other == '\u{2029}' => {
                push(&mut quoted, format_args!("\\u{:04x}", u32::from(other)));
            }
            other => quoted.push(other),
        }
    }
    quoted.push('"');
    quoted
}
