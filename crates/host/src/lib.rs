//! The running machine as a configuration sees it.
//!
//! The configuration reaches the machine only through its `Host`, so that tests can put a map in its place; this is the
//! one that both programs put there.
#![forbid(unsafe_code)]

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use supervisor_config::{Account, Host};
use supervisor_sys::access;
use supervisor_sys::errno;
use supervisor_sys::user::{self, User};

/// Answers from the running system. Remembers where and with what environment the program was started, so that a
/// file read again means the same.
#[derive(Clone, Debug)]
pub struct SystemHost {
    startup_directory: PathBuf,
    environment: Vec<(OsString, OsString)>,
    hostname: OsString,
}

impl SystemHost {
    /// To be called before the program changes its directory or environment.
    pub fn at_startup() -> Self {
        Self {
            // A directory that was removed under us: relative paths fail one by one, with their own messages.
            startup_directory: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            environment: std::env::vars_os().collect(),
            hostname: access::hostname(),
        }
    }
}

impl Host for SystemHost {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        read(path, limit).map_err(|error| in_words(&error))
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }

    fn names_in(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        let names = fs::read_dir(directory)
            .and_then(|entries| entries.map(|entry| entry.map(|entry| entry.file_name())).collect());
        names.map_err(|error| in_words(&error))
    }

    fn mode(&self, path: &Path) -> Option<u32> {
        fs::metadata(path).ok().map(|found| found.permissions().mode() & 0o7777)
    }

    fn is_writable_dir(&self, path: &Path) -> bool {
        path.is_dir() && access::may_write(path)
    }

    fn user_named(&self, name: &OsStr) -> Option<Account> {
        user::user_by_name(name.as_bytes()).ok().flatten().map(account)
    }

    fn user_with_id(&self, uid: u32) -> Option<Account> {
        user::user_by_uid(uid).ok().flatten().map(account)
    }

    fn group_named(&self, name: &OsStr) -> Option<u32> {
        user::group_by_name(name.as_bytes()).ok().flatten().map(|group| group.gid)
    }

    fn has_group_id(&self, gid: u32) -> bool {
        user::group_by_gid(gid).is_ok_and(|group| group.is_some())
    }

    fn environment(&self) -> Vec<(OsString, OsString)> {
        self.environment.clone()
    }

    fn hostname(&self) -> OsString {
        self.hostname.clone()
    }

    fn current_dir(&self) -> PathBuf {
        self.startup_directory.clone()
    }

    fn uid(&self) -> u32 {
        user::real_uid()
    }
}

fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let most = limit.saturating_add(1);
    // What the file is said to hold, and a byte to see its end by. A size of 0 may be that of a pipe.
    let expected = file.metadata().map_or(0, |found| found.len().saturating_add(1).min(most));
    let mut content = Vec::with_capacity(usize::try_from(expected).unwrap_or_default());
    file.take(most).read_to_end(&mut content)?;
    Ok(content)
}

/// The same error, which shows itself in the system's words: diagnostics cite it, and know nothing of errno.
fn in_words(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), errno::words(error))
}

fn account(user: User) -> Account {
    Account {
        name: OsString::from_vec(user.name),
        uid: user.uid,
        gid: user.gid,
        home: OsString::from_vec(user.home).into(),
    }
}
