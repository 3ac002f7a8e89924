//! Files with unguessable names.

use crate::entry::Entry;
use crate::errno::Errno;
use crate::random;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

/// How often another name is tried after `EEXIST`; a collision among 37^8 names is no accident.
const ATTEMPTS: usize = 100;

/// Creates `<directory>/<prefix><8 of [a-z0-9_]><suffix>` for appending, with `mode` less the umask, never
/// through an existing file or link.
///
/// The caller owns the file's removal.
#[doc(alias = "mkstemp")]
pub fn create_unique(
    directory: &Path,
    prefix: &OsStr,
    suffix: &OsStr,
    mode: u32,
) -> io::Result<(File, PathBuf)> {
    for _ in 0..ATTEMPTS {
        let path = directory.join(unique_name(prefix, suffix)?);
        match Entry::itself(&path)?.create_new(mode) {
            Ok(file) => return Ok((file, path)),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
        }
    }
    Err(Errno::EXIST.into())
}

fn unique_name(prefix: &OsStr, suffix: &OsStr) -> io::Result<OsString> {
    let mut name = prefix.to_os_string();
    name.push(random::token(8)?);
    name.push(suffix);
    Ok(name)
}
