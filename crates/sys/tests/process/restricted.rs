//! Spawning where a sandbox, or an old kernel, refuses the newer system calls.

use crate::support::{plan, run, wait_for_end};
use crate::{Role, Test, play};
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use supervisor_core::ExitStatus;
use supervisor_sys::spawn::Strategy;

pub(crate) const TESTS: &[Test] = &[("spawn_falls_back_where_newer_calls_are_refused", falls_back)];
pub(crate) const ROLES: &[Role] = &[("restricted", restricted)];

fn falls_back() {
    assert!(play("restricted").status().unwrap().success());
}

/// Without clone on shared memory, pidfds and `close_range` the outcome is the same, but for the pidfd.
fn restricted() -> u8 {
    let file = File::open("/dev/null").unwrap();
    // SAFETY: the duplicate is a new descriptor, owned here alone; it would survive an exec.
    let _inheritable = unsafe { OwnedFd::from_raw_fd(libc::fcntl(file.as_raw_fd(), libc::F_DUPFD, 50)) };
    refuse_newer_calls();
    let null = File::options().read(true).write(true).open("/dev/null").unwrap();
    let streams = std::array::from_fn(|_| std::os::fd::AsFd::as_fd(&null));
    let spawned = supervisor_sys::spawn::spawn(&plan(&["/bin/true"], streams)).unwrap();
    assert!(spawned.pidfd.is_none(), "the sandbox is not in force");
    assert_eq!(wait_for_end(&spawned), ExitStatus::Code(0));
    let listing = run(Strategy::SharedMemory, &["/bin/ls", "/proc/self/fd"], |_| ());
    assert_eq!((listing.stdout.as_str(), listing.status), ("0\n1\n2\n3\n", ExitStatus::Code(0)));
    let failure = run(Strategy::SharedMemory, &["/missing"], |_| ());
    assert_eq!(failure.status, ExitStatus::Code(127));
    assert!(failure.stderr.starts_with("supervisor: couldn't exec /missing: ENOENT\n"), "{failure:?}");
    0
}

/// A seccomp filter for this process and its children: the calls answer as if they did not exist or were
/// forbidden.
fn refuse_newer_calls() {
    let number = |call: libc::c_long| u32::try_from(call).unwrap();
    let statement = |code: u32, k| libc::sock_filter { code: u16::try_from(code).unwrap(), jt: 0, jf: 0, k };
    let if_equal =
        |k, jt, jf| libc::sock_filter { jt, jf, ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, k) };
    let if_any = |k, jt, jf| libc::sock_filter {
        jt,
        jf,
        ..statement(libc::BPF_JMP | libc::BPF_JSET | libc::BPF_K, k)
    };
    let load = |offset| statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset);
    let answer = |k| statement(libc::BPF_RET | libc::BPF_K, k);
    let error = |number: i32| libc::SECCOMP_RET_ERRNO | u32::try_from(number).unwrap();
    // Offsets in seccomp_data: the number of the call is first, the arguments begin at 16, low half first on
    // these machines.
    let program = [
        load(0),
        if_equal(number(libc::SYS_close_range), 5, 0),
        if_equal(number(libc::SYS_pidfd_open), 4, 0),
        if_equal(number(libc::SYS_clone), 0, 2),
        load(16),
        if_any(u32::try_from(libc::CLONE_VFORK).unwrap(), 2, 0),
        answer(libc::SECCOMP_RET_ALLOW),
        answer(error(libc::ENOSYS)),
        answer(error(libc::EPERM)),
    ];
    let filter = libc::sock_fprog { len: 9, filter: program.as_ptr().cast_mut() };
    // SAFETY: the filter and its program live through the call, which copies them.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter), 0);
    }
}
