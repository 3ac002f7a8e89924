//! Broken requests: each ends in answers and a closed connection, and the server goes on.

use crate::support::{echo, start_with};
use ::support::Mutator;
use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::path::Path;
use supervisor_http::{Credentials, Limits};

const TOKENS: &[&str] = &[
    "\r\n",
    "\n",
    "\r",
    "\r\n\r\n",
    " ",
    "\t",
    ":",
    "/",
    "?",
    "#",
    "%",
    "%00",
    "%2e%2e",
    "\0",
    "é",
    "HTTP/1.1",
    "HTTP/9.9",
    "GET ",
    "POST ",
    "HEAD ",
    "Content-Length: 0\r\n",
    "Content-Length: 18446744073709551616\r\n",
    "Content-Length: -1\r\n",
    "Content-Length: 1\r\nContent-Length: 2\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Connection: close\r\n",
    "Authorization: Basic \r\n",
    "Authorization: Basic Og==\r\n",
    " folded\r\n",
];

#[test]
fn broken_requests_end_in_answers_and_a_closed_connection() {
    let credentials = Credentials::new("user", "secret");
    let limits = Limits { head: 2048, body: 2048, ..Limits::default() };
    let servers = [start_with(limits.clone(), None, echo), start_with(limits, credentials, echo)];
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds-http");
    let mut turn = 0_usize;
    Mutator::new(&seeds, TOKENS).run(|request| {
        let server = &servers[turn % 2];
        turn += 1;
        let mut client = server.client();
        // A server that has refused closes while we are still sending.
        let _ = client.stream.write_all(request);
        let _ = client.stream.shutdown(Shutdown::Write);
        let mut received = Vec::new();
        match client.stream.read_to_end(&mut received) {
            Ok(_) => {}
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset, "{}", request.escape_ascii()),
        }
        assert!(received.is_empty() || received.starts_with(b"HTTP/"), "{}", request.escape_ascii());
    });
    servers[0].client().assert_alive();
}
