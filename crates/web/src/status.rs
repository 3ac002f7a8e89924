//! The status page: every process, what it does, and what can be done about it.

use super::assets::Script;
use super::confirm;
use super::finder::{self, Filter};
use super::form::Form;
use super::guard::Sender;
use super::list::{STATES, Shown, Usage, push, push_table};
use super::live::{Comparison, Live};
use super::orders::{self, Wish};
use super::overview::{Overview, Process};
use super::page::{Page, escape};
use super::usage;
use super::visitor::Visitor;
use super::words::{Words, fill};
use super::{Site, actions, banner, compress, refusal, relative, why};
use std::collections::HashMap;
use std::sync::mpsc;
use std::time::Duration;
use supervisor_core::Mood;
use supervisor_http::{ReplyTo, Request, Response, Status};

/// How many failures are explained with the last lines of a log, each of which costs a file to read.
const EXPLAINED: usize = 50;

/// How long a page waits for word of the configuration on disk. That takes milliseconds; if the disk hangs, the page
/// comes without.
const PATIENCE: Duration = Duration::from_millis(300);

/// Shows the page, or does what its parameters ask for.
pub(super) fn show(site: &Site, request: &Request, form: &Form, reply: ReplyTo) {
    let visitor = Visitor::of(request, form);
    let sender = Sender::of(request);
    let is_changing = form.value("action").is_some() || form.value("do").is_some();
    let is_vouched = request.method == b"POST" && visitor.vouches_for(form, sender);
    if is_changing && !is_vouched && matches!(sender, Sender::Foreign | Sender::OtherOrigin) {
        return reply.send(refusal::of_site(site, request));
    }
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
            Some(_) | None => actions::perform(&site.context, action, name, reply),
        };
    }
    if form.value("language").is_some() || form.value("theme").is_some() {
        let response = Response::new(Status::SeeOther).header("Location", "./");
        return reply.send(visitor.remember(response.header("Cache-Control", "no-store")));
    }
    let view = View {
        visitor,
        message: form.value("message").map(str::to_owned),
        filter: Filter {
            words: form.value("q").unwrap_or_default().to_owned(),
            state: form.value("state").and_then(|name| STATES.into_iter().find(|state| state.name() == name)),
        },
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
    filter: Filter,
    instance: String,
    /// Not where the answer repeats what somebody else may have put into the address: the length of a compressed
    /// page would tell how much of its secrets that resembles.
    compresses: bool,
    is_index: bool,
}

/// Asks what the processes do, and answers, from a thread that may read files. One page after the other is made, so that many
/// that are asked for at once hold no more than their turn.
fn collect(site: &Site, view: View, reply: ReplyTo) {
    let (live, context) = (site.live.clone(), site.context.clone());
    live.compare_if_stale();
    let make = move || {
        let (sender, answer) = mpsc::sync_channel(1);
        context.control.inspect(move |view| {
            // The receiver waits below.
            let _ = sender.send(Overview::of(view));
        });
        // Without an answer the reply is dropped, and the client gets status 500.
        let Ok(overview) = answer.recv() else { return };
        let comparison = live.comparison(PATIENCE);
        reply.send(render(&view, &live, &overview, comparison.as_ref()));
    };
    site.context.blocking.run(make);
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
            is_explained.then(|| why::last_lines(process)).flatten()
        })
        .collect();
    let needle = view.filter.words.to_lowercase();
    let is_shown = |process: &&Process| {
        view.filter.state.is_none_or(|state| process.state == state)
            && process.namespec().to_lowercase().contains(&needle)
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
            now: overview.now,
        })
        .collect();
    let mut body = String::with_capacity(16 * 1024 + shown.len() * 1200);
    push_head(&mut body, words, overview);
    banner::push_notices(&mut body, &view.visitor, view.message.as_deref(), overview, comparison);
    finder::push_bar(&mut body, words, &view.filter, overview);
    push_list(&mut body, view, overview, &shown);
    let is_running = overview.state == Mood::Running;
    let status = if is_running { Status::Ok } else { Status::ServiceUnavailable };
    let attributes = format!(
        "data-page=\"status\" data-since=\"{}-{}\" {}",
        view.instance,
        overview.serial.0,
        texts(words)
    );
    let address = if view.is_index { "./?" } else { "index.html?" };
    let page = Page {
        status,
        title: words.title,
        script: Script::List,
        attributes: &attributes,
        body: &body,
        address,
    };
    page.answer(&view.visitor, view.compresses)
}

/// What is known of CPU and memory: what somebody's page has been told lately, else the memory of this moment.
fn usages(live: &Live, overview: &Overview) -> HashMap<String, Usage> {
    let mut usages = live.usages();
    let is_unknown = |process: &&Process| !usages.contains_key(&process.namespec());
    let samples =
        usage::sample(overview.processes.iter().filter(is_unknown).filter_map(|process| process.pid));
    for process in &overview.processes {
        if let Some(sample) = process.pid.and_then(|pid| samples.get(&pid)) {
            usages.entry(process.namespec()).or_default().note(None, sample.memory);
        }
    }
    usages
}

fn push_head(body: &mut String, words: &Words, overview: &Overview) {
    push(
        body,
        format_args!(
            "<a class=\"skip\" href=\"#t\">{}</a>\n<header><div class=\"brand\"><svg class=\"i\" aria-hidden=\"true\">\
             <use href=\"#i-logo\"/></svg><h1>Supervisor</h1><span class=\"id\">{} <span>· {} {}</span></span></div>\
             <p id=\"live\" role=\"status\" hidden></p><nav><a class=\"b\" id=\"refresh\" href=\"./\">{}</a> \
             <button type=\"button\" class=\"b\" id=\"help\" hidden>{}</button> <a class=\"b\" \
             href=\"tail.html?channel=main\">{}</a></nav></header>\n<main>\n",
            words.skip,
            escape(&overview.identifier),
            words.pid,
            overview.pid,
            words.refresh,
            words.keys,
            words.main_log
        ),
    );
}

fn push_list(out: &mut String, view: &View, overview: &Overview, shown: &[Shown<'_>]) {
    let words = view.visitor.words;
    if overview.processes.is_empty() {
        return banner::push_no_programs(out, words);
    }
    push(
        out,
        format_args!(
            "<form method=\"post\" action=\"./\" id=\"list\"><input type=\"hidden\" name=\"token\" value=\"{}\">\
             <button name=\"do\" value=\"nothing\" disabled hidden></button>\n",
            escape(&view.visitor.form_token())
        ),
    );
    finder::push_selection(out, words);
    push_table(out, words, shown);
    let hidden = if shown.is_empty() { "" } else { " hidden" };
    push(
        out,
        format_args!("<p id=\"none\" class=\"empty\"{hidden}>{}</p></form>\n</main>\n", words.nothing_found),
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
        ("password", words.password_needed),
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
        ("expired", words.page_expired),
    ] {
        push(&mut attributes, format_args!("data-t-{name}=\"{}\" ", escape(text)));
    }
    attributes
}

/// For a page elsewhere that shows one process.
pub(super) fn title_of(words: &Words, name: &str) -> String {
    fill(words.log_of, &[name])
}
