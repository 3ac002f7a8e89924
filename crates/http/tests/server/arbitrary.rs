//! Whatever bytes come, the server answers or closes, and goes on.

use crate::support::{Server, echo, start};
use proptest::prelude::*;
use std::io::{Read, Write};
use std::net::Shutdown;
use std::sync::OnceLock;
use supervisor_http::Limits;

fn server() -> &'static Server {
    static SERVER: OnceLock<Server> = OnceLock::new();
    SERVER.get_or_init(|| start(Limits { head: 4096, body: 4096, ..Limits::default() }, echo))
}

/// Pieces that look like requests often enough to get deep into the server.
fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        Just(b"GET / HTTP/1.1\r\n".to_vec()),
        Just(b"POST /RPC2 HTTP/1.0\r\n".to_vec()),
        Just(b"HEAD /%2e%2e?a=b#c HTTP/9.9\r\n".to_vec()),
        Just(b"GET /x\r\n".to_vec()),
        Just(b"Content-Length: 3\r\n".to_vec()),
        Just(b"Content-Length: 99999999999\r\n".to_vec()),
        Just(b"Transfer-Encoding: chunked\r\n".to_vec()),
        Just(b"Connection: keep-alive\r\n".to_vec()),
        Just(b" folded\r\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\r\n\r\n".to_vec()),
        proptest::collection::vec(any::<u8>(), 0..40),
        proptest::collection::vec(Just(b'x'), 0..6000),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_end_in_answers_and_a_closed_connection(pieces in proptest::collection::vec(piece(), 0..12)) {
        let mut client = server().client();
        for piece in &pieces {
            // A server that has refused closes while we are still sending.
            let _ = client.stream.write_all(piece);
        }
        let _ = client.stream.shutdown(Shutdown::Write);
        let mut received = Vec::new();
        let end = client.stream.read_to_end(&mut received);
        prop_assert!(end.is_ok() || end.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset));
        prop_assert!(received.is_empty() || received.starts_with(b"HTTP/"));
        server().client().assert_alive();
    }
}
