//! What a spawn costs the daemon: CPU of the parent and of the children per spawn, by strategy and size of
//! the parent.
//!
//! `cargo run --release -p supervisor-sys --example spawn_cost [SPAWNS] [MEGABYTES]`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::ffi::CString;
use std::fs::File;
use std::hint::black_box;
use std::os::fd::AsFd;
use std::time::Instant;
use supervisor_sys::spawn::{ChildUser, SpawnPlan, Strategy, spawn_with};
use supervisor_sys::{fd, reap};

fn main() {
    let argument =
        |n, default| std::env::args().nth(n).map_or(default, |text| text.parse::<usize>().unwrap());
    let (spawns, megabytes) = (argument(1, 1000), argument(2, 0));
    // Touched, so that a fork has page tables to copy.
    let ballast = black_box(vec![1_u8; megabytes << 20]);
    for strategy in [Strategy::SharedMemory, Strategy::Fork, Strategy::SharedMemory, Strategy::Fork] {
        measure(strategy, spawns, megabytes);
    }
    drop(ballast);
}

fn measure(strategy: Strategy, spawns: usize, megabytes: usize) {
    let null = File::open("/dev/null").unwrap();
    let variables =
        (0..20).map(|i| CString::new(format!("VARIABLE_{i}=value {i}")).unwrap()).collect::<Vec<_>>();
    let (ours, children) = (cpu(libc::RUSAGE_SELF), cpu(libc::RUSAGE_CHILDREN));
    let begin = Instant::now();
    for _ in 0..spawns {
        let [stdout, stderr] = [fd::Pipe::from_child().unwrap(), fd::Pipe::from_child().unwrap()];
        let plan = SpawnPlan {
            path: c"/bin/true".into(),
            argv: vec![c"true".into()],
            envp: variables.clone(),
            stdin: null.as_fd(),
            stdout: stdout.theirs.as_fd(),
            stderr: stderr.theirs.as_fd(),
            user: ChildUser::Same,
            directory: Some(c"/".into()),
            umask: None,
        };
        let spawned = spawn_with(&plan, strategy).unwrap();
        // Blocks until the child has ended, without CPU of ours.
        let mut watched = libc::pollfd {
            fd: std::os::fd::AsRawFd::as_raw_fd(spawned.pidfd.as_ref().unwrap()),
            events: libc::POLLIN,
            revents: 0,
        };
        // SAFETY: one pollfd, exclusively borrowed.
        unsafe { libc::poll(&raw mut watched, 1, -1) };
        reap::reap_child(spawned.pid, spawned.pidfd.as_ref().map(AsFd::as_fd)).unwrap().unwrap();
    }
    let wall = begin.elapsed().as_micros();
    let each = |total: i64| total / i64::try_from(spawns).unwrap();
    println!(
        "{strategy:?} at {megabytes} MB: parent {} us, child {} us, wall {} us per spawn",
        each(cpu(libc::RUSAGE_SELF) - ours),
        each(cpu(libc::RUSAGE_CHILDREN) - children),
        each(i64::try_from(wall).unwrap())
    );
}

/// Microseconds of CPU used so far.
fn cpu(whose: libc::c_int) -> i64 {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: getrusage fills in the record, which is valid when all zero too.
    let usage = unsafe {
        libc::getrusage(whose, usage.as_mut_ptr());
        usage.assume_init()
    };
    [usage.ru_utime, usage.ru_stime].iter().map(|time| time.tv_sec * 1_000_000 + time.tv_usec).sum()
}
