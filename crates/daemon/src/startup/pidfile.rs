//! The file that tells scripts our pid.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use supervisor_sys::entry::{Access, Entry, Resolved, duplicate_inherited};

/// A pid file that was written by us. Dropping it removes the file if it still holds our pid.
#[derive(Debug)]
pub(crate) struct PidFile {
    path: PathBuf,
}

impl PidFile {
    /// Writes our pid and a newline, replacing what was there. A link that another user may have laid to have a file of
    /// ours overwritten is refused; see [`supervisor_sys::entry`].
    pub(crate) fn write(path: &Path) -> io::Result<Self> {
        let mut file = match Resolved::of(path)? {
            Resolved::Entry(entry) => {
                let file = entry.open(Access::Write { mode: 0o666 })?;
                if file.metadata()?.is_file() {
                    file.set_len(0)?;
                }
                file
            }
            Resolved::Descriptor(number) => File::from(duplicate_inherited(number)?),
        };
        file.write_all(content().as_bytes())?;
        Ok(Self { path: path.to_owned() })
    }

    /// Removes the file if it is ours: where our output goes is the launcher's, a pipe or device holds nothing, and
    /// a file with another pid belongs to a later instance.
    fn remove(&self) -> io::Result<()> {
        let entry = Entry::of(&self.path)?;
        if entry.is_open_file() || !entry.stat()?.is_file() {
            return Ok(());
        }
        let mut found = Vec::new();
        let ours = content();
        entry.open(Access::Read)?.take(ours.len() as u64 + 1).read_to_end(&mut found)?;
        if found == ours.as_bytes() { Entry::itself(&self.path)?.remove() } else { Ok(()) }
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // The log is closed by now; a stale pid file is overwritten by the next start.
        let _ = self.remove();
    }
}

fn content() -> String {
    format!("{}\n", std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Scratch;
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    /// PROC-10.
    #[test]
    fn the_pid_file_holds_the_pid_and_goes_when_dropped() {
        let directory = Scratch::new("plain");
        let path = directory.path().join("x.pid");
        let file = PidFile::write(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), format!("{}\n", std::process::id()));
        drop(file);
        assert!(!path.exists());
    }

    #[test]
    fn the_pid_file_of_a_later_instance_is_left_alone() {
        let directory = Scratch::new("later");
        let path = directory.path().join("x.pid");
        let file = PidFile::write(&path).unwrap();
        fs::write(&path, "1\n").unwrap();
        drop(file);
        assert_eq!(fs::read_to_string(&path).unwrap(), "1\n");
    }

    /// Images of containers have such links; root could remove `/dev/stdout`.
    #[test]
    fn what_leads_to_an_open_file_is_written_to_and_stays() {
        let directory = Scratch::new("stdout");
        let link = directory.path().join("x.pid");
        std::os::unix::fs::symlink("/dev/stdout", &link).unwrap();
        drop(PidFile::write(&link).unwrap());
        assert!(link.is_symlink());
    }

    #[test]
    fn a_second_name_of_a_file_of_ours_is_not_overwritten_where_others_can_write() {
        let directory = Scratch::new("hard-link");
        let victim = directory.file("victim", "precious");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        fs::hard_link(&victim, directory.path().join("x.pid")).unwrap();
        assert!(PidFile::write(&directory.path().join("x.pid")).is_err());
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    }

    #[test]
    fn a_link_in_a_directory_others_can_write_is_not_followed() {
        let directory = Scratch::new("link");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        let victim = directory.file("victim", "precious");
        std::os::unix::fs::symlink(&victim, directory.path().join("x.pid")).unwrap();
        assert!(PidFile::write(&directory.path().join("x.pid")).is_err());
        assert_eq!(fs::read_to_string(&victim).unwrap(), "precious");
    }
}
