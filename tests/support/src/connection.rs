//! A connection that stays open from one request to the next.

use std::io::{ErrorKind, Read, Result, Write};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use crate::{Address, PATIENCE, Response};

/// A raw connection to a daemon. Bytes are sent and received as they are.
#[derive(Debug)]
pub struct Connection {
    stream: Stream,
    /// Received behind the answers taken so far.
    ahead: Vec<u8>,
}

#[derive(Debug)]
enum Stream {
    Unix(UnixStream),
    Tcp(TcpStream),
}

impl Connection {
    /// Connects, with a timeout of [`PATIENCE`].
    ///
    /// # Errors
    /// Those of connecting.
    pub fn open(address: &Address) -> Result<Self> {
        let stream = match address {
            Address::Unix(path) => Stream::Unix(UnixStream::connect(path)?),
            Address::Tcp(port) => Stream::Tcp(TcpStream::connect((Ipv4Addr::LOCALHOST, *port))?),
        };
        let connection = Self { stream, ahead: Vec::new() };
        connection.set_timeout(PATIENCE)?;
        Ok(connection)
    }

    /// Sets the timeout of reads and writes.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn set_timeout(&self, time: Duration) -> Result<()> {
        match &self.stream {
            Stream::Unix(stream) => {
                stream.set_read_timeout(Some(time))?;
                stream.set_write_timeout(Some(time))
            }
            Stream::Tcp(stream) => {
                stream.set_read_timeout(Some(time))?;
                stream.set_write_timeout(Some(time))
            }
        }
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// Those of writing; a server that has refused a request may have closed the connection.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<()> {
        match &mut self.stream {
            Stream::Unix(stream) => stream.write_all(bytes.as_ref()),
            Stream::Tcp(stream) => stream.write_all(bytes.as_ref()),
        }
    }

    /// Says that nothing more will be sent.
    ///
    /// # Errors
    /// Those of the socket.
    pub fn finish_sending(&self) -> Result<()> {
        match &self.stream {
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
        }
    }

    /// The next answer: its head, and as many bytes behind it as its `Content-Length` says, none if it says nothing.
    /// `None` if the connection ends, or nothing comes in time, before the answer is complete.
    pub fn response(&mut self) -> Option<Response> {
        let head = self.until(b"\r\n\r\n")?;
        let response = Response::of(&head);
        let body =
            self.take(response.header("Content-Length").and_then(|text| text.parse().ok()).unwrap_or(0))?;
        Some(Response { body, ..response })
    }

    /// The bytes up to and including `end`; `None` if the connection ends, or nothing comes in time, before it.
    pub fn until(&mut self, end: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = self.ahead.windows(end.len()).position(|window| window == end) {
                return self.take(at + end.len());
            }
            if self.receive().ok()? == 0 {
                return None;
            }
        }
    }

    /// Everything up to the end of the connection; a reset is an end too.
    ///
    /// # Errors
    /// Those of reading; also if the connection stays open without anything coming.
    pub fn rest(&mut self) -> Result<Vec<u8>> {
        loop {
            match self.receive() {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                Err(error) => return Err(error),
            }
        }
        Ok(std::mem::take(&mut self.ahead))
    }

    fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.ahead.len() < count {
            if self.receive().ok()? == 0 {
                return None;
            }
        }
        let rest = self.ahead.split_off(count);
        Some(std::mem::replace(&mut self.ahead, rest))
    }

    fn receive(&mut self) -> Result<usize> {
        let mut buffer = [0; 16 * 1024];
        let count = loop {
            let read = match &mut self.stream {
                Stream::Unix(stream) => stream.read(&mut buffer),
                Stream::Tcp(stream) => stream.read(&mut buffer),
            };
            match read {
                // A wait with a timeout ends so when the process is stopped and goes on (signal(7)).
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.ahead.extend_from_slice(&buffer[..count]);
        Ok(count)
    }
}
