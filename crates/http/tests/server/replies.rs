//! Answers that come later, from elsewhere, or not at all.

use crate::support::{PATIENCE, echo, error_answer, eventually, start};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use supervisor_http::{Limits, Response, Status};

/// RPC-52: clients that wait do not wait for each other.
#[test]
fn answers_come_in_any_order_over_different_connections() {
    let (sender, pending) = mpsc::channel();
    let server = start(Limits::default(), move |_, reply| sender.send(reply).unwrap());
    let mut clients: Vec<_> = (0..10).map(|_| server.client()).collect();
    let mut replies = Vec::new();
    for client in &mut clients {
        client.send("GET / HTTP/1.1\r\n\r\n");
        replies.push(pending.recv_timeout(PATIENCE).unwrap());
    }
    for (number, reply) in replies.into_iter().enumerate().rev() {
        reply.send(Response::new(Status::Ok).body(number.to_string()));
        assert!(clients[number].answer().ends_with(&format!("\r\n\r\n{number}")));
    }
}

#[test]
fn a_dropped_reply_answers_500() {
    let server = start(Limits::default(), |_, reply| drop(reply));
    let mut client = server.client();
    client.send("GET / HTTP/1.1\r\n\r\n");
    assert_eq!(client.answer(), error_answer("1.1", 500, "Internal Server Error", ""));
}

#[test]
fn an_answer_may_be_made_on_the_servers_thread() {
    let server = start(Limits::default(), |request, reply| {
        reply.send_with(move || {
            assert!(request.path != b"/panic", "expected in this test");
            Response::new(Status::Ok).body(std::thread::current().name().unwrap_or_default().to_owned())
        });
    });
    let mut client = server.client();
    client.send("GET / HTTP/1.1\r\n\r\n");
    assert!(client.answer().ends_with("\r\n\r\nhttp"));
    client.send("GET /panic HTTP/1.1\r\n\r\n");
    assert_eq!(client.answer(), error_answer("1.1", 500, "Internal Server Error", ""));
}

#[test]
fn a_service_that_panics_answers_500_and_goes_on() {
    let server = start(Limits::default(), |request, reply| {
        assert!(request.path != b"/panic", "expected in this test");
        echo(request, reply);
    });
    let mut client = server.client();
    client.send("GET /panic HTTP/1.1\r\n\r\n");
    assert_eq!(client.answer(), error_answer("1.1", 500, "Internal Server Error", ""));
    client.assert_alive();
    assert!(server.logged("Error a request made its handler panic"));
}

#[test]
fn disconnect_hooks_run_when_the_client_is_gone() {
    let (sender, pending) = mpsc::channel();
    let server = start(Limits::default(), move |_, reply| sender.send(reply).unwrap());
    let mut client = server.client();
    client.send("GET / HTTP/1.1\r\n\r\n");
    let reply = pending.recv_timeout(PATIENCE).unwrap();
    let (told, gone) = mpsc::channel();
    reply.client().on_disconnect(move || told.send(()).unwrap());
    assert!(!reply.client().is_gone());
    drop(client);
    gone.recv_timeout(PATIENCE).unwrap();
    assert!(reply.client().is_gone());
    let told_late = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&told_late);
    reply.client().on_disconnect(move || flag.store(true, Ordering::Relaxed));
    assert!(told_late.load(Ordering::Relaxed), "the hook of a client that is gone runs at once");
    reply.send(Response::new(Status::Ok));
}

#[test]
fn hooks_are_not_called_after_the_answer() {
    let called = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&called);
    let server = start(Limits::default(), move |request, reply| {
        let flag = Arc::clone(&flag);
        reply.client().on_disconnect(move || flag.store(true, Ordering::Relaxed));
        echo(request, reply);
    });
    let mut client = server.client();
    client.assert_alive();
    drop(client);
    server.client().assert_alive();
    eventually("the hook is dropped", || Arc::strong_count(&called) <= 2);
    assert!(!called.load(Ordering::Relaxed));
}

#[test]
fn a_client_that_only_stops_sending_still_gets_its_answer() {
    let (sender, pending) = mpsc::channel();
    let server = start(Limits::default(), move |_, reply| sender.send(reply).unwrap());
    let mut client = server.client();
    client.send("GET / HTTP/1.1\r\n\r\n");
    client.stream.shutdown(std::net::Shutdown::Write).unwrap();
    let reply = pending.recv_timeout(PATIENCE).unwrap();
    reply.send(Response::new(Status::Ok).body("still here"));
    assert!(client.rest().ends_with("still here"));
}

#[test]
fn a_request_is_served_even_if_its_sender_does_not_wait() {
    let (sender, paths) = mpsc::channel();
    let server = start(Limits::default(), move |request, reply| {
        sender.send(request.path.clone()).unwrap();
        echo(request, reply);
    });
    let mut client = server.client();
    client.send("GET /fire-and-forget HTTP/1.1\r\n\r\n");
    drop(client);
    assert_eq!(paths.recv_timeout(PATIENCE).unwrap(), b"/fire-and-forget");
}
