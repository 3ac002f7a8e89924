//! The checkout, what cargo builds of it, and commands that install what a suite needs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

/// Why a suite failed, for people.
pub type Failure = Box<dyn std::error::Error>;

/// The pauses before a download is tried again.
const PAUSES: [Duration; 3] = [Duration::from_secs(5), Duration::from_secs(20), Duration::from_secs(60)];

/// The root of the workspace.
///
/// # Panics
/// Never: this crate lies two levels below it.
pub fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).expect("tests/support lies in the workspace").to_owned()
}

/// The directory cargo builds into: the running program lies in one of its profiles.
///
/// # Errors
/// When the program was copied elsewhere.
pub fn build_directory() -> Result<PathBuf, Failure> {
    let program = env::current_exe()?;
    Ok(program.ancestors().nth(2).ok_or("a suite runs from a build directory")?.to_owned())
}

/// Builds the programs of this repository as the tests run them.
///
/// # Errors
/// When they do not compile.
pub fn build_programs() -> Result<(), Failure> {
    run(Command::new("cargo").args(["build", "--quiet", "--bins"]).current_dir(root()))
}

/// Runs a command that downloads something, up to four times, as networks fail at times.
///
/// # Errors
/// Of the last attempt.
#[expect(clippy::print_stdout, reason = "it explains a pause")]
pub fn download(command: &mut Command) -> Result<(), Failure> {
    for pause in PAUSES {
        match run(command) {
            Ok(()) => return Ok(()),
            Err(failure) => println!("{failure}; trying again in {pause:?}"),
        }
        thread::sleep(pause);
    }
    run(command)
}

/// Runs a command and fails if it does.
///
/// # Errors
/// When the command cannot be started or exits with another code than 0.
pub fn run(command: &mut Command) -> Result<(), Failure> {
    let status = command.status().map_err(|error| format!("{command:?}: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} ended with {status}").into()) }
}
