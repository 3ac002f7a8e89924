//! Users and groups: looking them up, and becoming one.

use crate::call::check;
use crate::errno::words;
use std::ffi::{CStr, CString};
use std::fmt;
use std::io;
use std::mem::MaybeUninit;

/// An entry of the user database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// The login name.
    pub name: Vec<u8>,
    /// The user id.
    pub uid: u32,
    /// The primary group.
    pub gid: u32,
    /// The home directory.
    pub home: Vec<u8>,
}

/// An entry of the group database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The group's name.
    pub name: Vec<u8>,
    /// The group id.
    pub gid: u32,
}

/// What a process needs to become a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// The user id.
    pub uid: u32,
    /// The primary group.
    pub gid: u32,
    /// The groups of the process: the primary one and all that list the user.
    pub groups: Vec<u32>,
}

/// The user of this name. May ask the network (NSS), hence may wait.
#[doc(alias = "getpwnam_r")]
pub fn user_by_name(name: &[u8]) -> io::Result<Option<User>> {
    let Ok(name) = CString::new(name) else { return Ok(None) };
    look_up(
        // SAFETY: the name is NUL-terminated; the other pointers are the ones `look_up` vouches for.
        |entry, buffer, length, found| unsafe {
            libc::getpwnam_r(name.as_ptr(), entry, buffer, length, found)
        },
        user_from_raw,
    )
}

/// The user with this id. May ask the network (NSS), hence may wait.
#[doc(alias = "getpwuid_r")]
pub fn user_by_uid(uid: u32) -> io::Result<Option<User>> {
    look_up(
        // SAFETY: the pointers are the ones `look_up` vouches for.
        |entry, buffer, length, found| unsafe { libc::getpwuid_r(uid, entry, buffer, length, found) },
        user_from_raw,
    )
}

/// The group of this name. May ask the network (NSS), hence may wait.
#[doc(alias = "getgrnam_r")]
pub fn group_by_name(name: &[u8]) -> io::Result<Option<Group>> {
    let Ok(name) = CString::new(name) else { return Ok(None) };
    look_up(
        // SAFETY: the name is NUL-terminated; the other pointers are the ones `look_up` vouches for.
        |entry, buffer, length, found| unsafe {
            libc::getgrnam_r(name.as_ptr(), entry, buffer, length, found)
        },
        group_from_raw,
    )
}

/// The group with this id. May ask the network (NSS), hence may wait.
#[doc(alias = "getgrgid_r")]
pub fn group_by_gid(gid: u32) -> io::Result<Option<Group>> {
    look_up(
        // SAFETY: the pointers are the ones `look_up` vouches for.
        |entry, buffer, length, found| unsafe { libc::getgrgid_r(gid, entry, buffer, length, found) },
        group_from_raw,
    )
}

/// A user for people: the name, or the id where the database does not know it. May ask the network.
pub fn shown(uid: u32) -> String {
    match user_by_uid(uid) {
        Ok(Some(user)) => String::from_utf8_lossy(&user.name).into_owned(),
        Ok(None) | Err(_) => uid.to_string(),
    }
}

/// What a process needs to become the user with this id; `None` if the database does not know it.
pub fn credentials_of(uid: u32) -> io::Result<Option<Credentials>> {
    let Some(user) = user_by_uid(uid)? else { return Ok(None) };
    Ok(Some(Credentials { uid, gid: user.gid, groups: groups_of(&user)? }))
}

/// getgrouplist's idea of a group id: the usual type but on macOS.
#[cfg(any(target_os = "macos", target_os = "ios"))]
mod raw_group {
    pub(super) type RawGroup = libc::c_int;

    pub(super) fn to_raw(gid: u32) -> RawGroup {
        gid.cast_signed()
    }

    pub(super) fn from_raw(raw: RawGroup) -> u32 {
        raw.cast_unsigned()
    }
}
#[cfg(not(any(target_os = "macos", target_os = "ios")))]
mod raw_group {
    pub(super) type RawGroup = libc::gid_t;

    pub(super) fn to_raw(gid: u32) -> RawGroup {
        gid
    }

    pub(super) fn from_raw(raw: RawGroup) -> u32 {
        raw
    }
}

/// The primary group of the user and all groups that list the user, without repetition.
#[doc(alias = "getgrouplist")]
pub fn groups_of(user: &User) -> io::Result<Vec<u32>> {
    /// The kernel's own limit of groups per process.
    const MOST: usize = 65_536;
    let name = CString::new(user.name.as_slice()).map_err(|_| io::Error::from_raw_os_error(libc::EINVAL))?;
    let mut groups: Vec<raw_group::RawGroup> = vec![0; 32];
    loop {
        let mut count = libc::c_int::try_from(groups.len()).unwrap_or(libc::c_int::MAX);
        // SAFETY: the name is NUL-terminated, and `count` is the length of the array that getgrouplist may
        // fill.
        let fits = unsafe {
            libc::getgrouplist(
                name.as_ptr(),
                raw_group::to_raw(user.gid),
                groups.as_mut_ptr(),
                &raw mut count,
            ) != -1
        };
        if fits {
            groups.truncate(usize::try_from(count).unwrap_or_default());
            return Ok(groups.into_iter().map(raw_group::from_raw).collect());
        }
        if groups.len() >= MOST {
            return Err(io::Error::from_raw_os_error(libc::ERANGE));
        }
        groups.resize(groups.len() * 4, 0);
    }
}

/// The real user id of this process.
#[doc(alias = "getuid")]
pub fn real_uid() -> u32 {
    rustix::process::getuid().as_raw()
}

/// The effective user id of this process.
#[doc(alias = "geteuid")]
pub fn effective_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The effective group id of this process.
#[doc(alias = "getegid")]
pub fn effective_gid() -> u32 {
    rustix::process::getegid().as_raw()
}

/// The real group id of this process.
#[doc(alias = "getgid")]
pub fn real_gid() -> u32 {
    rustix::process::getgid().as_raw()
}

/// Why this process could not become another user. Displays as upstream's message.
#[derive(Debug)]
pub enum DropError {
    /// We are neither root nor that user.
    NotRoot,
    /// The user database does not know the id.
    UnknownUid(u32),
    /// The user database could not be asked.
    Lookup(io::Error),
    /// setgroups(2) failed.
    Groups(io::Error),
    /// setgid(2) failed.
    Group(io::Error),
    /// setuid(2) failed.
    User(u32, io::Error),
}

impl fmt::Display for DropError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotRoot => f.write_str("Can't drop privilege as nonroot user"),
            Self::UnknownUid(uid) => write!(f, "Can't find uid {uid}"),
            Self::Lookup(error) => write!(f, "Could not look up user: {}", words(error)),
            Self::Groups(_) => f.write_str("Could not set groups of effective user"),
            Self::Group(_) => f.write_str("Could not set group id of effective user"),
            Self::User(uid, error) => write!(f, "Could not set user id to {uid}: {}", words(error)),
        }
    }
}

impl std::error::Error for DropError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::NotRoot | Self::UnknownUid(_) => None,
            Self::Lookup(error) | Self::Groups(error) | Self::Group(error) | Self::User(_, error) => {
                Some(error)
            }
        }
    }
}

/// How a process with our credentials becomes the user `uid`.
///
/// `Ok(None)`: it already is that user and keeps all groups, as upstream has it; this is what lets an
/// unprivileged supervisord run programs with its own name in `user=`.
pub fn plan_switch(uid: u32) -> Result<Option<Credentials>, DropError> {
    if real_uid() == uid {
        return Ok(None);
    }
    if real_uid() != 0 {
        // Upstream looks the user up first, so an unknown one is reported as such even to a non-root daemon.
        return match user_by_uid(uid).map_err(DropError::Lookup)? {
            Some(_) => Err(DropError::NotRoot),
            None => Err(DropError::UnknownUid(uid)),
        };
    }
    credentials_of(uid).map_err(DropError::Lookup)?.map(Some).ok_or(DropError::UnknownUid(uid))
}

/// Makes the whole process that user, for good: groups, group, user. All threads follow.
#[doc(alias = "setuid")]
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "an int on some systems; no group list is that long"
)]
#[doc(alias = "setgroups")]
pub fn drop_privileges(uid: u32) -> Result<(), DropError> {
    let Some(credentials) = plan_switch(uid)? else { return Ok(()) };
    // SAFETY: the count is the length of the array.
    check(unsafe { libc::setgroups(credentials.groups.len() as _, credentials.groups.as_ptr()) })
        .map_err(DropError::Groups)?;
    // SAFETY: touches no memory.
    check(unsafe { libc::setgid(credentials.gid) }).map_err(DropError::Group)?;
    // SAFETY: touches no memory. Last, as it takes away the right to the other two.
    check(unsafe { libc::setuid(uid) }).map_err(|error| DropError::User(uid, error))?;
    Ok(())
}

/// Calls a `get…_r` function with a buffer that grows until the entry fits.
///
/// `call` gets valid pointers to one entry, a buffer with its length, and the place for the result.
fn look_up<Raw, Entry>(
    call: impl Fn(*mut Raw, *mut libc::c_char, libc::size_t, *mut *mut Raw) -> libc::c_int,
    convert: impl Fn(&Raw) -> Entry,
) -> io::Result<Option<Entry>> {
    /// A group with a hundred thousand members of long names still fits.
    const LARGEST: usize = 16 << 20;
    let mut buffer: Vec<libc::c_char> = vec![0; 1024];
    loop {
        let mut entry = MaybeUninit::<Raw>::uninit();
        let mut found = std::ptr::null_mut();
        match call(entry.as_mut_ptr(), buffer.as_mut_ptr(), buffer.len(), &raw mut found) {
            // SAFETY: `found` is null or points to `entry`, filled in, whose strings lie in `buffer`; both
            // outlive the conversion.
            0 => return Ok(unsafe { found.as_ref() }.map(convert)),
            libc::EINTR => {}
            libc::ERANGE if buffer.len() < LARGEST => buffer.resize(buffer.len() * 4, 0),
            // What "no such entry" looks like on some systems and name services, according to getpwnam(3).
            libc::ENOENT | libc::ESRCH | libc::EBADF | libc::EPERM => return Ok(None),
            number => return Err(io::Error::from_raw_os_error(number)),
        }
    }
}

fn user_from_raw(raw: &libc::passwd) -> User {
    User { name: bytes(raw.pw_name), uid: raw.pw_uid, gid: raw.pw_gid, home: bytes(raw.pw_dir) }
}

fn group_from_raw(raw: &libc::group) -> Group {
    Group { name: bytes(raw.gr_name), gid: raw.gr_gid }
}

/// Copies a string of a database entry.
fn bytes(text: *const libc::c_char) -> Vec<u8> {
    if text.is_null() {
        return Vec::new();
    }
    // SAFETY: the C library put a NUL-terminated string there; the entry is alive in the callers above.
    unsafe { CStr::from_ptr(text) }.to_bytes().to_vec()
}
