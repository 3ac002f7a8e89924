//! Where things are in this repository.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Failure;

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().expect("xtask lies in the workspace").to_owned()
}

/// Every file of the repository, relative to the root and sorted, without what is built or belongs to git.
pub(crate) fn files() -> Result<Vec<PathBuf>, Failure> {
    let root = root();
    let mut files = Vec::new();
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            let name = entry.file_name();
            // A directory, or in a linked worktree a file that names it.
            if name == ".git" {
                continue;
            }
            let kind = entry.file_type()?;
            // A module may be called `target`, too; what cargo builds into says so.
            let is_built = name == "target" && entry.path().join("CACHEDIR.TAG").exists();
            if kind.is_dir() && !is_built {
                directories.push(entry.path());
            } else if kind.is_file() {
                files.push(entry.path().strip_prefix(&root)?.to_owned());
            }
        }
    }
    files.sort();
    Ok(files)
}
