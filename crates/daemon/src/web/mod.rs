//! Everything clients reach over HTTP: which path leads where, and the pages behind them.
//!
//! Paths are matched in upstream's order: `/RPC2`, `/logtail` and `/mainlogtail` by what a path begins with, the
//! pages by their whole name, and what is left is a file. Pages own no state: they ask the supervision loop like
//! every other client, and answer when it has.

mod actions;
mod assets;
mod follow;
mod form;
mod page;
mod status;
mod tail;

use crate::api::{self, Backend};
use form::Form;
use std::io;
use supervisor_core::Wall;
use supervisor_http::{Handle, Limits, Listener, ReplyTo, Request, Response, Service, Status};
use supervisor_log::Level;
use supervisor_sys::clock;

/// Serves `listeners` on a thread of their own.
pub(crate) fn serve(listeners: Vec<Listener>, limits: Limits, backend: Backend) -> io::Result<Handle> {
    let log = backend.log.clone();
    let write = move |level, line: &str| log.log(level_of(level), line);
    supervisor_http::serve(listeners, limits, Box::new(Site::new(backend)), Box::new(write))
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
}

impl Site {
    fn new(backend: Backend) -> Self {
        Self { backend, since: clock::now().wall }
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
            _ => return reply.send(assets::answer(request, self.since)),
        };
        match Form::of(request) {
            Ok(form) => page(&self.backend, request, &form, reply),
            Err(status) => reply.send(Response::error(status)),
        }
    }
}

impl Service for Site {
    fn call(&mut self, request: Request, reply: ReplyTo) {
        if self.backend.requests.is_congested() {
            return reply.send(Response::error(Status::ServiceUnavailable));
        }
        if request.path.starts_with(b"/RPC2") {
            api::handle(&self.backend, request, reply);
        } else if request.path.starts_with(b"/logtail") {
            follow::process_log(&self.backend, &request, reply);
        } else if request.path.starts_with(b"/mainlogtail") {
            follow::main_log(&self.backend, &request, reply);
        } else {
            self.page(&request, reply);
        }
    }
}

/// For health checks: whoever gets this has reached a supervisord that takes requests.
fn healthy(_: &Backend, _: &Request, _: &Form, reply: ReplyTo) {
    reply.send(Response::new(Status::Ok).header("Content-Type", "text/plain").body("OK"));
}

/// A path without its leading slashes, of which there may be any number.
fn relative(path: &[u8]) -> &[u8] {
    let start = path.iter().position(|&byte| byte != b'/').unwrap_or(path.len());
    &path[start..]
}

#[cfg(test)]
mod tests;
