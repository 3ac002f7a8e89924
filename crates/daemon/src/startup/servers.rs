//! The sockets of the HTTP servers.

use super::{StartError, advice};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use supervisor_config::{Config, Server, ServerAddress};
use supervisor_core::{Level, repr};
use supervisor_http::{Credentials, Listener, Socket};
use supervisor_log::MainLog;
use supervisor_sys::fd::FileIdentity;
use supervisor_sys::socket::{self, ListenError, SocketFile};

pub(super) fn open_servers(
    config: &Config,
    log: &MainLog,
) -> Result<(Vec<Listener>, SocketFiles), StartError> {
    let _alone = alone();
    let mut files = SocketFiles::default();
    let mut listeners = Vec::with_capacity(config.servers.len());
    for server in &config.servers {
        let socket = listen(&server.address, &mut files).map_err(|error| StartError {
            text: error.to_string(),
            advice: Some(advice::about(server, &error)),
        })?;
        for interface in &config.rpcinterfaces {
            log.log(Level::Info, format!("RPC interface {} initialized", repr::text(&interface.name)));
        }
        if server.credentials.is_none() {
            let section = repr::text(&server.section);
            log.log(
                Level::Critical,
                format!("Server {section} running without any HTTP authentication checking"),
            );
        }
        let credentials = server.credentials.as_ref().and_then(http_credentials);
        listeners.push(Listener { socket, section: server.section.clone(), credentials });
    }
    Ok((listeners, files))
}

fn listen(address: &ServerAddress, files: &mut SocketFiles) -> Result<Socket, ListenError> {
    match address {
        ServerAddress::Inet { host, port } => {
            socket::listen_tcp(host, *port, socket::BACKLOG).map(Socket::Tcp)
        }
        ServerAddress::Unix { path, mode, owner } => {
            let file = SocketFile {
                mode: *mode,
                uid: owner.map(|owner| owner.uid),
                gid: owner.and_then(|owner| owner.gid),
            };
            socket::listen_unix(path, file, socket::BACKLOG).map(|bound| {
                if bound.replaced_stale {
                    crate::say(&format!("Unlinking stale socket {}\n", path.display()));
                }
                files.0.push((path.clone(), bound.identity));
                Socket::Unix(bound.listener)
            })
        }
    }
}

fn http_credentials(credentials: &supervisor_config::Credentials) -> Option<Credentials> {
    let text = String::from_utf8_lossy;
    Credentials::new(&text(&credentials.username), &text(&credentials.password))
}

/// The socket files of our servers. Dropping it removes those that are still ours.
#[derive(Debug, Default)]
pub(crate) struct SocketFiles(Vec<(PathBuf, FileIdentity)>);

impl Drop for SocketFiles {
    fn drop(&mut self) {
        for (path, identity) in &self.0 {
            // The log is closed by now, and a stale socket does no harm at the next start.
            let _removed = socket::remove_socket_file(path, *identity);
        }
    }
}

/// Whether the machine would let `servers` listen as well, beside the `standing` ones: addresses these have need no try.
pub(super) fn try_to_listen(servers: &[Server], standing: &[Server]) -> Result<(), StartError> {
    let _alone = alone();
    // All of them stay open until the last was tried: two may want the same address.
    let (mut files, mut sockets) = (SocketFiles::default(), Vec::new());
    for server in servers {
        if !standing.iter().any(|standing| overlap(&standing.address, &server.address)) {
            let socket = listen(&server.address, &mut files).map_err(|error| StartError {
                text: format!("[{}] cannot listen: {error}", server.section),
                advice: Some(advice::about(server, &error)),
            });
            sockets.push(socket?);
        }
    }
    Ok(())
}

/// A try must be in the way neither of another nor of the start it was made for.
fn alone() -> MutexGuard<'static, ()> {
    static ADDRESSES: Mutex<()> = Mutex::new(());
    ADDRESSES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether one of two servers keeps the other from listening.
fn overlap(one: &ServerAddress, other: &ServerAddress) -> bool {
    match (one, other) {
        (ServerAddress::Inet { port: one, .. }, ServerAddress::Inet { port: other, .. }) => one == other,
        (ServerAddress::Unix { path: one, .. }, ServerAddress::Unix { path: other, .. }) => {
            let file = |path: &Path| FileIdentity::of_path(path).ok();
            one == other || file(one).is_some_and(|one| file(other) == Some(one))
        }
        (ServerAddress::Inet { .. }, ServerAddress::Unix { .. })
        | (ServerAddress::Unix { .. }, ServerAddress::Inet { .. }) => false,
    }
}
