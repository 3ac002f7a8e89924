//! `[inet_http_server]` and `[unix_http_server]`.
//!
//! Any section whose name begins with one of these is a server of its own.

use super::{Invalid, Opt, OptionDoc, Pass};
use crate::config::{Credentials, Owner, Server, ServerAddress};
use crate::diagnostic::Fault;
use crate::expand::Names;
use crate::paths;
use crate::text;
use crate::value::{self, InetAddress, Parsed, Reading};

/// What the name of an inet server's section begins with.
pub(crate) const INET_PREFIX: &str = "inet_http_server";

/// What the name of a unix server's section begins with.
pub(crate) const UNIX_PREFIX: &str = "unix_http_server";

const DEFAULT_MODE: u32 = 0o700;

const PORT: Opt<InetAddress> = Opt {
    key: "port",
    default: None,
    parse: value::inet_address,
    takes: "host:port, a port from 1 to 65535; *:port for every interface; [::1]:port for IPv6",
    doc: "Where the server listens. Without a host, or with *, on every interface, by IPv4; at [::]:port by IPv6 and IPv4.",
};
const FILE: Opt<Vec<u8>> = Opt {
    key: "file",
    default: None,
    parse: value::bytes,
    takes: "a path",
    doc: "The socket's path. A relative one starts at the directory supervisord is started in.",
};
const CHMOD: Opt<u32> = Opt {
    key: "chmod",
    default: Some("0700"),
    parse: chmod,
    takes: "an octal number such as 0700",
    doc: "Permission bits of the socket's file.",
};
const CHOWN: Opt<Owner> = Opt {
    key: "chown",
    default: None,
    parse: chown,
    takes: "a user or user:group that exist",
    doc: "Owner of the socket's file.",
};
const USERNAME: Opt<Vec<u8>> = Opt {
    key: "username",
    default: None,
    parse: value::bytes,
    takes: "text",
    doc: "The user name a client must show; without one, nothing is asked.",
};
const PASSWORD: Opt<Vec<u8>> = Opt {
    key: "password",
    default: None,
    parse: value::bytes,
    takes: "text, or {SHA} and the SHA-1 of the password in hexadecimal",
    doc: "The password a client must show. A percent sign is written %%.",
};

const ALLOWED_HOSTS: Opt<Vec<String>> = Opt {
    key: "allowed_hosts",
    default: None,
    parse: value::host_names,
    takes: "host names separated by commas, such as status.example.com; .example.com with all below it; * for any",
    doc: "Names under which browsers may use the server, besides localhost, addresses and the machine's own name. \
          Without it, a server on a loopback address without a password takes no other name, and every other server \
          takes any.",
};

/// Every option of an inet server, in the order they are read.
pub(crate) const INET_OPTIONS: &[OptionDoc] =
    &[USERNAME.described(), PASSWORD.described(), PORT.described(), ALLOWED_HOSTS.described()];

/// Every option of a unix server, in the order they are read.
pub(crate) const UNIX_OPTIONS: &[OptionDoc] =
    &[FILE.described(), USERNAME.described(), PASSWORD.described(), CHOWN.described(), CHMOD.described()];

fn chmod(value: &[u8], reading: &mut Reading<'_>) -> Parsed<u32> {
    let hidden = format!("Invalid chmod value {}", text::shown(value));
    value::octal(value, reading).map_err(|rejection| rejection.hidden_by(hidden))
}

fn chown(value: &[u8], reading: &mut Reading<'_>) -> Parsed<Owner> {
    let hidden = format!("Invalid sockchown value {}", text::shown(value));
    value::user_and_group(value, reading).map_err(|rejection| rejection.hidden_by(hidden))
}

/// Reads an inet server.
pub(crate) fn read_inet(pass: &mut Pass<'_>) -> Option<Server> {
    let credentials = read_credentials(pass);
    let allowed_hosts = pass.checked(&ALLOWED_HOSTS);
    let address = match pass.checked(&PORT) {
        Ok(Some(InetAddress { host, port })) => ServerAddress::Inet { host, port },
        Ok(None) => {
            pass.missing(&PORT.described(), format!("section [{}] has no port value", pass.section.name));
            return None;
        }
        Err(Invalid) => return None,
    };
    Some(Server {
        section: pass.section.name.clone(),
        address,
        credentials: credentials.ok()?,
        allowed_hosts: allowed_hosts.ok()?.unwrap_or_default(),
    })
}

/// Reads a unix server; `here` is a name that only its `file` may use.
pub(crate) fn read_unix(pass: &mut Pass<'_>, here: &[u8]) -> Option<Server> {
    let names = Names::over(pass.names).with("here", here);
    let file = pass.with_names(&names).text(FILE.key).map(|file| file.map(|file| file.text.into_owned()));
    if file == Ok(None) {
        pass.missing(&FILE.described(), format!("section [{}] has no file value", pass.section.name));
    }
    let credentials = read_credentials(pass);
    let owner = pass.checked(&CHOWN);
    let mode = pass.checked(&CHMOD);
    let path = paths::expanded_absolute(text::strip_bytes(&file.ok()??), pass.host);
    let address = ServerAddress::Unix { path, mode: mode.ok()?.unwrap_or(DEFAULT_MODE), owner: owner.ok()? };
    Some(Server {
        section: pass.section.name.clone(),
        address,
        credentials: credentials.ok()?,
        allowed_hosts: Vec::new(),
    })
}

/// User name and password: both or none. An empty user name asks for nothing, as in upstream.
fn read_credentials(pass: &mut Pass<'_>) -> Result<Option<Credentials>, Invalid> {
    let username = pass.checked(&USERNAME);
    let password = pass.checked(&PASSWORD);
    match (username?, password?) {
        (None, None) => Ok(None),
        (Some(username), Some(password)) => {
            Ok((!username.is_empty()).then_some(Credentials { username, password }))
        }
        (Some(_), None) => Err(incomplete(pass, USERNAME.key, PASSWORD.key)),
        (None, Some(_)) => Err(incomplete(pass, PASSWORD.key, USERNAME.key)),
    }
}

fn incomplete(pass: &mut Pass<'_>, given: &str, lacking: &str) -> Invalid {
    if !pass.section.is_damaged {
        let fault = Fault::new(format!(
            "Section [{}] contains incomplete authentication: If a username or a password is specified, both the \
             username and password must be specified",
            pass.section.name
        ))
        .at(pass.place_of(given))
        .because(format!("there is a {given} but no {lacking}"))
        .with_hint(Some(format!("add {lacking}, or remove {given}")));
        pass.report.fault(fault);
    }
    Invalid
}
