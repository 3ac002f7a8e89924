//! An in-memory `Host`.

use super::{Account, Host};
use crate::paths;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A [`Host`] whose files, users and environment are what the caller put there. Symbolic links do not exist.
#[derive(Clone, Debug)]
pub struct MemoryHost {
    files: BTreeMap<PathBuf, MemoryFile>,
    directories: BTreeSet<PathBuf>,
    users: Vec<Account>,
    groups: Vec<(OsString, u32)>,
    environment: Vec<(OsString, OsString)>,
    hostname: OsString,
    current_dir: PathBuf,
    uid: u32,
}

#[derive(Clone, Debug)]
struct MemoryFile {
    content: Vec<u8>,
    mode: u32,
}

/// The path without dots and doubled slashes, which without symbolic links is the same one.
fn resolved(path: &Path) -> PathBuf {
    paths::from_bytes(&paths::normalized(path.as_os_str().as_bytes()))
}

impl Default for MemoryHost {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryHost {
    /// A machine with the directories `/`, `/tmp` and `/srv`, the users `root` (0) and `nobody` (65534), groups of
    /// the same names, the node name `testhost`, an empty environment; started in `/srv` by user 1000.
    pub fn new() -> Self {
        let account = |name: &str, id: u32, home: &str| Account {
            name: name.into(),
            uid: id,
            gid: id,
            home: home.into(),
        };
        Self {
            files: BTreeMap::new(),
            directories: ["/", "/tmp", "/srv"].iter().map(PathBuf::from).collect(),
            users: vec![account("root", 0, "/root"), account("nobody", 65534, "/nonexistent")],
            groups: vec![("root".into(), 0), ("nobody".into(), 65534)],
            environment: Vec::new(),
            hostname: "testhost".into(),
            current_dir: "/srv".into(),
            uid: 1000,
        }
    }

    /// Puts a file (mode 0600) at `path`, with every directory above it.
    #[must_use]
    pub fn with_file(self, path: impl AsRef<Path>, content: impl AsRef<[u8]>) -> Self {
        self.with_file_of_mode(path, content, 0o600)
    }

    /// Puts a file with these permission bits at `path`; one without any read bit cannot be read.
    #[must_use]
    pub fn with_file_of_mode(mut self, path: impl AsRef<Path>, content: impl AsRef<[u8]>, mode: u32) -> Self {
        let path = self.current_dir.join(path);
        if let Some(parent) = path.parent() {
            self.directories.extend(parent.ancestors().map(Path::to_path_buf));
        }
        self.files.insert(path, MemoryFile { content: content.as_ref().to_vec(), mode });
        self
    }

    /// Makes a directory, with every directory above it.
    #[must_use]
    pub fn with_dir(mut self, path: impl AsRef<Path>) -> Self {
        let path = self.current_dir.join(path);
        self.directories.extend(path.ancestors().map(Path::to_path_buf));
        self
    }

    /// Adds a user.
    #[must_use]
    pub fn with_user(mut self, account: Account) -> Self {
        self.users.push(account);
        self
    }

    /// Adds a group.
    #[must_use]
    pub fn with_group(mut self, name: impl Into<OsString>, gid: u32) -> Self {
        self.groups.push((name.into(), gid));
        self
    }

    /// Adds an environment variable.
    #[must_use]
    pub fn with_variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Starts the program in another directory.
    #[must_use]
    pub fn started_in(mut self, directory: impl Into<PathBuf>) -> Self {
        self.current_dir = directory.into();
        let current = self.current_dir.clone();
        self.with_dir(current)
    }

    /// Runs the program under another user id.
    #[must_use]
    pub fn run_by(mut self, uid: u32) -> Self {
        self.uid = uid;
        self
    }
}

impl Host for MemoryHost {
    fn read(&self, path: &Path, limit: u64) -> io::Result<Vec<u8>> {
        if self.is_dir(path) {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        let file = self.files.get(&resolved(path)).ok_or(io::ErrorKind::NotFound)?;
        if file.mode & 0o444 == 0 {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        let most = usize::try_from(limit).unwrap_or(usize::MAX).saturating_add(1);
        Ok(file.content.iter().copied().take(most).collect())
    }

    fn exists(&self, path: &Path) -> bool {
        self.files.contains_key(&resolved(path)) || self.is_dir(path)
    }

    fn is_dir(&self, path: &Path) -> bool {
        self.directories.contains(&resolved(path))
    }

    fn names_in(&self, directory: &Path) -> io::Result<Vec<OsString>> {
        let directory = resolved(directory);
        if !self.directories.contains(&directory) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let inside = self
            .files
            .keys()
            .chain(&self.directories)
            .filter(|path| path.parent() == Some(directory.as_path()));
        Ok(inside.filter_map(|path| path.file_name()).map(OsStr::to_os_string).collect())
    }

    fn mode(&self, path: &Path) -> Option<u32> {
        let file = self.files.get(&resolved(path)).map(|file| file.mode);
        file.or_else(|| self.is_dir(path).then_some(0o755))
    }

    fn is_writable_dir(&self, path: &Path) -> bool {
        self.is_dir(path)
    }

    fn user_named(&self, name: &OsStr) -> Option<Account> {
        self.users.iter().find(|user| user.name == name).cloned()
    }

    fn user_with_id(&self, uid: u32) -> Option<Account> {
        self.users.iter().find(|user| user.uid == uid).cloned()
    }

    fn group_named(&self, name: &OsStr) -> Option<u32> {
        self.groups.iter().find(|(known, _)| known == name).map(|&(_, gid)| gid)
    }

    fn has_group_id(&self, gid: u32) -> bool {
        self.groups.iter().any(|&(_, known)| known == gid)
    }

    fn environment(&self) -> Vec<(OsString, OsString)> {
        self.environment.clone()
    }

    fn hostname(&self) -> OsString {
        self.hostname.clone()
    }

    fn current_dir(&self) -> PathBuf {
        self.current_dir.clone()
    }

    fn uid(&self) -> u32 {
        self.uid
    }
}
