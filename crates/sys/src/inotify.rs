//! The kernel's word on what happens to files, whoever does it.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::Path;

/// A non-blocking descriptor that is readable when something has happened to what is watched.
///
/// The kernel tells what is done on this machine; what another machine does on a network file system it does not know.
#[derive(Debug)]
pub struct Inotify {
    source: OwnedFd,
}

/// Stands for a file, link or directory that is watched; the same one by two names has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WatchId(i32);

/// What has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// A file was written or truncated.
    Content(WatchId),
    /// A file, link or directory was moved or removed, or its attributes or its number of names have changed.
    Place(WatchId),
    /// A directory has got this entry, anew or in place of another.
    Entry(WatchId, &'a OsStr),
    /// So much happened at once that some of it is not told.
    Lost,
}

impl Inotify {
    /// Watches nothing yet. `ErrorKind::Unsupported` where the system does not tell.
    #[doc(alias = "inotify_init1")]
    pub fn open() -> io::Result<Self> {
        Ok(Self { source: source::open()? })
    }

    /// Watches what `path` names, in the end. Looks the path up, which may take as long as its disk does.
    #[doc(alias = "inotify_add_watch")]
    pub fn watch_file(&self, path: &Path) -> io::Result<WatchId> {
        source::watch(&self.source, path, source::FILE).map(WatchId)
    }

    /// Watches what `path` names itself, be it a link. Looks the path up.
    pub fn watch_link(&self, path: &Path) -> io::Result<WatchId> {
        source::watch(&self.source, path, source::LINK).map(WatchId)
    }

    /// Watches what comes into a directory. Looks the path up.
    pub fn watch_directory(&self, path: &Path) -> io::Result<WatchId> {
        source::watch(&self.source, path, source::DIRECTORY).map(WatchId)
    }

    /// Watches it no more; what has happened before may still be told.
    #[doc(alias = "inotify_rm_watch")]
    pub fn forget(&self, watch: WatchId) {
        source::forget(&self.source, watch.0);
    }

    /// Takes all that has happened, in order; nothing is no error. An edge-triggered poller tells of whatever happens
    /// from now on.
    pub fn take(&self, mut each: impl FnMut(Change<'_>)) -> io::Result<()> {
        // For some hundred changes of files; names are longer.
        let mut buffer = [0_u8; 4096];
        loop {
            let count = match crate::fd::read(&self.source, &mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                outcome => outcome?,
            };
            source::parse(&buffer[..count], &mut each);
            // There was room for one more of any size, so there was none: most often this saves a call.
            if count + source::LARGEST <= buffer.len() {
                return Ok(());
            }
        }
    }
}

impl AsRawFd for Inotify {
    fn as_raw_fd(&self) -> RawFd {
        self.source.as_raw_fd()
    }
}

#[cfg(target_os = "linux")]
mod source {
    use super::{Change, WatchId};
    use crate::call::{owned, raw, retry};
    use std::ffi::{CString, OsStr};
    use std::io;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    pub(super) const FILE: u32 =
        libc::IN_MODIFY | libc::IN_ATTRIB | libc::IN_MOVE_SELF | libc::IN_DELETE_SELF;
    /// With the same events as a file: of one that is no link this is the same watch.
    pub(super) const LINK: u32 = FILE | libc::IN_DONT_FOLLOW;
    pub(super) const DIRECTORY: u32 = libc::IN_CREATE | libc::IN_MOVED_TO | libc::IN_ONLYDIR;

    /// What stands before the name: watch, mask, cookie, and the length of the name.
    const HEADER: usize = size_of::<libc::inotify_event>();

    /// What one change takes up at most: with the longest name and its NUL.
    pub(super) const LARGEST: usize = HEADER + 256;

    pub(super) fn open() -> io::Result<OwnedFd> {
        // SAFETY: the kernel answers with a new descriptor, which is ours alone.
        unsafe { owned(libc::inotify_init1(libc::IN_CLOEXEC | libc::IN_NONBLOCK)) }
    }

    pub(super) fn watch(inotify: &OwnedFd, path: &Path, mask: u32) -> io::Result<i32> {
        let path = CString::new(path.as_os_str().as_bytes())?;
        // SAFETY: the path is NUL-terminated and lives longer than the call.
        retry(|| unsafe { libc::inotify_add_watch(raw(inotify), path.as_ptr(), mask) })
    }

    pub(super) fn forget(inotify: &OwnedFd, watch: i32) {
        // It fails only if the kernel has given the watch up itself, as what it was on is gone.
        // SAFETY: the call touches no memory of ours.
        let _ = unsafe { libc::inotify_rm_watch(raw(inotify), watch) };
    }

    pub(super) fn parse(mut bytes: &[u8], each: &mut impl FnMut(Change<'_>)) {
        while let Some((header, rest)) = bytes.split_at_checked(HEADER) {
            let field = |at: usize| [header[at], header[at + 1], header[at + 2], header[at + 3]];
            let watch = WatchId(i32::from_ne_bytes(field(0)));
            let mask = u32::from_ne_bytes(field(4));
            let length = usize::try_from(u32::from_ne_bytes(field(12))).unwrap_or(usize::MAX);
            let (name, rest) = rest.split_at(length.min(rest.len()));
            bytes = rest;
            let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
            let has = |events: u32| mask & events != 0;
            each(if has(libc::IN_Q_OVERFLOW) {
                Change::Lost
            } else if has(libc::IN_CREATE | libc::IN_MOVED_TO) {
                Change::Entry(watch, OsStr::from_bytes(&name[..end]))
            } else if has(libc::IN_MODIFY) {
                Change::Content(watch)
            } else {
                // As asked for, or IN_IGNORED and IN_UNMOUNT, which come unasked.
                Change::Place(watch)
            });
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod source {
    use super::Change;
    use std::io;
    use std::os::fd::OwnedFd;
    use std::path::Path;

    pub(super) const FILE: u32 = 0;
    pub(super) const LINK: u32 = 0;
    pub(super) const DIRECTORY: u32 = 0;
    pub(super) const LARGEST: usize = 0;

    pub(super) fn open() -> io::Result<OwnedFd> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn watch(_: &OwnedFd, _: &Path, _: u32) -> io::Result<i32> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub(super) fn forget(_: &OwnedFd, _: i32) {}

    pub(super) fn parse(_: &[u8], _: &mut impl FnMut(Change<'_>)) {}
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("inotify-{name}-{}", std::process::id()));
        fs::create_dir(&path).unwrap();
        path
    }

    fn told(inotify: &Inotify) -> Vec<String> {
        let mut told = Vec::new();
        inotify.take(|change| told.push(format!("{change:?}"))).unwrap();
        told
    }

    #[test]
    fn what_happens_to_a_file_is_told_once_for_each_kind() {
        let directory = directory("file");
        let path = directory.join("log");
        fs::write(&path, "").unwrap();
        let inotify = Inotify::open().unwrap();
        let watch = inotify.watch_file(&path).unwrap();
        assert_eq!(inotify.watch_link(&path).unwrap(), watch);
        assert_eq!(told(&inotify), [""; 0]);
        for text in ["one", "two", "three"] {
            fs::write(&path, text).unwrap();
        }
        assert_eq!(told(&inotify), [format!("{:?}", Change::Content(watch))]);
        fs::rename(&path, directory.join("log.1")).unwrap();
        assert_eq!(told(&inotify), [format!("{:?}", Change::Place(watch))]);
        inotify.forget(watch);
        fs::write(directory.join("log.1"), "four").unwrap();
        // Its end is told as well.
        assert_eq!(told(&inotify), [format!("{:?}", Change::Place(watch))]);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_directory_tells_what_comes_into_it_however_many() {
        let directory = directory("directory");
        let inotify = Inotify::open().unwrap();
        let watch = inotify.watch_directory(&directory).unwrap();
        let name = |number: usize| format!("{number:0>200}");
        for number in 0..100 {
            fs::write(directory.join(name(number)), "").unwrap();
        }
        fs::rename(directory.join(name(0)), directory.join("moved")).unwrap();
        fs::remove_file(directory.join(name(1))).unwrap();
        let names = (0..100).map(name).chain(["moved".to_owned()]);
        let expected: Vec<String> =
            names.map(|name| format!("{:?}", Change::Entry(watch, OsStr::new(&name)))).collect();
        assert_eq!(told(&inotify), expected);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_link_and_what_it_leads_to_are_told_apart() {
        let directory = directory("link");
        let (link, path) = (directory.join("link"), directory.join("log"));
        std::os::unix::fs::symlink("log", &link).unwrap();
        let inotify = Inotify::open().unwrap();
        assert_eq!(inotify.watch_file(&link).unwrap_err().kind(), io::ErrorKind::NotFound);
        fs::write(&path, "").unwrap();
        let (at, itself) = (inotify.watch_file(&link).unwrap(), inotify.watch_link(&link).unwrap());
        assert_ne!(at, itself);
        inotify.watch_directory(&path).unwrap_err();
        fs::write(&link, "text").unwrap();
        fs::rename(&link, directory.join("moved")).unwrap();
        let expected = [Change::Content(at), Change::Place(itself)].map(|change| format!("{change:?}"));
        assert_eq!(told(&inotify), expected);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn the_descriptor_does_not_reach_children() {
        let inotify = Inotify::open().unwrap();
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{}", inotify.as_raw_fd())).unwrap();
        let flags = info.lines().find_map(|line| line.strip_prefix("flags:")).unwrap();
        let flags = i32::from_str_radix(flags.trim(), 8).unwrap();
        assert_eq!(flags & (libc::O_CLOEXEC | libc::O_NONBLOCK), libc::O_CLOEXEC | libc::O_NONBLOCK);
    }
}
