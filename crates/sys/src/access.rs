//! What this process may do with a path and what is behind it, asked of the kernel rather than worked out.

use crate::call::check;
use std::ffi::{CString, OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

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
