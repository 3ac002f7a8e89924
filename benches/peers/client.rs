//! An XML-RPC client that costs next to nothing, so that what is measured is the server.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// No answer takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Both kinds of stream.
pub(super) trait Wire: Read + Write {}

impl<T: Read + Write> Wire for T {}

/// One connection, kept between calls.
pub(super) struct Client {
    wire: Box<dyn Wire>,
    received: Vec<u8>,
}

impl Client {
    pub(super) fn unix(path: &Path) -> io::Result<Self> {
        let wire = UnixStream::connect(path)?;
        wire.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { wire: Box::new(wire), received: Vec::new() })
    }

    /// Connects anew. What has room for long answers keeps it, as the clients of real life do.
    pub(super) fn connect_again(&mut self, path: &Path) -> io::Result<()> {
        self.wire = Self::unix(path)?.wire;
        Ok(())
    }

    pub(super) fn tcp(port: u16) -> io::Result<Self> {
        let wire = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        wire.set_read_timeout(Some(PATIENCE))?;
        wire.set_nodelay(true)?;
        Ok(Self { wire: Box::new(wire), received: Vec::new() })
    }

    /// Sends bytes as they are.
    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.wire.write_all(bytes)
    }

    /// Calls `supervisor.METHOD` without parameters; returns the length of the answer's body.
    pub(super) fn call(&mut self, method: &str) -> io::Result<usize> {
        self.call_with(method, "")
    }

    /// Calls `supervisor.METHOD` with these parameters in XML.
    pub(super) fn call_with(&mut self, method: &str, parameters: &str) -> io::Result<usize> {
        let body = format!(
            "<?xml version='1.0'?>\n<methodCall>\n<methodName>supervisor.{method}</methodName>\n<params>\n{parameters}\
             </params>\n</methodCall>\n"
        );
        let request = format!(
            "POST /RPC2 HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.send(request.as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<usize> {
        let mut filled = 0;
        let head = loop {
            filled += self.read_at(filled)?;
            if let Some(end) = self.received[..filled].windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let length = content_length(&self.received[..head])?;
        while filled < head + length {
            filled += self.read_at(filled)?;
        }
        let body = &self.received[head..filled];
        let shown = || String::from_utf8_lossy(&body[..body.len().min(400)]).into_owned();
        if body.starts_with(b"<?xml") && !body.windows(7).take(100).any(|window| window == b"<fault>") {
            Ok(length)
        } else {
            Err(io::Error::other(format!("no answer to a call: {}", shown())))
        }
    }

    fn read_at(&mut self, filled: usize) -> io::Result<usize> {
        if filled == self.received.len() {
            self.received.resize((2 * filled).max(1 << 16), 0);
        }
        match self.wire.read(&mut self.received[filled..])? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            count => Ok(count),
        }
    }
}

fn content_length(head: &[u8]) -> io::Result<usize> {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    let value = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    value
        .and_then(|length| length.trim().parse().ok())
        .ok_or_else(|| io::Error::other(format!("an answer without a length: {head}")))
}
