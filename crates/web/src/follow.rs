//! `/logtail` and `/mainlogtail`: logs as they grow.
//!
//! The pump notifies of changes, and the log is [read ahead](ReadAhead) by one piece.

use super::Context;
use super::relative;
use std::io;
use std::path::Path;
use std::time::UNIX_EPOCH;
use supervisor_control::{LogLocation, LogName, Piece, Poll, ReadAhead, Reader};
use supervisor_core::{Channel, Wall};
use supervisor_http::{Next, ReplyTo, Request, Response, Source, Status, StreamWaker, percent_encode};
use supervisor_log::tail::{Follower, Step};
use supervisor_log::{FollowGuard, FollowKey};
use supervisor_sys::clock;

/// `/logtail/NAME[/CHANNEL]`.
pub(super) fn process_log(context: &Context, request: &Request, reply: ReplyTo) {
    if request.method != b"GET" {
        return reply.send(Response::error(Status::BadRequest));
    }
    match named_log(&request.path) {
        Some(log) => follow(context, log, Extent::Upstream, reply),
        None => reply.send(Response::error(Status::NotFound)),
    }
}

/// `/mainlogtail`.
pub(super) fn main_log(context: &Context, request: &Request, reply: ReplyTo) {
    if request.method != b"GET" {
        return reply.send(Response::error(Status::BadRequest));
    }
    follow(context, LogName::Main, Extent::Upstream, reply);
}

/// The log named after `/logtail`, or any other first segment that begins like it.
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
enum Extent {
    /// Upstream's 1024 bytes, then everything that is appended.
    Upstream,
    /// Some screens full, then everything that is appended.
    Page,
    /// The whole file, as it is.
    File,
}

impl Extent {
    /// How far from the end it begins, in bytes; `None`: as upstream.
    fn bytes_back(self) -> Option<u64> {
        match self {
            Self::Upstream => None,
            Self::Page => Some(128 * 1024),
            Self::File => Some(u64::MAX),
        }
    }
}

/// `/ui/log`: for the log page.
pub(super) fn for_page(context: &Context, log: LogName, reply: ReplyTo) {
    follow(context, log, Extent::Page, reply);
}

/// `/ui/download`: a whole log, as it is now.
pub(super) fn download(context: &Context, log: LogName, reply: ReplyTo) {
    follow(context, log, Extent::File, reply);
}

fn follow(context: &Context, log: LogName, extent: Extent, reply: ReplyTo) {
    let is_process_log = log != LogName::Main;
    let follower = context.clone();
    context.control.inspect(move |state| match state.log(&log) {
        Ok(LogLocation { path: Some(path), key }) => {
            let blocking = follower.blocking.clone();
            // If it is rejected, the reply is dropped with it, and the client gets status 500.
            blocking.run(move || reply.send(open(&follower, &path, key, is_process_log, extent)));
        }
        Ok(LogLocation { path: None, .. }) | Err(_) => reply.send(Response::error(Status::NotFound)),
    });
}

/// Opens a log; one that cannot be followed is 404, as it may appear later.
fn open(context: &Context, path: &Path, key: FollowKey, is_process_log: bool, extent: Extent) -> Response {
    let stream = ReadAhead::new(&context.blocking);
    // Registered before the first read, so that no change is missed.
    let notifier = stream.notifier();
    let follow = context.pump.follow(key, path, move || notifier.notify());
    let follower = match extent.bytes_back() {
        None => Follower::open(path),
        Some(bytes_back) => Follower::open_with(path, bytes_back),
    };
    let opened = follower.and_then(|follower| Ok((follower.modified()?, follower)));
    let Ok((modified, follower)) = opened else { return Response::error(Status::NotFound) };
    stream.set_reader(LogReader { follower, ends_when_idle: extent == Extent::File });
    let since_epoch = modified.duration_since(UNIX_EPOCH).unwrap_or_default();
    let modified = Wall { micros: i64::try_from(since_epoch.as_micros()).unwrap_or(i64::MAX) };
    let response = Response::new(Status::Ok)
        .header("Last-Modified", clock::http_date(modified))
        .header("Content-Type", "text/plain;charset=utf-8");
    // Otherwise nginx as a proxy buffers the lines.
    let response = if is_process_log || extent == Extent::Page {
        response.header("X-Accel-Buffering", "no")
    } else {
        response
    };
    let response = if extent == Extent::File {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = percent_encode(name.as_bytes());
        response.header("Content-Disposition", format!("attachment; filename*=UTF-8''{name}"))
    } else {
        response
    };
    response
        .header("X-Content-Type-Options", "nosniff")
        .stream(Box::new(LogStream { stream, _follow: follow }))
}

/// A log on its way to a client.
struct LogStream {
    stream: ReadAhead<LogReader>,
    /// The pump notifies as long as this is alive.
    _follow: FollowGuard,
}

struct LogReader {
    follower: Follower,
    /// The stream ends at the end of the file.
    ends_when_idle: bool,
}

impl Reader for LogReader {
    fn read(&mut self) -> io::Result<Piece> {
        Ok(match self.follower.step()? {
            Step::Data(piece) => Piece::Data(piece),
            Step::Idle if self.ends_when_idle => Piece::End,
            Step::Idle => Piece::Idle,
        })
    }
}

impl Source for LogStream {
    fn start(&mut self, waker: StreamWaker) {
        self.stream.start(move || waker.wake());
    }

    fn next(&mut self, max: usize) -> Next {
        match self.stream.poll(max) {
            Poll::Ready(piece) => Next::Chunk(piece),
            Poll::Pending => Next::Pending,
            Poll::End => Next::End,
        }
    }
}
