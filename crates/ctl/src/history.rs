//! The lines typed at the prompt, kept for the next shell: a file with a line each, as readline and upstream have it.

use std::collections::VecDeque;
use std::fs::{File, Permissions};
use std::io::{self, BufWriter, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use supervisor_sys::entry::{Access, Entry, Stat};
use supervisor_sys::user;

/// Lines kept.
pub(crate) const MOST_LINES: usize = 1000;

/// Bytes read of a file that has grown otherwise.
const MOST_BYTES: u64 = 1024 * 1024;

/// The lines, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct History {
    lines: VecDeque<String>,
    file: Option<PathBuf>,
}

impl History {
    /// Those of former shells. A file that cannot be read is taken as empty.
    pub(crate) fn load(file: Option<PathBuf>) -> Self {
        let text = file.as_deref().and_then(|path| read(path).ok()).unwrap_or_default();
        let mut history = Self { lines: VecDeque::new(), file };
        for line in String::from_utf8_lossy(&text).lines() {
            history.add(line);
        }
        history
    }

    /// Adds a line, unless it is blank or the last one again.
    pub(crate) fn add(&mut self, line: &str) {
        if line.trim().is_empty() || self.lines.back().is_some_and(|last| last == line) {
            return;
        }
        if self.lines.len() == MOST_LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line.to_owned());
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    pub(crate) fn get(&self, place: usize) -> Option<&str> {
        self.lines.get(place).map(String::as_str)
    }

    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// Writes the file, for its owner alone. A write error is ignored.
    pub(crate) fn save(&self) {
        if let Some(path) = &self.file {
            let _ = self.write(path);
        }
    }

    fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = BufWriter::new(create(path)?);
        for line in &self.lines {
            writeln!(file, "{line}")?;
        }
        file.flush()
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let file = Entry::of(path)?.open(Access::Read)?;
    // A device may have no end.
    if file.metadata()?.is_file() {
        file.take(MOST_BYTES).read_to_end(&mut text)?;
    }
    Ok(text)
}

/// Opens the file, empty. `sudo supervisorctl` may have the home directory of the user who called it: what that user
/// has put in the file's place leads nowhere ([`supervisor_sys::entry`]).
fn create(path: &Path) -> io::Result<File> {
    let file = Entry::of(path)?.open(Access::Write { mode: 0o600 })?;
    let found = Stat::of(&file)?;
    if found.is_file() {
        file.set_len(0)?;
        if found.uid == user::effective_uid() {
            file.set_permissions(Permissions::from_mode(0o600))?;
        }
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("supervisor-history-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        path
    }

    #[test]
    fn a_file_has_the_lines_and_nothing_else() {
        let directory = directory("lines");
        let path = directory.join("history");
        fs::write(&path, "status\nversion\nversion\n\ntail \\n x\n").unwrap();
        let mut history = History::load(Some(path.clone()));
        assert_eq!(history.lines().collect::<Vec<_>>(), ["status", "version", "tail \\n x"]);
        history.add("exit");
        history.save();
        assert_eq!(fs::read_to_string(&path).unwrap(), "status\nversion\ntail \\n x\nexit\n");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn the_oldest_lines_go() {
        let mut history = History::default();
        for number in 0..=MOST_LINES {
            history.add(&number.to_string());
        }
        assert_eq!((history.len(), history.get(0)), (MOST_LINES, Some("1")));
    }

    #[test]
    fn our_own_link_is_followed() {
        let directory = directory("link");
        std::os::unix::fs::symlink(directory.join("real"), directory.join("history")).unwrap();
        let mut history = History::load(Some(directory.join("history")));
        history.add("status");
        history.save();
        assert_eq!(fs::read_to_string(directory.join("real")).unwrap(), "status\n");
        fs::remove_dir_all(directory).unwrap();
    }

    /// The home of another user, as `sudo` may leave it: no file of ours is shown or written.
    #[test]
    fn a_link_in_a_directory_others_can_write_is_not_followed() {
        let directory = directory("others");
        let victim = directory.join("victim");
        fs::write(&victim, "precious\n").unwrap();
        fs::set_permissions(&directory, Permissions::from_mode(0o777)).unwrap();
        std::os::unix::fs::symlink(&victim, directory.join("history")).unwrap();
        let mut history = History::load(Some(directory.join("history")));
        assert_eq!(history.len(), 0);
        history.add("status");
        history.save();
        assert_eq!(fs::read_to_string(victim).unwrap(), "precious\n");
        fs::remove_dir_all(directory).unwrap();
    }

    /// Neither waits, and neither is an error.
    #[test]
    fn no_history_is_kept_in_a_fifo_or_a_directory() {
        let directory = directory("fifo");
        let fifo = directory.join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
        for path in [&fifo, &directory] {
            let mut history = History::load(Some(path.clone()));
            assert_eq!(history.len(), 0);
            history.add("status");
            history.save();
        }
        fs::remove_dir_all(directory).unwrap();
    }
}
