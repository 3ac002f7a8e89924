//! Basic authentication.

use crate::support::{echo, error_answer, start_with};
use supervisor_http::{Credentials, Limits};

const DENIED: &str = "Connection: close\r\nWWW-Authenticate: Basic realm=\"default\"\r\n";

fn credentials() -> Option<Credentials> {
    Credentials::new("user", "password")
}

/// RPC-9: every path, before anything is looked at, and the connection is really closed.
#[test]
fn without_credentials_every_path_answers_401_and_closes() {
    let server = start_with(Limits::default(), credentials(), |_, _| panic!("the service is never called"));
    for path in ["/", "/RPC2", "/ok.html", "/stylesheets/supervisor.css", "/nope"] {
        let mut client = server.client();
        client.send(format!("POST {path} HTTP/1.1\r\nContent-Length: 100000\r\n\r\nsome of it"));
        assert_eq!(client.rest(), error_answer("1.1", 401, "Unauthorized", DENIED), "{path}");
    }
}

/// RPC-10: with the credentials the service answers.
#[test]
fn with_credentials_the_service_answers() {
    let server = start_with(Limits::default(), credentials(), echo);
    let mut client = server.client();
    client.send("GET /x HTTP/1.1\r\nAuthorization: Basic dXNlcjpwYXNzd29yZA==\r\n\r\n");
    assert!(client.answer().ends_with("\r\n\r\nGET /x "));
}

/// RPC-12.
#[test]
fn a_token_that_cannot_be_read_is_a_bad_request() {
    let server = start_with(Limits::default(), credentials(), echo);
    let mut client = server.client();
    client.send("GET /x HTTP/1.1\r\nAuthorization: Basic //79\r\n\r\n");
    assert_eq!(client.rest(), error_answer("1.1", 400, "Bad Request", ""));
    let mut client = server.client();
    client.send("GET /x HTTP/1.0\r\nConnection: keep-alive\r\nAuthorization: Digest x\r\n\r\n");
    assert_eq!(client.rest(), error_answer("1.0", 401, "Unauthorized", DENIED));
}

#[test]
fn megabytes_without_credentials_are_discarded_and_the_answer_still_arrives() {
    let server = start_with(Limits::default(), credentials(), echo);
    let mut client = server.client();
    client.send("POST /RPC2 HTTP/1.1\r\nContent-Length: 4000000\r\n\r\n");
    client.send_what_it_takes(&vec![b'x'; 4_000_000]);
    assert_eq!(client.rest(), error_answer("1.1", 401, "Unauthorized", DENIED));
}
