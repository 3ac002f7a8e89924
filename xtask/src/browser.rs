//! `cargo xtask browser`: the web interface in a real browser.
//!
//! Builds supervisord, gets the two packages the suite needs (a driver and an accessibility checker) into `target`, and
//! runs `xtask/browser/suite.mjs`: every action against real processes, in both languages, colours and widths, without
//! JavaScript, and with 2,000 processes. The pictures it takes go to `docs/screenshots`. Only whoever runs the suite
//! needs Node; neither the build nor the program does.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Failure, workspace};

/// What the suite consists of.
const FILES: [&str; 3] = ["package.json", "demo.conf", "suite.mjs"];

/// Runs the suite; `parts` are words that occur in the names of the parts to run, none for all.
pub(crate) fn run(parts: &[&str]) -> Result<(), Failure> {
    let root = workspace::root();
    let program = build(&root)?;
    let folder = program.parent().ok_or("the program lies in a directory")?.join("browser");
    fs::create_dir_all(&folder)?;
    for file in FILES {
        fs::copy(root.join("xtask/browser").join(file), folder.join(file))?;
    }
    let install = ["install", "--no-audit", "--no-fund", "--silent"];
    workspace::run(Command::new("npm").args(install).current_dir(&folder))
        .map_err(|failure| format!("{failure}\nthe suite needs Node: apt-get install nodejs npm chromium"))?;
    let pictures = root.join("docs/screenshots");
    fs::create_dir_all(&pictures)?;
    let mut suite = Command::new("node");
    suite.arg("suite.mjs").arg(&program).arg(&pictures).args(parts).current_dir(&folder);
    workspace::run(&mut suite)
}

/// Builds supervisord and says where it is.
fn build(root: &Path) -> Result<PathBuf, Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    workspace::run(
        Command::new(cargo).args(["build", "--release", "--bin", "supervisord"]).current_dir(root),
    )?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("release/supervisord"))
}
