//! Upstream in a virtual environment.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::workspace::{self, Failure};

/// Names the virtual environment; when unset one is made below the build directory.
pub const VARIABLE: &str = "SUPERVISOR_UPSTREAM";

/// What is installed. The release imports `pkg_resources`, which setuptools dropped in version 81.
const PACKAGES: [&str; 2] = ["supervisor==4.3.0", "setuptools<81"];

const SYSTEM_PYTHON: &str = "/usr/bin/python3";

/// The virtual environment with upstream in it, made if it is not there yet.
///
/// # Errors
/// When it cannot be installed, or the named environment has another release.
#[expect(clippy::print_stdout, reason = "an installation takes a while")]
pub fn ensure() -> Result<PathBuf, Failure> {
    let place = match env::var_os(VARIABLE) {
        Some(place) => PathBuf::from(place),
        None => workspace::build_directory()?.join("upstream-4.3.0"),
    };
    if !place.join("bin/supervisord").exists() {
        println!("installing {} into {}", PACKAGES[0], place.display());
        install(&place)?;
    }
    let version = Command::new(place.join("bin/supervisord")).arg("-v").output()?;
    if version.stdout != b"4.3.0\n" {
        let found = String::from_utf8_lossy(&version.stdout).into_owned();
        return Err(format!("{} has supervisord {found:?}, not 4.3.0", place.display()).into());
    }
    Ok(place)
}

fn install(place: &Path) -> Result<(), Failure> {
    // The machine's own interpreter is one that every user can run; a private one may lie in a home directory.
    let python = if Path::new(SYSTEM_PYTHON).exists() { SYSTEM_PYTHON } else { "python3" };
    workspace::run(Command::new(python).args(["-m", "venv"]).arg(place))?;
    workspace::download(Command::new(place.join("bin/pip")).args(["install", "--quiet"]).args(PACKAGES))
}
