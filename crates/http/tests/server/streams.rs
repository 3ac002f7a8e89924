//! Answers without an end.

use crate::support::{Client, PATIENCE, echo, eventually, start};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use supervisor_http::{Limits, Next, Response, Source, Status, StreamWaker};

/// A source that is fed from the test.
#[derive(Clone, Default)]
pub(crate) struct Feed(Arc<Mutex<Fed>>);

#[derive(Default)]
pub(crate) struct Fed {
    pieces: VecDeque<Vec<u8>>,
    has_ended: bool,
    waker: Option<StreamWaker>,
}

impl Feed {
    pub(crate) fn push(&self, piece: &[u8]) {
        self.change(|fed| fed.pieces.push_back(piece.to_vec()));
    }

    pub(crate) fn end(&self) {
        self.change(|fed| fed.has_ended = true);
    }

    fn change(&self, change: impl FnOnce(&mut Fed)) {
        let mut fed = self.0.lock().unwrap();
        change(&mut fed);
        if let Some(waker) = &fed.waker {
            waker.wake();
        }
    }

    pub(crate) fn users(&self) -> usize {
        Arc::strong_count(&self.0)
    }
}

impl Source for Feed {
    fn start(&mut self, waker: StreamWaker) {
        self.0.lock().unwrap().waker = Some(waker);
    }

    fn next(&mut self, max: usize) -> Next {
        let mut fed = self.0.lock().unwrap();
        match fed.pieces.pop_front() {
            Some(piece) => {
                assert!(piece.len() <= max);
                Next::Chunk(piece)
            }
            None if fed.has_ended => Next::End,
            None => Next::Pending,
        }
    }
}

fn start_feeding(feed: &Feed) -> crate::support::Server {
    let feed = feed.clone();
    start(Limits::default(), move |request, reply| {
        if request.path == b"/stream" {
            let response = Response::new(Status::Ok).header("Content-Type", "text/plain");
            reply.send(response.stream(Box::new(feed.clone())));
        } else {
            echo(request, reply);
        }
    })
}

fn head(client: &mut Client) -> String {
    String::from_utf8(client.until(b"\r\n\r\n")).unwrap()
}

/// WEB-13: chunks as they come, headers at once.
#[test]
fn on_1_1_each_piece_is_a_chunk_and_the_head_comes_at_once() {
    let feed = Feed::default();
    let server = start_feeding(&feed);
    let mut client = server.client();
    client.send("GET /stream HTTP/1.1\r\n\r\n");
    assert!(head(&mut client).ends_with("Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"));
    feed.push(b"second\n");
    assert_eq!(client.take(12), b"7\r\nsecond\n\r\n");
    feed.push(&[b'x'; 27]);
    assert_eq!(client.take(33), [&b"1b\r\n"[..], &[b'x'; 27], b"\r\n"].concat());
    feed.end();
    assert_eq!(client.take(5), b"0\r\n\r\n");
    client.assert_alive();
}

/// WEB-17: on HTTP/1.0 bytes are sent at once too, and the end is the close.
#[test]
fn on_1_0_pieces_are_sent_raw_at_once_up_to_the_close() {
    let feed = Feed::default();
    feed.push(b"first\n");
    let server = start_feeding(&feed);
    let mut client = server.client();
    client.send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    assert!(head(&mut client).ends_with("Content-Type: text/plain\r\n\r\n"));
    assert_eq!(client.take(6), b"first\n");
    feed.push(b"second\n");
    assert_eq!(client.take(7), b"second\n");
    feed.end();
    client.assert_closed();
}

#[test]
fn the_source_is_dropped_when_its_client_leaves() {
    let feed = Feed::default();
    let server = start_feeding(&feed);
    let users = feed.users();
    let mut client = server.client();
    client.send("GET /stream HTTP/1.1\r\n\r\n");
    head(&mut client);
    assert_eq!(feed.users(), users + 1);
    drop(client);
    eventually("the source is dropped", || feed.users() == users);
}

/// A source that always has something, and counts how much was asked of it.
struct Flood(Arc<AtomicUsize>);

impl Source for Flood {
    fn start(&mut self, _waker: StreamWaker) {}

    fn next(&mut self, max: usize) -> Next {
        self.0.fetch_add(max, Ordering::Relaxed);
        Next::Chunk(vec![b'x'; max])
    }
}

#[test]
fn a_follower_that_never_reads_is_paused_and_goes_on_when_it_reads() {
    let given = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&given);
    let server = start(Limits::default(), move |request, reply| {
        if request.path == b"/stream" {
            reply.send(Response::new(Status::Ok).stream(Box::new(Flood(Arc::clone(&counter)))));
        } else {
            echo(request, reply);
        }
    });
    let mut client = server.client();
    client.send("GET /stream HTTP/1.0\r\n\r\n");
    head(&mut client);
    let paused_at = settled(&server, &given);
    // What the kernel holds for both sides plus one piece of ours.
    assert!(paused_at < 16 * 1024 * 1024, "{paused_at}");
    client.take(paused_at);
    eventually("the source is asked again", || given.load(Ordering::Relaxed) > paused_at);
}

/// The value of a counter once the server, which answers others meanwhile, no longer raises it.
fn settled(server: &crate::support::Server, counter: &AtomicUsize) -> usize {
    let deadline = std::time::Instant::now() + PATIENCE;
    let mut last = counter.load(Ordering::Relaxed);
    let mut unchanged = 0;
    while unchanged < 20 {
        assert!(std::time::Instant::now() < deadline, "the flood never pauses");
        server.client().assert_alive();
        let now = counter.load(Ordering::Relaxed);
        unchanged = if now == last { unchanged + 1 } else { 0 };
        last = now;
    }
    last
}

#[test]
fn a_flood_to_a_fast_reader_does_not_delay_others() {
    let given = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&given);
    let server = start(Limits::default(), move |request, reply| {
        if request.path == b"/stream" {
            reply.send(Response::new(Status::Ok).stream(Box::new(Flood(Arc::clone(&counter)))));
        } else {
            echo(request, reply);
        }
    });
    let mut greedy = server.client();
    greedy.send("GET /stream HTTP/1.1\r\n\r\n");
    let reader = std::thread::spawn(move || {
        for _ in 0..500 {
            greedy.take(64 * 1024);
        }
    });
    while !reader.is_finished() {
        server.client().assert_alive();
    }
    reader.join().unwrap();
}

/// Whether the kernel has a timer running for the server's end of the connection to `client`: with nothing on its way to
/// the client that is the one that asks whether the client is still there.
#[cfg(target_os = "linux")]
fn is_watched_over(client: &Client) -> bool {
    let (own, other) = (client.stream.local_addr().unwrap(), client.stream.peer_addr().unwrap());
    let ends = format!(":{:04X} 0100007F:{:04X} ", other.port(), own.port());
    let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
    let line = table.lines().find(|line| line.contains(&ends)).expect("the connection is open");
    line.split_whitespace().nth(5).is_some_and(|timer| timer.starts_with("02:"))
}

/// A client whose machine has died sends nothing, and a silent stream sends it nothing either.
#[cfg(target_os = "linux")]
#[test]
fn the_kernel_probes_the_client_of_a_silent_stream() {
    let feed = Feed::default();
    let server = start_feeding(&feed);
    let mut client = server.client();
    client.send("GET /stream HTTP/1.1\r\n\r\n");
    client.until(b"\r\n\r\n");
    eventually("a timer runs for the connection", || is_watched_over(&client));
}
