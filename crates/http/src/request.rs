//! A complete request, as a service sees it.

use crate::Peer;
use std::sync::Arc;

/// A complete request of an authenticated client.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method as sent; case matters.
    pub method: Vec<u8>,
    /// The request target as sent.
    pub target: Vec<u8>,
    /// The path, percent-decoded; parameters (`;x`), query and fragment are cut off before decoding.
    pub path: Vec<u8>,
    /// The query without its `?`, as sent.
    pub query: Vec<u8>,
    /// The protocol version.
    pub version: Version,
    /// The headers in their order.
    pub headers: Headers,
    /// The body; empty if there is none.
    pub body: Vec<u8>,
    /// Who asks.
    pub peer: Peer,
    /// The section of the listener the request came in by.
    pub section: Arc<str>,
}

/// The protocol version of a request, which is also that of its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Version {
    /// 1.0, or none given.
    Http10,
    /// 1.1.
    Http11,
    /// Digits and dots of any other version; echoed in the status line.
    Other(String),
}

impl Version {
    /// The digits that follow `HTTP/`.
    pub fn digits(&self) -> &str {
        match self {
            Self::Http10 => "1.0",
            Self::Http11 => "1.1",
            Self::Other(digits) => digits,
        }
    }
}

/// Header lines in the order they were sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers {
    lines: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Headers {
    pub(crate) fn push(&mut self, name: Vec<u8>, value: Vec<u8>) {
        self.lines.push((name, value));
    }

    /// The value of the first header of this name, whatever its case, without surrounding blanks.
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        self.all(name).next()
    }

    /// The values of all headers of this name, in order.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = &[u8]> {
        self.lines
            .iter()
            .filter(move |(have, _)| have.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value.as_slice())
    }

    /// How many header lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is no header at all.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

impl<N: Into<Vec<u8>>, V: Into<Vec<u8>>> FromIterator<(N, V)> for Headers {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(lines: I) -> Self {
        Self { lines: lines.into_iter().map(|(name, value)| (name.into(), value.into())).collect() }
    }
}
