//! Changes of files, as inotify(7) reports them.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::path::Path;

/// A non-blocking descriptor that is readable when a watched file has changed.
///
/// The kernel reports changes by processes of this machine, not those that another one makes on a network file system.
#[derive(Debug)]
pub struct Inotify {
    source: OwnedFd,
}

/// Stands for a file, link or directory that is watched; the same one by two names has one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct WatchId(i32);

/// A change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// A file was written or truncated.
    Content(WatchId),
    /// A file, link or directory was moved or removed, or its attributes or its number of names have changed.
    Place(WatchId),
    /// An entry was created in the directory, or replaced.
    Entry(WatchId, &'a OsStr),
    /// The queue has overflowed: some changes are not reported.
    Lost,
}

impl Inotify {
    /// Watches nothing yet. `ErrorKind::Unsupported` where the system has no inotify.
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

    /// Removes a watch; earlier changes may still be reported.
    #[doc(alias = "inotify_rm_watch")]
    pub fn forget(&self, watch: WatchId) {
        source::forget(&self.source, watch.0);
    }

    /// Takes all changes so far, in order; none is no error. An edge-triggered poller reports those from now on.
    pub fn take(&self, mut each: impl FnMut(Change<'_>)) -> io::Result<()> {
        source::take(&self.source, &mut each)
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
    use crate::errno::Errno;
    use rustix::fs::inotify::{self, CreateFlags, Event, ReadFlags, Reader, WatchFlags};
    use rustix::io::retry_on_intr;
    use std::ffi::OsStr;
    use std::io;
    use std::mem::MaybeUninit;
    use std::os::fd::OwnedFd;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    pub(super) const FILE: WatchFlags = WatchFlags::MODIFY
        .union(WatchFlags::ATTRIB)
        .union(WatchFlags::MOVE_SELF)
        .union(WatchFlags::DELETE_SELF);
    /// With the same events as a file: of one that is no link this is the same watch.
    pub(super) const LINK: WatchFlags = FILE.union(WatchFlags::DONT_FOLLOW);
    pub(super) const DIRECTORY: WatchFlags =
        WatchFlags::CREATE.union(WatchFlags::MOVED_TO).union(WatchFlags::ONLYDIR);

    pub(super) fn open() -> io::Result<OwnedFd> {
        Ok(inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?)
    }

    pub(super) fn watch(inotify: &OwnedFd, path: &Path, events: WatchFlags) -> io::Result<i32> {
        Ok(retry_on_intr(|| inotify::add_watch(inotify, path, events))?)
    }

    pub(super) fn forget(inotify: &OwnedFd, watch: i32) {
        // It fails only if the kernel has removed the watch itself, as its file is gone.
        let _ = inotify::remove_watch(inotify, watch);
    }

    pub(super) fn take(inotify: &OwnedFd, each: &mut impl FnMut(Change<'_>)) -> io::Result<()> {
        // Room for some hundred changes of files; those of a directory come with names.
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut reader = Reader::new(inotify, &mut buffer);
        loop {
            match reader.next() {
                Ok(event) => each(change(&event)),
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn change<'a>(event: &'a Event<'_>) -> Change<'a> {
        let (watch, events) = (WatchId(event.wd()), event.events());
        if events.contains(ReadFlags::QUEUE_OVERFLOW) {
            Change::Lost
        } else if events.intersects(ReadFlags::CREATE | ReadFlags::MOVED_TO) {
            let name = event.file_name().map_or(&[][..], std::ffi::CStr::to_bytes);
            Change::Entry(watch, OsStr::from_bytes(name))
        } else if events.contains(ReadFlags::MODIFY) {
            Change::Content(watch)
        } else {
            // As asked for, or IN_IGNORED and IN_UNMOUNT, which come unasked.
            Change::Place(watch)
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

    fn reported(inotify: &Inotify) -> Vec<String> {
        let mut reported = Vec::new();
        inotify.take(|change| reported.push(format!("{change:?}"))).unwrap();
        reported
    }

    #[test]
    fn what_happens_to_a_file_is_reported_once_for_each_kind() {
        let directory = directory("file");
        let path = directory.join("log");
        fs::write(&path, "").unwrap();
        let inotify = Inotify::open().unwrap();
        let watch = inotify.watch_file(&path).unwrap();
        assert_eq!(inotify.watch_link(&path).unwrap(), watch);
        assert_eq!(reported(&inotify), [""; 0]);
        for text in ["one", "two", "three"] {
            fs::write(&path, text).unwrap();
        }
        assert_eq!(reported(&inotify), [format!("{:?}", Change::Content(watch))]);
        fs::rename(&path, directory.join("log.1")).unwrap();
        assert_eq!(reported(&inotify), [format!("{:?}", Change::Place(watch))]);
        inotify.forget(watch);
        fs::write(directory.join("log.1"), "four").unwrap();
        // The removal of the watch is reported as well.
        assert_eq!(reported(&inotify), [format!("{:?}", Change::Place(watch))]);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_directory_reports_what_comes_into_it_however_many() {
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
        assert_eq!(reported(&inotify), expected);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_link_and_what_it_leads_to_are_distinguished() {
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
        assert_eq!(reported(&inotify), expected);
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
