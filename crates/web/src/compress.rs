//! Compression of answers for clients that accept it.

use miniz_oxide::deflate::compress_to_vec_zlib;
use std::thread;
use supervisor_http::{Request, Response};

/// Smaller bodies are not worth the time.
const MIN_BYTES: usize = 1024;

/// zlib's level: most of the gain for a fraction of the time of the highest.
const LEVEL: u8 = 6;

/// In bytes; the compressor has tables of some hundred thousand.
const STACK: usize = 2 * 1024 * 1024;

/// Whether the client accepts `deflate`, which is zlib's format.
pub(super) fn is_accepted(request: &Request) -> bool {
    let accepted = request.headers.first("Accept-Encoding").unwrap_or_default();
    String::from_utf8_lossy(accepted).split(',').any(|entry| {
        let (coding, rest) = entry.split_once(';').unwrap_or((entry, ""));
        coding.trim().eq_ignore_ascii_case("deflate")
            && !rest.trim().trim_end_matches(['0', '.']).ends_with("q=")
    })
}

/// Sets the body of an answer, compressed if the client accepts that.
pub(super) fn body(response: Response, is_accepted: bool, bytes: Vec<u8>) -> Response {
    if !is_accepted || bytes.len() < MIN_BYTES {
        return response.body(bytes);
    }
    match compressed(&bytes) {
        Some(compressed) => response.header("Content-Encoding", "deflate").body(compressed),
        None => response.body(bytes),
    }
}

/// Compresses on a thread of its own, as it needs more stack than the threads of the pool have; `None` if no thread can be
/// started.
pub(super) fn compressed(bytes: &[u8]) -> Option<Vec<u8>> {
    thread::scope(|scope| {
        let compress = || compress_to_vec_zlib(bytes, LEVEL);
        let thread = thread::Builder::new().name("compress".to_owned()).stack_size(STACK);
        thread.spawn_scoped(scope, compress).ok()?.join().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::double::http_request;
    use miniz_oxide::inflate::decompress_to_vec_zlib;
    use supervisor_http::{Body, Status};

    fn answer(accepted: &str, text: &str) -> Response {
        let request = http_request("GET", "/", &[("Accept-Encoding", accepted)], b"");
        body(Response::new(Status::Ok), is_accepted(&request), text.into())
    }

    #[test]
    fn compression_is_lossless() {
        let text = "all work and no play ".repeat(1000);
        let response = answer("gzip, deflate, br", &text);
        let Body::Bytes(bytes) = &response.body else { panic!("a stream") };
        assert_eq!(response.first_header("Content-Encoding"), Some(&b"deflate"[..]));
        assert!(bytes.len() < 500);
        assert_eq!(decompress_to_vec_zlib(bytes).unwrap(), text.as_bytes());
    }

    #[test]
    fn clients_that_do_not_accept_deflate_get_plain_bodies() {
        let text = "x".repeat(5000);
        for accepted in ["", "gzip", "deflate;q=0", "deflate; q=0.0", "identity"] {
            assert_eq!(answer(accepted, &text).first_header("Content-Encoding"), None, "{accepted}");
        }
        assert_eq!(answer("deflate", "short").first_header("Content-Encoding"), None);
    }
}
