//! Limits the kernel sets on us and our children: open files, processes, permission bits of new files.

use crate::call::check;
use rustix::fs::{Mode, RawMode};
use rustix::process::Rlimit;
use std::io;
use std::sync::{Mutex, PoisonError};

/// A resource whose limit supervisord reads and raises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// Open descriptors of one process (`RLIMIT_NOFILE`).
    OpenFiles,
    /// Processes of one user (`RLIMIT_NPROC`).
    Processes,
}

/// A soft limit (in force) and the hard one up to which it may be raised; `None` is unlimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// What is in force.
    pub soft: Option<u64>,
    /// How far an unprivileged process may raise `soft`.
    pub hard: Option<u64>,
}

#[cfg(all(target_os = "linux", target_env = "gnu"))]
type RawResource = libc::__rlimit_resource_t;
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
type RawResource = libc::c_int;

impl Resource {
    fn raw(self) -> RawResource {
        match self {
            Self::OpenFiles => libc::RLIMIT_NOFILE,
            Self::Processes => libc::RLIMIT_NPROC,
        }
    }

    fn kernels(self) -> rustix::process::Resource {
        match self {
            Self::OpenFiles => rustix::process::Resource::Nofile,
            Self::Processes => rustix::process::Resource::Nproc,
        }
    }

    /// The name in messages, such as `RLIMIT_NOFILE`.
    pub fn name(self) -> &'static str {
        match self {
            Self::OpenFiles => "RLIMIT_NOFILE",
            Self::Processes => "RLIMIT_NPROC",
        }
    }
}

/// The limit in force for this process.
#[doc(alias = "getrlimit")]
pub fn limit(resource: Resource) -> io::Result<Limit> {
    let mut raw = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // By the C library, as rustix takes the call for one that no sandbox refuses.
    // SAFETY: `raw` is a place for one rlimit.
    check(unsafe { libc::getrlimit(resource.raw(), &raw mut raw) })?;
    Ok(Limit { soft: from_raw(raw.rlim_cur), hard: from_raw(raw.rlim_max) })
}

/// Sets both limits for this process and the children it starts from now on. Raising `hard` needs privilege
/// (`EPERM`).
#[doc(alias = "setrlimit")]
pub fn set_limit(resource: Resource, limit: Limit) -> io::Result<()> {
    let limit = Rlimit { current: limit.soft, maximum: limit.hard };
    Ok(rustix::process::setrlimit(resource.kernels(), limit)?)
}

/// The limit of open files our children get, once we have another.
static OF_CHILDREN: Mutex<Option<Limit>> = Mutex::new(None);

/// Raises the limit of open files for this process alone: children started with [`crate::spawn`] get the limit that was
/// in force before. The hard limit is raised as well where that is allowed and necessary; where it is not, the
/// soft one goes as far as it can. Returns the limit in force.
#[doc(alias = "RLIMIT_NOFILE")]
pub fn raise_own_open_files(wanted: u64) -> io::Result<Limit> {
    let now = limit(Resource::OpenFiles)?;
    if now.soft.is_none_or(|soft| soft >= wanted) {
        return Ok(now);
    }
    let hard = now.hard.map(|hard| hard.max(wanted));
    let most = Limit { soft: now.hard.map(|hard| hard.min(wanted)), hard: now.hard };
    let raised = [Limit { soft: Some(wanted), hard }, most]
        .into_iter()
        .find(|raised| set_limit(Resource::OpenFiles, *raised).is_ok())
        .unwrap_or(now);
    // The first limit is the launcher's; whatever was raised later is ours.
    OF_CHILDREN.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(now);
    Ok(raised)
}

/// The limit to restore in a child.
pub(crate) fn of_children() -> Option<Limit> {
    *OF_CHILDREN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Sets the permission bits that new files of this process lack and returns the former ones. Process-wide:
/// other threads that create files at the same moment see either value.
#[doc(alias = "umask")]
#[allow(clippy::useless_conversion, reason = "the type differs between systems")]
pub fn replace_umask(mask: u32) -> u32 {
    rustix::process::umask(permission_mask(mask)).as_raw_mode().into()
}

/// The kernel's form of a umask, of which it keeps the low nine bits.
#[allow(clippy::cast_possible_truncation, reason = "nine bits fit where the type is shorter")]
pub(crate) fn permission_mask(mask: u32) -> Mode {
    Mode::from_raw_mode((mask & 0o777) as RawMode)
}

/// The kernel's number as ours; FreeBSD has it signed.
#[allow(clippy::unnecessary_cast, clippy::cast_sign_loss, reason = "the type differs between systems")]
fn from_raw(raw: libc::rlim_t) -> Option<u64> {
    (raw != libc::RLIM_INFINITY).then_some(raw as u64)
}
