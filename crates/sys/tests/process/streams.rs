//! Descriptors 0, 1 and 2, and those a launcher left open.

use crate::support::{STRATEGIES, plan, wait_for_end};
use crate::{Role, Test, play};
use std::io;
use std::os::fd::AsFd;
use std::process::{Command, Stdio};
use supervisor_core::ExitStatus;
use supervisor_sys::fd;
use supervisor_sys::spawn::spawn_with;

pub(crate) const TESTS: &[Test] = &[
    ("streams_of_a_child_may_be_our_own_in_another_order", streams_may_be_swapped),
    ("child_may_have_our_own_streams_as_they_are", streams_may_be_kept),
    ("descriptors_left_by_the_launcher_are_marked", inherited_descriptors_are_marked),
];
pub(crate) const ROLES: &[Role] =
    &[("swap_streams", swap_streams), ("keep_streams", keep_streams), ("mark_inherited", mark_inherited)];

const SCRIPT: &str = "cat; echo out; echo err >&2";

fn swap_streams() -> u8 {
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    for strategy in STRATEGIES {
        let streams = [stdin.as_fd(), stderr.as_fd(), stdout.as_fd()];
        let spawned = spawn_with(&plan(&["/bin/sh", "-c", SCRIPT], streams), strategy).unwrap();
        assert_eq!(wait_for_end(&spawned), ExitStatus::Code(0));
    }
    0
}

fn streams_may_be_swapped() {
    let output = play("swap_streams").stdin(Stdio::null()).output().unwrap();
    let streams = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(streams, ["err\nerr\n", "out\nout\n"]);
}

fn keep_streams() -> u8 {
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    let streams = [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
    for strategy in STRATEGIES {
        let spawned = spawn_with(&plan(&["/bin/sh", "-c", SCRIPT], streams), strategy).unwrap();
        assert_eq!(wait_for_end(&spawned), ExitStatus::Code(0));
    }
    0
}

fn streams_may_be_kept() {
    let output = play("keep_streams").stdin(Stdio::null()).output().unwrap();
    let streams = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).unwrap());
    assert_eq!(streams, ["out\nout\n", "err\nerr\n"]);
}

fn mark_inherited() -> u8 {
    // SAFETY: reads a flag.
    let flags = || unsafe { libc::fcntl(9, libc::F_GETFD) };
    assert_eq!(flags(), 0);
    fd::mark_inherited_cloexec().unwrap();
    assert_eq!(flags(), libc::FD_CLOEXEC);
    0
}

fn inherited_descriptors_are_marked() {
    let ourselves = play("mark_inherited");
    let mut launcher = Command::new("/bin/sh");
    launcher.args(["-c", "exec 9</dev/null; exec \"$0\""]).arg(ourselves.get_program());
    launcher.envs(ourselves.get_envs().filter_map(|(name, value)| Some((name, value?))));
    assert!(launcher.status().unwrap().success());
}
