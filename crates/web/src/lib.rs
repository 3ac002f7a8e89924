//! The web interface: pages, static files, log streams, and the routing of all HTTP requests.
//!
//! Paths are matched in upstream's order: mounted handlers (`/RPC2`), `/logtail` and `/mainlogtail` by prefix, then the pages by
//! their whole name; any other path is a static file. Pages own no state of supervision: they ask through
//! [`Control`] like every other client.
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

/// What the pages work with; clones share it.
#[derive(Clone)]
pub struct Context {
    /// Asks the supervisor.
    pub control: Control,
    /// Runs what may block on a disk.
    pub blocking: Blocking,
    /// The main log.
    pub log: MainLog,
    /// Notifies of changes to logs.
    pub pump: Pump,
}

/// Answers the requests to a mounted path.
type Handler = Box<dyn Fn(Request, ReplyTo) + Send>;

/// The HTTP service behind every listener: the pages, and the handlers that are mounted beside them.
pub struct Site {
    context: Context,
    /// Prefixes of paths, with their handlers.
    mounts: Vec<(&'static [u8], Handler)>,
    /// When this instance began; the modification time of its files.
    since: Wall,
    /// The streams of open pages.
    event_streams: EventStreams,
    /// The hosts that requests may name.
    host_filter: HostFilter,
    /// The refusals that were logged.
    refusals: Refusals,
}

impl Site {
    /// The service behind these listeners, which `servers` configure.
    pub fn new(context: Context, listeners: &[Listener], servers: &[Server]) -> Self {
        let event_streams = EventStreams::new(context.clone());
        let host_filter = HostFilter::of(listeners, servers);
        let since = clock::now().wall;
        Self { context, mounts: Vec::new(), since, event_streams, host_filter, refusals: Refusals::default() }
    }

    /// Mounts a handler on all paths that begin with `prefix`. It does not get requests that another site makes a browser send.
    #[must_use]
    pub fn mount(
        mut self,
        prefix: &'static [u8],
        handler: impl Fn(Request, ReplyTo) + Send + 'static,
    ) -> Self {
        self.mounts.push((prefix, Box::new(handler)));
        self
    }

    /// The name of this instance of the daemon in event ids.
    fn instance(&self) -> String {
        format!("{:x}", self.since.micros)
    }

    /// Answers with a page or a static file.
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
        // The style sheet of the page that explains the refusal reveals nothing.
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

/// For health checks: supervisord takes requests.
fn healthy(_: &Site, _: &Request, _: &Form, reply: ReplyTo) {
    reply.send(Response::new(Status::Ok).header("Content-Type", "text/plain").body("OK"));
}

/// Server-sent events for an open page. `since` is the state the page shows; after a reconnect it is `Last-Event-ID`.
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

/// The log page follows a log.
fn log(site: &Site, _: &Request, form: &Form, reply: ReplyTo) {
    follow::for_page(&site.context, named_log(form), reply);
}

/// Downloads a whole log.
fn download(site: &Site, _: &Request, form: &Form, reply: ReplyTo) {
    follow::download(&site.context, named_log(form), reply);
}

fn named_log(form: &Form) -> LogName {
    tail::LogChoice::of(form).log(form.value("processname").unwrap_or_default())
}

/// A path without its leading slashes.
fn relative(path: &[u8]) -> &[u8] {
    let start = path.iter().position(|&byte| byte != b'/').unwrap_or(path.len());
    &path[start..]
}

#[cfg(test)]
mod tests;
