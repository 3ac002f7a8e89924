//! `cargo xtask browser [--pictures] [WORD...]`: the web interface in a real browser.
//!
//! Builds supervisord, gets the two packages the suite needs (a driver and an accessibility checker) into `target`, and
//! runs `tests/suites/browser/suite.mjs` there: every action against real processes, in both languages, colours and widths,
//! without JavaScript, with bad input, with 2,000 processes, and behind nginx, Apache, Caddy and `HAProxy`. Words choose the
//! parts in whose names they occur.
//! With `--pictures` it also takes the pictures of the documentation, in `docs/screenshots`.
//!
//! Only the suite needs Node and Chromium; neither the build nor the programs do.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use support::{Failure, workspace};

/// Where Chromium is, by what distributions call it; the variable `CHROMIUM` names another one.
const BROWSERS: [&str; 4] =
    ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome", "/snap/bin/chromium"];

/// Runs the suite.
pub(crate) fn run(arguments: &[&str]) -> Result<(), Failure> {
    let (options, words): (Vec<&str>, Vec<&str>) =
        arguments.iter().partition(|argument| argument.starts_with('-'));
    let takes_pictures = match options.as_slice() {
        [] => false,
        ["--pictures"] => true,
        _ => return Err("usage: cargo xtask browser [--pictures] [WORD...]".into()),
    };
    let chromium = chromium()?;
    for program in ["node", "npm"] {
        require(program)?;
    }
    let root = workspace::root();
    let program = build(&root)?;
    let folder = program.parent().ok_or("the program lies in a directory")?.join("browser");
    copy(&root.join("tests/suites/browser"), &folder)?;
    let install = ["install", "--no-audit", "--no-fund", "--silent"];
    workspace::download(Command::new("npm").args(install).current_dir(&folder))?;
    let mut suite = Command::new("node");
    suite.arg("suite.mjs").arg(&program).args(words).env("CHROMIUM", chromium).env_remove("PICTURES");
    // Its recipes for proxies are tried as they stand there.
    suite.env("MANUAL", root.join("docs/web.md"));
    if takes_pictures {
        suite.env("PICTURES", root.join("docs/screenshots"));
    }
    workspace::run(suite.current_dir(&folder))
}

/// The browser to drive.
fn chromium() -> Result<PathBuf, Failure> {
    if let Some(path) = std::env::var_os("CHROMIUM") {
        return Ok(path.into());
    }
    let found = BROWSERS.into_iter().map(PathBuf::from).find(|path| path.exists());
    found.ok_or_else(|| "no Chromium: apt-get install chromium, or say where it is with CHROMIUM=PATH".into())
}

/// Fails if a program is not there.
fn require(program: &str) -> Result<(), Failure> {
    let version = Command::new(program).arg("--version").stdout(Stdio::null()).status();
    match version {
        Ok(status) if status.success() => Ok(()),
        Ok(_) | Err(_) => Err(format!("no {program}: apt-get install nodejs npm").into()),
    }
}

/// Builds supervisord and says where it is.
fn build(root: &Path) -> Result<PathBuf, Failure> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    workspace::run(Command::new(cargo).args(["build", "--quiet", "--bin", "supervisord"]).current_dir(root))?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    Ok(target.join("debug/supervisord"))
}

/// Copies a folder to where its packages may be installed, in the place of what was there of it.
fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
