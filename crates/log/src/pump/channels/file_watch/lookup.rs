//! What to watch for a path: the file it names, or the directories in which that file would appear.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use supervisor_sys::inotify::{Inotify, WatchId};

/// The most links in a row whose destinations are watched.
const MAX_LINKS: usize = 8;

/// What was found at a path and is watched from then on.
#[derive(Default)]
pub(super) struct Lookup {
    /// The file, and the link that leads to it.
    pub(super) file: Vec<WatchId>,
    /// Directories, and the name that is awaited in each.
    pub(super) directories: Vec<(WatchId, OsString)>,
    pub(super) is_there: bool,
    pub(super) error: Option<io::Error>,
}

impl Lookup {
    /// Looks `path` up and watches what it finds. May hang in the file system.
    pub(super) fn of(inotify: &Inotify, path: &Path) -> Self {
        let mut lookup = Self::default();
        let outcome = lookup.watch_file(inotify, path).or_else(|error| {
            if error.kind() != io::ErrorKind::NotFound {
                return Err(error);
            }
            lookup.watch_directories(inotify, path)?;
            // It may have appeared before they were watched.
            lookup.watch_file(inotify, path)
        });
        lookup.is_there = outcome.is_ok();
        lookup.error = outcome.err().filter(|error| error.kind() != io::ErrorKind::NotFound);
        lookup
    }

    /// The link first: if another one replaces it before the file is found, that is reported.
    fn watch_file(&mut self, inotify: &Inotify, path: &Path) -> io::Result<()> {
        add(&mut self.file, inotify.watch_link(path)?);
        add(&mut self.file, inotify.watch_file(path)?);
        Ok(())
    }

    fn watch_directories(&mut self, inotify: &Inotify, path: &Path) -> io::Result<()> {
        let mut path = path.to_owned();
        for _ in 0..MAX_LINKS {
            let Some(name) = path.file_name() else { break };
            let directory = match path.parent() {
                Some(parent) if parent != Path::new("") => parent.to_owned(),
                Some(_) | None => PathBuf::from("."),
            };
            self.directories.push((inotify.watch_directory(&directory)?, name.to_owned()));
            let Ok(target) = std::fs::read_link(&path) else { break };
            path = directory.join(target);
        }
        Ok(())
    }
}

/// Adds a watch unless it is in the list.
pub(super) fn add(watches: &mut Vec<WatchId>, id: WatchId) {
    if !watches.contains(&id) {
        watches.push(id);
    }
}
