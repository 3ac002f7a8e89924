//! Requests in, answers out, to the byte.

use crate::support::{echo, error_answer, start};
use supervisor_http::{Limits, Response, Status};

const START: &str = "Server: Medusa/1.12\r\nDate: D\r\n";

fn xml(version: &str, body: &str, extra: &str) -> String {
    format!(
        "HTTP/{version} 200 OK\r\n{START}Content-Type: text/xml\r\nContent-Length: {}\r\n{extra}\r\n{body}",
        body.len()
    )
}

/// RPC-1.
#[test]
fn http_1_0_is_answered_and_closed() {
    let server = start(Limits::default(), echo);
    let mut client = server.client();
    client.send("POST /RPC2 HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc");
    assert_eq!(client.rest(), xml("1.0", "POST /RPC2 abc", ""));
}

/// RPC-2.
#[test]
fn http_1_1_stays_open_for_the_next_request() {
    let server = start(Limits::default(), echo);
    let mut client = server.client();
    for body in ["one", "two"] {
        client.send(format!("POST /RPC2 HTTP/1.1\r\nContent-Length: 3\r\n\r\n{body}"));
        assert_eq!(client.answer(), xml("1.1", &format!("POST /RPC2 {body}"), ""));
    }
}

/// RPC-3.
#[test]
fn http_1_0_with_keep_alive_stays_open_and_says_so() {
    let server = start(Limits::default(), echo);
    let mut client = server.client();
    for _ in 0..2 {
        client.send("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
        assert_eq!(client.answer(), xml("1.0", "GET /x ", "Connection: Keep-Alive\r\n"));
    }
}

#[test]
fn http_1_1_with_connection_close_is_closed_without_announcement() {
    let server = start(Limits::default(), echo);
    let mut client = server.client();
    client.send("GET /x HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert_eq!(client.rest(), xml("1.1", "GET /x ", ""));
}

/// RPC-51.
#[test]
fn a_request_without_version_is_answered_as_1_0_and_closed() {
    let server = start(Limits::default(), echo);
    let mut client = server.client();
    client.send("GET /x\r\n\r\n");
    assert_eq!(client.rest(), xml("1.0", "GET /x ", ""));
}

#[test]
fn an_unknown_version_is_echoed_and_stays_open() {
    let server = start(Limits::default(), echo);
    let mut client = server.client();
    client.send("GET /x HTTP/2.0\r\n\r\n");
    assert_eq!(client.answer(), xml("2.0", "GET /x ", ""));
    client.assert_alive();
}

#[test]
fn a_request_line_that_is_none_is_answered_with_400_and_closed() {
    let server = start(Limits::default(), echo);
    for line in ["GARBAGE", "GET  /x HTTP/1.1", "GET /x HTTP/1.1\r\n folded"] {
        let mut client = server.client();
        client.send(format!("{line}\r\n\r\n"));
        let expected = error_answer("1.0", 400, "Bad Request", "");
        assert_eq!(client.rest(), expected, "{line}");
    }
}

#[test]
fn a_blank_head_is_closed_without_an_answer() {
    let server = start(Limits::default(), echo);
    let mut client = server.client();
    client.send("\r\n\r\n");
    client.assert_closed();
}

#[test]
fn a_head_is_understood_however_it_is_cut() {
    let server = start(Limits::default(), echo);
    let mut client = server.client();
    for byte in b"\r\nPOST /a%20b;c?d HTTP/1.1\r\ncontent-length:2\r\nX: y z\r\nnonsense\r\n\r\nhi" {
        client.send([*byte]);
    }
    assert_eq!(client.answer(), xml("1.1", "POST /a b hi", ""));
}

#[test]
fn bare_line_feeds_end_no_head() {
    let server = start(Limits::default(), echo);
    let mut client = server.client();
    client.send("GET /x HTTP/1.1\n\n");
    client.send("\r\nX: y\r\n\r\n");
    assert_eq!(client.rest(), error_answer("1.0", 400, "Bad Request", ""));
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let server = start(Limits::default(), echo);
    let mut client = server.client();
    let request = |number| format!("POST /{number} HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi");
    let requests: Vec<String> = (0..200).map(request).collect();
    client.send(requests.concat());
    for number in 0..200 {
        assert_eq!(client.answer(), xml("1.1", &format!("POST /{number} hi"), ""));
    }
}

#[test]
fn a_request_behind_a_deferred_one_waits_for_its_answer() {
    let (sender, pending) = std::sync::mpsc::channel();
    let server = start(Limits::default(), move |request, reply| {
        if request.path == b"/later" { sender.send(reply).unwrap() } else { echo(request, reply) }
    });
    let mut client = server.client();
    client.send("GET /later HTTP/1.1\r\n\r\nGET /second HTTP/1.1\r\n\r\n");
    pending.recv().unwrap().send(Response::new(Status::Ok).body("late"));
    assert!(client.answer().ends_with("\r\n\r\nlate"));
    assert!(client.answer().ends_with("GET /second "));
}

#[test]
fn head_is_answered_with_the_length_but_without_the_body() {
    let server = start(Limits::default(), |_, reply| reply.send(Response::error(Status::NotFound)));
    let mut client = server.client();
    client.send("HEAD / HTTP/1.1\r\nConnection: close\r\n\r\n");
    let full = error_answer("1.1", 404, "Not Found", "");
    let (head, _body) = full.split_once("\r\n\r\n").unwrap();
    assert_eq!(client.rest(), format!("{head}\r\n\r\n"));
}

#[test]
fn the_sizes_of_error_pages_are_upstreams() {
    let sizes = [
        (Status::BadRequest, 136),
        (Status::Unauthorized, 137),
        (Status::NotFound, 134),
        (Status::LengthRequired, 140),
        (Status::InternalServerError, 146),
        (Status::MovedPermanently, 142),
    ];
    for (status, size) in sizes {
        let page = Response::error(status);
        assert_eq!(page.first_header("Content-Length"), Some(size.to_string().as_bytes()));
    }
}

#[test]
fn bodies_whose_end_is_unknown_are_refused_and_the_connection_closed() {
    let server = start(Limits::default(), echo);
    let cases = [
        ("Transfer-Encoding: chunked", 411, "Length Required"),
        ("Content-Length: 3\r\nTransfer-Encoding: chunked", 400, "Bad Request"),
        ("Content-Length: 3\r\nContent-Length: 4", 400, "Bad Request"),
        ("Content-Length: abc", 400, "Bad Request"),
        ("Content-Length: -5", 400, "Bad Request"),
        ("Content-Length: +5", 400, "Bad Request"),
        ("Content-Length:", 400, "Bad Request"),
    ];
    for (header, code, reason) in cases {
        let mut client = server.client();
        client.send(format!("POST /RPC2 HTTP/1.1\r\n{header}\r\n\r\n3\r\nabc\r\n0\r\n\r\n"));
        assert_eq!(client.rest(), error_answer("1.1", code, reason, ""), "{header}");
    }
}

/// What a proxy in front may have read as another request.
#[test]
fn heads_that_can_be_read_in_two_ways_are_refused_and_the_connection_closed() {
    let server = start(Limits::default(), |_, _| panic!("no such request may get here"));
    for header in [
        "Transfer-Encoding : chunked",
        "X: y\r\n Transfer-Encoding: chunked",
        "X: y\nTransfer-Encoding: chunked",
        "X: y\rTransfer-Encoding: chunked",
        "X: \0",
        "Host: a\r\nHost: b",
        "Authorization: Basic YTpi\r\nAuthorization: Basic dXNlcjpwYXNzd29yZA==",
    ] {
        let mut client = server.client();
        client.send(format!(
            "POST /RPC2 HTTP/1.1\r\nContent-Length: 5\r\n{header}\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"
        ));
        assert_eq!(client.rest(), error_answer("1.0", 400, "Bad Request", ""), "{header:?}");
    }
}

#[test]
fn every_request_is_traced_with_the_bytes_of_its_answer() {
    let server = start(Limits::default(), echo);
    let mut client = server.client();
    client.send("GET /x HTTP/1.0\r\n\r\n");
    let bytes = client.rest().len() - "D".len() + "Sat, 21 Nov 2026 05:53:15 GMT".len();
    let address = client.stream.local_addr().unwrap();
    crate::support::eventually("the access line", || {
        server.logged(&format!("\"GET /x HTTP/1.0\" 200 {bytes}\n"))
    });
    assert!(server.logged(&format!("Trace {address} - - [")));
}

#[test]
fn a_unix_socket_is_served_the_same() {
    use std::io::{Read, Write};
    let path = std::env::temp_dir().join(format!("supervisor-http-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let socket = supervisor_http::Socket::Unix(std::os::unix::net::UnixListener::bind(&path).unwrap());
    let listener =
        supervisor_http::Listener { socket, section: "unix_http_server".into(), credentials: None };
    let service = Box::new(crate::support::Answering(echo));
    let _handle =
        supervisor_http::serve(vec![listener], Limits::default(), service, Box::new(|_, _| ())).unwrap();
    let mut stream = std::os::unix::net::UnixStream::connect(&path).unwrap();
    stream.write_all(b"GET /x HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("\r\n\r\nGET /x "));
    std::fs::remove_file(&path).unwrap();
}
