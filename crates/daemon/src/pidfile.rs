//! The file that tells scripts our pid.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use supervisor_sys::access::{self, Links};

/// A pid file that was written by us. Dropping it removes the file if it still holds our pid.
#[derive(Debug)]
pub(crate) struct PidFile {
    path: PathBuf,
}

impl PidFile {
    /// Writes our pid and a newline, replacing what was there. In a directory others can write to, a symbolic link is not
    /// followed: somebody else may have laid it to have a file of ours overwritten.
    pub(crate) fn write(path: &Path) -> io::Result<Self> {
        let links = if others_may_write(path) { Links::Refused } else { Links::Followed };
        access::open_anew(path, links)?.write_all(content().as_bytes())?;
        Ok(Self { path: path.to_owned() })
    }
}

impl Drop for PidFile {
    fn drop(&mut self) {
        // Where our output goes is not ours, whatever it is: `/dev/stdout` is the machine's, even if it leads to a file.
        if access::descriptor_behind(&self.path).is_some() {
            return;
        }
        // A pipe or device holds nothing; reading it could take for ever.
        let is_file = fs::metadata(&self.path).is_ok_and(|found| found.is_file());
        // A file with another pid belongs to somebody who started since; one that is gone needs nothing.
        if is_file && fs::read(&self.path).is_ok_and(|found| found == content().as_bytes()) {
            let _nobody_to_tell = fs::remove_file(&self.path);
        }
    }
}

fn content() -> String {
    format!("{}\n", std::process::id())
}

/// Whether users other than root and the directory's owner could put a link in place of the file.
fn others_may_write(path: &Path) -> bool {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::metadata(directory).is_ok_and(|found| {
        found.permissions().mode() & 0o022 != 0
            || ![0, supervisor_sys::user::effective_uid()].contains(&found.uid())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Scratch;
    use std::os::fd::AsRawFd;

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

    /// `/dev/stdout` is such a link, and root could remove it.
    #[test]
    fn a_link_to_an_open_file_is_not_removed() {
        let directory = Scratch::new("stdout");
        let output = fs::File::create(directory.path().join("output")).unwrap();
        let link = directory.path().join("x.pid");
        let descriptor = format!("/proc/self/fd/{}", output.as_raw_fd());
        std::os::unix::fs::symlink(descriptor, &link).unwrap();
        drop(PidFile::write(&link).unwrap());
        assert!(link.is_symlink());
        assert_eq!(fs::read_to_string(&link).unwrap(), content());
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
