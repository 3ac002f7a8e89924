//! One raw HTTP exchange, byte for byte.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use crate::PATIENCE;

/// Where a daemon listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Address {
    /// A Unix socket.
    Unix(PathBuf),
    /// A port of the loopback interface.
    Tcp(u16),
}

/// An answer, split where its head ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code, 0 if the answer has no status line.
    pub status: u16,
    /// The status line and the headers, without the empty line.
    pub head: String,
    /// Everything after the empty line.
    pub body: Vec<u8>,
}

/// Sends `request` as it stands and reads until the server closes the connection.
///
/// # Errors
/// Those of connecting, writing and reading; also when the server is silent for [`PATIENCE`].
pub fn exchange(address: &Address, request: &[u8]) -> std::io::Result<Response> {
    let mut answer = Vec::new();
    match address {
        Address::Unix(path) => {
            let mut stream = UnixStream::connect(path)?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.write_all(request)?;
            stream.read_to_end(&mut answer)?;
        }
        Address::Tcp(port) => {
            let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, *port))?;
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.write_all(request)?;
            stream.read_to_end(&mut answer)?;
        }
    }
    Ok(Response::of(&answer))
}

impl Response {
    /// Takes an answer apart where its head ends.
    pub fn of(answer: &[u8]) -> Self {
        let end = answer.windows(4).position(|window| window == b"\r\n\r\n");
        let (head, body) = end.map_or((answer, &[][..]), |end| (&answer[..end], &answer[end + 4..]));
        let head = String::from_utf8_lossy(head).into_owned();
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
        Self { status, head, body: body.to_vec() }
    }

    /// The value of a header, its name as the server writes it.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The body as text, undecodable bytes replaced.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
