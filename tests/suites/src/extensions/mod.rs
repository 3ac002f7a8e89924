//! `cargo xtask extensions`: what others wrote for Supervisor, unmodified, on ours.
//!
//! - `superlance`: its listeners watch memory, a web page, crashes and failed starts, and act on them;
//! - `session`: a listener records a scripted session on upstream and on ours, and gets the same bytes;
//! - `fastcgi`: nginx serves a page from a FastCGI program in Python;
//! - `listener`: the example of the crate for authors of listeners in Rust.
//!
//! Python packages go into a virtual environment below the build directory, made when it is not there yet.

mod fastcgi;
mod listener;
mod mail;
mod session;
mod superlance;

use std::env;
use std::path::PathBuf;
use std::process::Command;

use support::{Failure, workspace};

/// The release of superlance, and upstream with it, which its listeners import. That imports `pkg_resources`, which
/// setuptools gave up in version 81.
const PACKAGES: [&str; 3] = ["superlance==2.0.0", "supervisor==4.3.0", "setuptools<81"];

/// Names the virtual environment that holds upstream.
const UPSTREAM: &str = "SUPERVISOR_UPSTREAM";

/// A part of the run: its name and what it does in an environment.
type Part = (&'static str, fn(&PythonEnvironment) -> Result<(), Failure>);

const PARTS: [Part; 4] = [
    ("superlance", superlance::run),
    ("session", session::run),
    ("fastcgi", fastcgi::run),
    ("listener", listener::run),
];

/// Runs the parts with these names, or all. Fails at the first that does not do as it should.
pub(crate) fn run(names: &[&str]) -> Result<(), Failure> {
    if let Some(unknown) = names.iter().find(|name| !PARTS.iter().any(|(known, _)| known == *name)) {
        return Err(format!("no part {unknown}").into());
    }
    workspace::build_programs()?;
    let environment = PythonEnvironment::ensure()?;
    if env::var_os(UPSTREAM).is_none() {
        // The support crate finds upstream by this variable, and only a new process can be given one.
        let mut again = Command::new(env::current_exe()?);
        return workspace::run(again.arg("extensions").args(names).env(UPSTREAM, &environment.0));
    }
    for (name, part) in PARTS.iter().filter(|(name, _)| names.is_empty() || names.contains(name)) {
        println!("{name}");
        part(&environment)?;
    }
    Ok(())
}

/// A virtual environment with the packages.
struct PythonEnvironment(PathBuf);

impl PythonEnvironment {
    fn ensure() -> Result<Self, Failure> {
        let place = workspace::build_directory()?.join("extensions");
        if !place.join("bin/memmon").exists() {
            println!("installing {} into {}", PACKAGES[0], place.display());
            workspace::run(Command::new("python3").args(["-m", "venv"]).arg(&place))?;
            let mut pip = Command::new(place.join("bin/pip"));
            workspace::download(pip.args(["install", "--quiet"]).args(PACKAGES))?;
        }
        Ok(Self(place))
    }

    /// A program of the environment, as text for a configuration.
    fn program(&self, name: &str) -> String {
        self.0.join("bin").join(name).display().to_string()
    }
}
