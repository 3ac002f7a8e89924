//! Pages that keep up with what happens: server-sent events on `/ui/events`.
//!
//! # Theory
//!
//! While at least one page is open, a thread looks: it is told by the loop that something has changed, asks for the
//! overview, samples `/proc` every few seconds, and notes on the [`Board`] what is different, with the revision in
//! which it became so. With the last page the thread ends; an idle daemon has neither the thread nor a timer.
//!
//! A page's stream remembers the revision up to which it was told, and tells what is newer when its client has room.
//! Nothing is queued: a slow client gets fewer, fresher messages, and memory does not depend on its pace.

use super::list::{HISTORY, Shown, Usage, push, push_row};
use super::usage::Sample;
use super::why;
use super::words::Words;
use crate::api::Backend;
use crate::overview::{Overview, ProcessView, Watcher};
use crate::request::{Reply, Request as Question};
use std::collections::HashMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use supervisor_core::{Mood, Pid};
use supervisor_http::{Next, Source, StreamWaker};
use supervisor_rpc::{Fault, ReloadedGroups};

/// The least time between two looks, so that a crowd of changes is one.
const REST: Duration = Duration::from_millis(100);

/// How often CPU and memory are sampled, and from how many processes on how much less often.
const SAMPLING: Duration = Duration::from_secs(2);
const MANY: usize = 500;
const SAMPLING_MANY: Duration = Duration::from_secs(5);

/// How long what is known of the configuration on disk counts as fresh.
const FRESH: Duration = Duration::from_secs(5);

/// After how long a comparison that has not come back is given up on.
const STUCK: Duration = Duration::from_secs(60);

/// How the configuration on disk differs from what runs.
pub(super) type Comparison = Result<ReloadedGroups, Fault>;

/// What open pages are told; clones share it.
#[derive(Clone)]
pub(super) struct Live {
    shared: Arc<Shared>,
}

struct Shared {
    backend: Backend,
    board: Mutex<Board>,
    woken: Condvar,
}

/// What is known, and since when.
#[derive(Default)]
struct Board {
    /// The streams to wake; while there is any, the thread looks.
    wakers: HashMap<u64, StreamWaker>,
    next_stream: u64,
    is_looking: bool,
    /// The loop has said so.
    has_changed: bool,
    /// Of the newest overview.
    revision: u64,
    /// The last revision in which a process came or went.
    structure: u64,
    mood: Option<Mood>,
    rows: Vec<Row>,
    now: Duration,
    /// The number of samplings.
    tick: u64,
    config: Option<(Instant, Comparison)>,
    /// A comparison is under way.
    comparing_since: Option<Instant>,
    /// Grows whenever the comparison comes to something else.
    config_revision: u64,
}

struct Row {
    view: ProcessView,
    lines: Option<String>,
    /// The revision in which it became what it is.
    changed: u64,
    usage: Usage,
    sample: Option<(Sample, Instant)>,
    /// The sampling in which its usage became what it is.
    sampled: u64,
}

impl Live {
    pub(super) fn new(backend: Backend) -> Self {
        Self { shared: Arc::new(Shared { backend, board: Mutex::default(), woken: Condvar::new() }) }
    }

    /// A stream for a page that shows what was at `seen`; its instance of the daemon told by `instance`.
    pub(super) fn feed(&self, words: &'static Words, instance: String, seen: Option<u64>) -> Feed {
        Feed {
            shared: Arc::clone(&self.shared),
            words,
            instance,
            seen: seen.unwrap_or_default(),
            is_lost: seen.is_none(),
            tick: 0,
            config_revision: None,
            mood: None,
            number: None,
            ready: Vec::new(),
        }
    }

    /// What the processes use, as far as somebody looked lately.
    pub(super) fn usages(&self) -> HashMap<String, Usage> {
        let board = self.shared.lock();
        if !board.is_looking {
            return HashMap::new();
        }
        board.rows.iter().map(|row| (row.view.namespec(), row.usage.clone())).collect()
    }

    /// What is known of the configuration on disk. Whoever asks does not wait for that disk: if what is known is
    /// old, it is found out anew, and told to open pages.
    pub(super) fn comparison(&self) -> Option<Comparison> {
        self.shared.lock().config.as_ref().map(|(_, comparison)| comparison.clone())
    }

    /// Compares the configuration with what runs, unless that was done a moment ago or is under way.
    pub(super) fn compare_if_stale(&self) {
        self.shared.compare_if_stale();
    }

    /// What is known of the configuration no longer holds: it was applied, or read.
    pub(super) fn forget_comparison(&self) {
        let mut board = self.shared.lock();
        (board.config, board.comparing_since) = (None, None);
        board.has_changed = true;
        drop(board);
        self.shared.woken.notify_one();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Board> {
        // No foreign code runs under the lock.
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note_comparison(&self, comparison: Comparison) {
        let mut board = self.lock();
        let is_news = board.config.as_ref().is_none_or(|(_, known)| *known != comparison);
        board.config_revision += u64::from(is_news);
        board.config = Some((Instant::now(), comparison));
        board.comparing_since = None;
        let wakers: Vec<StreamWaker> =
            if is_news { board.wakers.values().cloned().collect() } else { Vec::new() };
        drop(board);
        wakers.iter().for_each(StreamWaker::wake);
    }

    /// Enters a stream, and has somebody look if nobody does.
    fn enter(self: &Arc<Self>, waker: StreamWaker) -> u64 {
        let mut board = self.lock();
        board.next_stream += 1;
        let number = board.next_stream;
        board.wakers.insert(number, waker);
        board.has_changed = true;
        if board.is_looking {
            drop(board);
            self.woken.notify_one();
            return number;
        }
        let shared = Arc::clone(self);
        let looks = thread::Builder::new().name("look".to_owned()).stack_size(512 * 1024).spawn(move || {
            shared.look();
        });
        // Without a thread the page stays as it is; it asks again when its stream ends.
        board.is_looking = looks.is_ok();
        number
    }

    fn leave(&self, number: u64) {
        self.lock().wakers.remove(&number);
        self.woken.notify_one();
    }

    /// The thread that looks, for as long as anybody wants to see.
    fn look(self: &Arc<Self>) {
        let shared = Arc::downgrade(self);
        let watcher = Watcher::new(move || {
            if let Some(shared) = shared.upgrade() {
                shared.lock().has_changed = true;
                shared.woken.notify_one();
            }
        });
        self.backend.ask(Question::Watch(Some(watcher)));
        let mut sample_at = Instant::now();
        while self.wait(sample_at) {
            let Some(overview) = self.ask() else {
                // Too busy, or ending: the streams end, and the pages come again.
                let mut board = self.lock();
                board.is_looking = false;
                let wakers = std::mem::take(&mut board.wakers);
                drop(board);
                wakers.values().for_each(StreamWaker::wake);
                return;
            };
            let now = Instant::now();
            let is_due = now >= sample_at;
            if is_due {
                let many = overview.processes.len() >= MANY;
                sample_at = now + if many { SAMPLING_MANY } else { SAMPLING };
                self.compare_if_stale();
            }
            self.note(overview, is_due);
            thread::sleep(REST);
        }
    }

    /// Waits until there is something to look at, or it is time to sample; `false` if nobody wants to see any more.
    fn wait(&self, sample_at: Instant) -> bool {
        let mut board = self.lock();
        loop {
            if board.wakers.is_empty() {
                board.is_looking = false;
                // Before the lock is released, so that a successor's watcher comes later.
                self.backend.ask(Question::Watch(None));
                return false;
            }
            let patience = sample_at.saturating_duration_since(Instant::now());
            if std::mem::take(&mut board.has_changed) || patience.is_zero() {
                return true;
            }
            board = self.woken.wait_timeout(board, patience).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The overview; `None` if the loop has ended.
    fn ask(&self) -> Option<Overview> {
        let (sender, answer) = mpsc::channel();
        let reply = Reply::new(move |overview| {
            // The receiver waits below.
            let _ = sender.send(overview);
        });
        self.backend.ask(Question::Overview { reply });
        answer.recv().ok()
    }

    fn compare_if_stale(self: &Arc<Self>) {
        let mut board = self.lock();
        let is_fresh = board.config.as_ref().is_some_and(|(at, _)| at.elapsed() < FRESH);
        let is_under_way = board.comparing_since.is_some_and(|since| since.elapsed() < STUCK);
        if is_fresh || is_under_way {
            return;
        }
        board.comparing_since = Some(Instant::now());
        drop(board);
        let shared = Arc::clone(self);
        let reply = Reply::new(move |comparison: Comparison| shared.note_comparison(comparison));
        self.backend.ask(Question::CompareConfig { reply });
    }

    /// Notes an overview, with a sampling if one is due, and wakes the streams.
    fn note(&self, overview: Overview, is_due: bool) {
        // Files and /proc are read without the lock.
        let mut former: HashMap<String, Row> = {
            let mut board = self.lock();
            let rows = std::mem::take(&mut board.rows);
            rows.into_iter().map(|row| (row.view.namespec(), row)).collect()
        };
        let count = former.len();
        let revision = overview.revision;
        let tick = self.lock().tick + u64::from(is_due);
        let mut newcomers = 0;
        let rows: Vec<Row> = overview
            .processes
            .into_iter()
            .map(|view| {
                let known = former.remove(&view.namespec());
                newcomers += usize::from(known.is_none());
                let mut row = Row::of(view, known, revision);
                if is_due {
                    row.sample(tick);
                }
                row
            })
            .collect();
        let mut board = self.lock();
        if count > 0 && (newcomers > 0 || !former.is_empty()) {
            board.structure = revision;
        }
        (board.rows, board.revision, board.tick) = (rows, revision, tick);
        board.now = overview.now.monotonic;
        board.mood = Some(overview.identity.mood);
        let wakers: Vec<StreamWaker> = board.wakers.values().cloned().collect();
        drop(board);
        wakers.iter().for_each(StreamWaker::wake);
    }
}

impl Row {
    fn of(view: ProcessView, known: Option<Self>, revision: u64) -> Self {
        match known {
            Some(known) if is_same(&known.view, &view) => Self { view, ..known },
            known => {
                let lines = why::is_wrong(view.state).then(|| why::last_lines(&view.record)).flatten();
                let (usage, sample, sampled) = known
                    .filter(|known| known.view.record.pid == view.record.pid)
                    .map_or_else(Default::default, |known| (known.usage, known.sample, known.sampled));
                Self { view, lines, changed: revision, usage, sample, sampled }
            }
        }
    }

    fn sample(&mut self, tick: u64) {
        let pid = i32::try_from(self.view.record.pid).ok().and_then(Pid::new);
        let Some(sample) = pid.and_then(Sample::of) else { return };
        let now = Instant::now();
        let memory = Some(sample.memory);
        let load = self.sample.map(|(earlier, at)| sample.load_since(&earlier, now - at));
        let is_news =
            self.usage.memory != memory || (load.is_some() && self.usage.load.last() != load.as_ref());
        if is_news {
            self.sampled = tick;
        }
        self.usage.memory = memory;
        if self.usage.load.len() >= HISTORY {
            self.usage.load.remove(0);
        }
        self.usage.load.extend(load);
        self.sample = Some((sample, now));
    }
}

/// Whether two views differ in nothing but the time they were taken.
fn is_same(one: &ProcessView, two: &ProcessView) -> bool {
    one.state == two.state
        && one.history == two.history
        && one.record.pid == two.record.pid
        && one.record.start == two.record.start
        && one.record.stop == two.record.stop
        && one.record.spawnerr == two.record.spawnerr
}

/// The stream of one page.
pub(super) struct Feed {
    shared: Arc<Shared>,
    words: &'static Words,
    /// Names this instance of the daemon in event ids.
    instance: String,
    /// The page knows everything up to here.
    seen: u64,
    /// The page shows something else altogether, and has to be asked for anew.
    is_lost: bool,
    tick: u64,
    config_revision: Option<u64>,
    mood: Option<Mood>,
    number: Option<u64>,
    /// Bytes that did not fit.
    ready: Vec<u8>,
}

impl Source for Feed {
    fn start(&mut self, waker: StreamWaker) {
        // Says at once that the stream stands, and how soon to come back when it breaks.
        self.ready = b"retry: 1000\n: supervisor\n\n".to_vec();
        self.number = Some(self.shared.enter(waker));
    }

    fn next(&mut self, max: usize) -> Next {
        if self.ready.is_empty() {
            self.ready = self.news().into_bytes();
        }
        if self.ready.is_empty() {
            return if self.shared.lock().is_looking { Next::Pending } else { Next::End };
        }
        let rest = self.ready.split_off(self.ready.len().min(max));
        Next::Chunk(std::mem::replace(&mut self.ready, rest))
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.shared.leave(number);
        }
    }
}

impl Feed {
    /// All there is to tell, as events.
    fn news(&mut self) -> String {
        let shared = Arc::clone(&self.shared);
        let board = shared.lock();
        let mut out = String::new();
        if board.revision == 0 {
            return out;
        }
        if self.is_lost || board.structure > self.seen {
            self.event(&mut out, board.revision, "structure", "{}");
        } else {
            self.tell_rows(&mut out, &board);
        }
        (self.seen, self.is_lost) = (board.revision, false);
        if board.tick > self.tick {
            self.tell_usage(&mut out, &board);
            self.tick = board.tick;
        }
        if let Some((_, comparison)) = &board.config
            && self.config_revision != Some(board.config_revision)
        {
            let mut html = String::new();
            super::status::push_comparison(&mut html, self.words, Some(comparison));
            self.event(&mut out, board.revision, "config", &json(&html));
            self.config_revision = Some(board.config_revision);
        }
        if board.mood != self.mood {
            self.mood = board.mood;
            let is_running = board.mood == Some(Mood::Running);
            self.event(&mut out, board.revision, "mood", if is_running { "true" } else { "false" });
        }
        out
    }

    fn tell_rows(&self, out: &mut String, board: &Board) {
        let news: Vec<&Row> = board.rows.iter().filter(|row| row.changed > self.seen).collect();
        if news.is_empty() {
            return;
        }
        let mut data = String::from("[");
        for (index, row) in news.into_iter().enumerate() {
            let shown = Shown {
                view: &row.view,
                usage: Some(&row.usage),
                lines: row.lines.as_deref(),
                now: board.now,
            };
            let mut html = String::new();
            push_row(&mut html, self.words, &shown);
            let comma = if index == 0 { "" } else { "," };
            push(&mut data, format_args!("{comma}[{},{}]", json(&row.view.namespec()), json(&html)));
        }
        data.push(']');
        self.event(out, board.revision, "rows", &data);
    }

    fn tell_usage(&self, out: &mut String, board: &Board) {
        let mut data = String::from("[");
        for row in board.rows.iter().filter(|row| row.sampled > self.tick) {
            let comma = if data.len() == 1 { "" } else { "," };
            let load = row.usage.load.last().map_or_else(|| "null".to_owned(), ToString::to_string);
            let memory = row.usage.memory.unwrap_or_default();
            push(&mut data, format_args!("{comma}[{},{load},{memory}]", json(&row.view.namespec())));
        }
        data.push(']');
        self.event(out, board.revision, "usage", &data);
    }

    fn event(&self, out: &mut String, revision: u64, name: &str, data: &str) {
        push(out, format_args!("id: {}-{revision}\nevent: {name}\ndata: {data}\n\n", self.instance));
    }
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
