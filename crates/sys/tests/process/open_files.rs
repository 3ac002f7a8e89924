//! The limit of open files that is ours alone, and starts while very many files are open.

use crate::support::{STRATEGIES, plan, wait_for_end};
use crate::{Role, Test, play};
use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::process::Stdio;
use supervisor_core::ExitStatus;
use supervisor_sys::limits::{Limit, Resource, limit, raise_own_open_files, set_limit};
use supervisor_sys::spawn::spawn_with;

pub(crate) const TESTS: &[Test] = &[
    ("children_have_the_limit_from_before_ours_was_raised", children_keep_their_limit),
    ("streams_of_a_child_are_the_same_however_many_files_are_open", streams_beyond_many_files),
];
pub(crate) const ROLES: &[Role] = &[("raise_limit", raise_limit), ("open_many", open_many)];

fn shell(script: &str) {
    let (stdin, stdout, stderr) = (io::stdin(), io::stdout(), io::stderr());
    for strategy in STRATEGIES {
        let streams = [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()];
        let spawned = spawn_with(&plan(&["/bin/sh", "-c", script], streams), strategy).unwrap();
        assert_eq!(wait_for_end(&spawned), ExitStatus::Code(0));
    }
}

fn raise_limit() -> u8 {
    set_limit(Resource::OpenFiles, Limit { soft: Some(100), hard: Some(300) }).unwrap();
    assert_eq!(raise_own_open_files(80).unwrap().soft, Some(100));
    assert_eq!(raise_own_open_files(200).unwrap().soft, Some(200));
    assert_eq!(raise_own_open_files(250).unwrap().soft, Some(250));
    assert_eq!(limit(Resource::OpenFiles).unwrap().hard, Some(300));
    // Allowed to some, as far as they can to others.
    let most = raise_own_open_files(400).unwrap().soft;
    assert!(most == Some(400) || most == Some(300), "{most:?}");
    shell("ulimit -Sn; ulimit -Hn");
    0
}

fn children_keep_their_limit() {
    let output = play("raise_limit").stdin(Stdio::null()).output().unwrap();
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "100\n300\n".repeat(STRATEGIES.len()));
}

/// The streams lie far above those a child takes its own table with; nothing of ours is left open in it, and ours
/// are as they were.
fn open_many() -> u8 {
    const SCRIPT: &str = "cat; echo out; echo err >&2; ls /proc/self/fd | wc -l >&2";
    let script = if cfg!(target_os = "linux") { SCRIPT } else { "cat; echo out; echo err >&2; echo 4 >&2" };
    // The first start takes its low numbers.
    shell("true");
    let files: Vec<File> = (0..200).map(|_| File::open("/dev/null").unwrap()).collect();
    for _ in 0..3 {
        for strategy in STRATEGIES {
            let (mut reader, writer) = io::pipe().unwrap();
            let (null, stderr) = (File::open("/dev/null").unwrap(), io::stderr());
            let streams = [null.as_fd(), writer.as_fd(), stderr.as_fd()];
            let spawned = spawn_with(&plan(&["/bin/sh", "-c", script], streams), strategy).unwrap();
            drop(writer);
            // The end comes only if no copy of the writing end is left behind anywhere.
            let text = io::read_to_string(&mut reader).unwrap();
            assert_eq!((text.as_str(), wait_for_end(&spawned)), ("out\n", ExitStatus::Code(0)));
        }
    }
    assert!(files.iter().all(|file| file.metadata().is_ok()));
    0
}

fn streams_beyond_many_files() {
    let output = play("open_many").stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stderr).unwrap().replace(' ', "");
    assert_eq!(lines, "err\n4\n".repeat(3 * STRATEGIES.len()));
}
