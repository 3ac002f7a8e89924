//! Limits the kernel sets on us and our children: open files, processes, permission bits of new files.

use crate::call::check;
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
    // SAFETY: `raw` is a valid place for one rlimit.
    check(unsafe { libc::getrlimit(resource.raw(), &raw mut raw) })?;
    Ok(Limit { soft: from_raw(raw.rlim_cur), hard: from_raw(raw.rlim_max) })
}

/// Sets both limits for this process and the children it starts from now on. Raising `hard` needs privilege
/// (`EPERM`).
#[doc(alias = "setrlimit")]
pub fn set_limit(resource: Resource, limit: Limit) -> io::Result<()> {
    let raw = libc::rlimit { rlim_cur: to_raw(limit.soft), rlim_max: to_raw(limit.hard) };
    // SAFETY: `raw` is a valid rlimit for the duration of the call.
    check(unsafe { libc::setrlimit(resource.raw(), &raw const raw) })?;
    Ok(())
}

/// The limit of open files our children get, once we have another.
static OF_CHILDREN: Mutex<Option<Limit>> = Mutex::new(None);

/// Raises the limit of open files for this process alone: children started with [`crate::spawn`] get the limit that was
/// in force before. The hard limit is raised as well where that is allowed and necessary; where it is not, the
/// soft one goes as far as it can. Answers with what is in force now.
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

/// The limit a child has to go back to.
pub(crate) fn of_children() -> Option<libc::rlimit> {
    let limit = *OF_CHILDREN.lock().unwrap_or_else(PoisonError::into_inner);
    limit.map(|limit| libc::rlimit { rlim_cur: to_raw(limit.soft), rlim_max: to_raw(limit.hard) })
}

/// Sets the permission bits that new files of this process lack and returns the former ones. Process-wide:
/// other threads that create files at the same moment see either value.
#[doc(alias = "umask")]
#[allow(
    clippy::useless_conversion,
    clippy::cast_possible_truncation,
    reason = "the type differs between systems"
)]
pub fn replace_umask(mask: u32) -> u32 {
    // The kernel keeps the low nine bits, so the narrowing to a 16-bit mode_t of some systems loses nothing.
    let mask = (mask & 0o777) as libc::mode_t;
    // SAFETY: umask(2) cannot fail and touches no memory of ours.
    unsafe { libc::umask(mask) }.into()
}

/// The kernel's number as ours; FreeBSD has it signed.
#[allow(clippy::unnecessary_cast, clippy::cast_sign_loss, reason = "the type differs between systems")]
fn from_raw(raw: libc::rlim_t) -> Option<u64> {
    (raw != libc::RLIM_INFINITY).then_some(raw as u64)
}

/// Our number as the kernel's; what does not fit a signed one is as good as unlimited.
#[allow(clippy::useless_conversion, reason = "the type differs between systems")]
fn to_raw(limit: Option<u64>) -> libc::rlim_t {
    limit.and_then(|limit| limit.try_into().ok()).unwrap_or(libc::RLIM_INFINITY)
}
