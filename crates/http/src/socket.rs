//! Non-blocking sockets of either family under one name.

use crate::{Peer, Socket};
use mio::event::Source;
use mio::{Interest, Registry, Token, net};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use supervisor_sys::socket::keep_alive;

/// A connected socket.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(net::TcpStream),
    Unix(net::UnixStream),
}

impl Stream {
    /// Tells the client that nothing more will come; what was sent before still arrives.
    pub(crate) fn shut_down_sending(&self) {
        // Fails only if the client has closed already.
        let _ = match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Self::Unix(stream) => stream.shutdown(Shutdown::Write),
        };
    }

    fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Tcp(stream) => stream,
            Self::Unix(stream) => stream,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.read(buffer),
            Self::Unix(stream) => stream.read(buffer),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.write(bytes),
            Self::Unix(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Source for Stream {
    fn register(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.source().register(registry, token, interests)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interests: Interest) -> io::Result<()> {
        self.source().reregister(registry, token, interests)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.source().deregister(registry)
    }
}

/// A listening socket.
#[derive(Debug)]
pub(crate) enum Acceptor {
    Tcp(net::TcpListener),
    Unix(net::UnixListener),
}

impl Acceptor {
    /// Makes the socket non-blocking and registers it.
    pub(crate) fn new(socket: Socket, registry: &Registry, token: Token) -> io::Result<Self> {
        match socket {
            Socket::Tcp(listener) => {
                listener.set_nonblocking(true)?;
                // The follower of a log that writes nothing is found gone by no other means.
                keep_alive(&listener)?;
                let mut listener = net::TcpListener::from_std(listener);
                listener.register(registry, token, Interest::READABLE)?;
                Ok(Self::Tcp(listener))
            }
            Socket::Unix(listener) => {
                listener.set_nonblocking(true)?;
                let mut listener = net::UnixListener::from_std(listener);
                listener.register(registry, token, Interest::READABLE)?;
                Ok(Self::Unix(listener))
            }
        }
    }

    pub(crate) fn accept(&self) -> io::Result<(Stream, Peer)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, address) = listener.accept()?;
                // Answers are written whole, so waiting to fill a packet could only delay them.
                let _ = stream.set_nodelay(true);
                Ok((Stream::Tcp(stream), Peer::Tcp(address)))
            }
            Self::Unix(listener) => {
                let (stream, _unnamed) = listener.accept()?;
                Ok((Stream::Unix(stream), Peer::Unix))
            }
        }
    }
}
