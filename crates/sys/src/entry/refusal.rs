//! Why a path is not used although the system would let us.

use std::fmt;
use std::io;
use std::path::PathBuf;

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
    pub fn errno(&self) -> i32 {
        match self {
            Self::Link { .. } => libc::ELOOP,
            Self::Transition { .. } => libc::EACCES,
            Self::HardLinks { .. } => libc::EMLINK,
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
                path.display()
            ),
            Self::Transition { link, owner } => write!(
                f,
                "'{}' is a symbolic link of user {owner} and leads into a directory that is not this user's; help: \
                 configure the path without the link, or have root own the link",
                link.display()
            ),
            Self::HardLinks { path, links } => write!(
                f,
                "'{}' has {links} names (hard links), and other users can write its directory, so it may be a file of \
                 root's; help: remove it, or let only root write the directory",
                path.display()
            ),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for io::Error {
    fn from(refusal: Refusal) -> Self {
        Self::new(io::ErrorKind::PermissionDenied, refusal)
    }
}
