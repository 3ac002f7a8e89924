//! Paths as upstream takes them apart: by text, without asking the file system.

use crate::host::Host;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// The path these bytes spell.
pub(crate) fn from_bytes(bytes: &[u8]) -> PathBuf {
    PathBuf::from(OsStr::from_bytes(bytes))
}

/// The part before the last slash: `/a` of `/a/b`, nothing of `b`, `/` of `/b`.
pub(crate) fn dirname(path: &[u8]) -> &[u8] {
    let end = path.iter().rposition(|&byte| byte == b'/').map_or(0, |at| at + 1);
    let head = &path[..end];
    let trimmed = head.iter().rposition(|&byte| byte != b'/').map_or(head.len(), |last| last + 1);
    &head[..trimmed]
}

/// Replaces a leading `~` by `$HOME` (or the home directory of the user this runs as) and a leading `~name` by that
/// user's; leaves both as they are where there is none.
pub(crate) fn expand_user(path: &[u8], host: &dyn Host) -> Vec<u8> {
    let Some(after) = path.strip_prefix(b"~") else { return path.to_vec() };
    let end = after.iter().position(|&byte| byte == b'/').unwrap_or(after.len());
    let (name, rest) = after.split_at(end);
    let Some(home) = home_of(name, host) else { return path.to_vec() };
    let mut expanded = home;
    while expanded.last() == Some(&b'/') {
        expanded.pop();
    }
    expanded.extend_from_slice(rest);
    if expanded.is_empty() { b"/".to_vec() } else { expanded }
}

fn home_of(name: &[u8], host: &dyn Host) -> Option<Vec<u8>> {
    let home = if !name.is_empty() {
        host.user_named(OsStr::from_bytes(name))?.home.into_os_string()
    } else if let Some(home) = variable(host, "HOME") {
        home
    } else {
        host.user_with_id(host.uid())?.home.into_os_string()
    };
    Some(home.into_vec())
}

/// A variable of this program's environment.
pub(crate) fn variable(host: &dyn Host, name: &str) -> Option<OsString> {
    host.environment().into_iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// Absolute against the directory the program was started in, `.` and `..` and doubled slashes resolved by text.
pub(crate) fn absolute(path: &[u8], host: &dyn Host) -> PathBuf {
    let mut whole = Vec::new();
    if !path.starts_with(b"/") {
        whole.extend_from_slice(host.current_dir().as_os_str().as_bytes());
        whole.push(b'/');
    }
    whole.extend_from_slice(path);
    from_bytes(&normalized(&whole))
}

/// [`expand_user`], then [`absolute`].
pub(crate) fn expanded_absolute(path: &[u8], host: &dyn Host) -> PathBuf {
    absolute(&expand_user(path, host), host)
}

/// A path resolved by text: `/a//b/../c/.` becomes `/a/c`. Exactly two leading slashes stay, as POSIX allows them a
/// meaning of their own.
pub(crate) fn normalized(path: &[u8]) -> Vec<u8> {
    let slashes = path.iter().take_while(|&&byte| byte == b'/').count();
    let root: &[u8] = match slashes {
        0 => b"",
        2 => b"//",
        _ => b"/",
    };
    let mut kept: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." if kept.last().is_some_and(|last| *last != b"..") => {
                kept.pop();
            }
            b".." if slashes > 0 => {}
            part => kept.push(part),
        }
    }
    let mut result = root.to_vec();
    result.extend_from_slice(&kept.join(&b"/"[..]));
    if result.is_empty() { b".".to_vec() } else { result }
}

/// Whether a directory stands at `path`, which may be relative to the directory the program was started in but not empty.
pub(crate) fn is_dir(path: &[u8], host: &dyn Host) -> bool {
    let there = Path::new(OsStr::from_bytes(path));
    !path.is_empty()
        && !path.contains(&0)
        && if there.is_absolute() { host.is_dir(there) } else { host.is_dir(&host.current_dir().join(there)) }
}

/// The directory for temporary files, found as Python's `tempfile` finds it: the first of `TMPDIR`, `TEMP`, `TMP`,
/// `/tmp`, `/var/tmp`, `/usr/tmp` and the current directory in which a file can be made; `/tmp` if there is none.
pub(crate) fn temporary_directory(host: &dyn Host) -> PathBuf {
    let named = ["TMPDIR", "TEMP", "TMP"].iter().filter_map(|name| variable(host, name));
    let named = named.filter(|value| !value.is_empty()).map(|value| absolute(value.as_bytes(), host));
    let fixed = ["/tmp", "/var/tmp", "/usr/tmp"].map(PathBuf::from);
    let mut candidates = named.chain(fixed).chain([host.current_dir()]);
    candidates.find(|path| host.is_writable_dir(path)).unwrap_or_else(|| Path::new("/tmp").to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::{Account, MemoryHost};

    #[test]
    fn directory_part_is_cut_by_text() {
        for (path, directory) in
            [("/a/b", "/a"), ("b", ""), ("/b", "/"), ("a//b", "a"), ("//b", "//"), ("a/", "a")]
        {
            assert_eq!(dirname(path.as_bytes()), directory.as_bytes(), "{path}");
        }
    }

    #[test]
    fn normalisation_is_by_text() {
        let cases = [
            ("/a//b/../c/.", "/a/c"),
            ("//a", "//a"),
            ("///a", "/a"),
            ("/../a", "/a"),
            ("../../a/..", "../.."),
            ("a/..", "."),
            ("", "."),
        ];
        for (path, expected) in cases {
            assert_eq!(normalized(path.as_bytes()), expected.as_bytes(), "{path}");
        }
    }

    #[test]
    fn home_directories_come_from_the_environment_then_the_user_database() {
        let ann = Account { name: "ann".into(), uid: 1000, gid: 1000, home: "/home/ann/".into() };
        let host = MemoryHost::new().with_user(ann);
        assert_eq!(expand_user(b"~/x", &host), b"/home/ann/x");
        assert_eq!(expand_user(b"~root", &host), b"/root");
        assert_eq!(expand_user(b"~nosuch/x", &host), b"~nosuch/x");
        assert_eq!(expand_user(b"a~", &host), b"a~");
        let host = host.with_variable("HOME", "/");
        assert_eq!(expand_user(b"~", &host), b"/");
        assert_eq!(expand_user(b"~/x", &host), b"/x");
    }

    #[test]
    fn an_empty_path_is_no_directory() {
        assert!(!is_dir(b"", &MemoryHost::new()));
        assert!(is_dir(b".", &MemoryHost::new().with_dir("/srv/.")));
    }

    #[test]
    fn temporary_directory_is_the_first_usable_candidate() {
        let host = MemoryHost::new();
        assert_eq!(temporary_directory(&host), Path::new("/tmp"));
        let host =
            host.with_variable("TMPDIR", "/nosuch").with_variable("TMP", "scratch").with_dir("/srv/scratch");
        assert_eq!(temporary_directory(&host), Path::new("/srv/scratch"));
    }
}
