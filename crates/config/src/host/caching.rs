//! A caching `Host`.

use super::{Account, Host};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

/// Answers of a machine while one configuration is read. A thousand programs log into one directory and run as one user;
/// each such question is a system call, and one to the user database reads a file or asks another machine.
pub(crate) struct CachingHost<'a> {
    host: &'a dyn Host,
    directories: RefCell<HashMap<PathBuf, bool>>,
    users: RefCell<HashMap<OsString, Option<Account>>>,
    uids: RefCell<HashMap<u32, Option<Account>>>,
}

impl<'a> CachingHost<'a> {
    pub(crate) fn new(host: &'a dyn Host) -> Self {
        Self { host, directories: RefCell::default(), users: RefCell::default(), uids: RefCell::default() }
    }
}

impl Host for CachingHost<'_> {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        self.host.read(path, limit)
    }

    fn exists(&self, path: &Path) -> bool {
        self.host.exists(path)
    }

    fn is_dir(&self, path: &Path) -> bool {
        if let Some(&answer) = self.directories.borrow().get(path) {
            return answer;
        }
        let answer = self.host.is_dir(path);
        self.directories.borrow_mut().insert(path.to_path_buf(), answer);
        answer
    }

    fn names_in(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        self.host.names_in(directory)
    }

    fn mode(&self, path: &Path) -> Option<u32> {
        self.host.mode(path)
    }

    fn is_writable_dir(&self, path: &Path) -> bool {
        self.host.is_writable_dir(path)
    }

    fn user_named(&self, name: &OsStr) -> Option<Account> {
        if let Some(answer) = self.users.borrow().get(name) {
            return answer.clone();
        }
        let answer = self.host.user_named(name);
        self.users.borrow_mut().insert(name.to_os_string(), answer.clone());
        answer
    }

    fn user_with_id(&self, uid: u32) -> Option<Account> {
        if let Some(answer) = self.uids.borrow().get(&uid) {
            return answer.clone();
        }
        let answer = self.host.user_with_id(uid);
        self.uids.borrow_mut().insert(uid, answer.clone());
        answer
    }

    fn group_named(&self, name: &OsStr) -> Option<u32> {
        self.host.group_named(name)
    }

    fn has_group_id(&self, gid: u32) -> bool {
        self.host.has_group_id(gid)
    }

    fn environment(&self) -> Vec<(OsString, OsString)> {
        self.host.environment()
    }

    fn hostname(&self) -> OsString {
        self.host.hostname()
    }

    fn current_dir(&self) -> PathBuf {
        self.host.current_dir()
    }

    fn uid(&self) -> u32 {
        self.host.uid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::MemoryHost;

    #[test]
    fn what_was_answered_once_stays() {
        let ann = Account { name: "ann".into(), uid: 7, gid: 7, home: "/home/ann".into() };
        let host = MemoryHost::new().with_dir("/var/log").with_user(ann.clone());
        let remembered = CachingHost::new(&host);
        for _ in 0..2 {
            assert!(remembered.is_dir(Path::new("/var/log")));
            assert!(!remembered.is_dir(Path::new("/nosuch")));
            assert_eq!(remembered.user_named(OsStr::new("ann")), Some(ann.clone()));
            assert_eq!(remembered.user_named(OsStr::new("bob")), None);
            assert_eq!(remembered.user_with_id(7), Some(ann.clone()));
            assert_eq!(remembered.user_with_id(8), None);
        }
        let asked = (remembered.directories.borrow().len(), remembered.users.borrow().len());
        assert_eq!(asked, (2, 2));
    }
}
