//! The status page: every process with its state, its details and its actions.

use super::actions::{self, Action};
use super::assets::Script;
use super::browser_session::BrowserSession;
use super::confirm;
use super::event_stream::{Comparison, EventStreams};
use super::filter_bar::{self, Filter};
use super::form::Form;
use super::guard::Sender;
use super::i18n::{Messages, fill};
use super::list::{RowView, STATES, Usage, push, push_table};
use super::overview::{Overview, Process};
use super::page::{Page, escape};
use super::usage;
use super::{Site, action_links, banner, compress, failure_reason, refusal, relative};
use std::collections::HashMap;
use std::sync::mpsc;
use std::time::Duration;
use supervisor_core::SupervisorState;
use supervisor_http::{ReplyTo, Request, Response, Status};

/// How many failed processes are shown with the last lines of their log, each of which reads a file.
const MAX_EXPLAINED: usize = 50;

/// How long a page waits for the comparison with the configuration on disk. That takes milliseconds; if the disk hangs, the
/// page is sent without it.
const COMPARISON_WAIT: Duration = Duration::from_millis(300);

/// Shows the page, or performs the action of its parameters.
pub(super) fn show(site: &Site, request: &Request, form: &Form, reply: ReplyTo) {
    let session = BrowserSession::of(request, form);
    let sender = Sender::of(request);
    let is_changing = form.value("action").is_some() || form.value("do").is_some();
    let is_csrf_verified = request.method == b"POST" && session.verifies_csrf(form, sender);
    if is_changing && !is_csrf_verified && matches!(sender, Sender::CrossSite | Sender::OriginMismatch) {
        return reply.send(refusal::of_site(site, request));
    }
    if form.value("do").is_some() {
        return match Action::of(form) {
            None => reply.send(Response::error(Status::InternalServerError)),
            Some(action) if is_csrf_verified => {
                actions::perform(site, action, request, &session, reply);
            }
            Some(action) => reply.send(confirm::page(&session, form, &action, sender)),
        };
    }
    if let Some(action) = form.value("action") {
        let name = form.value("processname");
        let is_trusted = is_csrf_verified || sender == Sender::Program;
        return match action_links::parse(action, name) {
            Some(action) if !is_trusted => reply.send(confirm::page(&session, form, &action, sender)),
            Some(_) | None => action_links::perform(&site.context, action, name, reply),
        };
    }
    if form.value("language").is_some() || form.value("theme").is_some() {
        let response = Response::new(Status::SeeOther).header("Location", "./");
        return reply.send(session.remember(response.header("Cache-Control", "no-store")));
    }
    let options = PageOptions {
        session,
        message: form.value("message").map(str::to_owned),
        filter: Filter {
            query: form.value("q").unwrap_or_default().to_owned(),
            state: form.value("state").and_then(|name| STATES.into_iter().find(|state| state.name() == name)),
        },
        instance: site.instance(),
        compresses: compress::is_accepted(request) && form.value("message").is_none(),
        is_index: relative(&request.path).is_empty(),
    };
    respond(site, options, reply);
}

/// How to show the page.
struct PageOptions {
    session: BrowserSession,
    message: Option<String>,
    filter: Filter,
    instance: String,
    /// Not where the answer repeats a parameter of the address: from the length of the compressed page an attacker could
    /// learn its secrets (BREACH).
    compresses: bool,
    is_index: bool,
}

/// Inspects the supervisor and answers, on a thread that may read files. Pages are rendered one after the other, so that many
/// requests at once need little memory.
fn respond(site: &Site, options: PageOptions, reply: ReplyTo) {
    let (streams, context) = (site.event_streams.clone(), site.context.clone());
    streams.compare_if_stale();
    let make = move || {
        let (sender, answer) = mpsc::sync_channel(1);
        context.control.inspect(move |view| {
            // The receiver waits below.
            let _ = sender.send(Overview::of(view));
        });
        // Without an answer the reply is dropped, and the client gets status 500.
        let Ok(overview) = answer.recv() else { return };
        let comparison = streams.comparison(COMPARISON_WAIT);
        reply.send(render(&options, &streams, &overview, comparison.as_ref()));
    };
    site.context.blocking.run(make);
}

fn render(
    options: &PageOptions,
    streams: &EventStreams,
    overview: &Overview,
    comparison: Option<&Comparison>,
) -> Response {
    let messages = options.session.messages;
    let usages = usages(streams, overview);
    let mut budget = MAX_EXPLAINED;
    let lines: Vec<Option<String>> = overview
        .processes
        .iter()
        .map(|process| {
            let is_explained = failure_reason::has_failed(process.state) && budget > 0;
            budget -= usize::from(is_explained);
            is_explained.then(|| failure_reason::last_lines(process)).flatten()
        })
        .collect();
    let needle = options.filter.query.to_lowercase();
    let is_shown = |process: &&Process| {
        options.filter.state.is_none_or(|state| process.state == state)
            && process.namespec().to_lowercase().contains(&needle)
    };
    let shown: Vec<RowView<'_>> = overview
        .processes
        .iter()
        .zip(&lines)
        .filter(|(process, _)| is_shown(process))
        .map(|(process, lines)| RowView {
            process,
            usage: usages.get(&process.namespec()),
            lines: lines.as_deref(),
            now: overview.now,
        })
        .collect();
    let mut body = String::with_capacity(16 * 1024 + shown.len() * 1200);
    push_head(&mut body, messages, overview);
    banner::push_notices(&mut body, &options.session, options.message.as_deref(), overview, comparison);
    filter_bar::push_bar(&mut body, messages, &options.filter, overview);
    push_list(&mut body, options, overview, &shown);
    let is_running = overview.state == SupervisorState::Running;
    let status = if is_running { Status::Ok } else { Status::ServiceUnavailable };
    let attributes = format!(
        "data-page=\"status\" data-since=\"{}-{}\" {}",
        options.instance,
        overview.serial.0,
        script_messages(messages)
    );
    let address = if options.is_index { "./?" } else { "index.html?" };
    let page = Page {
        status,
        title: messages.title,
        script: Script::List,
        attributes: &attributes,
        body: &body,
        address,
    };
    page.answer(&options.session, options.compresses)
}

/// CPU and memory of the processes: from the event stream if a page is open, else the memory as it is now.
fn usages(streams: &EventStreams, overview: &Overview) -> HashMap<String, Usage> {
    let mut usages = streams.usages();
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

fn push_head(body: &mut String, messages: &Messages, overview: &Overview) {
    push(
        body,
        format_args!(
            "<a class=\"skip\" href=\"#t\">{}</a>\n<header><div class=\"brand\"><svg class=\"i\" aria-hidden=\"true\">\
             <use href=\"#i-logo\"/></svg><h1>Supervisor</h1><span class=\"id\">{} <span>· {} {}</span></span></div>\
             <p id=\"live\" role=\"status\" hidden></p><nav><a class=\"b\" id=\"refresh\" href=\"./\">{}</a> \
             <button type=\"button\" class=\"b\" id=\"help\" hidden>{}</button> <a class=\"b\" \
             href=\"tail.html?channel=main\">{}</a></nav></header>\n<main>\n",
            messages.skip,
            escape(&overview.identifier),
            messages.pid,
            overview.pid,
            messages.refresh,
            messages.keys,
            messages.main_log
        ),
    );
}

fn push_list(out: &mut String, options: &PageOptions, overview: &Overview, shown: &[RowView<'_>]) {
    let messages = options.session.messages;
    if overview.processes.is_empty() {
        return banner::push_no_programs(out, messages);
    }
    push(
        out,
        format_args!(
            "<form method=\"post\" action=\"./\" id=\"list\"><input type=\"hidden\" name=\"token\" value=\"{}\">\
             <button name=\"do\" value=\"nothing\" disabled hidden></button>\n",
            escape(&options.session.csrf_token())
        ),
    );
    filter_bar::push_selection(out, messages);
    push_table(out, messages, shown);
    let hidden = if shown.is_empty() { "" } else { " hidden" };
    push(
        out,
        format_args!(
            "<p id=\"none\" class=\"empty\"{hidden}>{}</p></form>\n</main>\n",
            messages.nothing_found
        ),
    );
}

/// The messages of the script, as attributes.
pub(super) fn script_messages(messages: &Messages) -> String {
    let mut attributes = String::new();
    for (name, text) in [
        ("live", messages.live),
        ("lost", messages.lost),
        ("retry", messages.retry_in),
        ("sure", messages.sure_all),
        ("password", messages.password_needed),
        ("cancel", messages.cancel),
        ("close", messages.close),
        ("keys", messages.keys_help),
        ("working", messages.working),
        ("log", messages.log),
        ("errors", messages.errors),
        ("output", messages.output),
        ("clear", messages.clear_log),
        ("signal", messages.signal),
        ("restart", messages.restart),
        ("more", messages.more),
        ("pause", messages.pause),
        ("resume", messages.resume),
        ("waiting", messages.waiting_lines),
        ("expired", messages.page_expired),
    ] {
        push(&mut attributes, format_args!("data-t-{name}=\"{}\" ", escape(text)));
    }
    attributes
}

/// The title of the log page.
pub(super) fn log_title(messages: &Messages, name: &str) -> String {
    fill(messages.log_of, &[name])
}
