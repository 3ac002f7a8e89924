//! The stream of one open page: all that is newer than what the page shows, as server-sent events.

use super::super::list::{RowView, push, push_row};
use super::super::{banner, i18n::Messages};
use super::{Row, Shared, State, json};
use std::sync::Arc;
use supervisor_control::Serial;
use supervisor_core::SupervisorState;
use supervisor_http::{Next, Source, StreamWaker};

/// The stream of one page.
pub(crate) struct EventStream {
    shared: Arc<Shared>,
    messages: &'static Messages,
    /// Names this instance of the daemon in event ids.
    instance: String,
    /// The page shows everything up to here.
    seen: Serial,
    /// The page shows another instance, and has to be reloaded.
    must_reload: bool,
    tick: u64,
    config_revision: Option<u64>,
    supervisor: Option<SupervisorState>,
    number: Option<u64>,
    /// Bytes that did not fit.
    ready: Vec<u8>,
}

impl Source for EventStream {
    fn start(&mut self, waker: StreamWaker) {
        // Confirms the connection at once, and sets how soon to connect again.
        self.ready = b"retry: 1000\n: supervisor\n\n".to_vec();
        self.number = Some(self.shared.add_stream(waker));
    }

    fn next(&mut self, max: usize) -> Next {
        if self.ready.is_empty() {
            self.ready = self.pending_events().into_bytes();
        }
        if self.ready.is_empty() {
            return if self.shared.lock().is_sampling { Next::Pending } else { Next::End };
        }
        let rest = self.ready.split_off(self.ready.len().min(max));
        Next::Chunk(std::mem::replace(&mut self.ready, rest))
    }
}

impl Drop for EventStream {
    fn drop(&mut self) {
        if let Some(number) = self.number {
            self.shared.remove_stream(number);
        }
    }
}

impl EventStream {
    /// A stream for a page that shows the state at `seen`. `instance` names this instance of the daemon.
    pub(super) fn new(
        shared: Arc<Shared>,
        messages: &'static Messages,
        instance: String,
        seen: Option<Serial>,
    ) -> Self {
        Self {
            shared,
            messages,
            instance,
            seen: seen.unwrap_or_default(),
            must_reload: seen.is_none(),
            tick: 0,
            config_revision: None,
            supervisor: None,
            number: None,
            ready: Vec::new(),
        }
    }

    /// All pending updates, as events.
    fn pending_events(&mut self) -> String {
        let shared = Arc::clone(&self.shared);
        let state = shared.lock();
        let mut out = String::new();
        if state.serial == Serial::default() {
            return out;
        }
        if self.must_reload || state.structure.is_some_and(|structure| structure > self.seen) {
            self.event(&mut out, state.serial, "structure", "{}");
        } else {
            self.write_rows(&mut out, &state);
        }
        (self.seen, self.must_reload) = (state.serial, false);
        if state.tick > self.tick {
            self.write_usage(&mut out, &state);
            self.tick = state.tick;
        }
        if let Some((_, comparison)) = &state.config
            && self.config_revision != Some(state.config_revision)
        {
            let mut html = String::new();
            banner::push_comparison(&mut html, self.messages, Some(comparison));
            self.event(&mut out, state.serial, "config", &json(&html));
            self.config_revision = Some(state.config_revision);
        }
        if state.supervisor != self.supervisor {
            self.supervisor = state.supervisor;
            let is_running = state.supervisor == Some(SupervisorState::Running);
            self.event(&mut out, state.serial, "mood", if is_running { "true" } else { "false" });
        }
        out
    }

    fn write_rows(&self, out: &mut String, state: &State) {
        let changed_rows: Vec<&Row> = state.rows.iter().filter(|row| row.changed > self.seen).collect();
        let Some(now) = state.now.filter(|_| !changed_rows.is_empty()) else { return };
        let mut data = String::from("[");
        for (index, row) in changed_rows.into_iter().enumerate() {
            let shown = RowView {
                process: &row.process,
                usage: Some(&row.usage),
                lines: row.last_lines.as_deref(),
                now,
            };
            let mut html = String::new();
            push_row(&mut html, self.messages, &shown);
            let comma = if index == 0 { "" } else { "," };
            push(&mut data, format_args!("{comma}[{},{}]", json(&row.process.namespec()), json(&html)));
        }
        data.push(']');
        self.event(out, state.serial, "rows", &data);
    }

    fn write_usage(&self, out: &mut String, state: &State) {
        let mut data = String::from("[");
        for row in state.rows.iter().filter(|row| row.sampled > self.tick) {
            let comma = if data.len() == 1 { "" } else { "," };
            let load = row.usage.load.last().map_or_else(|| "null".to_owned(), ToString::to_string);
            let memory = row.usage.memory.last().copied().unwrap_or_default();
            push(&mut data, format_args!("{comma}[{},{load},{memory}]", json(&row.process.namespec())));
        }
        data.push(']');
        self.event(out, state.serial, "usage", &data);
    }

    fn event(&self, out: &mut String, serial: Serial, name: &str, data: &str) {
        push(out, format_args!("id: {}-{}\nevent: {name}\ndata: {data}\n\n", self.instance, serial.0));
    }
}
