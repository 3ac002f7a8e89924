//! Answers of a known length that are made as they are sent.

use crate::streams::Feed;
use crate::support::{PATIENCE, Server, echo, eventually, start};
use std::net::Shutdown;
use std::time::Duration;
use supervisor_http::{Limits, Response, Status};

fn start_serving(feed: &Feed, length: usize, limits: Limits) -> Server {
    let feed = feed.clone();
    start(limits, move |request, reply| {
        if request.path == b"/pieces" {
            reply.send(Response::new(Status::Ok).pieces(length, Box::new(feed.clone())));
        } else {
            echo(request, reply);
        }
    })
}

const HEAD: &str = "HTTP/1.1 200 OK\r\nServer: Medusa/1.12\r\nDate: D\r\nContent-Length: 6\r\n\r\n";

#[test]
fn pieces_become_one_answer_with_a_length() {
    let feed = Feed::default();
    let server = start_serving(&feed, 6, Limits::default());
    let mut client = server.client();
    client.send("GET /pieces HTTP/1.1\r\n\r\nGET /next HTTP/1.1\r\n\r\n");
    client.until(b"\r\n\r\n");
    feed.push(b"abc");
    assert_eq!(client.take(3), b"abc");
    feed.push(b"def");
    assert_eq!(client.take(3), b"def");
    assert!(client.answer().ends_with("GET /next "));
    client.send("HEAD /pieces HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_eq!(client.rest(), HEAD);
    eventually("the source is dropped", || feed.users() == 2);
}

#[test]
fn too_few_or_too_many_bytes_end_the_connection() {
    for piece in [&b"abc"[..], b"abcdefg"] {
        let feed = Feed::default();
        let server = start_serving(&feed, 6, Limits::default());
        let mut client = server.client();
        client.send("GET /pieces HTTP/1.1\r\n\r\n");
        feed.push(piece);
        feed.end();
        let expected = if piece.len() < 6 { "abc" } else { "" };
        assert_eq!(client.rest(), format!("{HEAD}{expected}"));
    }
}

#[test]
fn a_client_that_sends_no_more_and_a_server_that_ends_get_the_whole_answer() {
    let feed = Feed::default();
    let server = start_serving(&feed, 6, Limits::default());
    let mut client = server.client();
    client.send("GET /pieces HTTP/1.1\r\n\r\n");
    client.stream.shutdown(Shutdown::Write).unwrap();
    client.until(b"\r\n\r\n");
    server.handle.drain(PATIENCE, || ());
    feed.push(b"abcdef");
    assert_eq!(client.rest(), "abcdef");
    eventually("the server has ended", || server.handle.is_finished());
}

#[test]
fn a_client_that_takes_nothing_is_dropped_in_the_end() {
    const SIZE: usize = 32 * 1024 * 1024;
    let feed = Feed::default();
    let limits = Limits { answer_timeout: Duration::from_secs(2), ..Limits::default() };
    let server = start_serving(&feed, SIZE, limits);
    let mut deaf = server.client();
    deaf.send("GET /pieces HTTP/1.1\r\n\r\n");
    deaf.until(b"\r\n\r\n");
    for _ in 0..SIZE / 65_536 {
        feed.push(&vec![b'x'; 65_536]);
    }
    eventually("the source is dropped", || feed.users() == 2);
    assert!(deaf.rest().len() < SIZE, "the answer must have been cut off");
    drop(server);
}
