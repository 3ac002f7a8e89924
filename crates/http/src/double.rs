//! Stand-ins for clients, for the tests of services.

use crate::{Body, Headers, Peer, Request, Response, Version, percent_decode};
use std::sync::Arc;

/// A request as the server passes it.
pub fn http_request(method: &str, target: &str, headers: &[(&str, &str)], body: &[u8]) -> Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut lines: Vec<(&str, &str)> = headers.to_vec();
    let length = body.len().to_string();
    if method == "POST" {
        lines.push(("Content-Length", &length));
    }
    Request {
        method: method.into(),
        target: target.into(),
        path: percent_decode(path.as_bytes()),
        query: query.into(),
        version: Version::Http11,
        headers: lines.into_iter().collect::<Headers>(),
        body: body.to_vec(),
        peer: Peer::Unix,
        section: Arc::from("unix_http_server"),
    }
}

/// The body of an unstreamed answer, which has to be text.
pub fn body(response: &Response) -> &str {
    let Body::Bytes(bytes) = &response.body else { panic!("a stream") };
    std::str::from_utf8(bytes).expect("text")
}
