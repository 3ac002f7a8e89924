//! What the tests share: a directory of their own, children to look at, and waiting for conditions.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::ffi::CString;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use supervisor_core::{ExitStatus, Pid};
use supervisor_sys::spawn::{ChildUser, SpawnPlan, Spawned, Strategy, spawn_with};
use supervisor_sys::{fd, reap, user};

/// How long a condition may take on a busy machine.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);
pub(crate) const STRATEGIES: [Strategy; 2] = [Strategy::SharedMemory, Strategy::Fork];

/// A fresh directory, removed at the end.
pub(crate) struct Sandbox(PathBuf);

impl Sandbox {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicUsize = AtomicUsize::new(0);
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("sys-{}-{number}", std::process::id()));
            // An earlier process of the same id may have left one.
            match fs::create_dir(&path) {
                Ok(()) => return Self(path),
                Err(error) => assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{}", path.display()),
            }
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The names in it, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(crate) fn c(text: &str) -> CString {
    CString::new(text).unwrap()
}

pub(crate) fn path_c(path: &Path) -> CString {
    c(path.to_str().unwrap())
}

/// A plan for `argv`, whose first word is also the path, on these streams, with an empty environment but
/// `PATH`.
pub(crate) fn plan<'fd>(argv: &[&str], streams: [BorrowedFd<'fd>; 3]) -> SpawnPlan<'fd> {
    let [stdin, stdout, stderr] = streams;
    SpawnPlan {
        path: c(argv[0]),
        argv: argv.iter().map(|word| c(word)).collect(),
        envp: vec![c("PATH=/usr/local/bin:/usr/bin:/bin")],
        stdin,
        stdout,
        stderr,
        user: ChildUser::Same,
        directory: None,
        umask: None,
    }
}

/// What a child left behind.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) pid: Pid,
    pub(crate) status: ExitStatus,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs `argv` to its end, `change` being the last word on the plan.
pub(crate) fn run(strategy: Strategy, argv: &[&str], change: impl FnOnce(&mut SpawnPlan<'_>)) -> Outcome {
    let stdin = File::open("/dev/null").unwrap();
    let [stdout, stderr] = [fd::Pipe::from_child().unwrap(), fd::Pipe::from_child().unwrap()];
    let mut plan = plan(argv, [stdin.as_fd(), stdout.theirs.as_fd(), stderr.theirs.as_fd()]);
    change(&mut plan);
    let spawned = spawn_with(&plan, strategy).unwrap();
    drop((stdout.theirs, stderr.theirs));
    // Neither stream of these children fills a pipe, so that they end before anything is read.
    let status = wait_for_end(&spawned);
    Outcome { pid: spawned.pid, status, stdout: drain(stdout.ours.into()), stderr: drain(stderr.ours.into()) }
}

pub(crate) fn shell(strategy: Strategy, script: &str) -> Outcome {
    run(strategy, &["/bin/sh", "-c", script], |_| ())
}

/// Waits until the child has ended and collects it.
pub(crate) fn wait_for_end(spawned: &Spawned) -> ExitStatus {
    if let Some(pidfd) = &spawned.pidfd {
        assert!(becomes_readable(pidfd.as_fd(), DEADLINE), "the child did not end in time");
    }
    let pidfd = spawned.pidfd.as_ref().map(AsFd::as_fd);
    wait_until("the child has ended", || reap::reap_child(spawned.pid, pidfd).unwrap())
}

/// What has been written into a pipe, up to the end of file. That may come later than the death of the
/// writer: a child that another test is just starting has a copy of the writing end until it executes.
pub(crate) fn drain(mut pipe: File) -> String {
    let mut bytes = Vec::new();
    while let Err(error) = pipe.read_to_end(&mut bytes) {
        assert_eq!(error.kind(), ErrorKind::WouldBlock);
        assert!(becomes_readable(pipe.as_fd(), DEADLINE), "no end of file in time");
    }
    String::from_utf8(bytes).unwrap()
}

/// Asks until there is an answer.
pub(crate) fn wait_until<T>(what: &str, mut answer: impl FnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(begin.elapsed() < DEADLINE, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub(crate) fn becomes_readable(fd: BorrowedFd<'_>, within: Duration) -> bool {
    let mut watched = libc::pollfd { fd: fd.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    let milliseconds = i32::try_from(within.as_millis()).unwrap();
    // SAFETY: one pollfd, exclusively borrowed.
    unsafe { libc::poll(&raw mut watched, 1, milliseconds) == 1 }
}

pub(crate) fn open_descriptors() -> usize {
    fs::read_dir("/proc/self/fd").unwrap().count()
}

/// Whether the test can run; says loudly if not.
#[expect(clippy::print_stderr, reason = "whoever reads the results must see what was not tested")]
pub(crate) fn is_root(test: &str) -> bool {
    let root = user::effective_uid() == 0;
    if !root {
        eprintln!("NOT TESTED, needs root: {test}");
    }
    root
}
