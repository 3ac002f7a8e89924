//! A blocking client for a supervisord, over TCP or a Unix socket.
//!
//! ```no_run
//! use supervisor_rpc::client::{Client, ClientError, Endpoint, Wait};
//!
//! # fn main() -> Result<(), ClientError> {
//! let mut client = Client::new(Endpoint::parse("unix:///run/supervisor.sock")?);
//! for info in client.all_process_info()? {
//!     println!("{}:{} is {}", info.group, info.name, info.statename);
//! }
//! client.start_process("web", Wait::ForResult)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Theory
//!
//! A [`Client`] makes one exchange at a time on one connection, which it keeps open and uses again. A request is
//! sent exactly once: a method such as `startProcess` must not run twice because an answer got lost. What the
//! server closed while idle is noticed before the next request is written, and replaced.
//!
//! By default it waits as long as the server takes, since `stopProcess` may rightly take minutes;
//! [`Client::with_timeout`] bounds each wait. A program that must stay interruptible hands in a [`Waiter`].
//!
//! Logs are followed by [`follow::LogStream`], which has a connection of its own.

mod endpoint;
mod error;
pub mod follow;
mod http;
mod methods;
mod stream;

pub use endpoint::{Endpoint, EndpointError};
pub use error::{ClientError, os_error_text};
pub use methods::{ProcessSummaries, Statuses, Wait};
pub use supervisor_core::Channel;

use crate::{Value, compact, decode, encode};
use base64::Engine;
use http::ResponseReader;
use std::io::{self, Read, Write};
use std::os::fd::BorrowedFd;
use std::time::Duration;
use stream::Stream;

/// Bytes an answer may have unless [`Client::with_response_limit`] says otherwise: 64 MiB, about 50 000
/// processes in `getAllProcessInfo`.
pub const DEFAULT_RESPONSE_LIMIT: usize = 64 * 1024 * 1024;

const READ_SIZE: usize = 64 * 1024;

/// The header `Accept` of a request whose answer has one form only.
const XML: &str = "text/xml";

/// The body of a response.
struct Answer {
    body: Vec<u8>,
    /// It is in the form of [`compact`].
    is_compact: bool,
}

/// Waits for the server in place of the client.
///
/// Without one the client blocks in the system call. With one it calls this before every read, so that a program
/// can wait for something else at the same time, a signal for instance, and give up by returning an error.
pub trait Waiter {
    /// Returns when `fd` can be read, or with the error that ends the exchange.
    fn wait_readable(&self, fd: BorrowedFd<'_>) -> io::Result<()>;
}

/// The name and password for HTTP Basic authentication, as bytes.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user; must not contain a colon.
    pub username: Vec<u8>,
    /// The password.
    pub password: Vec<u8>,
}

impl Credentials {
    /// The value of the `Authorization` header.
    fn header(&self) -> String {
        let plain = [self.username.as_slice(), b":", &self.password].concat();
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(plain))
    }
}

impl std::fmt::Debug for Credentials {
    /// Never shows the password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("username", &String::from_utf8_lossy(&self.username))
            .finish_non_exhaustive()
    }
}

/// A client of one server.
pub struct Client {
    endpoint: Endpoint,
    credentials: Option<Credentials>,
    timeout: Option<Duration>,
    response_limit: usize,
    waiter: Option<Box<dyn Waiter>>,
    connection: Option<Stream>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}

impl Client {
    /// A client of the server at `endpoint`; connects at the first call.
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            endpoint,
            credentials: None,
            timeout: None,
            response_limit: DEFAULT_RESPONSE_LIMIT,
            waiter: None,
            connection: None,
        }
    }

    /// Sends these credentials with every request.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Option<Credentials>) -> Self {
        self.credentials = credentials;
        self
    }

    /// Gives up when the connection, or one read or write on it, takes longer.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Refuses answers of more than this many bytes.
    #[must_use]
    pub fn with_response_limit(mut self, bytes: usize) -> Self {
        self.response_limit = bytes;
        self
    }

    /// Has `waiter` wait before every read.
    #[must_use]
    pub fn with_waiter(mut self, waiter: Box<dyn Waiter>) -> Self {
        self.waiter = Some(waiter);
        self
    }

    /// Where requests go.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Calls a method by name. A fault is an error, [`ClientError::Fault`].
    pub fn call(&mut self, method: &str, params: &[Value]) -> Result<Value, ClientError> {
        let answer = self.exchange(&encode::call(method, params), XML)?;
        Ok(decode::response(&answer.body)??)
    }

    /// Sends one request and returns the answer. On any failure the connection is dropped.
    fn exchange(&mut self, body: &[u8], accept: &str) -> Result<Answer, ClientError> {
        let mut stream = self.connect()?;
        stream.write_all(&self.request(body, accept))?;
        let mut reader = ResponseReader::default();
        let body = self.read_answer(&mut stream, &mut reader)?;
        if reader.is_reusable() {
            self.connection = Some(stream);
        }
        let is_compact = reader.head().is_some_and(|head| head.content_type == compact::MEDIA_TYPE);
        Ok(Answer { body, is_compact })
    }

    /// Takes the connection that is kept, if the server has not closed it, or makes a new one.
    fn connect(&mut self) -> Result<Stream, ClientError> {
        match self.connection.take() {
            Some(kept) if kept.is_idle() => Ok(kept),
            Some(_) | None => Stream::connect(&self.endpoint, self.timeout, self.waiter.as_deref()),
        }
    }

    /// The headers are those of Python's client, in its order.
    fn request(&self, body: &[u8], accept: &str) -> Vec<u8> {
        let mut head = format!(
            "POST /RPC2 HTTP/1.1\r\nHost: {}\r\nAccept-Encoding: identity\r\n\
            User-Agent: supervisor-rs/{}\r\nContent-Type: text/xml\r\nAccept: {accept}\r\n",
            self.endpoint.host_header(),
            env!("CARGO_PKG_VERSION"),
        );
        if let Some(credentials) = &self.credentials {
            head = format!("{head}Authorization: {}\r\n", credentials.header());
        }
        let mut request = format!("{head}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
        request.extend_from_slice(body);
        request
    }

    fn read_answer(&self, stream: &mut Stream, reader: &mut ResponseReader) -> Result<Vec<u8>, ClientError> {
        let mut answer = Vec::new();
        let mut buffer = vec![0; READ_SIZE];
        loop {
            if let Some(waiter) = &self.waiter {
                waiter.wait_readable(stream.as_fd())?;
            }
            let count = stream.read(&mut buffer)?;
            if count == 0 {
                reader.end()?;
            } else {
                reader.feed(&buffer[..count], &mut answer)?;
            }
            if let Some(head) = reader.head().filter(|head| head.status != 200) {
                return Err(ClientError::Http { status: head.status, reason: head.reason.clone() });
            }
            if answer.len() > self.response_limit {
                return Err(ClientError::TooLarge { limit: self.response_limit });
            }
            if reader.is_done() {
                return Ok(answer);
            }
        }
    }
}

#[cfg(test)]
mod tests;
