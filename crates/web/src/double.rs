//! Test doubles of the supervisor and of clients.

use super::Context;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use supervisor_control::double::{self, worker};
use supervisor_core::Level;
use supervisor_http::{Body, Headers, Peer, Request, Response, Version};
use supervisor_log::{MainDestination, MainLog, MainLogSpec, Pump};

pub(super) struct Double {
    supervisor: double::Double,
    pub(super) context: Context,
}

impl Double {
    pub(super) fn new() -> Self {
        Self::with_log(MainLog::nowhere())
    }

    /// The main log goes to this file.
    pub(super) fn logging_to(path: &Path) -> Self {
        let destination = MainDestination::File { path: path.to_owned(), max_bytes: 0, backups: 0 };
        let spec = MainLogSpec { level: Level::Trace, destination, copy_to_stdout: false };
        Self::with_log(MainLog::open(&spec).unwrap())
    }

    fn with_log(log: MainLog) -> Self {
        let supervisor = double::Double::new();
        let (control, blocking) = (supervisor.control.clone(), worker());
        let pump = Pump::start(&log, |_| ()).unwrap();
        Self { supervisor, context: Context { control, blocking, log, pump } }
    }
}

impl Deref for Double {
    type Target = double::Double;

    fn deref(&self) -> &Self::Target {
        &self.supervisor
    }
}

/// A request as the server passes it.
pub(super) fn http_request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut lines: Vec<(&str, &str)> = headers.to_vec();
    let length = body.len().to_string();
    if method == "POST" {
        lines.push(("Content-Length", &length));
    }
    Request {
        method: method.into(),
        target: target.into(),
        path: supervisor_http::percent_decode(path.as_bytes()),
        query: query.into(),
        version: Version::Http11,
        headers: lines.into_iter().collect::<Headers>(),
        body: body.to_vec(),
        peer: Peer::Unix,
        section: Arc::from("unix_http_server"),
    }
}

/// The body of an unstreamed answer.
pub(super) fn body(response: &Response) -> &str {
    let Body::Bytes(bytes) = &response.body else { panic!("a stream") };
    std::str::from_utf8(bytes).unwrap()
}
