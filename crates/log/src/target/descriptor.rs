//! Paths that name a descriptor of a process, such as `/dev/stdout`.

use std::path::{Path, PathBuf};

/// More links in a row are a loop, as for the kernel.
const MOST_LINKS: usize = 40;

/// The name of a descriptor (`/proc/self/fd/1`, `/dev/fd/1`) that `path` is, or leads to over symbolic links:
/// images of containers lay a link from a log to `/dev/stdout`. What stands behind it belongs to whoever
/// started us: even a regular file is neither rotated nor emptied, and a pipe is never opened for reading.
pub(super) fn descriptor_behind(path: &Path) -> Option<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if path.starts_with("/proc") || path.starts_with("/dev/fd") {
            return Some(path);
        }
        let target = std::fs::read_link(&path).ok()?;
        path = path.parent()?.join(target);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::Scratch;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_descriptor_is_known_by_any_chain_of_links() {
        let scratch = Scratch::new();
        symlink("/dev/stdout", scratch.path("absolute")).unwrap();
        symlink("absolute", scratch.path("relative")).unwrap();
        for path in ["/dev/stdout".into(), scratch.path("absolute"), scratch.path("relative")] {
            let name = descriptor_behind(&path).unwrap();
            assert!(name.ends_with("fd/1"), "{} leads to {}", path.display(), name.display());
        }
    }

    #[test]
    fn other_files_and_endless_links_are_no_descriptors() {
        let scratch = Scratch::new();
        let file = scratch.write("file", "");
        symlink(&file, scratch.path("link")).unwrap();
        symlink("loop", scratch.path("loop")).unwrap();
        for path in [file, scratch.path("link"), scratch.path("loop"), scratch.path("none")] {
            assert_eq!(descriptor_behind(&path), None, "{}", path.display());
        }
    }
}
