//! A stand-in for the supervision loop: tests take the requests out and answer them. And stand-ins for clients.

use super::Backend;
use crate::request::{self, Identity, Inbox, LogLocation, LogName, LogPurpose, Order, Request};
use crate::workers::pool::Pool;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;
use supervisor_core::{Answer, Level, Mood, Pid, Ticket};
use supervisor_http::{Body, Headers, Limits, Peer, Request as HttpRequest, Response, Version};
use supervisor_log::{FollowKey, MainDestination, MainLog, MainLogSpec, Pump};
use supervisor_rpc::{Fault, FaultCode};

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);

/// The loop's end of the queue, and what handlers need to reach it.
pub(crate) struct Double {
    pub(crate) backend: Backend,
    inbox: Inbox,
    woken: mpsc::Receiver<()>,
}

impl Double {
    pub(crate) fn new() -> Self {
        Self::with_log(MainLog::nowhere())
    }

    /// With a main log in this file.
    pub(crate) fn logging_to(path: &Path) -> Self {
        let destination = MainDestination::File { path: path.to_owned(), max_bytes: 0, backups: 0 };
        let spec = MainLogSpec { level: Level::Trace, destination, copy_to_stdout: false };
        Self::with_log(MainLog::open(&spec).unwrap())
    }

    fn with_log(log: MainLog) -> Self {
        let (wake, woken) = mpsc::channel();
        let (requests, inbox) = request::channel(Arc::new(move || {
            // Nobody waits any more once the test is over.
            let _ = wake.send(());
        }));
        let pump = Pump::start(&log, |_| ()).unwrap();
        let disk = Pool::new("disk");
        let answers = Limits::default().memory;
        Self { backend: Backend { requests, disk, answers, log, pump, has_supervisor: true }, inbox, woken }
    }

    /// The next request; waits for it.
    pub(crate) fn take(&self) -> Request {
        loop {
            if let Some(request) = self.inbox.take() {
                return request;
            }
            self.woken.recv_timeout(PATIENCE).unwrap();
        }
    }

    /// Whether nothing was asked.
    pub(crate) fn is_idle(&self) -> bool {
        self.inbox.take().is_none()
    }

    /// Answers the next request, which must be who supervisord is.
    pub(crate) fn identify(&self, mood: Mood) {
        let Request::Identity { reply } = self.take() else { panic!("not asked who it is") };
        reply.send(Identity { mood, identification: "supervisor".into(), pid: Pid::new(4242).unwrap() });
    }

    /// Answers the next request, which must be an order, and tells what it was.
    pub(crate) fn obey(&self, answer: Answer) -> Order {
        let (_, order, reply) = self.take_order();
        reply.send(answer);
        order
    }

    /// The next request, which must be an order.
    pub(crate) fn take_order(&self) -> (Ticket, Order, request::Reply<Answer>) {
        let Request::Order { ticket, order, reply } = self.take() else { panic!("no order") };
        (ticket, order, reply)
    }

    /// Answers the next request, which must ask for a log: it is in this file, or in none.
    pub(crate) fn locate(&self, path: Option<&Path>) -> (LogName, LogPurpose) {
        let Request::Log { log, purpose, reply } = self.take() else { panic!("not asked for a log") };
        reply.send(Ok(LogLocation { path: path.map(Path::to_owned), key: FollowKey::Main }));
        (log, purpose)
    }

    /// Answers the next request, which must ask for a log: there is no such process.
    pub(crate) fn know_no_log(&self) {
        let Request::Log { log, reply, .. } = self.take() else { panic!("not asked for a log") };
        let LogName::Process { name, .. } = log else { panic!("the main log is always known") };
        reply.send(Err(Fault::with_detail(FaultCode::BadName, name)));
    }
}

/// A request as the server hands it over.
pub(crate) fn http_request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> HttpRequest {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut lines: Vec<(&str, &str)> = headers.to_vec();
    let length = body.len().to_string();
    if method == "POST" {
        lines.push(("Content-Length", &length));
    }
    HttpRequest {
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

/// The body of an answer that is not a stream.
pub(crate) fn body(response: &Response) -> &str {
    let Body::Bytes(bytes) = &response.body else { panic!("a stream") };
    std::str::from_utf8(bytes).unwrap()
}

/// A directory of its own for a test; removed with it.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("supervisor-api-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is left to whoever cleans the temporary directory.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
