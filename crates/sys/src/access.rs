//! What this process may do with a path and what is behind it, asked of the kernel rather than worked out.

use crate::call::check;
use std::ffi::{CString, OsStr, OsString};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Whether the real user of this process may execute the file.
#[doc(alias = "access")]
pub fn may_execute(path: &Path) -> bool {
    allows(path, libc::X_OK)
}

/// Whether the real user of this process may write to the file, or create files in the directory.
#[doc(alias = "access")]
pub fn may_write(path: &Path) -> bool {
    allows(path, libc::W_OK)
}

fn allows(path: &Path, mode: libc::c_int) -> bool {
    let Ok(path) = CString::new(path.as_os_str().as_bytes()) else { return false };
    // SAFETY: the path is NUL-terminated and outlives the call.
    check(unsafe { libc::access(path.as_ptr(), mode) }).is_ok()
}

/// Opens `path` for writing from its beginning, empty, and creates it if it is missing. Never waits and never adopts a
/// terminal: a FIFO nobody reads is `ENXIO`. With [`Links::Refused`] a symbolic link as the last component is `ELOOP`.
#[doc(alias = "O_NOFOLLOW")]
pub fn open_anew(path: &Path, links: Links) -> io::Result<File> {
    let links = match links {
        Links::Followed => 0,
        Links::Refused => libc::O_NOFOLLOW,
    };
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY | links;
    OpenOptions::new().write(true).create(true).truncate(true).custom_flags(flags).open(path)
}

/// What an open does with a symbolic link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// It opens what the link leads to.
    Followed,
    /// It fails.
    Refused,
}

/// The node name, as `uname -n` prints it; empty if the kernel does not say.
#[doc(alias = "gethostname")]
#[doc(alias = "uname")]
pub fn hostname() -> OsString {
    // POSIX lets a name have 255 bytes and leaves a longer one without its NUL.
    let mut buffer = [0_u8; 256];
    // SAFETY: the pointer and the length describe one exclusive array, of which the last byte stays NUL.
    let outcome = check(unsafe { libc::gethostname(buffer.as_mut_ptr().cast(), buffer.len() - 1) });
    let length = buffer.iter().position(|byte| *byte == 0).filter(|_| outcome.is_ok()).unwrap_or_default();
    OsStr::from_bytes(&buffer[..length]).to_owned()
}

/// More links in a row are a loop, as for the kernel.
const MOST_LINKS: usize = 40;

/// The name of a descriptor (`/proc/self/fd/1`, `/dev/fd/1`) that `path` is, or leads to over symbolic links:
/// images of containers lay a link from a log to `/dev/stdout`. What stands behind it belongs to whoever
/// started us: even a regular file is neither rotated, emptied nor removed, and a pipe is never opened for reading.
pub fn descriptor_behind(path: &Path) -> Option<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if path.starts_with("/proc") || path.starts_with("/dev/fd") {
            return Some(path);
        }
        let target = fs::read_link(&path).ok()?;
        path = path.parent()?.join(target);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn the_kernel_is_asked_what_may_be_executed() {
        assert!(may_execute(Path::new("/bin/sh")));
        assert!(!may_execute(Path::new("/etc/passwd")));
        assert!(!may_execute(Path::new("/nonexistent")));
        assert!(!may_execute(&Path::new("/bin/sh").join(OsString::from_vec(b"\0".to_vec()))));
        assert!(may_write(&std::env::temp_dir()));
    }

    #[test]
    fn the_node_name_is_the_one_the_kernel_shows() {
        if let Ok(name) = fs::read_to_string("/proc/sys/kernel/hostname") {
            assert_eq!(hostname(), OsStr::new(name.trim_end()));
        }
        assert!(!hostname().is_empty());
    }

    #[test]
    fn a_link_is_refused_when_asked_to() {
        let link = std::env::temp_dir().join(format!("open-anew-{}", std::process::id()));
        std::os::unix::fs::symlink("/dev/null", &link).unwrap();
        assert!(open_anew(&link, Links::Followed).is_ok());
        assert!(open_anew(&link, Links::Refused).is_err());
        fs::remove_file(link).unwrap();
    }

    /// Lays links in a directory of the test's own, hands it over, and removes it.
    fn with_links(name: &str, links: &[(&str, &str)], look: impl FnOnce(&Path)) {
        let directory = std::env::temp_dir().join(format!("{name}-{}", std::process::id()));
        fs::create_dir(&directory).unwrap();
        for (target, link) in links {
            std::os::unix::fs::symlink(target, directory.join(link)).unwrap();
        }
        look(&directory);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_descriptor_is_known_by_any_chain_of_links() {
        with_links("links", &[("/dev/stdout", "absolute"), ("absolute", "relative")], |directory| {
            for path in ["/dev/stdout".into(), directory.join("absolute"), directory.join("relative")] {
                let name = descriptor_behind(&path).unwrap();
                assert!(name.ends_with("fd/1"), "{} leads to {}", path.display(), name.display());
            }
        });
    }

    #[test]
    fn other_files_and_endless_links_are_no_descriptors() {
        with_links("no-links", &[("file", "link"), ("loop", "loop")], |directory| {
            fs::write(directory.join("file"), "").unwrap();
            for name in ["file", "link", "loop", "none"] {
                assert_eq!(descriptor_behind(&directory.join(name)), None, "{name}");
            }
        });
    }
}
