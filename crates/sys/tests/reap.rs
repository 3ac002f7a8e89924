//! Collecting children: ours to us, strangers apart. One test at a time, as strangers are everybody's.
#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]

mod support;

use std::fs::File;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use supervisor_core::{ExitStatus, Pid, Signal};
use supervisor_sys::spawn::{Spawned, Strategy, spawn, spawn_with};
use supervisor_sys::{fd, reap, signal};
use support::*;

fn alone() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

fn start(argv: &[&str]) -> Spawned {
    let null = File::options().read(true).write(true).open("/dev/null").unwrap();
    spawn(&plan(argv, [null.as_fd(), null.as_fd(), null.as_fd()])).unwrap()
}

fn wait_for_death(spawned: &Spawned) {
    assert!(becomes_readable(spawned.pidfd.as_ref().unwrap().as_fd(), DEADLINE));
}

#[test]
fn running_child_is_not_collected_and_an_ended_one_once() {
    let _alone = alone();
    let child = start(&["/bin/sleep", "1000"]);
    let pidfd = child.pidfd.as_ref().map(AsFd::as_fd);
    assert_eq!(reap::reap_child(child.pid, pidfd).unwrap(), None);
    assert_eq!(reap::reap_child(child.pid, None).unwrap(), None);
    signal::signal_by_pidfd(pidfd.unwrap(), Signal::TERM).unwrap();
    wait_for_death(&child);
    let status = ExitStatus::Signal { signal: Signal::TERM, core_dumped: false };
    assert_eq!(reap::reap_child(child.pid, pidfd).unwrap(), Some(status));
    assert_eq!(reap::reap_child(child.pid, None).unwrap_err().raw_os_error(), Some(libc::ECHILD));
    let gone = signal::signal_process(child.pid, Signal(0)).unwrap_err();
    assert_eq!(supervisor_sys::errno::python_text(&gone), "[Errno 3] No such process");
}

#[test]
fn stopped_child_is_not_taken_for_an_ended_one() {
    let _alone = alone();
    let child = start(&["/bin/sleep", "1000"]);
    signal::signal_process(child.pid, Signal(19)).unwrap();
    wait_until("the child is stopped", || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", child.pid)).unwrap();
        stat.contains(") T ").then_some(())
    });
    assert_eq!(reap::reap_child(child.pid, None).unwrap(), None);
    assert_eq!(reap::reap_orphan(|_| false).unwrap(), None);
    signal::signal_group(child.pid, Signal::KILL).unwrap();
    assert_eq!(wait_for_end(&child), ExitStatus::Signal { signal: Signal::KILL, core_dumped: false });
}

/// PROC-38 and PROC-39: what we make of a wait status is what the standard library makes of it.
#[test]
fn outcomes_are_decoded_as_the_standard_library_decodes_them() {
    let _alone = alone();
    let sandbox = Sandbox::new();
    for script in
        ["exit 0", "exit 255", "kill -USR1 $$", "kill -KILL $$", "ulimit -c unlimited; kill -SEGV $$"]
    {
        let null = File::options().read(true).write(true).open("/dev/null").unwrap();
        let mut plan = plan(&["/bin/sh", "-c", script], [null.as_fd(), null.as_fd(), null.as_fd()]);
        plan.directory = Some(path_c(sandbox.path()));
        let ours = wait_for_end(&spawn(&plan).unwrap());
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]).current_dir(sandbox.path()).stdout(Stdio::null()).stderr(Stdio::null());
        let theirs = command.status().unwrap();
        let expected = match theirs.code() {
            Some(code) => ExitStatus::Code(u8::try_from(code).unwrap()),
            None => ExitStatus::Signal {
                signal: Signal(u8::try_from(theirs.signal().unwrap()).unwrap()),
                core_dumped: theirs.core_dumped(),
            },
        };
        assert_eq!(ours, expected, "{script}");
    }
}

/// PROC-64.
#[test]
fn orphan_reparented_to_us_is_reaped() {
    let _alone = alone();
    adopt_orphans();
    // The orphan ends only when its input does, so surely after its parent.
    let script = "exec 3<&0; (read line <&3; exit 7) >&- & echo $!; exit 3";
    let (input, output) = (fd::Pipe::to_child().unwrap(), fd::Pipe::from_child().unwrap());
    let null = File::options().write(true).open("/dev/null").unwrap();
    let streams = [input.theirs.as_fd(), output.theirs.as_fd(), null.as_fd()];
    let parent = spawn(&plan(&["/bin/sh", "-c", script], streams)).unwrap();
    drop((input.theirs, output.theirs));
    assert_eq!(wait_for_end(&parent), ExitStatus::Code(3));
    let orphan = Pid::new(drain(output.ours.into()).trim().parse().unwrap()).unwrap();
    assert_eq!(reap::reap_orphan(|_| false).unwrap(), None);
    drop(input.ours);
    let stranger = wait_until("the orphan has ended", || reap::reap_orphan(|_| false).unwrap());
    assert_eq!(stranger, (orphan, ExitStatus::Code(7)));
    assert_eq!(reap::reap_orphan(|_| false).unwrap(), None);
}

#[test]
fn reaping_orphans_leaves_our_children_to_their_owner() {
    let _alone = alone();
    let child = start(&["/bin/sh", "-c", "exit 5"]);
    wait_for_death(&child);
    assert_eq!(reap::reap_orphan(|_| false).unwrap(), None);
    assert_eq!(wait_for_end(&child), ExitStatus::Code(5));
}

#[test]
#[expect(clippy::zombie_processes, reason = "it is collected as a stranger")]
fn reaping_orphans_leaves_children_the_caller_knows() {
    let _alone = alone();
    let child = Command::new("/bin/true").spawn().unwrap();
    let pid = Pid::new(child.id().cast_signed()).unwrap();
    wait_until("the child has ended", || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
        stat.contains(") Z ").then_some(())
    });
    assert_eq!(reap::reap_orphan(|known| known == pid).unwrap(), None);
    assert_eq!(reap::reap_orphan(|_| false).unwrap(), Some((pid, ExitStatus::Code(0))));
}

/// A child may be dead before its spawner has said a word: it is still no stranger.
#[test]
fn child_that_dies_at_once_is_never_taken_for_an_orphan() {
    let _alone = alone();
    let done = AtomicBool::new(false);
    let null = File::options().read(true).write(true).open("/dev/null").unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::SeqCst) {
                assert_eq!(reap::reap_orphan(|_| false).unwrap(), None);
            }
        });
        let spawner = |strategy| {
            let null = &null;
            move || {
                for _ in 0..150 {
                    let plan = plan(&["/missing"], [null.as_fd(), null.as_fd(), null.as_fd()]);
                    assert_eq!(wait_for_end(&spawn_with(&plan, strategy).unwrap()), ExitStatus::Code(127));
                }
            }
        };
        let spawners =
            [Strategy::SharedMemory, Strategy::Fork].map(|strategy| scope.spawn(spawner(strategy)));
        let outcomes = spawners.map(std::thread::ScopedJoinHandle::join);
        done.store(true, Ordering::SeqCst);
        assert!(outcomes.iter().all(Result::is_ok));
    });
}

/// Orphans below this process become its children, as they do for pid 1.
fn adopt_orphans() {
    // SAFETY: touches no memory.
    assert_eq!(unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1) }, 0);
}
