//! Closing down.

use crate::support::{PATIENCE, echo, start};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::time::Duration;
use supervisor_http::{Limits, Response, Status};

#[test]
fn when_listening_has_stopped_the_address_is_free_and_connections_go_on() {
    let server = start(Limits::default(), echo);
    let mut client = server.client();
    client.assert_alive();
    let (done, stopped) = mpsc::channel();
    server.handle.stop_listening(move || done.send(()).unwrap());
    stopped.recv_timeout(PATIENCE).unwrap();
    assert!(TcpStream::connect(server.address).is_err());
    client.assert_alive();
    TcpListener::bind(server.address).unwrap();
}

#[test]
fn draining_lets_requests_in_flight_finish_and_closes_the_others() {
    let (sender, pending) = mpsc::channel();
    let server = start(Limits::default(), move |request, reply| {
        if request.path == b"/later" { sender.send(reply).unwrap() } else { echo(request, reply) }
    });
    let mut idle = server.client();
    idle.assert_alive();
    let mut busy = server.client();
    busy.send("GET /later HTTP/1.1\r\n\r\n");
    let reply = pending.recv_timeout(PATIENCE).unwrap();
    let (done, drained) = mpsc::channel();
    server.handle.drain(PATIENCE, move || done.send(()).unwrap());
    idle.assert_closed();
    assert!(drained.try_recv().is_err());
    reply.send(Response::new(Status::Ok).body("in time"));
    assert!(busy.rest().ends_with("in time"));
    drained.recv_timeout(PATIENCE).unwrap();
    server.handle.join();
}

#[test]
fn draining_ends_when_its_time_is_up() {
    let (sender, pending) = mpsc::channel();
    let server = start(Limits::default(), move |_, reply| sender.send(reply).unwrap());
    let mut busy = server.client();
    busy.send("GET / HTTP/1.1\r\n\r\n");
    let reply = pending.recv_timeout(PATIENCE).unwrap();
    server.handle.drain(Duration::from_millis(50), || ());
    busy.assert_closed();
    assert!(reply.client().is_gone());
    server.handle.join();
    reply.send(Response::new(Status::Ok));
}

#[test]
fn dropping_the_handle_closes_everything() {
    let server = start(Limits::default(), echo);
    let mut client = server.client();
    client.assert_alive();
    drop(server.handle);
    client.assert_closed();
}

#[test]
fn a_reply_dropped_while_draining_closes_without_an_answer() {
    let (sender, pending) = mpsc::channel();
    let server = start(Limits::default(), move |_, reply| sender.send(reply).unwrap());
    let mut busy = server.client();
    busy.send("GET / HTTP/1.1\r\n\r\n");
    let reply = pending.recv_timeout(PATIENCE).unwrap();
    server.handle.drain(PATIENCE, || ());
    drop(reply);
    busy.assert_closed();
}
