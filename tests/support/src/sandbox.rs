//! A directory for one test, and the end of everything started in it.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Instant;

use crate::{PATIENCE, processes};

/// Every process started from a sandbox carries this variable with the sandbox's path, and its descendants inherit
/// it. It finds them after they left their parent, process group and session.
const MARKER: &str = "SUPERVISOR_TEST_SANDBOX";

static COUNTER: AtomicU32 = AtomicU32::new(0);

/// A fresh directory with a short path, as the path of a Unix socket may have about a hundred bytes.
#[derive(Debug)]
pub struct Sandbox {
    path: PathBuf,
}

impl Sandbox {
    /// Makes the directory, below `/tmp`, writable by its owner and readable by everyone.
    #[expect(clippy::new_without_default, reason = "it makes a directory, which no default should")]
    pub fn new() -> Self {
        let path = loop {
            let number = COUNTER.fetch_add(1, Ordering::Relaxed);
            let path = PathBuf::from(format!("/tmp/sv{}-{number}", std::process::id()));
            // An earlier process of the same id, perhaps of another user, may have left one.
            match fs::create_dir(&path) {
                Ok(()) => break path,
                Err(error) => assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{}", path.display()),
            }
        };
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        Self { path }
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.path
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a file, making the directories above it.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a file has a directory")).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// Writes a program with these permissions, in octal digits. By a process of its own: a child that another test forks
    /// meanwhile would hold a file we write open, and a program that is open for writing cannot be started.
    pub fn program(&self, name: &str, content: &str, mode: &str) -> PathBuf {
        let draft = self.write(&format!("{name}.draft"), content);
        let path = self.path(name);
        let status = Command::new("install").args(["-m", mode]).args([&draft, &path]).status().unwrap();
        assert!(status.success(), "install of {name} ended with {status}");
        fs::remove_file(draft).unwrap();
        path
    }

    /// Makes a directory.
    pub fn directory(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(&path).unwrap();
        path
    }

    /// Copies the content of a directory into the sandbox.
    pub fn copy_in(&self, directory: &Path) {
        copy_tree(directory, &self.path);
    }

    /// A file's bytes; empty if there is none.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_default()
    }

    /// A file's text, undecodable bytes replaced; empty if there is none.
    pub fn text(&self, name: &str) -> String {
        String::from_utf8_lossy(&self.bytes(name)).into_owned()
    }

    /// The names of the files in the directory, sorted.
    pub fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.path).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    /// A command that runs in the directory and carries the marker.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.path).env(MARKER, &self.path).env("LC_ALL", "C.UTF-8");
        // Automatic child logs go to the temporary directory, where a daemon cleans up after others.
        command.env("TMPDIR", &self.path);
        command.stdin(Stdio::null());
        command
    }

    /// The live processes that were started from here, directly or not.
    pub fn survivors(&self) -> Vec<u32> {
        processes::with_environment(MARKER, self.path.as_os_str())
    }

    /// Kills all processes started from here. Scans repeatedly, because a process may fork and exit during a scan: two
    /// empty scans in a row show that none is left.
    fn kill_survivors(&self) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        let mut empty_scans = 0;
        loop {
            let survivors = self.survivors();
            empty_scans = if survivors.is_empty() { empty_scans + 1 } else { 0 };
            if empty_scans == 2 {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("processes {survivors:?} of {} will not die", self.path.display()));
            }
            for pid in survivors {
                processes::signal(pid, "KILL");
            }
        }
    }
}

fn copy_tree(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&target).unwrap();
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Live processes of any sandbox: what a run of the tests left behind.
pub fn survivors_of_any_sandbox() -> Vec<u32> {
    processes::with_variable(MARKER)
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let killed = self.kill_survivors();
        // `SUPERVISOR_TEST_KEEP=1` leaves the directory for a look afterwards.
        if std::env::var_os("SUPERVISOR_TEST_KEEP").is_none() {
            // A test may have removed it, or made part of it unremovable on purpose.
            drop(fs::remove_dir_all(&self.path));
        }
        if !std::thread::panicking() {
            assert_eq!(killed, Ok(()));
        }
    }
}
