//! `[inet_http_server]` and `[unix_http_server]`.
//!
//! Any section whose name begins with one of these is a server of its own.

use super::table::{Applied, Opt, SectionKind, options};
use super::{Invalid, SectionReader};
use crate::diagnostic::Fault;
use crate::expand::Names;
use crate::paths;
use crate::text;
use crate::value::types::{self, Type};
use crate::value::{self, InetAddress, Owner, ParseContext, Parsed};
use std::path::PathBuf;

/// Servers on TCP ports.
pub(crate) const INET: SectionKind = SectionKind::prefixed("inet_http_server", Applied::Reload)
    .help(
        "A server on a TCP port, for the web page, `supervisorctl` and other clients. Every section whose name begins \
         with `inet_http_server` is one.",
    )
    .options(&[CREDENTIALS, INET_OPTIONS]);

/// Servers on Unix sockets.
pub(crate) const UNIX: SectionKind = SectionKind::prefixed("unix_http_server", Applied::Reload)
    .help(
        "A server on a Unix socket, for `supervisorctl` and other clients. Every section whose name begins with \
         `unix_http_server` is one.",
    )
    .options(&[FILE_OPTIONS, CREDENTIALS, RIGHTS]);

/// One `[inet_http_server…]` or `[unix_http_server…]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// The whole name of its section.
    pub section: String,
    /// Where it listens.
    pub address: ServerAddress,
    /// What a client must send to be served; `None`: nothing.
    pub credentials: Option<Credentials>,
    /// Names under which browsers may use an inet server, lower case: `name`, `.domain` with all below it, or `*`.
    pub allowed_hosts: Vec<String>,
}

/// Where an HTTP server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerAddress {
    /// At a TCP port.
    Inet {
        /// Host name or address, lower case; an IPv6 address without brackets; empty: every interface, by IPv4.
        host: String,
        /// Port.
        port: u16,
    },
    /// At a path.
    Unix {
        /// Absolute and normalised.
        path: PathBuf,
        /// Permission bits of the socket file.
        mode: u32,
        /// Owner of the socket file.
        owner: Option<Owner>,
    },
}

/// User name and password of HTTP Basic authentication.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// Never empty.
    pub username: Vec<u8>,
    /// Clear text, or `{SHA}` and the SHA-1 of the password in 40 hexadecimal digits.
    pub password: Vec<u8>,
}

impl std::fmt::Debug for Credentials {
    /// Hides both: configurations end up in logs and test output.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials { .. }")
    }
}

options! {
    CREDENTIALS;

    const USERNAME: Opt<Vec<u8>> = Opt::new("username", types::TEXT)
        .help("User name a client must send; without one, there is no authentication.");
    const PASSWORD: Opt<Vec<u8>> = Opt::new(
        "password",
        Type::new(value::bytes, "text, or {SHA} and the SHA-1 of the password in hexadecimal"),
    )
    .help("Password a client must send. A percent sign is written %%.");
}

options! {
    INET_OPTIONS;

    const PORT: Opt<InetAddress> = Opt::new(
        "port",
        Type::new(
            value::inet_address,
            "host:port, a port from 1 to 65535; *:port for every interface; [::1]:port for IPv6",
        ),
    )
    .help(
        "Where the server listens. Without a host, or with *, on every interface, by IPv4; at [::]:port by IPv6 and \
         IPv4.",
    );
    const ALLOWED_HOSTS: Opt<Vec<String>> = Opt::new(
        "allowed_hosts",
        Type::new(
            value::host_names,
            "host names separated by commas, such as status.example.com; .example.com with all below it; * for any",
        ),
    )
    .help(
        "Names under which browsers may use the server, besides localhost, addresses and the machine's own name. \
         Without it, a server on a loopback address without a password takes no other name, and every other server \
         takes any.",
    )
    .ours();
}

options! {
    FILE_OPTIONS;

    const FILE: Opt<Vec<u8>> = Opt::new("file", types::PATH)
        .help("The socket's path. A relative one starts at the directory supervisord is started in.");
}

options! {
    RIGHTS;

    const CHOWN: Opt<Owner> = Opt::new("chown", Type::new(chown, "a user or user:group that exist"))
        .help("Owner of the socket's file.");
    const CHMOD: Opt<u32> = Opt::new("chmod", Type::new(chmod, "an octal number such as 0700"))
        .default("0700")
        .help("Permission bits of the socket's file.");
}

fn chmod(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<u32> {
    let hidden = format!("Invalid chmod value {}", text::shown(value));
    value::octal(value, context).map_err(|rejection| rejection.hidden_by(hidden))
}

fn chown(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<Owner> {
    let hidden = format!("Invalid sockchown value {}", text::shown(value));
    value::user_and_group(value, context).map_err(|rejection| rejection.hidden_by(hidden))
}

/// Reads an inet server.
pub(crate) fn read_inet(reader: &mut SectionReader<'_>) -> Option<Server> {
    let credentials = read_credentials(reader);
    let allowed_hosts = reader.checked(&ALLOWED_HOSTS);
    let address = match reader.checked(&PORT) {
        Ok(Some(InetAddress { host, port })) => ServerAddress::Inet { host, port },
        Ok(None) => {
            reader.missing(&PORT.described(), format!("section [{}] has no port value", reader.section.name));
            return None;
        }
        Err(Invalid) => return None,
    };
    Some(Server {
        section: reader.section.name.clone(),
        address,
        credentials: credentials.ok()?,
        allowed_hosts: allowed_hosts.ok()?.unwrap_or_default(),
    })
}

/// Reads a unix server; `here` is a name that only its `file` may use.
pub(crate) fn read_unix(reader: &mut SectionReader<'_>, here: &[u8]) -> Option<Server> {
    let names = Names::over(reader.names).with("here", here);
    let file = reader.with_names(&names).text(FILE.key).map(|file| file.map(|file| file.text.into_owned()));
    if file == Ok(None) {
        reader.missing(&FILE.described(), format!("section [{}] has no file value", reader.section.name));
    }
    let credentials = read_credentials(reader);
    let owner = reader.checked(&CHOWN);
    let mode = reader.checked_value(&CHMOD);
    let path = paths::expanded_absolute(text::strip_bytes(&file.ok()??), reader.host);
    let address = ServerAddress::Unix { path, mode: mode.ok()?, owner: owner.ok()? };
    Some(Server {
        section: reader.section.name.clone(),
        address,
        credentials: credentials.ok()?,
        allowed_hosts: Vec::new(),
    })
}

/// User name and password: both or none. An empty user name asks for nothing, as in upstream.
fn read_credentials(reader: &mut SectionReader<'_>) -> Result<Option<Credentials>, Invalid> {
    let username = reader.checked(&USERNAME);
    let password = reader.checked(&PASSWORD);
    match (username?, password?) {
        (None, None) => Ok(None),
        (Some(username), Some(password)) => {
            Ok((!username.is_empty()).then_some(Credentials { username, password }))
        }
        (Some(_), None) => Err(incomplete(reader, USERNAME.key, PASSWORD.key)),
        (None, Some(_)) => Err(incomplete(reader, PASSWORD.key, USERNAME.key)),
    }
}

fn incomplete(reader: &mut SectionReader<'_>, given: &str, lacking: &str) -> Invalid {
    if !reader.section.has_bad_lines {
        let fault = Fault::new(format!(
            "Section [{}] contains incomplete authentication: If a username or a password is specified, both the \
             username and password must be specified",
            reader.section.name
        ))
        .at(reader.place_of(given))
        .because(format!("there is a {given} but no {lacking}"))
        .with_hint(Some(format!("add {lacking}, or remove {given}")));
        reader.report.fault(fault);
    }
    Invalid
}
