//! Why a path is not used although the system would let us.

use crate::errno::Errno;
use std::fmt;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

/// A path that another user may have set up to reach a file of root's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The last component is a symbolic link, and other users can write its directory.
    Link {
        /// The link.
        path: PathBuf,
    },
    /// A link of an ordinary user leads into a directory that is not this user's.
    Transition {
        /// The link.
        link: PathBuf,
        /// Its owner, by id.
        owner: u32,
    },
    /// A file with further names, and other users can write its directory.
    HardLinks {
        /// One of its names.
        path: PathBuf,
        /// How many it has.
        links: u64,
    },
}

impl Refusal {
    /// The error number that says nearly the same, for messages that have room for its name only.
    pub fn errno(&self) -> Errno {
        match self {
            Self::Link { .. } => Errno::LOOP,
            Self::Transition { .. } => Errno::ACCESS,
            Self::HardLinks { .. } => Errno::MLINK,
        }
    }

    /// The refusal that an error carries, if it does.
    pub fn behind(error: &io::Error) -> Option<&Self> {
        error.get_ref()?.downcast_ref()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Link { path } => write!(
                f,
                "'{}' is a symbolic link, and other users can write its directory, so they choose the file it leads to; \
                 help: configure the path of the file itself, or let only root write the directory",
                Shown(path)
            ),
            Self::Transition { link, owner } => write!(
                f,
                "'{}' is a symbolic link of user {owner} and leads into a directory that is not this user's; help: \
                 configure the path without the link, or have root own the link",
                Shown(link)
            ),
            Self::HardLinks { path, links } => write!(
                f,
                "'{}' has {links} names (hard links), and other users can write its directory, so it may be a file of \
                 root's; help: remove it, or let only root write the directory",
                Shown(path)
            ),
        }
    }
}

/// A path in a message. Parts of it come from links of other users, who must not end the line with them.
struct Shown<'a>(&'a Path);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.as_os_str().as_bytes().utf8_chunks() {
            for character in chunk.valid().chars() {
                match character {
                    '\n' => f.write_str("\\n")?,
                    _ if character.is_control() => write!(f, "\\x{:02x}", u32::from(character))?,
                    _ => write!(f, "{character}")?,
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(io::ErrorKind::PermissionDenied, refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn a_name_cannot_end_the_line() {
        let path = Path::new(OsStr::from_bytes(b"/home/a\n2026 CRIT \x1b]0;x\x07\xff\xc2\x9b\xc3\xa9/log"))
            .to_owned();
        let text = Refusal::Link { path }.to_string();
        assert!(
            text.starts_with("'/home/a\\n2026 CRIT \\x1b]0;x\\x07\\xff\\x9b\u{e9}/log' is a symbolic link"),
            "{text}"
        );
    }
}
