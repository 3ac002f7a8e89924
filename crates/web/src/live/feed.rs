//! The stream of one open page: what is newer on the board than what the page knows, as server-sent events.

use super::super::list::{Shown, push, push_row};
use super::super::{banner, words::Words};
use super::{Board, Row, Shared, json};
use std::sync::Arc;
use supervisor_control::Serial;
use supervisor_core::Mood;
use supervisor_http::{Next, Source, StreamWaker};

/// The stream of one page.
pub(crate) struct Feed {
    shared: Arc<Shared>,
    words: &'static Words,
    /// Names this instance of the daemon in event ids.
    instance: String,
    /// The page knows everything up to here.
    seen: Serial,
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
    /// A stream for a page that shows what was at `seen`; this instance of the daemon is told by `instance`.
    pub(super) fn new(
        shared: Arc<Shared>,
        words: &'static Words,
        instance: String,
        seen: Option<Serial>,
    ) -> Self {
        Self {
            shared,
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

    /// All there is to tell, as events.
    fn news(&mut self) -> String {
        let shared = Arc::clone(&self.shared);
        let board = shared.lock();
        let mut out = String::new();
        if board.serial == Serial::default() {
            return out;
        }
        if self.is_lost || board.structure.is_some_and(|structure| structure > self.seen) {
            self.event(&mut out, board.serial, "structure", "{}");
        } else {
            self.tell_rows(&mut out, &board);
        }
        (self.seen, self.is_lost) = (board.serial, false);
        if board.tick > self.tick {
            self.tell_usage(&mut out, &board);
            self.tick = board.tick;
        }
        if let Some((_, comparison)) = &board.config
            && self.config_revision != Some(board.config_revision)
        {
            let mut html = String::new();
            banner::push_comparison(&mut html, self.words, Some(comparison));
            self.event(&mut out, board.serial, "config", &json(&html));
            self.config_revision = Some(board.config_revision);
        }
        if board.mood != self.mood {
            self.mood = board.mood;
            let is_running = board.mood == Some(Mood::Running);
            self.event(&mut out, board.serial, "mood", if is_running { "true" } else { "false" });
        }
        out
    }

    fn tell_rows(&self, out: &mut String, board: &Board) {
        let news: Vec<&Row> = board.rows.iter().filter(|row| row.changed > self.seen).collect();
        let Some(now) = board.now.filter(|_| !news.is_empty()) else { return };
        let mut data = String::from("[");
        for (index, row) in news.into_iter().enumerate() {
            let shown = Shown { view: &row.view, usage: Some(&row.usage), lines: row.lines.as_deref(), now };
            let mut html = String::new();
            push_row(&mut html, self.words, &shown);
            let comma = if index == 0 { "" } else { "," };
            push(&mut data, format_args!("{comma}[{},{}]", json(&row.view.namespec()), json(&html)));
        }
        data.push(']');
        self.event(out, board.serial, "rows", &data);
    }

    fn tell_usage(&self, out: &mut String, board: &Board) {
        let mut data = String::from("[");
        for row in board.rows.iter().filter(|row| row.sampled > self.tick) {
            let comma = if data.len() == 1 { "" } else { "," };
            let load = row.usage.load.last().map_or_else(|| "null".to_owned(), ToString::to_string);
            let memory = row.usage.memory.last().copied().unwrap_or_default();
            push(&mut data, format_args!("{comma}[{},{load},{memory}]", json(&row.view.namespec())));
        }
        data.push(']');
        self.event(out, board.serial, "usage", &data);
    }

    fn event(&self, out: &mut String, serial: Serial, name: &str, data: &str) {
        push(out, format_args!("id: {}-{}\nevent: {name}\ndata: {data}\n\n", self.instance, serial.0));
    }
}
