//! Follows a log: the endless answers of `/logtail/…` and `/mainlogtail`.

use super::http::ResponseReader;
use super::stream::Stream;
use super::{Channel, ClientError, Credentials, Endpoint, Waiter};
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

const READ_SIZE: usize = 16 * 1024;

/// The path under which a process's log is followed. Bytes that would mean something else in a path are
/// percent-encoded, so that any name can be asked for.
pub fn process_log_path(name: &str, channel: Channel) -> String {
    format!("/logtail/{}/{}", percent_encoded(name), channel.name())
}

/// The path under which supervisord's own log is followed.
pub const MAIN_LOG_PATH: &str = "/mainlogtail";

fn percent_encoded(name: &str) -> String {
    let mut encoded = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z'
            | b'A'..=b'Z'
            | b'0'..=b'9'
            | b'-'
            | b'.'
            | b'_'
            | b'~'
            | b':'
            | b'@'
            | b'+'
            | b',' => {
                encoded.push(char::from(byte));
            }
            _ => write!(encoded, "%{byte:02X}").expect("writing to a String cannot fail"),
        }
    }
    encoded
}

/// What one read brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Some bytes of the log, or of the head of the answer.
    Open,
    /// The server ended the stream.
    Ended,
}

/// An open stream of a log.
#[derive(Debug)]
pub struct LogStream {
    stream: Stream,
    reader: ResponseReader,
}

impl LogStream {
    /// Connects and asks for `path`. The answer is looked at by [`LogStream::read`].
    pub fn open(
        endpoint: &Endpoint,
        credentials: Option<&Credentials>,
        path: &str,
        waiter: Option<&dyn Waiter>,
    ) -> Result<Self, ClientError> {
        let mut stream = Stream::connect(endpoint, None, waiter)?;
        stream.write_all(request(endpoint, credentials, path).as_bytes())?;
        Ok(Self { stream, reader: ResponseReader::default() })
    }

    /// Reads once and appends what arrived of the log to `log`. It waits only if nothing has arrived: after
    /// the descriptor was reported readable it returns at once. An answer other than 200 is
    /// [`ClientError::Http`].
    pub fn read(&mut self, log: &mut Vec<u8>) -> Result<Progress, ClientError> {
        let mut buffer = [0; READ_SIZE];
        let count = self.stream.read(&mut buffer)?;
        if count == 0 {
            return match self.reader.head() {
                Some(_) => Ok(Progress::Ended),
                None => Err(ClientError::Closed),
            };
        }
        let before = log.len();
        self.reader.feed(&buffer[..count], log)?;
        match self.reader.head() {
            Some(head) if head.status != 200 => {
                log.truncate(before);
                Err(ClientError::Http { status: head.status, reason: head.reason.clone() })
            }
            Some(_) if self.reader.is_done() => Ok(Progress::Ended),
            Some(_) | None => Ok(Progress::Open),
        }
    }
}

impl AsFd for LogStream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }
}

/// The headers are those of upstream's follower, in its order. It leaves the host of a Unix socket empty and
/// sends credentials only with a password.
fn request(endpoint: &Endpoint, credentials: Option<&Credentials>, path: &str) -> String {
    let host = match endpoint {
        Endpoint::Tcp { .. } => endpoint.host_header(),
        Endpoint::Unix(_) => String::new(),
    };
    let authorization = credentials
        .filter(|credentials| !credentials.password.is_empty())
        .map_or(String::new(), |credentials| format!("Authorization: {}\r\n", credentials.header()));
    format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nAccept-Encoding: chunked\r\nAccept: */*\r\n\
        User-agent: Supervisor HTTP Client\r\n{authorization}\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_becomes_one_segment_of_a_path() {
        assert_eq!(process_log_path("g:a b", Channel::Stdout), "/logtail/g:a%20b/stdout");
        assert_eq!(process_log_path("é/?#%", Channel::Stderr), "/logtail/%C3%A9%2F%3F%23%25/stderr");
    }

    #[test]
    fn credentials_are_sent_only_with_a_password() {
        let endpoint = Endpoint::Unix("/s".into());
        let with = |password: &str| {
            let credentials = Credentials { username: b"u".to_vec(), password: password.into() };
            request(&endpoint, Some(&credentials), "/mainlogtail")
        };
        assert!(with("p").contains("\r\nAuthorization: Basic dTpw\r\n\r\n"));
        assert!(!with("").contains("Authorization"));
        assert!(with("").starts_with("GET /mainlogtail HTTP/1.1\r\nHost: \r\n"));
    }
}
