//! Everything clients reach over HTTP: which path leads where, and the pages behind them.
//!
//! Paths are matched in upstream's order: `/RPC2`, `/logtail` and `/mainlogtail` by what a path begins with, the
//! pages by their whole name, and what is left is a file. Pages own no state: they ask the supervision loop like
//! every other client, and answer when it has.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

mod action_links;
mod actions;
mod assets;
mod banner;
mod browser_session;
mod compress;
mod confirm;
#[cfg(test)]
mod double;
mod event_stream;
mod failure_reason;
mod filter_bar;
mod follow;
mod form;
mod guard;
mod i18n;
mod list;
mod overview;
mod page;
mod refusal;
mod status;
mod tail;
mod update;
mod usage;

use event_stream::EventStreams;
use form::Form;
use guard::{HostFilter, Sender};
use refusal::Refusals;
use supervisor_config::Server;
use supervisor_control::{Blocking, Control, LogName, Serial};
use supervisor_core::Wall;
use supervisor_http::{Listener, ReplyTo, Request, Response, Service, Status};
use supervisor_log::{MainLog, Pump};
use supervisor_sys::clock;

/// What pages work with; clones share it.
#[derive(Clone)]
pub struct Context {
    /// Asks the supervisor.
    pub control: Control,
    /// Runs what may wait for a disk.
    pub blocking: Blocking,
    /// The main log.
    pub log: MainLog,
    /// Notifies of changes to logs.
    pub pump: Pump,
}

/// Answers requests below a path of its own.
type Handler = Box<dyn Fn(Request, ReplyTo) + Send>;

/// What stands behind every listener: the pages, and what is mounted beside them.
pub struct Site {
    context: Context,
    /// What answers all paths that begin like this.
    mounts: Vec<(&'static [u8], Handler)>,
    /// When this instance began: the age of its files.
    since: Wall,
    /// What open pages are told.
    event_streams: EventStreams,
    /// Who may come in.
    host_filter: HostFilter,
    /// What the log was told of those who may not.
    refusals: Refusals,
}

impl Site {
    /// The pages, behind these listeners, which `servers` configure.
    pub fn new(context: Context, listeners: &[Listener], servers: &[Server]) -> Self {
        let event_streams = EventStreams::new(context.clone());
        let host_filter = HostFilter::of(listeners, servers);
        let since = clock::now().wall;
        Self { context, mounts: Vec::new(), since, event_streams, host_filter, refusals: Refusals::default() }
    }

    /// Has `handler` answer all paths that begin with `prefix`, for programs only: a browser that another site leads is
    /// refused before.
    #[must_use]
    pub fn mount(
        mut self,
        prefix: &'static [u8],
        handler: impl Fn(Request, ReplyTo) + Send + 'static,
    ) -> Self {
        self.mounts.push((prefix, Box::new(handler)));
        self
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
        Control::begin_batch();
        if self.context.control.is_congested() {
            return reply.send(Response::error(Status::ServiceUnavailable));
        }
        // What the page that explains a refusal is drawn with tells nothing.
        if !self.host_filter.allows(&request) && !assets::exists(&request.path) {
            return reply.send(refusal::of_host(self, &request));
        }
        if let Some((_, handler)) = self.mounts.iter().find(|(prefix, _)| request.path.starts_with(prefix)) {
            if matches!(
                Sender::of(&request),
                Sender::CrossSite | Sender::OriginMismatch | Sender::CrossSiteLink
            ) {
                return reply.send(refusal::of_site(self, &request));
            }
            handler(request, reply);
        } else if request.path.starts_with(b"/logtail") {
            follow::process_log(&self.context, &request, reply);
        } else if request.path.starts_with(b"/mainlogtail") {
            follow::main_log(&self.context, &request, reply);
        } else {
            self.page(&request, reply);
        }
    }

    fn end_round(&mut self) {
        self.context.control.submit_batch();
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
    let seen = last
        .split_once('-')
        .filter(|(of, _)| *of == instance)
        .and_then(|(_, seen)| seen.parse().ok().map(Serial));
    let messages = browser_session::BrowserSession::of(request, form).messages;
    let response = Response::new(Status::Ok)
        .header("Content-Type", "text/event-stream")
        .header("Cache-Control", "no-store")
        .header("X-Accel-Buffering", "no");
    reply.send(response.stream(Box::new(site.event_streams.open(messages, instance, seen))));
}

/// A log as it grows, for the log page.
fn log(site: &Site, _: &Request, form: &Form, reply: ReplyTo) {
    follow::for_page(&site.context, named_log(form), reply);
}

/// A whole log, as a file.
fn download(site: &Site, _: &Request, form: &Form, reply: ReplyTo) {
    follow::download(&site.context, named_log(form), reply);
}

fn named_log(form: &Form) -> LogName {
    tail::LogChoice::of(form).log(form.value("processname").unwrap_or_default())
}

/// A path without its leading slashes, of which there may be any number.
fn relative(path: &[u8]) -> &[u8] {
    let start = path.iter().position(|&byte| byte != b'/').unwrap_or(path.len());
    &path[start..]
}

#[cfg(test)]
mod tests;
