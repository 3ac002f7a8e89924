//! From the `command` of a program to a file and arguments that can be executed.
//!
//! Looked at before every spawn and before every start request; the words are upstream's, because clients see
//! them as `spawnerr` and as fault details.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use supervisor_config::{Process, words};
use supervisor_core::Fault;
use supervisor_log::repr;
use supervisor_sys::access;

/// What to execute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Executable {
    /// The file.
    pub(crate) path: PathBuf,
    /// The arguments; the first is the command as written.
    pub(crate) arguments: Vec<OsString>,
}

/// The directories searched when neither the program nor supervisord has a PATH.
const DEFAULT_PATH: &str = "/bin:/usr/bin:/usr/local/bin";

/// Finds the file of a command and checks that it can be executed. A relative path counts from supervisord's own
/// working directory, as upstream has it, although the child may go elsewhere before it executes the file.
///
/// May hang as long as a file system does.
pub(crate) fn resolve(process: &Process) -> Result<Executable, Fault> {
    let arguments = split(&process.command)?;
    let Some(program) = arguments.first() else {
        return Err(Fault::NotExecutable("command is empty".to_owned()));
    };
    let shown = String::from_utf8_lossy(program.as_bytes()).into_owned();
    let Some(path) = find(program, &search_path(process)) else {
        return Err(Fault::NoFile(format!("can't find command '{shown}'")));
    };
    check(&path)?;
    Ok(Executable { path, arguments })
}

fn split(command: &[u8]) -> Result<Vec<OsString>, Fault> {
    let words = words::split(command).map_err(|error| {
        let command = repr::text(&String::from_utf8_lossy(command));
        Fault::NotExecutable(format!("can't parse command {command}: {error}"))
    })?;
    Ok(words.into_iter().map(OsString::from_vec).collect())
}

fn search_path(process: &Process) -> OsString {
    let name = OsStr::new("PATH");
    process
        .environment
        .value(name)
        .map(OsStr::to_owned)
        .or_else(|| std::env::var_os(name))
        .unwrap_or_else(|| DEFAULT_PATH.into())
}

/// The file a command names: itself if it holds a slash, else the first that exists in the search path, whatever
/// it is. An empty element of the path is the working directory.
fn find(program: &OsStr, search_path: &OsStr) -> Option<PathBuf> {
    if program.as_bytes().contains(&b'/') {
        let path = PathBuf::from(program);
        return path.exists().then_some(path);
    }
    search_path
        .as_bytes()
        .split(|byte| *byte == b':')
        .map(|directory| Path::new(OsStr::from_bytes(directory)).join(program))
        .find(|candidate| candidate.exists())
}

fn check(path: &Path) -> Result<(), Fault> {
    let shown = path.display();
    let not_executable = |text: String| Err(Fault::NotExecutable(text));
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => not_executable(format!("command at '{shown}' is a directory")),
        Ok(found) if found.permissions().mode() & 0o111 == 0 => {
            not_executable(format!("command at '{shown}' is not executable"))
        }
        Ok(_) if access::may_execute(path) => Ok(()),
        Ok(_) | Err(_) => not_executable(format!("no permission to run command '{shown}'")),
    }
}
