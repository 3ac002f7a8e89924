//! Access checks by the kernel, and the host name.

use rustix::fs::Access;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Whether the real user of this process may execute the file.
#[doc(alias = "access")]
pub fn may_execute(path: &Path) -> bool {
    rustix::fs::access(path, Access::EXEC_OK).is_ok()
}

/// Whether the real user of this process may write to the file, or create files in the directory.
#[doc(alias = "access")]
pub fn may_write(path: &Path) -> bool {
    rustix::fs::access(path, Access::WRITE_OK).is_ok()
}

/// The node name, as `uname -n` prints it.
#[doc(alias = "gethostname")]
#[doc(alias = "uname")]
pub fn hostname() -> OsString {
    OsStr::from_bytes(rustix::system::uname().nodename().to_bytes()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
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
}
