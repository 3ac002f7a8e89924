//! From the `command` of a program to a file and arguments that can be executed.
//!
//! Checked before every spawn and before every start request; the texts are upstream's, because clients see
//! them as `spawnerr` and as fault details.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use supervisor_config::{Process, words};
use supervisor_core::{Fault, repr};
use supervisor_sys::access;

/// What to execute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Executable {
    /// The file.
    pub(crate) path: PathBuf,
    /// The arguments; the first is the command as written.
    pub(crate) arguments: Vec<OsString>,
}

/// The directories searched when the program has no PATH, and supervisord none or an empty one.
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
    let Some(path) = find(program, &search_path(process)) else {
        let shown = repr::text(program.as_bytes());
        return Err(Fault::NoFile(format!("can't find command {shown}")));
    };
    check(&path)?;
    Ok(Executable { path, arguments })
}

fn split(command: &[u8]) -> Result<Vec<OsString>, Fault> {
    let words = words::split(command).map_err(|error| {
        let command = repr::text(command);
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
        .or_else(|| std::env::var_os(name).filter(|path| !path.is_empty()))
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
    let shown = repr::text(path.as_os_str().as_bytes());
    let not_executable = |text: String| Err(Fault::NotExecutable(text));
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => not_executable(format!("command at {shown} is a directory")),
        Ok(found) if found.permissions().mode() & 0o111 == 0 => {
            not_executable(format!("command at {shown} is not executable"))
        }
        Ok(_) if access::may_execute(path) => Ok(()),
        Ok(_) | Err(_) => not_executable(format!("no permission to run command {shown}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{Scratch, process};
    use std::os::unix::fs::PermissionsExt;

    fn fault_of(command: &str) -> Fault {
        resolve(&process("web", command)).unwrap_err()
    }

    /// PROC-23.
    #[test]
    fn a_missing_command_is_named_as_it_was_written() {
        assert_eq!(fault_of("/nonexistent -x"), Fault::NoFile("can't find command '/nonexistent'".into()));
        assert_eq!(
            fault_of("sleep\u{3000}1000"),
            Fault::NoFile(r"can't find command 'sleep\u30001000'".into())
        );
        assert_eq!(
            fault_of("/no\u{a0}\u{200b}\u{feff}\u{202e}such"),
            Fault::NoFile(r"can't find command '/no\xa0\u200b\ufeff\u202esuch'".into())
        );
        assert_eq!(fault_of("no-such-program"), Fault::NoFile("can't find command 'no-such-program'".into()));
    }

    /// PROC-24.
    #[test]
    fn directories_and_files_without_permission_to_execute_are_distinguished() {
        let directory = Scratch::new("command");
        let not_executable = |text: String| Fault::NotExecutable(text);
        let path = directory.path().display();
        assert_eq!(
            fault_of(&path.to_string()),
            not_executable(format!("command at '{path}' is a directory"))
        );
        let file = directory.file("plain", "x");
        let path = file.display();
        assert_eq!(
            fault_of(&path.to_string()),
            not_executable(format!("command at '{path}' is not executable"))
        );
    }

    /// PROC-25.
    #[test]
    fn a_command_that_cannot_be_split_is_quoted() {
        assert_eq!(
            fault_of("sh -c \"x"),
            Fault::NotExecutable("can't parse command 'sh -c \"x': No closing quotation".into())
        );
        assert_eq!(fault_of(""), Fault::NotExecutable("command is empty".into()));
        assert_eq!(fault_of("  "), Fault::NotExecutable("command is empty".into()));
    }

    /// PROC-26.
    #[test]
    fn the_programs_own_path_is_searched_and_the_first_match_counts_whatever_it_is() {
        let (first, second) = (Scratch::new("path-a"), Scratch::new("path-b"));
        let tool = second.file("tool", "#!/bin/sh\n");
        fs::set_permissions(&tool, fs::Permissions::from_mode(0o755)).unwrap();
        let mut program = process("web", "tool 1");
        let search = format!("{}:{}", first.path().display(), second.path().display());
        program.environment.set("PATH", search);
        let found = resolve(&program).unwrap();
        assert_eq!(found.path, tool);
        assert_eq!(found.arguments, ["tool", "1"]);
        fs::create_dir(first.path().join("tool")).unwrap();
        let shadow = first.path().join("tool");
        let text = format!("command at '{}' is a directory", shadow.display());
        assert_eq!(resolve(&program), Err(Fault::NotExecutable(text)));
    }
}
