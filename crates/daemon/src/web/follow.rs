//! `/logtail` and `/mainlogtail`: logs as they grow.
//!
//! The pump says when a log has changed, the pool reads it, and the server takes a piece when its client has
//! room. Of each stream there is one piece read ahead and one on its way; a client that does not read leaves
//! the rest in the file.

use super::relative;
use crate::api::Backend;
use crate::request::{LogLocation, LogName, LogPurpose, Reply, Request as Question};
use crate::workers::pool::Pool;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::UNIX_EPOCH;
use supervisor_core::{Channel, Wall};
use supervisor_http::{Next, ReplyTo, Request, Response, Source, Status, StreamWaker, percent_encode};
use supervisor_log::tail::{Follower, Step};
use supervisor_log::{FollowGuard, FollowKey};
use supervisor_rpc::Fault;
use supervisor_sys::clock;

/// `/logtail/NAME[/CHANNEL]`.
pub(super) fn process_log(backend: &Backend, request: &Request, reply: ReplyTo) {
    if request.method != b"GET" {
        return reply.send(Response::error(Status::BadRequest));
    }
    match named_log(&request.path) {
        Some(log) => follow(backend, log, View::Upstream, reply),
        None => reply.send(Response::error(Status::NotFound)),
    }
}

/// `/mainlogtail`.
pub(super) fn main_log(backend: &Backend, request: &Request, reply: ReplyTo) {
    if request.method != b"GET" {
        return reply.send(Response::error(Status::BadRequest));
    }
    follow(backend, LogName::Main, View::Upstream, reply);
}

/// What stands behind `/logtail`, or whatever begins like it, up to the next slash.
fn named_log(path: &[u8]) -> Option<LogName> {
    let path = String::from_utf8_lossy(relative(path));
    let (_, rest) = path.split_once('/')?;
    let (name, channel) = rest.split_once('/').unwrap_or((rest, "stdout"));
    let channel = match channel {
        "stdout" => Channel::Stdout,
        "stderr" => Channel::Stderr,
        _ => return None,
    };
    Some(LogName::Process { name: name.to_owned(), channel })
}

/// How much of a log a stream carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum View {
    /// What upstream's begin with, and then whatever comes.
    Upstream,
    /// What fills some screens, and then whatever comes.
    Page,
    /// All that is there.
    File,
}

impl View {
    /// How far back it begins, in bytes; `None`: as upstream's.
    fn backlog(self) -> Option<u64> {
        match self {
            Self::Upstream => None,
            Self::Page => Some(128 * 1024),
            Self::File => Some(u64::MAX),
        }
    }
}

/// `/ui/log`: for the log page.
pub(super) fn for_page(backend: &Backend, log: LogName, reply: ReplyTo) {
    follow(backend, log, View::Page, reply);
}

/// `/ui/download`: a whole log, as it is now.
pub(super) fn download(backend: &Backend, log: LogName, reply: ReplyTo) {
    follow(backend, log, View::File, reply);
}

fn follow(backend: &Backend, log: LogName, view: View, reply: ReplyTo) {
    let is_process_log = log != LogName::Main;
    let follower = backend.clone();
    let take = move |located: Result<LogLocation, Fault>| match located {
        Ok(LogLocation { path: Some(path), key }) => {
            let disk = follower.disk.clone();
            // If it is not taken, the reply is dropped with it, which the client is told with an answer of 500.
            let _refused = disk.submit(Box::new(move || {
                reply.send(open(&follower, &path, key, is_process_log, view));
            }));
        }
        Ok(LogLocation { path: None, .. }) | Err(_) => reply.send(Response::error(Status::NotFound)),
    };
    backend.ask(Question::Log { log, purpose: LogPurpose::Follow, reply: Reply::new(take) });
}

/// Opens a log; what cannot be followed counts as not being there, since it may be later.
fn open(backend: &Backend, path: &Path, key: FollowKey, is_process_log: bool, view: View) -> Response {
    // Changes count from before the first read, so that none falls between.
    let state = State { ends_when_idle: view == View::File, ..State::default() };
    let shared = Arc::new(Shared { state: Mutex::new(state), disk: backend.disk.clone() });
    let changed = Arc::clone(&shared);
    let follow = backend.pump.follow(key, path, move || changed.has_changed());
    let follower = match view.backlog() {
        None => Follower::open(path),
        Some(backlog) => Follower::open_with(path, backlog),
    };
    let opened = follower.and_then(|follower| Ok((follower.modified()?, follower)));
    let Ok((modified, follower)) = opened else { return Response::error(Status::NotFound) };
    {
        let mut state = shared.lock();
        state.follower = Some(follower);
        state.has_changed = true;
    }
    let since_epoch = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    let modified = Wall { micros: i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX) };
    let response = Response::new(Status::Ok)
        .header("Last-Modified", clock::http_date(modified))
        .header("Content-Type", "text/plain;charset=utf-8");
    // nginx, which often stands in front of this, would otherwise hold the lines back.
    let response = if is_process_log || view == View::Page {
        response.header("X-Accel-Buffering", "no")
    } else {
        response
    };
    let response = if view == View::File {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = percent_encode(name.as_bytes());
        response.header("Content-Disposition", format!("attachment; filename*=UTF-8''{name}"))
    } else {
        response
    };
    response
        .header("X-Content-Type-Options", "nosniff")
        .stream(Box::new(LogStream { shared, _follow: follow }))
}

/// A log on its way to a client.
struct LogStream {
    shared: Arc<Shared>,
    /// The pump calls as long as this lives.
    _follow: FollowGuard,
}

/// What server, pump and pool have in common about one stream.
struct Shared {
    state: Mutex<State>,
    disk: Pool,
}

#[derive(Default)]
struct State {
    /// `None` before the log is open and while the pool reads.
    follower: Option<Follower>,
    /// Read ahead.
    piece: Option<Vec<u8>>,
    /// What is there is all that is wanted.
    ends_when_idle: bool,
    /// There may be more than was read.
    has_changed: bool,
    /// The log cannot be read any more.
    has_ended: bool,
    waker: Option<StreamWaker>,
}

impl Drop for LogStream {
    /// Closing a file may wait for its disk as well. A follower that is being read with is closed by its reader.
    fn drop(&mut self) {
        if let Some(follower) = self.shared.lock().follower.take() {
            let _refused = self.shared.disk.submit(Box::new(move || drop(follower)));
        }
    }
}

impl Source for LogStream {
    fn start(&mut self, waker: StreamWaker) {
        let mut state = self.shared.lock();
        state.waker = Some(waker);
        self.shared.read_on(state);
    }

    fn next(&mut self, max: usize) -> Next {
        let mut state = self.shared.lock();
        let Some(mut piece) = state.piece.take() else {
            return if state.has_ended { Next::End } else { Next::Pending };
        };
        if piece.len() > max {
            state.piece = Some(piece.split_off(max));
        }
        self.shared.read_on(state);
        Next::Chunk(piece)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // No foreign code runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pump has changed the log.
    fn has_changed(self: &Arc<Self>) {
        let mut state = self.lock();
        state.has_changed = true;
        self.read_on(state);
    }

    /// Has the next piece read, if there may be one and nothing is read ahead or being read.
    fn read_on(self: &Arc<Self>, mut state: MutexGuard<'_, State>) {
        if state.piece.is_some() || !state.has_changed {
            return;
        }
        let Some(follower) = state.follower.take() else { return };
        state.has_changed = false;
        drop(state);
        let shared = Arc::clone(self);
        if self.disk.submit(Box::new(move || shared.read(follower))).is_err() {
            self.end();
        }
    }

    /// Reads a piece; runs in the pool.
    fn read(self: &Arc<Self>, mut follower: Follower) {
        let step = follower.step();
        let mut state = self.lock();
        state.follower = Some(follower);
        match step {
            Ok(Step::Data(piece)) => {
                state.piece = Some(piece);
                state.has_changed = true;
                let waker = state.waker.clone();
                drop(state);
                waker.inspect(StreamWaker::wake);
            }
            Ok(Step::Idle) if state.ends_when_idle => {
                drop(state);
                self.end();
            }
            Ok(Step::Idle) => self.read_on(state),
            Err(_) => {
                drop(state);
                self.end();
            }
        }
    }

    fn end(&self) {
        let mut state = self.lock();
        state.has_ended = true;
        let waker = state.waker.clone();
        drop(state);
        waker.inspect(StreamWaker::wake);
    }
}
