//! Server URLs.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// Where a supervisord listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// A host and a port.
    Tcp {
        /// A name or an address; an IPv6 address without its brackets.
        host: String,
        /// The port.
        port: u16,
    },
    /// A socket file.
    Unix(PathBuf),
}

/// A URL that names no server we can talk to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EndpointError {
    /// Neither `http://` nor `unix://`.
    UnknownProtocol {
        /// The whole URL.
        url: String,
    },
    /// The port is no number up to 65535.
    BadPort {
        /// What stands in its place.
        port: String,
    },
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownProtocol { url } => write!(f, "Unknown protocol for serverurl {url}"),
            Self::BadPort { port } => write!(f, "Port '{port}' is not a number from 0 to 65535"),
        }
    }
}

impl std::error::Error for EndpointError {}

impl Endpoint {
    /// Reads `http://host[:port]` (port 80 if none is given; a user, a path and what follows are ignored) or
    /// `unix://path`.
    pub fn parse(url: &str) -> Result<Self, EndpointError> {
        Self::parse_bytes(url.as_bytes())
    }

    /// [`Endpoint::parse`] for a URL with a path that may be any bytes.
    pub fn parse_bytes(url: &[u8]) -> Result<Self, EndpointError> {
        if let Some(path) = url.strip_prefix(b"unix://") {
            return Ok(Self::Unix(PathBuf::from(OsStr::from_bytes(path))));
        }
        let text = String::from_utf8_lossy(url);
        match text.strip_prefix("http://") {
            Some(rest) => Self::parse_authority(rest),
            None => Err(EndpointError::UnknownProtocol { url: text.into_owned() }),
        }
    }

    fn parse_authority(rest: &str) -> Result<Self, EndpointError> {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, after)| after);
        let (host, port) = split_port(host_and_port);
        let port = match port {
            "" => 80,
            digits => digits.parse().map_err(|_| EndpointError::BadPort { port: digits.to_owned() })?,
        };
        Ok(Self::Tcp { host: host.to_lowercase(), port })
    }

    /// The value of the `Host` header, as Python's client writes it.
    pub(crate) fn host_header(&self) -> String {
        match self {
            Self::Unix(_) => "localhost".to_owned(),
            Self::Tcp { host, port } => {
                let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                if *port == 80 { host } else { format!("{host}:{port}") }
            }
        }
    }
}

/// Splits `host:port`, `[v6]:port` or either without a port.
fn split_port(text: &str) -> (&str, &str) {
    if let Some((host, after)) = text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return (host, after.strip_prefix(':').unwrap_or_default());
    }
    text.split_once(':').unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(host: &str, port: u16) -> Endpoint {
        Endpoint::Tcp { host: host.to_owned(), port }
    }

    #[test]
    fn hosts_ports_and_paths_are_read() {
        assert_eq!(Endpoint::parse("http://localhost:9001"), Ok(tcp("localhost", 9001)));
        assert_eq!(Endpoint::parse("http://LocalHost"), Ok(tcp("localhost", 80)));
        assert_eq!(Endpoint::parse("http://u:p@h:1/x?y#z"), Ok(tcp("h", 1)));
        assert_eq!(Endpoint::parse("http://[::1]:9001/"), Ok(tcp("::1", 9001)));
        assert_eq!(Endpoint::parse("unix:///run/s.sock"), Ok(Endpoint::Unix("/run/s.sock".into())));
        assert_eq!(
            Endpoint::parse_bytes(b"unix:///run/\xff"),
            Ok(Endpoint::Unix(OsStr::from_bytes(b"/run/\xff").into()))
        );
    }

    #[test]
    fn other_urls_are_refused_with_a_reason() {
        let error = Endpoint::parse("ftp://x").unwrap_err();
        assert_eq!(error.to_string(), "Unknown protocol for serverurl ftp://x");
        assert!(matches!(Endpoint::parse("http://h:70000"), Err(EndpointError::BadPort { .. })));
    }

    #[test]
    fn the_host_header_is_what_python_sends() {
        let header = |url| Endpoint::parse(url).unwrap().host_header();
        assert_eq!(header("http://h"), "h");
        assert_eq!(header("http://h:9001"), "h:9001");
        assert_eq!(header("http://[::1]:9001"), "[::1]:9001");
        assert_eq!(header("unix:///x"), "localhost");
    }
}
