//! From a path to a directory entry: see the [module above](super) for the rules.

use super::{Entry, HANDLE, Refusal, Resolved, Stat, entry_name, mount, open_at};
use crate::errno::Errno;
use crate::user;
#[cfg(any(target_os = "linux", target_os = "android"))]
use rustix::fs::{CWD, ResolveFlags};
use rustix::fs::{Mode, OFlags};
use std::collections::VecDeque;
use std::ffi::{CStr, CString, OsStr, OsString};
use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};

/// More links in a row are a loop, as for the kernel (`path_resolution(7)`).
const MAX_LINKS: usize = 40;

/// Where a link in a directory of another user may lead: nothing an attacker could not write to anyhow.
const HARMLESS: [&str; 9] = [
    "/dev/null",
    "/dev/stdout",
    "/dev/stderr",
    "/dev/fd/1",
    "/dev/fd/2",
    "/proc/self/fd/1",
    "/proc/self/fd/2",
    "/proc/1/fd/1",
    "/proc/1/fd/2",
];

/// What is done with a link that is the last component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// It is followed where that is allowed.
    Followed,
    /// It is what the path leads to.
    Itself,
}

/// Resolves `path`, mostly with one call: few paths have links in them.
pub(super) fn resolve(path: &Path, last: Last) -> io::Result<Resolved> {
    if let Some(number) = descriptor(path) {
        return Ok(Resolved::Descriptor(number));
    }
    if path.as_os_str().as_bytes().ends_with(b"/") {
        return Err(Errno::ISDIR.into());
    }
    match without_links(path, last)? {
        Some(entry) => Ok(Resolved::Entry(entry)),
        None => Walk::new(path, last)?.run(),
    }
}

/// The number of the descriptor that `path` is a name of.
fn descriptor(path: &Path) -> Option<RawFd> {
    match path.to_str()? {
        "/dev/stdout" => Some(1),
        "/dev/stderr" => Some(2),
        text => {
            let rest = text.strip_prefix("/dev/fd/").or_else(|| text.strip_prefix("/proc/self/fd/"));
            rest?.parse().ok().filter(|number| *number >= 0)
        }
    }
}

/// The entry, if no component of `path` is a link, or `None` if one is or this kernel cannot tell (Linux before 5.6).
#[cfg(any(target_os = "linux", target_os = "android"))]
fn without_links(path: &Path, last: Last) -> io::Result<Option<Entry>> {
    let is_name = |name: &&OsStr| path.as_os_str().as_bytes().ends_with(name.as_bytes());
    let Some(name) = path.file_name().filter(is_name) else { return Ok(None) };
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let flags = HANDLE | OFlags::DIRECTORY;
    let directory = match rustix::fs::openat2(CWD, parent, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
        Ok(directory) => directory,
        // A link; no such call; a sandbox that forbids calls it does not know.
        Err(Errno::LOOP | Errno::NOSYS | Errno::PERM | Errno::AGAIN) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let name = entry_name(name)?;
    if last == Last::Itself {
        return Entry::in_directory(directory, name, path).map(Some);
    }
    match Stat::at(&directory, &name) {
        Ok(found) if found.is_link() => Ok(None),
        Ok(_) => Entry::in_directory(directory, name, path).map(Some),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Entry::in_directory(directory, name, path).map(Some)
        }
        Err(error) => Err(error),
    }
}

/// Other kernels are asked component by component.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn without_links(_path: &Path, _last: Last) -> io::Result<Option<Entry>> {
    Ok(None)
}

impl Entry {
    fn in_directory(directory: OwnedFd, name: CString, path: &Path) -> io::Result<Self> {
        let is_exposed = is_exposed(&look(&directory)?);
        Ok(Self { directory, name, path: path.to_owned(), is_exposed, is_magic: false })
    }
}

/// Whether users other than root and us can exchange the entries of a directory. An access control list that lets
/// others write shows in the bits of the group.
fn is_exposed(directory: &Stat) -> bool {
    directory.mode & 0o022 != 0 || !is_trusted(directory.uid)
}

/// Whether a directory is ours and only our group can write it besides. With a umask of 002 all directories of a user are
/// like that, and the group is mostly the user's alone. Root's group may be that of a program's user.
fn is_of_our_group(directory: &Stat) -> bool {
    let is_shared = directory.mode & 0o002 != 0 || !is_trusted(directory.uid);
    !is_shared && directory.gid == user::effective_gid() && user::effective_uid() != 0
}

fn is_trusted(uid: u32) -> bool {
    uid == 0 || uid == user::effective_uid()
}

/// The attributes of a file, as far as they can be believed: a file system that an ordinary user mounted shows what that
/// user likes, so all of it counts as theirs.
fn look(file: &OwnedFd) -> io::Result<Stat> {
    let found = Stat::of(file)?;
    Ok(match mount::user_behind(file, &found)? {
        Some(user) if !is_trusted(user) => Stat { uid: user, ..found },
        Some(_) | None => found,
    })
}

/// A resolution under way.
struct Walk<'a> {
    asked: &'a Path,
    last: Last,
    directory: OwnedFd,
    /// What leads to `directory`, for messages.
    so_far: PathBuf,
    pending: VecDeque<OsString>,
    links: usize,
    /// Set by a link that an ordinary user may have put there: it bounds where the path may end.
    bound: Option<Bound>,
}

/// Where a path may end.
struct Bound {
    /// The last link that was followed, and its owner.
    link: PathBuf,
    owner: u32,
    /// In directories of this user, and in those that everybody can write.
    home: Option<u32>,
}

impl<'a> Walk<'a> {
    fn new(asked: &'a Path, last: Last) -> io::Result<Self> {
        let mut walk = Self {
            asked,
            last,
            directory: open_directory(c".")?,
            so_far: PathBuf::new(),
            pending: VecDeque::new(),
            links: 0,
            bound: None,
        };
        walk.splice(asked)?;
        Ok(walk)
    }

    /// Puts the components of `path` in front of what is pending; an absolute one begins at the root.
    fn splice(&mut self, path: &Path) -> io::Result<()> {
        if path.is_absolute() {
            self.directory = open_directory(c"/")?;
            self.so_far = PathBuf::from("/");
        }
        for component in path.components().rev() {
            match component {
                Component::Normal(name) => self.pending.push_front(name.to_owned()),
                Component::ParentDir => self.pending.push_front("..".into()),
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            }
        }
        Ok(())
    }

    fn run(mut self) -> io::Result<Resolved> {
        loop {
            let Some(component) = self.pending.pop_front() else {
                // The path is the root, or empty: a directory, as every use of it will find.
                return self.finish(CString::from(c"."), false);
            };
            let name = entry_name(&component)?;
            let is_last = self.pending.is_empty();
            if component == ".." {
                self.enter(&name, &component)?;
                continue;
            }
            let found = match Stat::at(&self.directory, &name) {
                Err(error) if is_last && error.kind() == io::ErrorKind::NotFound => {
                    return self.finish(name, false);
                }
                found => found?,
            };
            if is_last && self.last == Last::Itself {
                return self.finish(name, false);
            }
            if found.is_link() {
                if is_last && mount::is_procfs(&self.directory) {
                    return self.finish(name, true);
                }
                if let Some(resolved) = self.follow(&name, &component, is_last)? {
                    return Ok(resolved);
                }
            } else if is_last {
                return self.finish(name, false);
            } else {
                self.enter(&name, &component)?;
            }
        }
    }

    /// Goes down into a directory. A link that has come into its place meanwhile is `ELOOP`.
    fn enter(&mut self, name: &CString, component: &OsStr) -> io::Result<()> {
        let flags = HANDLE | OFlags::DIRECTORY | OFlags::NOFOLLOW;
        self.directory = open_at(&self.directory, name, flags, Mode::empty())?;
        self.so_far.push(component);
        Ok(())
    }

    /// Goes on with what a link says, if that is allowed; the answer is a descriptor that it leads to.
    fn follow(&mut self, name: &CString, component: &OsStr, is_last: bool) -> io::Result<Option<Resolved>> {
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(Errno::LOOP.into());
        }
        let path = self.so_far.join(component);
        let (link, target) = owner_and_target(&self.directory, name)?;
        let directory = look(&self.directory)?;
        if is_exposed(&directory) {
            let is_harmless = target.to_str().is_some_and(|target| HARMLESS.contains(&target));
            if is_last && is_harmless {
                self.bound = None;
            } else if is_last {
                let is_ours = is_trusted(link.uid) && link.links == 1;
                if !is_ours || !is_of_our_group(&directory) {
                    return Err(Refusal::Link { path }.into());
                }
            } else if !is_trusted(link.uid) {
                self.bind(path, link.uid, Some(link.uid));
            } else if link.links > 1 {
                // It may have been laid elsewhere, and only its second name here.
                self.bind(path, link.uid, None);
            }
        }
        self.splice(&target)?;
        let rest =
            target.is_absolute().then(|| Path::new("/").join(self.pending.iter().collect::<PathBuf>()));
        match rest.as_deref().and_then(descriptor) {
            Some(number) if self.bound.is_none() => Ok(Some(Resolved::Descriptor(number))),
            Some(_) => Err(self.refuse_transition()),
            None => Ok(None),
        }
    }

    /// From here on the path has to end in directories of `home`, too.
    fn bind(&mut self, link: PathBuf, owner: u32, home: Option<u32>) {
        // No directory belongs to two users.
        let home =
            self.bound.as_ref().map_or(home, |earlier| earlier.home.filter(|user| home == Some(*user)));
        self.bound = Some(Bound { link, owner, home });
    }

    fn finish(self, name: CString, is_magic: bool) -> io::Result<Resolved> {
        let directory = look(&self.directory)?;
        let is_exposed = is_exposed(&directory);
        if let Some(Bound { home, .. }) = &self.bound
            && (is_magic || (*home != Some(directory.uid) && directory.mode & 0o002 == 0))
        {
            return Err(self.refuse_transition());
        }
        if is_magic && is_exposed {
            // The open files of a process of another user.
            return Err(Refusal::Link { path: self.asked.to_owned() }.into());
        }
        let Self { asked, directory, .. } = self;
        Ok(Resolved::Entry(Entry { directory, name, path: asked.to_owned(), is_exposed, is_magic }))
    }

    fn refuse_transition(&self) -> io::Error {
        let (link, owner) =
            self.bound.as_ref().map(|bound| (bound.link.clone(), bound.owner)).unwrap_or_default();
        Refusal::Transition { link, owner }.into()
    }
}

fn open_directory(path: &CStr) -> io::Result<OwnedFd> {
    Ok(rustix::fs::open(path, HANDLE | OFlags::DIRECTORY, Mode::empty())?)
}

/// A link and where it leads. Both are those of the same link: its name may be given to another one meanwhile.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn owner_and_target(directory: &OwnedFd, name: &CString) -> io::Result<(Stat, PathBuf)> {
    let handle = open_at(directory, name, HANDLE | OFlags::NOFOLLOW, Mode::empty())?;
    let link = look(&handle)?;
    if !link.is_link() {
        return Err(exchanged());
    }
    Ok((link, read_link(&handle, c"")?))
}

/// Other kernels have no descriptor for a link. That a link was exchanged, and back again, is not noticed.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn owner_and_target(directory: &OwnedFd, name: &CString) -> io::Result<(Stat, PathBuf)> {
    let link = Stat::at(directory, name)?;
    let target = read_link(directory, name)?;
    if Stat::at(directory, name)? != link {
        return Err(exchanged());
    }
    Ok((link, target))
}

/// Another file has come into a link's place while it was looked at.
fn exchanged() -> io::Error {
    Errno::LOOP.into()
}

/// Where a link leads, as it is written. An empty name stands for the link that the descriptor itself stands for.
#[doc(alias = "readlinkat")]
fn read_link(directory: &OwnedFd, name: &CStr) -> io::Result<PathBuf> {
    let target = rustix::fs::readlinkat(directory, name, Vec::new())?;
    Ok(OsString::from_vec(target.into_bytes()).into())
}
