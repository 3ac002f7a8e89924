//! `AUTO` log files: their names, and the removal of those an earlier run left.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use supervisor_core::{Channel, repr};
use supervisor_sys::entry::Entry;
use supervisor_sys::tempfile;

/// Creates `<directory>/<process>-<channel>---<identifier>-<8 random>.log` with mode 0600 and returns its
/// path.
///
/// Never an existing file, never through a symbolic link.
pub fn create(directory: &Path, process: &str, channel: Channel, identifier: &str) -> io::Result<PathBuf> {
    let prefix = format!("{process}-{}---{identifier}-", channel.name());
    let (_file, path) = tempfile::create_unique(directory, prefix.as_ref(), OsStr::new(".log"), 0o600)?;
    Ok(path)
}

/// Removes the file of [`create`], or what stands in its place.
pub fn remove(path: &Path) -> io::Result<()> {
    Entry::itself(path)?.remove()
}

/// Removes the `AUTO` files of `identifier` that an earlier run left in `directory`; returns the texts to log
/// as WARN.
pub fn remove_old(directory: &Path, identifier: &str) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(directory) else {
        return vec!["Could not clear childlog dir".to_owned()];
    };
    let mut warnings = Vec::new();
    for entry in entries {
        let Ok(entry) = entry else {
            warnings.push("Could not clear childlog dir".to_owned());
            break;
        };
        let is_ours = is_auto_name(&entry.file_name().to_string_lossy(), identifier);
        if is_ours && remove(&entry.path()).is_err() {
            warnings.push(format!("Failed to clean up {}", repr::text(entry.path().as_os_str().as_bytes())));
        }
    }
    warnings
}

/// Whether a file name begins like one of ours: something, `---<identifier>-`, at least one character,
/// `.log`; backups and whatever else follows included. Between identifier and `.log` there is no
/// white space.
fn is_auto_name(name: &str, identifier: &str) -> bool {
    let mark = format!("---{identifier}-");
    name.match_indices(&mark).any(|(at, _)| {
        let (before, after) = (&name[..at], &name[at + mark.len()..]);
        let token = &after[..after.find(is_space).unwrap_or(after.len())];
        let first = token.chars().next().map_or(0, char::len_utf8);
        !before.is_empty() && !before.contains('\n') && token[first..].contains(".log")
    })
}

/// White space as upstream's pattern understands it.
fn is_space(character: char) -> bool {
    character.is_whitespace() || ('\x1c'..='\x1f').contains(&character)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::os::unix::fs::PermissionsExt;

    /// PROC-48.
    #[test]
    fn names_and_modes_are_upstreams() {
        let scratch = Scratch::new();
        let path = create(scratch.root(), "web", Channel::Stderr, "supervisor").unwrap();
        let name = path.file_name().unwrap().to_str().unwrap();
        let random = name.strip_prefix("web-stderr---supervisor-").unwrap().strip_suffix(".log").unwrap();
        assert_eq!(random.len(), 8);
        assert!(
            random.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        );
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    }

    /// PROC-48, with the names tried on 4.3.0.
    #[test]
    fn old_files_of_the_same_identifier_are_removed() {
        let scratch = Scratch::new();
        let removed = [
            "a-stdout---supervisor-abcdefgh.log",
            "a-stdout---supervisor-abcdefgh.log.1",
            "a-stdout---supervisor-abcdefgh.log.12345",
            "a-stdout---supervisor-abcdefgh.log.bak",
            "a-stdout---supervisor-abcdefgh.logfoo",
            "x---supervisor-y---supervisor-z.log",
        ];
        let kept = [
            "a-stdout---supervisor2-abcdefgh.log",
            "---supervisor-abcdefgh.log",
            "a-stdout---supervisor-ab cdefgh.log",
            "a-stdout---supervisor-.log",
            "a-stdout---supervisorXabcdefgh.log",
            "a-stdout---supervisor-abcdefgh.lo",
            "app.log",
        ];
        removed.iter().chain(&kept).for_each(|name| drop(scratch.write(name, "")));
        assert_eq!(remove_old(scratch.root(), "supervisor"), Vec::<String>::new());
        let mut left: Vec<String> = std::fs::read_dir(scratch.root())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        let mut expected = kept.map(str::to_owned).to_vec();
        expected.sort();
        assert_eq!(left, expected);
    }

    /// Upstream takes the identifier for a regular expression.
    #[test]
    fn the_identifier_is_taken_literally() {
        assert!(is_auto_name("a-stdout---a.b+-x1.log", "a.b+"));
        assert!(!is_auto_name("a-stdout---aXbb-x1.log", "a.b+"));
    }

    #[test]
    fn failed_removals_are_reported() {
        let scratch = Scratch::new();
        let directory = scratch.path("a---supervisor-x1.log");
        std::fs::create_dir(&directory).unwrap();
        let expected = format!("Failed to clean up '{}'", directory.display());
        assert_eq!(remove_old(scratch.root(), "supervisor"), [expected]);
        assert_eq!(remove_old(&scratch.path("none"), "supervisor"), ["Could not clear childlog dir"]);
    }
}
