//! The status page: every process, what it does, and what can be done about it.

use super::confirm;
use super::form::Form;
use super::guard::Sender;
use super::list::{STATES, Shown, Usage, push, push_table};
use super::live::{Comparison, Live};
use super::orders::{self, Wish};
use super::page::{Page, escape};
use super::usage::Sample;
use super::visitor::Visitor;
use super::words::{Words, fill};
use super::{Site, actions, compress, relative, why};
use crate::overview::{Overview, ProcessView};
use crate::request::{Reply, Request as Question};
use std::collections::HashMap;
use supervisor_core::{Mood, Pid, ProcessState};
use supervisor_http::{ReplyTo, Request, Response, Status, percent_encode};
use supervisor_rpc::FaultCode;

/// How many failures are explained with the last lines of a log, each of which costs a file to read.
const EXPLAINED: usize = 50;

/// Shows the page, or does what its parameters ask for.
pub(super) fn show(site: &Site, request: &Request, form: &Form, reply: ReplyTo) {
    let visitor = Visitor::of(request, form);
    let sender = Sender::of(request);
    let is_changing = form.value("action").is_some() || form.value("do").is_some();
    if is_changing && sender == Sender::Foreign {
        return reply.send(Response::error(Status::Forbidden));
    }
    let is_vouched = request.method == b"POST" && visitor.vouches_for(form);
    if form.value("do").is_some() {
        return match Wish::of(form) {
            None => reply.send(Response::error(Status::InternalServerError)),
            Some(wish) if is_vouched => {
                orders::perform(site, wish, request, &visitor, reply);
            }
            Some(wish) => reply.send(confirm::page(&visitor, form, &wish, sender)),
        };
    }
    if let Some(action) = form.value("action") {
        let name = form.value("processname");
        let is_trusted = is_vouched || sender == Sender::Program;
        return match actions::wish(action, name) {
            Some(wish) if !is_trusted => reply.send(confirm::page(&visitor, form, &wish, sender)),
            Some(_) | None => actions::perform(&site.backend, action, name, reply),
        };
    }
    if form.value("language").is_some() || form.value("theme").is_some() {
        let response = Response::new(Status::SeeOther).header("Location", "./");
        return reply.send(visitor.remember(response.header("Cache-Control", "no-store")));
    }
    let view = View {
        visitor,
        message: form.value("message").map(str::to_owned),
        query: form.value("q").unwrap_or_default().to_owned(),
        state: form.value("state").and_then(|name| STATES.into_iter().find(|state| state.name() == name)),
        instance: site.instance(),
        compresses: compress::is_welcome(request) && form.value("message").is_none(),
        is_index: relative(&request.path).is_empty(),
    };
    collect(site, view, reply);
}

/// How the page is to be shown.
struct View {
    visitor: Visitor,
    message: Option<String>,
    /// Only processes whose name contains this.
    query: String,
    /// Only processes in this state.
    state: Option<ProcessState>,
    instance: String,
    /// Not where the answer repeats what somebody else may have put into the address: the length of a compressed
    /// page would tell how much of its secrets that resembles.
    compresses: bool,
    is_index: bool,
}

/// Asks what the processes do, and answers from a thread that may read files.
fn collect(site: &Site, view: View, reply: ReplyTo) {
    let (live, disk) = (site.live.clone(), site.backend.disk.clone());
    live.compare_if_stale();
    let question = Reply::new(move |overview: Overview| {
        // If it is not taken, the reply is dropped with it, which the client is told with an answer of 500.
        let _refused = disk.submit(Box::new(move || {
            let comparison = live.comparison();
            reply.send(render(&view, &live, &overview, comparison.as_ref()));
        }));
    });
    site.backend.ask(Question::Overview { reply: question });
}

fn render(view: &View, live: &Live, overview: &Overview, comparison: Option<&Comparison>) -> Response {
    let words = view.visitor.words;
    let usages = usages(live, overview);
    let mut budget = EXPLAINED;
    let lines: Vec<Option<String>> = overview
        .processes
        .iter()
        .map(|process| {
            let is_explained = why::is_wrong(process.state) && budget > 0;
            budget -= usize::from(is_explained);
            is_explained.then(|| why::last_lines(&process.record)).flatten()
        })
        .collect();
    let is_shown = |process: &&ProcessView| {
        view.state.is_none_or(|state| process.state == state)
            && process.namespec().to_lowercase().contains(&view.query.to_lowercase())
    };
    let shown: Vec<Shown<'_>> = overview
        .processes
        .iter()
        .zip(&lines)
        .filter(|(process, _)| is_shown(process))
        .map(|(process, lines)| Shown {
            view: process,
            usage: usages.get(&process.namespec()),
            lines: lines.as_deref(),
            now: overview.now.monotonic,
        })
        .collect();
    let mut body = String::with_capacity(16 * 1024 + shown.len() * 1200);
    push_head(&mut body, words, overview);
    push_notices(&mut body, view, overview, comparison);
    push_finder(&mut body, view, overview);
    push_list(&mut body, view, overview, &shown);
    let is_running = overview.identity.mood == Mood::Running;
    let status = if is_running { Status::Ok } else { Status::ServiceUnavailable };
    let attributes = format!(
        "data-page=\"status\" data-since=\"{}-{}\" {}",
        view.instance,
        overview.revision,
        texts(words)
    );
    let address = if view.is_index { "./?" } else { "index.html?" };
    let page = Page { status, title: "Supervisor Status", attributes: &attributes, body: &body, address };
    page.answer(&view.visitor, view.compresses)
}

/// What is known of CPU and memory: what somebody's page has been told lately, else the memory of this moment.
fn usages(live: &Live, overview: &Overview) -> HashMap<String, Usage> {
    let mut usages = live.usages();
    for process in &overview.processes {
        let Some(pid) = i32::try_from(process.record.pid).ok().and_then(Pid::new) else { continue };
        let usage = usages.entry(process.namespec()).or_default();
        if usage.memory.is_none() {
            usage.memory = Sample::of(pid).map(|sample| sample.memory);
        }
    }
    usages
}

fn push_head(body: &mut String, words: &Words, overview: &Overview) {
    let identity = &overview.identity;
    push(
        body,
        format_args!(
            "<a class=\"skip\" href=\"#t\">{}</a>\n<header><div class=\"brand\"><svg class=\"i\" aria-hidden=\"true\">\
             <use href=\"#i-logo\"/></svg><h1>Supervisor</h1><span class=\"id\">{} <span>{} {}</span></span></div>\
             <p id=\"live\" role=\"status\" hidden></p><nav><a class=\"b\" id=\"refresh\" href=\"./\">{}</a> \
             <button type=\"button\" class=\"b\" id=\"help\" hidden>{}</button> <a class=\"b\" \
             href=\"tail.html?channel=main\">{}</a></nav></header>\n<main>\n",
            words.skip,
            escape(&identity.identification),
            words.pid,
            identity.pid,
            words.refresh,
            words.keys,
            words.main_log
        ),
    );
}

fn push_notices(body: &mut String, view: &View, overview: &Overview, comparison: Option<&Comparison>) {
    let words = view.visitor.words;
    if let Some(message) = &view.message {
        push(
            body,
            format_args!(
                "<div id=\"said\" role=\"status\"><div class=\"status_msg\">{}</div></div>\n",
                escape(message)
            ),
        );
    } else {
        body.push_str("<div id=\"said\" role=\"status\"></div>\n");
    }
    let hidden = if overview.identity.mood == Mood::Running { " hidden" } else { "" };
    push(body, format_args!("<p id=\"ending\" class=\"note bad\"{hidden}>{}</p>\n", words.stopping_all));
    push(
        body,
        format_args!(
            "<form method=\"post\" action=\"./\" id=\"config\"><input type=\"hidden\" name=\"token\" value=\"{}\">\
             <div>",
            escape(&view.visitor.token)
        ),
    );
    push_comparison(body, words, comparison);
    body.push_str("</div></form>\n");
}

/// What of the configuration is not applied, with the button that applies it; nothing if all is.
pub(super) fn push_comparison(out: &mut String, words: &Words, comparison: Option<&Comparison>) {
    match comparison {
        Some(Err(fault)) if fault.known() == Some(FaultCode::CantReread) => push(
            out,
            format_args!(
                "<div class=\"note bad\"><b>{}</b><pre>{}</pre></div>",
                words.config_broken,
                escape(&fault.text)
            ),
        ),
        // Nobody has looked, or everything is being stopped and there is nothing to apply to.
        None | Some(Err(_)) => {}
        Some(Ok(groups)) => {
            let parts = [
                (words.added, &groups.added, "+"),
                (words.changed, &groups.changed, "~"),
                (words.removed, &groups.removed, "\u{2212}"),
            ];
            if parts.iter().all(|(_, names, _)| names.is_empty()) {
                return;
            }
            push(out, format_args!("<div class=\"note\"><p><b>{}</b></p><ul>", words.config_differs));
            for (label, names, sign) in parts {
                for name in names {
                    push(out, format_args!("<li><b>{sign} {}</b> {label}</li>", escape(name)));
                }
            }
            push(
                out,
                format_args!(
                    "</ul><p><button class=\"main\" name=\"do\" value=\"apply\">{}</button> {}</p></div>",
                    words.apply, words.apply_hint
                ),
            );
        }
    }
}

fn push_finder(body: &mut String, view: &View, overview: &Overview) {
    let words = view.visitor.words;
    push(
        body,
        format_args!(
            "<div class=\"bar\"><form role=\"search\" action=\"./\"><input type=\"search\" name=\"q\" id=\"q\" value=\"{}\" \
             placeholder=\"{}\" aria-label=\"{}\" autocomplete=\"off\"></form><nav id=\"states\" aria-label=\"{}\">",
            escape(&view.query),
            words.find,
            words.find,
            words.filter
        ),
    );
    let link = percent_encode(view.query.as_bytes());
    let mut chip = |name: &str, class: &str, label: &str, count: usize, is_current: bool| {
        let current = if is_current { " aria-current=\"true\"" } else { "" };
        let hidden = if count == 0 && !name.is_empty() && !is_current { " hidden" } else { "" };
        push(
            body,
            format_args!(
                "<a href=\"?q={link}&amp;state={name}\" data-s=\"{name}\" class=\"{class}\"{current}{hidden}>{label} \
                 <b>{count}</b></a>"
            ),
        );
    };
    chip("", "", words.all_states, overview.processes.len(), view.state.is_none());
    for state in STATES {
        let count = overview.processes.iter().filter(|process| process.state == state).count();
        chip(
            state.name(),
            &state.name().to_lowercase(),
            words.state_name(state),
            count,
            view.state == Some(state),
        );
    }
    push(
        body,
        format_args!(
            "</nav><label id=\"sort\" hidden>{} <select><option value=\"name\">{}</option><option value=\"state\">{}\
             </option><option value=\"uptime\">{}</option><option value=\"cpu\">{}</option><option value=\"memory\">{}\
             </option><option value=\"restarts\">{}</option></select></label></div>\n",
            words.sort_by,
            words.by_name,
            words.by_state,
            words.by_uptime,
            words.cpu,
            words.memory,
            words.restarts
        ),
    );
}

fn push_list(body: &mut String, view: &View, overview: &Overview, shown: &[Shown<'_>]) {
    let words = view.visitor.words;
    if overview.processes.is_empty() {
        push(body, format_args!("<p class=\"empty\">{}</p>\n</main>\n", words.no_programs));
        return;
    }
    push(
        body,
        format_args!(
            "<form method=\"post\" action=\"./\" id=\"list\"><input type=\"hidden\" name=\"token\" value=\"{}\">\
             <button name=\"do\" value=\"nothing\" disabled hidden></button>\n<div class=\"tools\"><span class=\"sel\">\
             <span id=\"n\" aria-live=\"polite\" data-text=\"{}\"></span>",
            escape(&view.visitor.token),
            words.selected
        ),
    );
    for (verb, label) in [
        ("start", words.start),
        ("restart", words.restart),
        ("stop", words.stop),
        ("clearlog", words.clear_log),
    ] {
        push(body, format_args!("<button name=\"do\" value=\"{verb}\">{label}</button>"));
    }
    push_signals(body, words, "signal");
    body.push_str("</span><span class=\"every\">");
    for (verb, label) in
        [("startall", words.start_all), ("restartall", words.restart_all), ("stopall", words.stop_all)]
    {
        push(body, format_args!("<button name=\"do\" value=\"{verb}\">{label}</button>"));
    }
    body.push_str("</span></div>\n");
    push_table(body, words, shown);
    let hidden = if shown.is_empty() { "" } else { " hidden" };
    push(
        body,
        format_args!("<p id=\"none\" class=\"empty\"{hidden}>{}</p></form>\n</main>\n", words.nothing_found),
    );
}

/// A choice of signals and the button that sends it.
pub(super) fn push_signals(out: &mut String, words: &Words, value: &str) {
    push(
        out,
        format_args!("<span class=\"sig\"><select name=\"signal\" aria-label=\"{}\">", words.sure_signal),
    );
    for name in ["HUP", "USR1", "USR2", "INT", "TERM", "QUIT", "WINCH", "CONT", "STOP", "KILL"] {
        push(out, format_args!("<option>{name}</option>"));
    }
    push(
        out,
        format_args!(
            "</select><button name=\"do\" value=\"{}\">{}</button></span>",
            escape(value),
            words.signal
        ),
    );
}

/// The words the script needs, as attributes.
pub(super) fn texts(words: &Words) -> String {
    let mut attributes = String::new();
    for (name, text) in [
        ("live", words.live),
        ("lost", words.lost),
        ("retry", words.retry_in),
        ("sure", words.sure_all),
        ("cancel", words.cancel),
        ("close", words.close),
        ("keys", words.keys_help),
        ("working", words.working),
        ("log", words.log),
        ("errors", words.errors),
        ("output", words.output),
        ("clear", words.clear_log),
        ("signal", words.signal),
        ("restart", words.restart),
        ("more", words.more),
        ("pause", words.pause),
        ("resume", words.resume),
        ("waiting", words.waiting_lines),
        ("expired", words.confirm_expired),
    ] {
        push(&mut attributes, format_args!("data-t-{name}=\"{}\" ", escape(text)));
    }
    attributes
}

/// For a page elsewhere that shows one process.
pub(super) fn title_of(words: &Words, name: &str) -> String {
    fill(words.log_of, &[name])
}
