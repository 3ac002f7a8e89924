//! Limits the kernel sets on us and our children: open files, processes, permission bits of new files.

use crate::call::check;
use std::io;

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
