//! Why a server cannot listen or a file cannot be written, and what to do about it: what stands under upstream's sentence
//! at a failed start.

use std::fmt;
use std::io;
use std::net::Ipv6Addr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use supervisor_config::{FastCgiAddress, Server, ServerAddress};
use supervisor_core::repr;
use supervisor_sys::entry::Refusal;
use supervisor_sys::errno::{Errno, errno_of, words};
use supervisor_sys::socket::{self, ListenError, Owner};
use supervisor_sys::user;

/// A reason, which names the place, and a hint, empty where the reason holds one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Advice {
    why: String,
    hint: String,
}

impl Advice {
    /// In one line, for the log.
    pub(crate) fn in_a_line(&self) -> String {
        if self.hint.is_empty() { self.why.clone() } else { format!("{}; help: {}", self.why, self.hint) }
    }
}

impl fmt::Display for Advice {
    /// As the reports about a configuration have it, each on a line of its own.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "    why: {}", self.why)?;
        if self.hint.is_empty() { Ok(()) } else { write!(f, "\n    help: {}", self.hint) }
    }
}

/// About a server that could not be opened.
pub(crate) fn about(server: &Server, error: &ListenError) -> Advice {
    let (option, (why, hint)) = match &server.address {
        ServerAddress::Inet { host, port } => {
            let advice = about_port("port=", host, *port, error);
            (format!("port={}", shown_address(host, *port)), advice)
        }
        ServerAddress::Unix { path, .. } => {
            (format!("file={}", path.display()), about_path("chown", path, error))
        }
    };
    Advice { why: format!("[{}] {option}: {why}", server.section), hint }
}

/// About the socket of a FastCGI program that could not be made.
pub(crate) fn about_fastcgi(address: &FastCgiAddress, error: &ListenError) -> Advice {
    let (place, (why, hint)) = match address {
        FastCgiAddress::Tcp { host, port } => {
            (shown_address(host, *port), about_port("socket=tcp://", host, *port, error))
        }
        FastCgiAddress::Unix(path) => (path.display().to_string(), about_path("socket_owner", path, error)),
    };
    Advice { why: format!("{place}: {why}"), hint }
}

/// `option` is what stands before an address in the configuration.
fn about_port(option: &str, host: &str, port: u16, error: &ListenError) -> (String, String) {
    let everywhere = if option == "port=" { "*" } else { "0.0.0.0" };
    match error {
        ListenError::InUse => {
            let owner = socket::owner_of_port(host.parse().ok(), port);
            in_use(owner, &format!("ss -ltnp 'sport = :{port}'"), "write another port")
        }
        ListenError::Resolve(_) => unresolved(option, host, port, error),
        ListenError::Os(error) => match errno_of(error) {
            Some(Errno::ADDRNOTAVAIL | Errno::AFNOSUPPORT) if host.contains(':') && !socket::has_ipv6() => (
                "this machine has no IPv6".to_owned(),
                format!(
                    "write {option}127.0.0.1:{port}, or turn IPv6 on: sysctl net.ipv6.conf.all.disable_ipv6=0"
                ),
            ),
            Some(Errno::ADDRNOTAVAIL) => (
                format!("no interface of this machine has the address {host}"),
                format!(
                    "write {option}127.0.0.1:{port} for clients on this machine, {option}{everywhere}:{port} for all of its \
                     addresses, or one that `ip address` lists"
                ),
            ),
            Some(Errno::ACCESS) => (
                format!("user {} may not listen on a port below 1024", current_user()),
                "write a port from 1024 on, or give supervisord the capability CAP_NET_BIND_SERVICE"
                    .to_owned(),
            ),
            Some(Errno::INVAL) if host.starts_with("fe80:") && !host.contains('%') => (
                "a link-local address belongs to an interface".to_owned(),
                format!("name the interface, as in {option}[{host}%%eth0]:{port}"),
            ),
            _ => (words(error), ANOTHER_ADDRESS.to_owned()),
        },
        ListenError::NotASocket(_) | ListenError::Chown { .. } | ListenError::PathTooLong => {
            (error.cause(), ANOTHER_ADDRESS.to_owned())
        }
    }
}

const ANOTHER_ADDRESS: &str = "write another address";

fn unresolved(option: &str, host: &str, port: u16, error: &ListenError) -> (String, String) {
    let hint = if host.contains([':', '[']) {
        format!("write an IPv6 address in brackets and a port behind it, as in {option}[::1]:{port}")
    } else {
        format!("write an address, such as {option}127.0.0.1:{port}, or a name that `getent ahosts` knows")
    };
    let cause = error.cause();
    // The resolver's words are enough, without its number.
    let cause = cause.split_once("] ").map_or(&*cause, |(_, words)| words);
    (format!("no address is known for {}: {cause}", repr::text(host)), hint)
}

/// `owner` is the option that gives the file an owner.
fn about_path(owner: &str, path: &Path, error: &ListenError) -> (String, String) {
    match error {
        ListenError::InUse => {
            in_use(socket::owner_of_path(path), &format!("lsof {}", path.display()), "write another path")
        }
        ListenError::NotASocket(_) => (
            "a file that is no socket stands there, and may be needed".to_owned(),
            "remove it, or write another path".to_owned(),
        ),
        ListenError::Chown { error, .. } => {
            (words(error), format!("remove {owner}, or start supervisord as root"))
        }
        ListenError::PathTooLong => (
            format!("it has {} bytes, more than the address of a socket holds", path.as_os_str().len()),
            "write a shorter path, such as /run/supervisor.sock".to_owned(),
        ),
        ListenError::Resolve(_) => (error.cause(), ANOTHER_ADDRESS.to_owned()),
        ListenError::Os(error) if Refusal::behind(error).is_some() => (
            "other users can change what this path leads to".to_owned(),
            "write a path in a directory that only root can write, such as /run".to_owned(),
        ),
        ListenError::Os(error) => creating(path, error),
    }
}

/// About a file that cannot be opened for writing.
pub(crate) fn about_file(path: &Path, error: &io::Error) -> Advice {
    if Refusal::behind(error).is_some() {
        // It names the path and what to do.
        return Advice { why: error.to_string(), hint: String::new() };
    }
    let (why, hint) = creating(path, error);
    Advice { why: format!("{}: {why}", path.display()), hint }
}

/// Why a file cannot be made or written, and what to do.
fn creating(path: &Path, error: &io::Error) -> (String, String) {
    if let Ok(target) = std::fs::read_link(path)
        && matches!(errno_of(error), Some(Errno::NOENT | Errno::ACCESS | Errno::PERM))
    {
        let target = repr::text(target.as_os_str().as_bytes());
        let why = format!("it is a symbolic link to {target}: {}", words(error));
        return (why, "have the link lead where this user may write, or write another path".to_owned());
    }
    let directory = path.parent().unwrap_or(Path::new("/")).display();
    match errno_of(error) {
        Some(Errno::NOENT) => {
            (format!("there is no directory {directory}"), format!("create it: mkdir -p {directory}"))
        }
        Some(Errno::ACCESS | Errno::PERM) => {
            let user = current_user();
            let why = if path.exists() {
                format!("user {user} may not write this file")
            } else {
                format!("user {user} may not create files in {directory}")
            };
            (why, format!("write a path where user {user} may write, or let that user write there"))
        }
        Some(Errno::ROFS) => (
            format!("the file system of {directory} is read-only"),
            "write a path on another one, such as /run or /tmp".to_owned(),
        ),
        Some(Errno::NXIO) => {
            ("it is a FIFO without a reader".to_owned(), "start its reader first".to_owned())
        }
        Some(Errno::MFILE) => (
            "supervisord has as many files open as it may".to_owned(),
            "raise minfds in [supervisord], or the limit of open files (ulimit -n)".to_owned(),
        ),
        Some(Errno::ISDIR) => ("a directory stands there".to_owned(), "add the name of a file".to_owned()),
        _ => (words(error), "write another path".to_owned()),
    }
}

/// Who has an address, or how to find out.
fn in_use(owner: Option<Owner>, search: &str, otherwise: &str) -> (String, String) {
    let Some(Owner { pid, program, uid }) = owner else {
        return (
            "another process listens there".to_owned(),
            format!("`{search}` names it; stop it, or {otherwise}"),
        );
    };
    let user = uid.map_or_else(String::new, |uid| format!(" of user {}", user::shown(uid)));
    let Some(pid) = pid else {
        return (
            format!("a process{user} listens there"),
            format!("`{search}` names it if run as root; stop it, or {otherwise}"),
        );
    };
    if pid == std::process::id() {
        return (
            "another server of this configuration listens there".to_owned(),
            format!("{otherwise}; a server at [::] listens by IPv4 as well"),
        );
    }
    let program = program.unwrap_or_default();
    let hint = if program == "supervisord" {
        format!("use that one, or end it with `supervisorctl shutdown` first, or {otherwise}")
    } else {
        format!("stop that process, or {otherwise}")
    };
    (format!("process {pid} ({program}){user} listens there"), hint)
}

fn current_user() -> String {
    user::shown(user::effective_uid())
}

/// An address as it is written in a configuration.
fn shown_address(host: &str, port: u16) -> String {
    if host.is_empty() {
        format!("*:{port}")
    } else if host.parse::<Ipv6Addr>().is_ok() || host.contains('%') {
        format!("[{host}]:{port}")
    } else {
        format!("{host}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(address: ServerAddress) -> Server {
        Server { section: "s".to_owned(), address, credentials: None, allowed_hosts: vec![] }
    }

    fn at_port(host: &str, port: u16, code: i32) -> Advice {
        let address = ServerAddress::Inet { host: host.to_owned(), port };
        about(&server(address), &io::Error::from_raw_os_error(code).into())
    }

    fn at_path(path: &str, error: impl Into<ListenError>) -> Advice {
        let address = ServerAddress::Unix { path: path.into(), mode: 0o700, owner: None };
        about(&server(address), &error.into())
    }

    const EACCES: i32 = 13;
    const EINVAL: i32 = 22;
    const EROFS: i32 = 30;

    #[test]
    fn a_missing_permission_names_the_user() {
        let user = current_user();
        let advice = at_port("127.0.0.1", 80, EACCES);
        assert_eq!(
            advice.why,
            format!("[s] port=127.0.0.1:80: user {user} may not listen on a port below 1024")
        );
        assert!(advice.hint.starts_with("write a port from 1024 on, or give"), "{}", advice.hint);
        let advice = at_path("/nonexistent/s", io::Error::from_raw_os_error(EACCES));
        assert_eq!(
            advice.why,
            format!("[s] file=/nonexistent/s: user {user} may not create files in /nonexistent")
        );
    }

    #[test]
    fn a_dangling_link_is_reported_as_one() {
        let directory = crate::fixture::Scratch::new("dangling");
        let link = directory.path().join("log");
        std::os::unix::fs::symlink("/nonexistent\n/x", &link).unwrap();
        let advice = about_file(&link, &io::Error::from_raw_os_error(2));
        let why = format!(
            "{}: it is a symbolic link to '/nonexistent\\n/x': No such file or directory",
            link.display()
        );
        assert_eq!(advice.why, why);
    }

    #[test]
    fn each_obstacle_has_a_hint_of_its_own() {
        let advice = at_port("fe80::1", 9001, EINVAL);
        assert_eq!(
            advice.to_string(),
            "    why: [s] port=[fe80::1]:9001: a link-local address belongs to an interface\n    \
             help: name the interface, as in port=[fe80::1%%eth0]:9001"
        );
        assert_eq!(
            at_path("/sys/s", io::Error::from_raw_os_error(EROFS)).hint,
            "write a path on another one, such as /run or /tmp"
        );
        assert_eq!(
            at_path("/x", ListenError::PathTooLong).hint,
            "write a shorter path, such as /run/supervisor.sock"
        );
        assert_eq!(
            at_path("/x", ListenError::NotASocket("/x".into())).hint,
            "remove it, or write another path"
        );
        let own = at_port("192.0.2.1", 1, EINVAL);
        assert_eq!(own.in_a_line(), "[s] port=192.0.2.1:1: Invalid argument; help: write another address");
    }
}
