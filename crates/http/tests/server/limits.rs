//! Limits, each with its written answer, and clients that try them.

use crate::support::{PATIENCE, echo, error_answer, eventually, start};
use ::support::Stopwatch;
use std::collections::VecDeque;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Duration;
use supervisor_http::{Budget, Limits, Response, Status};

const LAST: &str = "Connection: close\r\n";

#[test]
fn a_head_over_the_limit_is_answered_with_431() {
    let server = start(Limits::default(), echo);
    for head in ["GET / HTTP/1.1\r\nX: ".to_owned() + &"x".repeat(10_000_000), "x".repeat(70_000)] {
        let mut client = server.client();
        client.send_what_it_takes(head.as_bytes());
        assert_eq!(client.rest(), error_answer("1.0", 431, "Request Header Fields Too Large", LAST));
    }
    let mut client = server.client();
    client.send(format!("GET / HTTP/1.1{}\r\n\r\n", "\r\nA: b".repeat(257)));
    assert_eq!(client.rest(), error_answer("1.0", 431, "Request Header Fields Too Large", LAST));
}

#[test]
fn a_head_just_under_the_limit_is_taken() {
    let server = start(Limits::default(), echo);
    let mut client = server.client();
    let (before, after) = ("GET / HTTP/1.1\r\nX: ", "\r\n\r\n");
    let filling = "x".repeat(64 * 1024 - before.len() - after.len());
    client.send(format!("{before}{filling}{after}"));
    assert!(client.answer().ends_with("GET / "));
}

#[test]
fn a_body_over_the_limit_is_answered_with_413_before_it_is_sent() {
    let server = start(Limits::default(), echo);
    for length in ["8388609", "99999999999999999999"] {
        let mut client = server.client();
        client.send(format!("POST /RPC2 HTTP/1.1\r\nContent-Length: {length}\r\n\r\n"));
        assert_eq!(client.rest(), error_answer("1.1", 413, "Request Entity Too Large", LAST));
    }
}

#[test]
fn a_body_at_the_limit_is_taken() {
    let server = start(Limits::default(), |request, reply| {
        reply.send(Response::new(Status::Ok).body(request.body.len().to_string()));
    });
    let mut client = server.client();
    client.send("POST /RPC2 HTTP/1.1\r\nContent-Length: 8388608\r\n\r\n");
    client.send(vec![b'x'; 8_388_608]);
    assert!(client.answer().ends_with("\r\n\r\n8388608"));
}

#[test]
fn bodies_of_all_clients_together_are_bounded_but_small_ones_always_fit() {
    let limits = Limits { memory: Budget::new(600_000), ..Limits::default() };
    let server = start(limits, echo);
    let half = vec![b'x'; 200_000];
    let mut first = server.client();
    first.send("POST / HTTP/1.1\r\nContent-Length: 200001\r\n\r\n");
    first.send(&half);
    // Each of these answers takes turns in which the server reads what the first has sent.
    for _ in 0..10 {
        server.client().assert_alive();
    }
    let mut second = server.client();
    second.send("POST / HTTP/1.1\r\nContent-Length: 200001\r\n\r\n");
    second.send_what_it_takes(&half);
    let refused = error_answer("1.0", 503, "Service Unavailable", LAST);
    assert_eq!(second.rest(), refused);
    let mut small = server.client();
    small.send("POST /small HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
    assert!(small.answer().ends_with("POST /small hi"));
    first.send("y");
    assert!(first.answer().ends_with("xy"));
}

#[test]
fn unread_answers_are_bounded_together_but_small_ones_always_fit() {
    const LARGE: usize = 32 * 1024 * 1024;
    let limits = Limits { memory: Budget::new(LARGE + LARGE / 2), ..Limits::default() };
    let server = start(limits, |request, reply| match &request.path[..] {
        b"/large" => reply.send(Response::new(Status::Ok).body(vec![b'x'; LARGE])),
        _ => echo(request, reply),
    });
    let ask = b"GET /large HTTP/1.1\r\n\r\n";
    let mut idle = server.client();
    idle.send(ask);
    idle.until(b"\r\n\r\n");
    let mut second = server.client();
    second.send(ask);
    assert_eq!(second.rest(), error_answer("1.1", 503, "Service Unavailable", LAST));
    server.client().assert_alive();
    assert_eq!(idle.take(LARGE).len(), LARGE);
    idle.send(ask);
    idle.until(b"\r\n\r\n");
    assert_eq!(idle.take(LARGE).len(), LARGE);
}

#[test]
fn a_slow_sender_is_answered_with_408() {
    let limits = Limits { request_timeout: Duration::from_millis(200), ..Limits::default() };
    let server = start(limits, echo);
    for start_of_request in ["GET / HT", "POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\nab"] {
        let mut client = server.client();
        client.send(start_of_request);
        assert_eq!(client.rest(), error_answer("1.0", 408, "Request Time-out", LAST));
    }
}

#[test]
fn a_slow_sender_does_not_delay_others() {
    let server = start(Limits::default(), echo);
    let mut dripping: Vec<_> = (0..50).map(|_| server.client()).collect();
    for client in &mut dripping {
        client.send("POST /drip HTTP/1.1\r\nContent-Length: 2\r\n\r\n");
    }
    server.client().assert_alive();
    for client in &mut dripping {
        client.send("a");
    }
    server.client().assert_alive();
    for client in &mut dripping {
        client.send("b");
        assert!(client.answer().ends_with("POST /drip ab"));
    }
}

#[test]
fn a_client_that_never_reads_its_answer_is_dropped_in_the_end() {
    const SIZE: usize = 32 * 1024 * 1024;
    // Long enough for the steps in front of the end, also on a machine that stands still for a while.
    let limits = Limits { answer_timeout: Duration::from_secs(4), connections: 1, ..Limits::default() };
    let server = start(limits, move |request, reply| {
        if request.path == b"/big" {
            reply.send(Response::new(Status::Ok).body(vec![b'x'; SIZE]));
        } else {
            echo(request, reply);
        }
    });
    let mut deaf = server.client();
    deaf.send("GET /big HTTP/1.1\r\n\r\n");
    deaf.until(b"\r\n\r\n");
    let mut outside = server.client();
    assert_eq!(outside.rest(), error_answer("1.0", 503, "Service Unavailable", LAST));
    eventually("its place is free", || {
        let mut client = server.client();
        client.send_what_it_takes(b"GET /in HTTP/1.0\r\n\r\n");
        client.rest().ends_with("GET /in ")
    });
    assert!(deaf.rest().len() < SIZE, "the answer must have been cut off");
}

/// 200 silent connections neither cost the others anything nor are they cut.
#[test]
fn silent_connections_are_left_alone() {
    let server = start(Limits::default(), echo);
    let mut silent: Vec<_> = (0..200).map(|_| server.client()).collect();
    server.client().assert_alive();
    for client in &mut silent {
        client.assert_alive();
    }
}

#[test]
fn over_the_connection_limit_clients_get_503_and_are_admitted_again_later() {
    let server = start(Limits { connections: 3, ..Limits::default() }, echo);
    let mut inside: Vec<_> = (0..3).map(|_| server.client()).collect();
    for client in &mut inside {
        client.assert_alive();
    }
    for _ in 0..40 {
        let mut outside = server.client();
        outside.send_what_it_takes(b"GET / HTTP/1.1\r\n\r\n");
        assert_eq!(outside.rest(), error_answer("1.0", 503, "Service Unavailable", LAST));
    }
    assert_eq!(server.log.lock().unwrap().matches("has reached its limit of 3 connections").count(), 1);
    inside.pop();
    eventually("there is room again", || {
        let mut client = server.client();
        client.send_what_it_takes(b"GET /in HTTP/1.0\r\n\r\n");
        client.rest().ends_with("GET /in ")
    });
    for client in &mut inside {
        client.assert_alive();
    }
}

#[test]
fn every_client_over_the_limit_gets_503_at_once() {
    let limits = Limits { connections: 1, linger: PATIENCE * 2, ..Limits::default() };
    let server = start(limits, echo);
    let mut inside = server.client();
    inside.assert_alive();
    let mut outside: Vec<_> = (0..300).map(|_| server.client()).collect();
    for client in &mut outside {
        assert_eq!(client.answer(), error_answer("1.0", 503, "Service Unavailable", LAST));
    }
    inside.assert_alive();
}

/// Connections over the limit, opened faster than they can be rejected.
#[test]
fn rejected_connections_do_not_delay_admitted_ones() {
    const ROUNDS: usize = 50;
    let limits = Limits { connections: 200, ..Limits::default() };
    let server = start(limits, echo);
    let mut inside = server.client();
    inside.assert_alive();
    let (address, is_over) = (server.address, AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut crowd = VecDeque::new();
                while !is_over.load(Ordering::Relaxed) {
                    crowd.extend(TcpStream::connect(address));
                    if crowd.len() > 100 {
                        crowd.pop_front();
                    }
                }
            });
        }
        eventually("the door is crowded", || server.log.lock().unwrap().contains("has reached its limit"));
        let mut times: Vec<_> = (0..ROUNDS)
            .map(|_| {
                let stopwatch = Stopwatch::start();
                inside.assert_alive();
                stopwatch.elapsed()
            })
            .collect();
        is_over.store(true, Ordering::Relaxed);
        // A server that rejects all new connections first is slow each time; one that does not may be now and then, as
        // the clients need the processor as well.
        times.sort();
        let median = times[ROUNDS / 2];
        assert!(
            median < Duration::from_millis(500),
            "an answer took {median:?}, at worst {:?}",
            times.last()
        );
    });
}

#[test]
fn at_the_limit_the_connection_idle_for_longest_makes_room() {
    let limits = Limits { connections: 2, idle: Duration::ZERO, ..Limits::default() };
    let server = start(limits, echo);
    let mut oldest = server.client();
    oldest.assert_alive();
    let mut newer = server.client();
    newer.assert_alive();
    server.client().assert_alive();
    oldest.assert_closed();
    newer.assert_alive();
}

#[test]
fn a_connection_with_a_request_in_hand_is_never_closed_for_room() {
    let (sender, pending) = mpsc::channel();
    let limits = Limits { connections: 1, idle: Duration::ZERO, ..Limits::default() };
    let server = start(limits, move |_, reply| sender.send(reply).unwrap());
    let mut waiting = server.client();
    waiting.send("GET / HTTP/1.1\r\n\r\n");
    let reply = pending.recv_timeout(PATIENCE).unwrap();
    let mut outside = server.client();
    assert_eq!(outside.rest(), error_answer("1.0", 503, "Service Unavailable", LAST));
    reply.send(Response::new(Status::Ok).body("done"));
    assert!(waiting.answer().ends_with("done"));
}
