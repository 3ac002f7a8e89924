//! The rules of the module, tried on real directories. What needs files of another user runs as root only.

#[cfg(target_os = "linux")]
mod fuse;

use super::*;
use crate::user;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, lchown, symlink};

/// Not root, not us.
const OTHER_USER: u32 = 65534;

struct Sandbox(PathBuf);

impl Sandbox {
    fn new() -> Self {
        let root = std::env::temp_dir().join(format!("sys-entry-{}", crate::random::token(12).unwrap()));
        fs::create_dir(&root).unwrap();
        Self(root)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn directory(&self, name: &str, mode: u32) -> PathBuf {
        let path = self.path(name);
        fs::create_dir(&path).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    fn file(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, "precious").unwrap();
        path
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open(path: &Path) -> io::Result<File> {
    Entry::of(path)?.open(Access::Append { mode: 0o666 })
}

fn refusal(path: &Path) -> Refusal {
    let error = open(path).unwrap_err();
    Refusal::behind(&error).unwrap_or_else(|| panic!("{}: {error}", path.display())).clone()
}

fn is_root() -> bool {
    user::effective_uid() == 0
}

#[test]
fn plain_paths_are_opened_and_made() {
    let sandbox = Sandbox::new();
    let old = sandbox.file("old");
    for path in [&old, &sandbox.path("new")] {
        assert_eq!(Stat::of(&open(path).unwrap()).unwrap(), Entry::of(path).unwrap().stat().unwrap());
    }
    assert_eq!(fs::read(old).unwrap(), b"precious");
    assert_eq!(open(&sandbox.path("none/log")).unwrap_err().raw_os_error(), Some(libc::ENOENT));
    assert_eq!(open(&sandbox.path("new/log")).unwrap_err().raw_os_error(), Some(libc::ENOTDIR));
    assert_eq!(open(&sandbox.0).unwrap_err().raw_os_error(), Some(libc::EISDIR));
    let slash = PathBuf::from(format!("{}/", sandbox.path("later").display()));
    assert_eq!(open(&slash).unwrap_err().raw_os_error(), Some(libc::EISDIR));
}

#[test]
fn links_in_a_directory_of_our_own_are_followed() {
    let sandbox = Sandbox::new();
    let target = sandbox.file("target");
    symlink("target", sandbox.path("relative")).unwrap();
    symlink(sandbox.path("relative"), sandbox.path("absolute")).unwrap();
    let directory = sandbox.directory("directory", 0o755);
    symlink("directory", sandbox.path("way")).unwrap();
    symlink("../target", directory.join("up")).unwrap();
    let identity = Entry::of(&target).unwrap().identity().unwrap();
    for name in ["relative", "absolute", "way/up", "way/../target", "./way/.//up"] {
        let entry = Entry::of(&sandbox.path(name)).unwrap();
        assert_eq!(entry.identity().unwrap(), identity, "{name}");
        assert_eq!(FileIdentity::of(&entry.open(Access::Read).unwrap()).unwrap(), identity, "{name}");
    }
    symlink("new", sandbox.path("dangling")).unwrap();
    open(&sandbox.path("dangling")).unwrap();
    assert!(sandbox.path("new").exists());
}

#[test]
fn links_in_a_circle_end() {
    let sandbox = Sandbox::new();
    symlink("two", sandbox.path("one")).unwrap();
    symlink("one", sandbox.path("two")).unwrap();
    for name in ["one", "one/log"] {
        assert_eq!(open(&sandbox.path(name)).unwrap_err().raw_os_error(), Some(libc::ELOOP), "{name}");
    }
}

#[test]
fn a_link_in_a_directory_others_can_write_is_refused() {
    let sandbox = Sandbox::new();
    let target = sandbox.file("target");
    // Our group is trusted, unless we are root.
    for mode in [0o777, 0o1777, 0o775].into_iter().take(if is_root() { 3 } else { 2 }) {
        let directory = sandbox.directory(&format!("{mode:o}"), mode);
        for to in [target.as_path(), Path::new("missing"), Path::new("/dev/../dev/null")] {
            let link = directory.join("log");
            symlink(to, &link).unwrap();
            assert_eq!(refusal(&link), Refusal::Link { path: link.clone() });
            assert!(Entry::of(&link).is_err());
            fs::remove_file(&link).unwrap();
        }
        assert!(!directory.join("missing").exists());
        // The directory itself is no fault.
        open(&directory.join("log")).unwrap();
    }
    assert_eq!(fs::read(target).unwrap(), b"precious");
}

/// A link in a directory of root's that leads to a name in a directory of another user, who owns what is there.
#[test]
fn a_link_at_the_end_of_a_trusted_link_is_refused() {
    let sandbox = Sandbox::new();
    let (target, directory) = (sandbox.file("target"), sandbox.directory("theirs", 0o777));
    symlink("theirs/log", sandbox.path("log")).unwrap();
    open(&sandbox.path("log")).unwrap();
    fs::remove_file(directory.join("log")).unwrap();
    symlink(target, directory.join("log")).unwrap();
    assert_eq!(refusal(&sandbox.path("log")), Refusal::Link { path: directory.join("log") });
}

/// What is put in place of the file after the path was resolved is not followed either.
#[test]
fn a_link_that_comes_between_resolution_and_opening_is_refused() {
    let sandbox = Sandbox::new();
    let (target, log) = (sandbox.file("target"), sandbox.file("log"));
    let entry = Entry::of(&log).unwrap();
    fs::remove_file(&log).unwrap();
    symlink(target, &log).unwrap();
    let error = entry.open(Access::Append { mode: 0o666 }).unwrap_err();
    assert!(matches!(Refusal::behind(&error), Some(Refusal::Link { .. })), "{error}");
    assert_eq!(entry.create_new(0o666).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
    assert!(entry.stat().unwrap().is_link());
    entry.remove().unwrap();
    assert!(sandbox.path("target").exists() && !log.is_symlink());
}

#[test]
fn a_second_name_is_refused_where_others_can_write() {
    let sandbox = Sandbox::new();
    let target = sandbox.file("target");
    let directory = sandbox.directory("theirs", 0o777);
    fs::hard_link(&target, directory.join("log")).unwrap();
    fs::hard_link(&target, sandbox.path("own")).unwrap();
    assert_eq!(refusal(&directory.join("log")), Refusal::HardLinks { path: directory.join("log"), links: 3 });
    open(&sandbox.path("own")).unwrap();
    let fifo = directory.join("fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    fs::hard_link(&fifo, sandbox.path("fifo")).unwrap();
    let error = Entry::of(&fifo).unwrap().open(Access::Both).unwrap_err();
    assert!(matches!(Refusal::behind(&error), Some(Refusal::HardLinks { links: 2, .. })), "{error}");
}

/// What only shares its owner with a link of ours was not laid there by us.
#[test]
fn a_second_name_of_a_link_is_not_trusted_where_others_can_write() {
    let sandbox = Sandbox::new();
    let (theirs, ours) = (sandbox.directory("theirs", 0o777), sandbox.directory("ours", 0o755));
    symlink(&ours, sandbox.path("link")).unwrap();
    let way = theirs.join("way");
    if fs::hard_link(sandbox.path("link"), &way).is_err() {
        return;
    }
    assert!(way.is_symlink());
    let owner = user::effective_uid();
    assert_eq!(refusal(&way.join("log")), Refusal::Transition { link: way, owner });
}

/// With `user_allow_other` a user shows root any owner and any mode. Needs root.
#[test]
#[cfg(target_os = "linux")]
fn a_file_system_of_a_user_is_the_users_whatever_it_shows() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::new();
    let place = sandbox.directory("mounted", 0o755);
    let roots = sandbox.directory("roots", 0o755);
    let Some(_mount) = fuse::Mount::new(&place, OTHER_USER, &roots) else { return };
    assert_eq!(fs::read_link(place.join("way")).unwrap(), roots);
    assert_eq!(refusal(&place.join("log")), Refusal::Link { path: place.join("log") });
    let link = place.join("way");
    assert_eq!(refusal(&link.join("log")), Refusal::Transition { link, owner: OTHER_USER });
}

#[test]
#[cfg(target_os = "linux")]
fn a_file_system_in_user_space_that_root_mounted_is_roots() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::new();
    let place = sandbox.directory("mounted", 0o755);
    let roots = sandbox.directory("roots", 0o755);
    let Some(_mount) = fuse::Mount::new(&place, 0, &roots) else { return };
    open(&place.join("way/log")).unwrap();
    assert!(roots.join("log").exists());
}

#[test]
fn harmless_places_may_be_linked_to_by_anyone() {
    let sandbox = Sandbox::new();
    let directory = sandbox.directory("theirs", 0o777);
    symlink("/dev/null", directory.join("null")).unwrap();
    assert!(!Stat::of(&open(&directory.join("null")).unwrap()).unwrap().is_file());
    symlink("/dev/stdout", directory.join("stdout")).unwrap();
    assert!(matches!(Resolved::of(&directory.join("stdout")).unwrap(), Resolved::Descriptor(1)));
    symlink("/proc/self/fd/7", directory.join("seven")).unwrap();
    assert!(matches!(refusal(&directory.join("seven")), Refusal::Link { .. }));
}

#[test]
fn a_descriptor_is_known_by_any_chain_of_links() {
    let sandbox = Sandbox::new();
    symlink("/dev/stderr", sandbox.path("absolute")).unwrap();
    symlink("absolute", sandbox.path("relative")).unwrap();
    symlink("/proc/self/fd", sandbox.path("table")).unwrap();
    for (path, number) in [
        (PathBuf::from("/dev/stdout"), 1),
        ("/dev/fd/3".into(), 3),
        ("/proc/self/fd/12".into(), 12),
        (sandbox.path("absolute"), 2),
        (sandbox.path("relative"), 2),
        (sandbox.path("table/1"), 1),
    ] {
        let resolved = Resolved::of(&path).unwrap();
        assert!(matches!(resolved, Resolved::Descriptor(found) if found == number), "{}", path.display());
    }
    assert_eq!(Entry::of(Path::new("/dev/stdout")).unwrap_err().raw_os_error(), Some(libc::EINVAL));
    duplicate_inherited(2).unwrap();
    let ours = File::open("/dev/null").unwrap();
    let error = duplicate_inherited(std::os::fd::AsRawFd::as_raw_fd(&ours)).unwrap_err();
    assert_eq!(error.raw_os_error(), Some(libc::EBADF));
}

/// The open files of process 1, as images of containers name them.
#[test]
fn the_open_file_of_a_process_of_root_is_opened_itself() {
    let sandbox = Sandbox::new();
    let file = File::create(sandbox.path("open")).unwrap();
    let link = format!("/proc/{}/fd/{}", std::process::id(), std::os::fd::AsRawFd::as_raw_fd(&file));
    fs::rename(sandbox.path("open"), sandbox.path("moved")).unwrap();
    let opened = open(Path::new(&link)).unwrap();
    assert_eq!(FileIdentity::of(&opened).unwrap(), FileIdentity::of(&file).unwrap());
}

/// Deployments have links of their own user, `current -> releases/42`: they lead to what belongs to that user, and
/// nowhere else. Needs root.
#[test]
fn a_link_of_a_user_leads_to_directories_of_that_user_only() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::new();
    let home = sandbox.directory("home", 0o755);
    let roots = sandbox.directory("roots", 0o755);
    let release = sandbox.directory("home/release", 0o755);
    let everybodys = sandbox.directory("everybodys", 0o1777);
    for (target, name) in
        [(&release, "current"), (&roots, "way"), (&everybodys, "common"), (&sandbox.path("none"), "gone")]
    {
        symlink(target, home.join(name)).unwrap();
        lchown(home.join(name), Some(OTHER_USER), Some(OTHER_USER)).unwrap();
    }
    symlink(&roots, home.join("by-root")).unwrap();
    for path in [&home, &release] {
        lchown(path, Some(OTHER_USER), Some(OTHER_USER)).unwrap();
    }
    for name in ["current/log", "common/log", "by-root/log"] {
        open(&home.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    assert_eq!(
        refusal(&home.join("way/other")),
        Refusal::Transition { link: home.join("way"), owner: OTHER_USER }
    );
    assert_eq!(fs::read_dir(roots).unwrap().count(), 1);
    assert_eq!(open(&home.join("gone/log")).unwrap_err().raw_os_error(), Some(libc::ENOENT));
}

/// A user may hold a file open that only root can write: `/proc/<pid>/fd` leads to it. Needs root.
#[test]
fn the_open_files_of_a_users_process_are_out_of_reach() {
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::new();
    let home = sandbox.directory("home", 0o755);
    let link = home.join("table");
    symlink(format!("/proc/{}/fd", std::process::id()), &link).unwrap();
    for path in [&link, &home] {
        lchown(path, Some(OTHER_USER), Some(OTHER_USER)).unwrap();
    }
    let target = File::create(sandbox.path("target")).unwrap();
    let number = std::os::fd::AsRawFd::as_raw_fd(&target).to_string();
    assert!(matches!(refusal(&link.join(number)), Refusal::Transition { .. }));
}

/// Owner and target of a link are those of one link, however often its name is given to another one. Needs root.
#[test]
#[cfg(target_os = "linux")]
fn a_link_is_judged_by_its_own_owner() {
    use rustix::fs::{CWD, RenameFlags};
    use std::sync::atomic::{AtomicBool, Ordering};
    if !is_root() {
        return;
    }
    let sandbox = Sandbox::new();
    let home = sandbox.directory("home", 0o755);
    let (data, roots) = (sandbox.directory("data", 0o755), sandbox.directory("roots", 0o755));
    let (ours, theirs) = (home.join("log"), home.join("bait"));
    symlink(&data, &ours).unwrap();
    symlink(&roots, &theirs).unwrap();
    for path in [&home, &theirs] {
        lchown(path, Some(OTHER_USER), Some(OTHER_USER)).unwrap();
    }
    let [one, other] = [&ours, &theirs].map(|path| entry_name(path.as_os_str()).unwrap());
    let (is_over, data) = (AtomicBool::new(false), Stat::of(&File::open(&data).unwrap()).unwrap());
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                rustix::fs::renameat_with(CWD, &*one, CWD, &*other, RenameFlags::EXCHANGE).unwrap();
            }
        });
        let reached: Vec<_> = (0..20_000)
            .filter_map(|_| Entry::of(&ours.join("x")).ok())
            .map(|entry| Stat::of(&entry.directory).unwrap().identity)
            .filter(|reached| *reached != data.identity)
            .collect();
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(reached, []);
    });
}
