//! `[fcgi-program:x]`: a program whose processes share a listening socket.

use super::program;
use super::table::{Applied, Opt, SectionKind, options};
use super::{Invalid, SectionReader};
use crate::diagnostic::Fault;
use crate::expand::{Expanded, Names};
use crate::host::Account;
use crate::text::shown;
use crate::value::types::Type;
use crate::value::{self, Owner, ParseContext, Parsed, Rejection, host_in_url};
use std::ffi::OsString;
use std::path::PathBuf;

/// FastCGI programs.
pub(crate) const SECTION: SectionKind = SectionKind::prefixed("fcgi-program:", Applied::Update)
    .help("A program whose processes share a listening socket, which each finds as descriptor 0.")
    .options(&[OPTIONS])
    .like_programs();

/// The listening socket FastCGI processes share as descriptor 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FastCgiSocket {
    /// Where it listens.
    pub address: FastCgiAddress,
    /// Owner of a Unix socket's file: as written, else the program's user and that one's primary group when that
    /// is not the user supervisord runs as.
    pub owner: Option<Owner>,
    /// Permission bits of a Unix socket's file.
    pub mode: u32,
    /// Length of the accept queue, 1..=65535; `None`: the system's maximum.
    pub backlog: Option<u16>,
}

impl FastCgiSocket {
    /// The address as upstream shows it: `unix:///path` or `tcp://host:port`.
    pub fn url(&self) -> OsString {
        match &self.address {
            FastCgiAddress::Unix(path) => {
                let mut url = OsString::from("unix://");
                url.push(path);
                url
            }
            FastCgiAddress::Tcp { host, port } => format!("tcp://{}:{port}", host_in_url(host)).into(),
        }
    }
}

/// Where a FastCGI socket listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FastCgiAddress {
    /// At a path, absolute and normalised.
    Unix(PathBuf),
    /// At a TCP port.
    Tcp {
        /// Host name or address, lower case; an IPv6 address without brackets.
        host: String,
        /// Port.
        port: u16,
    },
}

options! {
    OPTIONS;

    const SOCKET_BACKLOG: Opt<u16> = Opt::new("socket_backlog", Type::new(backlog, "a whole number from 1 to 65535"))
        .help("Connections that may wait to be accepted; by default as many as the system allows.");
    const SOCKET_OWNER: Opt<Owner> = Opt::new("socket_owner", Type::new(owner, "a user or user:group that exist"))
        .help("Owner of a Unix socket's file; by default the program's user and that user's group.");
    const SOCKET_MODE: Opt<u32> = Opt::new("socket_mode", Type::new(mode, "an octal number such as 0700"))
        .default("0700")
        .help("Permission bits of a Unix socket's file.");
    const SOCKET: Opt<FastCgiAddress> = Opt::new(
        "socket",
        Type::new(value::fastcgi_address, "unix:///absolute/path, tcp://host:port or tcp://[::1]:port"),
    )
    .help("Where the processes listen; they find the socket as descriptor 0.");
}

fn backlog(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<u16> {
    let number = value::integer(value, context)?;
    let in_range = u16::try_from(number).ok().filter(|&number| number > 0);
    in_range.ok_or_else(|| Rejection::new(format!("Invalid socket_backlog value {number}")))
}

fn owner(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<Owner> {
    let hidden = format!("Invalid socket_owner value {}", shown(value));
    value::user_and_group(value, context).map_err(|rejection| rejection.hidden_by(hidden))
}

fn mode(value: &[u8], context: &mut ParseContext<'_>) -> Parsed<u32> {
    let hidden = format!("Invalid socket_mode value {}", shown(value));
    value::octal(value, context).map_err(|rejection| rejection.hidden_by(hidden))
}

/// Reads what the group has: its priority and its socket.
pub(crate) fn read(reader: &mut SectionReader<'_>, program_name: &str) -> (i64, Option<FastCgiSocket>) {
    let priority = reader.value(&program::policy::PRIORITY);
    (priority, read_socket(reader, program_name).ok())
}

/// Reads the socket alone.
pub(crate) fn read_socket(
    reader: &mut SectionReader<'_>,
    program_name: &str,
) -> Result<FastCgiSocket, Invalid> {
    let user = reader.checked(&program::process::USER);
    let backlog = reader.checked(&SOCKET_BACKLOG);
    let given_owner = reader.checked(&SOCKET_OWNER);
    let given_mode = reader.checked(&SOCKET_MODE);
    let text = read_text(reader, program_name)?;
    let (user, given_owner, given_mode) = (user?, given_owner?, given_mode?);
    if !text.text.starts_with(b"unix://") && (given_owner.is_some() || given_mode.is_some()) {
        return Err(refuse_file_options(reader, given_owner.is_some()));
    }
    let tail = format!(" in [{}] socket", reader.section.name);
    let address = reader.parsed(&SOCKET, &text, &tail)?;
    Ok(FastCgiSocket {
        address,
        owner: given_owner.or_else(|| owner_by_user(user.as_ref(), reader)),
        mode: given_mode.unwrap_or_else(|| reader.default_of(&SOCKET_MODE)),
        backlog: backlog?,
    })
}

/// The socket as written, names expanded.
fn read_text(reader: &mut SectionReader<'_>, program_name: &str) -> Result<Expanded<'static>, Invalid> {
    let names = Names::over(reader.names).with("program_name", program_name);
    let text = reader.with_names(&names).text(SOCKET.key)?;
    text.filter(|text| !text.text.is_empty()).map(Expanded::into_owned).ok_or_else(|| {
        let message = format!("[{}] section requires a \"socket\" line", reader.section.name);
        reader.missing(&SOCKET.described(), message)
    })
}

/// The program's user and that one's primary group, unless supervisord runs as that user anyway.
fn owner_by_user(user: Option<&Account>, reader: &SectionReader<'_>) -> Option<Owner> {
    user.filter(|user| user.uid != reader.host.uid()).map(|user| Owner { uid: user.uid, gid: Some(user.gid) })
}

fn refuse_file_options(reader: &mut SectionReader<'_>, owner_is_given: bool) -> Invalid {
    let fault = Fault::new(format!(
        "socket_owner and socket_mode params should only be used with a Unix domain socket in [{}] socket",
        reader.section.name
    ))
    .at(reader.place_of(if owner_is_given { SOCKET_OWNER.key } else { SOCKET_MODE.key }))
    .because("a TCP socket has no file")
    .with_hint(Some("remove socket_owner and socket_mode, or use a unix:// socket".to_string()));
    reader.report.fault(fault);
    Invalid
}
