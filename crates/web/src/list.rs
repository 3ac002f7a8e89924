//! The list of processes as HTML: groups, rows, cells. The page holds the whole list; the event stream sends single rows as
//! they change, rendered by the same code.

use super::failure_reason;
use super::i18n::{Messages, fill};
use super::overview::Process;
use super::page::escape;
use std::fmt::Write;
use supervisor_core::{Moment, Namespec, ProcessInfo, ProcessState};
use supervisor_http::percent_encode;

/// What a process uses of the machine, over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    /// Tenths of a percent of one CPU; the newest last, at most [`HISTORY`] of them.
    pub(super) load: Vec<u32>,
    /// Resident memory in KiB, likewise.
    pub(super) memory: Vec<u64>,
}

impl Usage {
    /// Adds a sample.
    pub(super) fn note(&mut self, load: Option<u32>, memory: u64) {
        if let Some(load) = load {
            push_bounded(&mut self.load, load);
        }
        push_bounded(&mut self.memory, memory);
    }
}

fn push_bounded<T>(values: &mut Vec<T>, newest: T) {
    if values.len() >= HISTORY {
        values.remove(0);
    }
    values.push(newest);
}

/// How many samples are kept of a process.
pub(super) const HISTORY: usize = 40;

/// The content of a row.
#[derive(Clone, Copy, Debug)]
pub(super) struct RowView<'a> {
    pub(super) process: &'a Process,
    pub(super) usage: Option<&'a Usage>,
    /// The last lines of its log, if it has failed.
    pub(super) lines: Option<&'a str>,
    /// The moment.
    pub(super) now: Moment,
}

impl Process {
    /// The name clients use.
    pub(super) fn namespec(&self) -> String {
        Namespec { group: &self.group, process: Some(&self.name) }.to_string()
    }
}

/// Columns of the table.
const COLUMNS: usize = 10;

/// The states in the order of the filter bar: those that need attention first.
pub(super) const STATES: [ProcessState; 8] = [
    ProcessState::Fatal,
    ProcessState::Backoff,
    ProcessState::Unknown,
    ProcessState::Running,
    ProcessState::Starting,
    ProcessState::Stopping,
    ProcessState::Exited,
    ProcessState::Stopped,
];

/// The table.
pub(super) fn push_table(out: &mut String, messages: &Messages, all: &[RowView<'_>]) {
    push(
        out,
        format_args!(
            "<table id=\"t\"><caption class=\"vh\">{}</caption><thead><tr><td class=\"k\"><input type=\"checkbox\" \
             id=\"every\" aria-label=\"{}\" hidden></td>",
            messages.process, messages.select_all
        ),
    );
    for (class, title, hint) in [
        ("s", messages.state, ""),
        ("n", messages.process, ""),
        ("d", messages.details, ""),
        ("u", messages.uptime, ""),
        ("p", messages.pid, ""),
        ("c", messages.cpu, messages.of_all_children),
        ("m", messages.memory, messages.of_all_children),
        ("r", messages.restarts, messages.by_itself),
        ("a", messages.actions, ""),
    ] {
        let hint = if hint.is_empty() { String::new() } else { format!(" title=\"{hint}\"") };
        push(out, format_args!("<th scope=\"col\" class=\"{class}\"{hint}>{title}</th>"));
    }
    out.push_str("</tr></thead>\n");
    for group in all.chunk_by(|one, two| one.process.group == two.process.group) {
        push_group(out, messages, group);
    }
    out.push_str("</table>\n");
}

fn push_group(out: &mut String, messages: &Messages, members: &[RowView<'_>]) {
    let Some(first) = members.first() else { return };
    let group = &*first.process.group;
    let name = escape(group);
    let is_set = members.len() > 1 || first.process.name != first.process.group;
    push(out, format_args!("<tbody data-g=\"{name}\"{}>", if is_set { " class=\"set\"" } else { "" }));
    if is_set {
        let fold = escape(&fill(messages.fold, &[group])).into_owned();
        push(
            out,
            format_args!(
                "<tr class=\"g\"><th scope=\"rowgroup\" colspan=\"{COLUMNS}\"><div><button type=\"button\" class=\"fold\" \
                 aria-expanded=\"true\" aria-label=\"{fold}\" hidden></button><b>{name}</b> <span class=\"count\">{}\
                 </span><span class=\"ga\">",
                members.len()
            ),
        );
        for (verb, label) in [
            ("startgroup", messages.start_group),
            ("restartgroup", messages.restart_group),
            ("stopgroup", messages.stop_group),
        ] {
            push(
                out,
                format_args!(
                    "<button name=\"do\" value=\"{verb} {name}\" aria-label=\"{label}: {name}\">{label}</button>"
                ),
            );
        }
        out.push_str("</span></div></th></tr>\n");
    }
    for member in members {
        push_row(out, messages, member);
    }
    out.push_str("</tbody>\n");
}

/// One process: a row, and a second one with the reason if it has failed.
pub(super) fn push_row(out: &mut String, messages: &Messages, row: &RowView<'_>) {
    let process = row.process;
    let spec = process.namespec();
    let (name, link) = (escape(&spec), percent_encode(spec.as_bytes()));
    let state = process.state.name();
    push(
        out,
        format_args!(
            "<tr class=\"r\" data-n=\"{name}\" data-s=\"{state}\"><td class=\"k\"><input type=\"checkbox\" name=\"p\" \
             value=\"{name}\" aria-label=\"{}\"></td>",
            escape(&fill(messages.select, &[&spec]))
        ),
    );
    push(
        out,
        format_args!(
            "<td class=\"s\"><span class=\"{}\" title=\"{state}\"><svg class=\"i\" aria-hidden=\"true\"><use \
             href=\"#i-{}\"/></svg>{}</span></td>",
            class_of(process.state),
            state.to_lowercase(),
            messages.state_name(process.state)
        ),
    );
    push(
        out,
        format_args!(
            "<th scope=\"row\" class=\"n\"><a href=\"tail.html?processname={link}\">{}</a></th><td class=\"d\">{}</td>",
            escape(&process.name),
            details(messages, row)
        ),
    );
    push_numbers(out, row);
    push_actions(out, messages, process, &name, &link);
    out.push_str("</tr>\n");
    if failure_reason::has_failed(process.state) {
        push(out, format_args!("<tr class=\"y\" data-of=\"{name}\"><td colspan=\"{COLUMNS}\">"));
        failure_reason::push_explanation(out, messages, process, row.lines);
        out.push_str("</td></tr>\n");
    }
}

fn push_numbers(out: &mut String, row: &RowView<'_>) {
    let process = row.process;
    match uptime(row) {
        Some(seconds) => {
            push(out, format_args!("<td class=\"u\" data-u=\"{seconds}\">{}</td>", render_uptime(seconds)));
        }
        None => out.push_str("<td class=\"u\"></td>"),
    }
    match process.pid {
        None => out.push_str("<td class=\"p\"></td>"),
        Some(pid) => push(out, format_args!("<td class=\"p\">{pid}</td>")),
    }
    let usage = row.usage.filter(|_| process.pid.is_some());
    push_history(out, "c", usage.map(|usage| &*usage.load), render_load);
    push_history(out, "m", usage.map(|usage| &*usage.memory), render_memory);
    match process.history.restarts {
        0 => out.push_str("<td class=\"r\"></td>"),
        restarts => push(out, format_args!("<td class=\"r\">{restarts}</td>")),
    }
}

/// A number with its history, which the script draws as a sparkline.
fn push_history<T: Copy + ToString>(
    out: &mut String,
    class: &str,
    values: Option<&[T]>,
    render: fn(T) -> String,
) {
    match values.and_then(|values| Some((values, *values.last()?))) {
        Some((values, newest)) => {
            let history: Vec<String> = values.iter().map(ToString::to_string).collect();
            push(
                out,
                format_args!(
                    "<td class=\"{class}\" data-h=\"{}\">{}</td>",
                    history.join(","),
                    render(newest)
                ),
            );
        }
        None => push(out, format_args!("<td class=\"{class}\"></td>")),
    }
}

/// Tenths of a percent.
fn render_load(load: u32) -> String {
    format!("{}.{} %", load / 10, load % 10)
}

/// KiB, in the larger unit that fits.
fn render_memory(kib: u64) -> String {
    const GIB: u64 = 1024 * 1024;
    if kib < GIB {
        format!("{}.{} MB", kib / 1024, kib % 1024 * 10 / 1024)
    } else {
        format!("{}.{:02} GB", kib / GIB, kib % GIB * 100 / GIB)
    }
}

fn push_actions(out: &mut String, messages: &Messages, process: &Process, name: &str, link: &str) {
    out.push_str("<td class=\"a\">");
    // The script adds the name to the label of a button; without the script the row's heading has to do.
    for (verb, label) in actions_in(messages, process.state) {
        push(out, format_args!("<button name=\"do\" value=\"{verb} {name}\">{label}</button>"));
    }
    push(
        out,
        format_args!("<a class=\"b more\" href=\"tail.html?processname={link}\">{}</a></td>", messages.more),
    );
}

/// The actions that make sense in a state.
pub(super) fn actions_in(messages: &Messages, state: ProcessState) -> Vec<(&'static str, &'static str)> {
    match state {
        ProcessState::Running => vec![("stop", messages.stop), ("restart", messages.restart)],
        ProcessState::Starting | ProcessState::Backoff => vec![("stop", messages.stop)],
        ProcessState::Stopped | ProcessState::Exited | ProcessState::Fatal => vec![("start", messages.start)],
        ProcessState::Stopping | ProcessState::Unknown => Vec::new(),
    }
}

/// The details of a process, as HTML.
fn details(messages: &Messages, row: &RowView<'_>) -> String {
    let process = row.process;
    let exit = || process.history.last_exit.map(|status| messages.exit(status));
    let mut parts = Vec::new();
    match process.state {
        ProcessState::Running => parts.extend(exit().map(|exit| fill(messages.last_exit, &[&exit]))),
        ProcessState::Starting => {
            if process.history.failures > 0 {
                parts.push(fill(messages.attempt, &[&(process.history.failures + 1).to_string()]));
            }
        }
        // The rest is in the failure reason below.
        ProcessState::Backoff | ProcessState::Fatal => parts.extend(exit()),
        ProcessState::Stopped | ProcessState::Exited => match exit() {
            Some(exit) => {
                parts.push(exit);
                parts.push(fill(messages.ended_at, &[&messages.end_time(process)]));
            }
            None => parts.push(messages.never_started.to_owned()),
        },
        ProcessState::Stopping | ProcessState::Unknown => {}
    }
    let mut html = escape(&parts.join(" · ")).into_owned();
    if let Some(at) = process.history.next_attempt {
        let seconds = at.saturating_sub(row.now.monotonic).as_millis().div_ceil(1000);
        if !html.is_empty() {
            html.push_str(" · ");
        }
        let text = fill(messages.retry_in, &[&seconds.to_string()]);
        push(&mut html, format_args!("<span data-r=\"{seconds}\">{}</span>", escape(&text)));
    }
    html
}

/// Seconds since the start of a live child.
fn uptime(row: &RowView<'_>) -> Option<i64> {
    let now = i64::from(ProcessInfo::clamped_seconds(Some(row.now.wall)));
    row.process.pid.map(|_| (now - row.process.start).max(0))
}

/// `0:00:05`, or `1d 0:00:05`.
fn render_uptime(seconds: i64) -> String {
    let (days, clock) = (seconds / 86_400, seconds % 86_400);
    let clock = format!("{}:{:02}:{:02}", clock / 3600, clock / 60 % 60, clock % 60);
    if days == 0 { clock } else { format!("{days}d {clock}") }
}

/// Upstream's classes: `statusrunning`, `statuserror`, `statusnominal`.
fn class_of(state: ProcessState) -> &'static str {
    match state {
        ProcessState::Running => "statusrunning",
        ProcessState::Fatal | ProcessState::Backoff | ProcessState::Unknown => "statuserror",
        ProcessState::Starting | ProcessState::Stopping => "statusnominal busy",
        ProcessState::Stopped | ProcessState::Exited => "statusnominal",
    }
}

/// Appends text.
pub(super) fn push(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing into a String cannot fail.
    let _ = out.write_fmt(text);
}
