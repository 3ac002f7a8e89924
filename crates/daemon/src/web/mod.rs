//! Everything clients reach over HTTP: which path leads where, and the pages behind them.
//!
//! Paths are matched in upstream's order: `/RPC2`, `/logtail` and `/mainlogtail` by what a path begins with, the
//! pages by their whole name, and what is left is a file. Pages own no state: they ask the supervision loop like
//! every other client, and answer when it has.

mod actions;
mod assets;
mod banner;
mod compress;
mod confirm;
mod finder;
mod follow;
mod form;
mod guard;
mod list;
mod live;
mod orders;
mod page;
mod refusal;
mod status;
mod tail;
mod update;
mod usage;
mod visitor;
mod why;
mod words;

use crate::api::{self, Backend};
use crate::request::Requests;
use form::Form;
use guard::{Gate, Sender};
use live::Live;
use refusal::Refusals;
use std::io;
use supervisor_config::Server;
use supervisor_core::Wall;
use supervisor_http::{Handle, Limits, Listener, ReplyTo, Request, Response, Service, Status};
use supervisor_log::Level;
use supervisor_sys::clock;

/// Serves `listeners`, which `servers` configure, on a thread of their own.
pub(crate) fn serve(
    listeners: Vec<Listener>,
    servers: &[Server],
    limits: Limits,
    backend: Backend,
) -> io::Result<Handle> {
    let log = backend.log.clone();
    let write = move |level, line: &str| log.log(level_of(level), line);
    let site = Site { gate: Gate::of(&listeners, servers), ..Site::new(backend) };
    supervisor_http::serve(listeners, limits, Box::new(site), Box::new(write))
}

fn level_of(level: supervisor_http::Level) -> Level {
    match level {
        supervisor_http::Level::Trace => Level::Trace,
        supervisor_http::Level::Warn => Level::Warn,
        supervisor_http::Level::Error => Level::Error,
    }
}

/// What stands behind every listener.
struct Site {
    backend: Backend,
    /// When this instance began: the age of its files.
    since: Wall,
    /// What open pages are told.
    live: Live,
    /// Who may come in.
    gate: Gate,
    /// What the log was told of those who may not.
    refusals: Refusals,
}

impl Site {
    fn new(backend: Backend) -> Self {
        let live = Live::new(backend.clone());
        Self { backend, since: clock::now().wall, live, gate: Gate::default(), refusals: Refusals::default() }
    }

    /// Tells this instance of the daemon from those before and after it.
    fn instance(&self) -> String {
        format!("{:x}", self.since.micros)
    }

    /// A page, or a file.
    fn page(&self, request: &Request, reply: ReplyTo) {
        if request.method != b"GET" && request.method != b"POST" {
            return reply.send(assets::answer(request, self.since));
        }
        let page = match relative(&request.path) {
            b"" | b"index.html" => status::show,
            b"tail.html" => tail::show,
            b"ok.html" => healthy,
            b"ui/events" => events,
            b"ui/log" => log,
            b"ui/download" => download,
            _ => return reply.send(assets::answer(request, self.since)),
        };
        match Form::of(request) {
            Ok(form) => page(self, request, &form, reply),
            Err(status) => reply.send(Response::error(status)),
        }
    }
}

impl Service for Site {
    fn call(&mut self, request: Request, reply: ReplyTo) {
        Requests::gather();
        if self.backend.requests.is_congested() {
            return reply.send(Response::error(Status::ServiceUnavailable));
        }
        // What the page that explains a refusal is drawn with tells nothing.
        if !self.gate.admits(&request) && !assets::has(&request.path) {
            return reply.send(refusal::of_host(self, &request));
        }
        if request.path.starts_with(b"/RPC2") {
            if matches!(Sender::of(&request), Sender::Foreign | Sender::OtherOrigin | Sender::Led) {
                return reply.send(refusal::of_site(self, &request));
            }
            api::handle(&self.backend, request, reply);
        } else if request.path.starts_with(b"/logtail") {
            follow::process_log(&self.backend, &request, reply);
        } else if request.path.starts_with(b"/mainlogtail") {
            follow::main_log(&self.backend, &request, reply);
        } else {
            self.page(&request, reply);
        }
    }

    fn end_round(&mut self) {
        self.backend.requests.attend();
    }
}

/// For health checks: whoever gets this has reached a supervisord that takes requests.
fn healthy(_: &Site, _: &Request, _: &Form, reply: ReplyTo) {
    reply.send(Response::new(Status::Ok).header("Content-Type", "text/plain").body("OK"));
}

/// Server-sent events for an open page. `since` is what the page shows, or `Last-Event-ID` where it was left.
fn events(site: &Site, request: &Request, form: &Form, reply: ReplyTo) {
    let last = request.headers.first("Last-Event-ID").map(|id| String::from_utf8_lossy(id).into_owned());
    let last = last.or_else(|| form.value("since").map(str::to_owned)).unwrap_or_default();
    let instance = site.instance();
    let seen = last.split_once('-').filter(|(of, _)| *of == instance).and_then(|(_, seen)| seen.parse().ok());
    let words = visitor::Visitor::of(request, form).words;
    let response = Response::new(Status::Ok)
        .header("Content-Type", "text/event-stream")
        .header("Cache-Control", "no-store")
        .header("X-Accel-Buffering", "no");
    reply.send(response.stream(Box::new(site.live.feed(words, instance, seen))));
}

/// A log as it grows, for the log page.
fn log(site: &Site, _: &Request, form: &Form, reply: ReplyTo) {
    follow::for_page(&site.backend, named_log(form), reply);
}

/// A whole log, as a file.
fn download(site: &Site, _: &Request, form: &Form, reply: ReplyTo) {
    follow::download(&site.backend, named_log(form), reply);
}

fn named_log(form: &Form) -> crate::request::LogName {
    tail::Shown::of(form).log(form.value("processname").unwrap_or_default())
}

/// A path without its leading slashes, of which there may be any number.
fn relative(path: &[u8]) -> &[u8] {
    let start = path.iter().position(|&byte| byte != b'/').unwrap_or(path.len());
    &path[start..]
}

#[cfg(test)]
mod tests;
