//! `cargo xtask clients`: programs others wrote to control Supervisor, unmodified, on ours.
//!
//! - `npm-supervisord`: the library `supervisord`, over a Unix socket;
//! - `npm-node-supervisord`: the library `node-supervisord`, over TCP with a password;
//! - `debian`: the supervisorctl of Debian's package, an older release than the one we emulate;
//! - `ansible`: the module `community.general.supervisorctl`.
//!
//! Packages are fetched below the build directory, once. One that cannot be had fails the run.

mod ansible;
mod debian;
mod npm;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use support::{Daemon, Failure, Launch, Port, Sandbox, workspace};

/// A client: its name and what it does, given a directory of its own to install into.
type Client = (&'static str, fn(&Path) -> Result<(), Failure>);

const CLIENTS: [Client; 4] = [
    ("npm-supervisord", npm::supervisord),
    ("npm-node-supervisord", npm::node_supervisord),
    ("debian", debian::run),
    ("ansible", ansible::run),
];

/// Runs the clients with these names, or all. Fails at the first that does not get what it would from upstream.
pub(crate) fn run(names: &[&str]) -> Result<(), Failure> {
    if let Some(unknown) = names.iter().find(|name| !CLIENTS.iter().any(|(known, _)| known == *name)) {
        return Err(format!("no client {unknown}").into());
    }
    workspace::build_programs()?;
    let build_directory = workspace::build_directory()?;
    for (name, client) in CLIENTS.iter().filter(|(name, _)| names.is_empty() || names.contains(name)) {
        println!("{name}");
        let place = build_directory.join("clients").join(name);
        fs::create_dir_all(&place)?;
        client(&place).map_err(|failure| format!("{name}: {failure}"))?;
    }
    Ok(())
}

/// A daemon with two listeners, one of them guarded, and three programs.
struct Subject {
    daemon: Daemon,
    port: Port,
}

impl Subject {
    fn start() -> Self {
        let port = Port::reserve();
        let config = format!(
            "[inet_http_server]\nport=127.0.0.1:{}\nusername=user\npassword=secret\n\
             [program:web]\ncommand=/bin/sh -c \"echo hello; exec cat\"\nstdout_logfile=%(here)s/web.log\nstartsecs=0\n\
             [program:idle]\ncommand=sleep 1000\nautostart=false\nstartsecs=0\n\
             [program:broken]\ncommand=/nonexistent\nautostart=false\n",
            port.number()
        );
        let sandbox = Sandbox::new();
        let daemon = Launch::new().configure(&sandbox, &config).start(sandbox);
        daemon.wait_for_state("web", "RUNNING");
        daemon.wait_for_file("web.log", "hello\n");
        Self { daemon, port }
    }

    fn config(&self) -> PathBuf {
        self.daemon.sandbox().path("supervisord.conf")
    }

    fn socket(&self) -> PathBuf {
        self.daemon.sandbox().path("s")
    }
}

/// Runs a command in the sandbox; returns what it printed, both outputs together, and its exit code.
fn output(mut command: Command) -> Result<(String, Option<i32>), Failure> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let text = [output.stdout, output.stderr].concat();
    Ok((String::from_utf8_lossy(&text).into_owned(), output.status.code()))
}

/// Fails with both texts if they differ.
fn expect(what: &str, found: &str, expected: &str) -> Result<(), Failure> {
    if found == expected {
        println!("  {what}");
        Ok(())
    } else {
        Err(format!("{what}\nexpected:\n{expected}\nfound:\n{found}").into())
    }
}
