//! What the child does between clone and exec.
//!
//! It may share its memory with the daemon, and the daemon's other threads may hold any lock. So nothing here
//! allocates, locks, panics or returns; each call is async-signal-safe (signal-safety(7)).

use super::{ChildUser, SpawnPlan};
use crate::errno::{self, Errno, errno_name};
use crate::fd;
use crate::limits::{self, Limit, Resource};
use rustix::fs::{Gid, Mode, Uid};
use rustix::io::{FdFlags, fcntl_dupfd_cloexec, fcntl_setfd};
use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
use std::convert::Infallible;
use std::ffi::{CStr, CString};
use std::io::IoSlice;
use std::mem::ManuallyDrop;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::ptr;

/// Exit status of a child that could not execute its program.
const NOT_SPAWNED: libc::c_int = 127;
const LAST_LINE: &[u8] = b"\nsupervisor: child process was not spawned\n";

/// A plan in the form the child can use without allocating. Borrows every pointer's target from the plan.
pub(super) struct Layout<'plan> {
    path: &'plan CStr,
    /// Pointers to the arguments, then null.
    argv: Vec<*const libc::c_char>,
    /// Pointers to the variables, then null.
    envp: Vec<*const libc::c_char>,
    /// What becomes descriptors 0, 1 and 2.
    streams: [BorrowedFd<'plan>; 3],
    user: &'plan ChildUser,
    /// The groups of that user.
    groups: Vec<Gid>,
    directory: Option<&'plan CStr>,
    umask: Option<Mode>,
    /// The limit of open files to go back to.
    open_files: Option<Limit>,
    /// The highest descriptor to mark, where the kernel cannot mark a range.
    highest_fd: Option<libc::c_int>,
    /// How messages begin.
    setuid_message: Vec<u8>,
    chdir_message: Vec<u8>,
    exec_message: Vec<u8>,
}

impl<'plan> Layout<'plan> {
    pub(super) fn new(plan: &'plan SpawnPlan<'_>) -> Self {
        let (uid, groups) = match &plan.user {
            ChildUser::Same => (String::new(), &[][..]),
            ChildUser::Switch(credentials) => (credentials.uid.to_string(), &*credentials.groups),
            ChildUser::Refused { uid, .. } => (uid.to_string(), &[][..]),
        };
        let groups = groups.iter().map(|gid| Gid::from_raw_unchecked(*gid)).collect();
        let directory = plan.directory.as_deref();
        Self {
            path: &plan.path,
            argv: pointers(&plan.argv),
            envp: pointers(&plan.envp),
            streams: [plan.stdin, plan.stdout, plan.stderr],
            user: &plan.user,
            groups,
            directory,
            umask: plan.umask.map(limits::permission_mask),
            open_files: limits::of_children(),
            highest_fd: (!fd::can_mark_range()).then(fd::highest_open),
            setuid_message: message("couldn't setuid to ", uid.as_bytes()),
            chdir_message: message("couldn't chdir to ", directory.map_or(b"", CStr::to_bytes)),
            exec_message: message("couldn't exec ", plan.argv.first().map_or(b"", |name| name.to_bytes())),
        }
    }

    /// A table of descriptors that is the child's own from the beginning, with the streams where the plan has them.
    pub(super) fn own_table(&self) -> Table<'plan> {
        Table { streams: self.streams, shared_from: None }
    }

    /// The streams of the plan.
    #[cfg(target_os = "linux")]
    pub(super) fn streams(&self) -> [BorrowedFd<'plan>; 3] {
        self.streams
    }

    /// Whether the child will change its credentials.
    #[cfg(target_os = "linux")]
    pub(super) fn changes_user(&self) -> bool {
        matches!(self.user, ChildUser::Switch(_))
    }
}

fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}

fn message(attempt: &str, object: &[u8]) -> Vec<u8> {
    [b"supervisor: ", attempt.as_bytes(), object, b": "].concat()
}

/// Why the program could not be executed.
enum Failure<'layout> {
    /// A system call of this step failed.
    Call { begins: &'layout [u8], errno: Errno },
    /// The change of user failed, for this reason.
    User { why: &'layout [u8] },
}

/// The descriptors a child begins with.
pub(super) struct Table<'fd> {
    /// What becomes descriptors 0, 1 and 2.
    pub(super) streams: [BorrowedFd<'fd>; 3],
    /// `Some` if the table is still the daemon's: the child is to have one of its own, with what lies below.
    pub(super) shared_from: Option<RawFd>,
}

/// Becomes the program, or says why not and ends.
pub(super) fn run(layout: &Layout<'_>, table: &Table<'_>) -> ! {
    let mut stderr = table.streams[2].as_raw_fd();
    let Err(failure) = execute(layout, table, &mut stderr);
    report(layout, &failure, stderr);
    // SAFETY: ends this process only, without handlers or buffers of the daemon.
    unsafe { libc::_exit(NOT_SPAWNED) }
}

/// Goes through the steps in upstream's order. Returns only on failure; `stderr` is where to report it.
fn execute<'layout>(
    layout: &'layout Layout<'_>,
    table: &Table<'_>,
    stderr: &mut RawFd,
) -> Result<Infallible, Failure<'layout>> {
    let failed = |begins| move |errno| Failure::Call { begins, errno };
    default_dispositions();
    // First of all that has to do with descriptors: until then they are the daemon's.
    table.shared_from.map_or(Ok(()), take_own_table).map_err(failed(&layout.exec_message))?;
    rustix::process::setpgid(None, None).map_err(failed(&layout.exec_message))?;
    take_streams(table.streams, stderr).map_err(failed(&layout.exec_message))?;
    mark_the_rest_cloexec(layout.highest_fd);
    if let Some(limit) = layout.open_files {
        // Lowering a limit is never refused.
        let _ = limits::set_limit(Resource::OpenFiles, limit);
    }
    change_user(layout).map_err(|why| Failure::User { why })?;
    if let Some(directory) = layout.directory {
        rustix::process::chdir(directory).map_err(failed(&layout.chdir_message))?;
    }
    if let Some(mask) = layout.umask {
        rustix::process::umask(mask);
    }
    empty_signal_mask();
    // SAFETY: a NUL-terminated path and two null-terminated arrays of such strings, all alive in the layout's
    // plan.
    unsafe { libc::execve(layout.path.as_ptr(), layout.argv.as_ptr(), layout.envp.as_ptr()) };
    Err(failed(&layout.exec_message)(errno::last()))
}

/// Puts every signal back to its default action. Handlers of the daemon must not run on a child's stack, and
/// an ignored signal would stay ignored in the program.
///
/// By bare system calls on Linux: the C library refuses the two signals it keeps for itself, which a launcher
/// may have left ignored all the same, and takes a lock for SIGABRT.
#[cfg(target_os = "linux")]
fn default_dispositions() {
    #[cfg(any(target_arch = "mips", target_arch = "mips64"))]
    const MASK_BYTES: usize = 16;
    #[cfg(not(any(target_arch = "mips", target_arch = "mips64")))]
    const MASK_BYTES: usize = 8;
    // The kernel's record of an action, in whatever order and width: all zero it is SIG_DFL, no flags, an
    // empty mask. No architecture's is larger.
    let default = [0_u64; 8];
    for number in 1..=8 * MASK_BYTES {
        // SAFETY: the record is read only. KILL and STOP are refused, which is harmless.
        unsafe {
            libc::syscall(libc::SYS_rt_sigaction, number, default.as_ptr(), ptr::null::<u64>(), MASK_BYTES)
        };
    }
}

#[cfg(not(target_os = "linux"))]
fn default_dispositions() {
    /// The classic range, and room for the real-time signals of the BSDs; numbers that do not exist are
    /// refused.
    const HIGHEST: libc::c_int = 127;
    // SAFETY: sigaction is a plain record; all zero it means SIG_DFL, no flags, an empty mask. KILL and STOP
    // are refused, which is harmless.
    unsafe {
        let default: libc::sigaction = std::mem::zeroed();
        for number in 1..=HIGHEST {
            libc::sigaction(number, &raw const default, ptr::null_mut());
        }
    }
}

/// Leaves the daemon's table of descriptors for one with only those below `end`.
#[cfg(target_os = "linux")]
fn take_own_table(end: RawFd) -> Result<(), Errno> {
    // SAFETY: nothing is closed in the daemon: the closing happens in the new table.
    unsafe { fd::close_range(end, libc::CLOSE_RANGE_UNSHARE) }
}

/// No other system shares tables.
#[cfg(not(target_os = "linux"))]
fn take_own_table(_end: RawFd) -> Result<(), Errno> {
    Ok(())
}

/// Makes `streams` the descriptors 0, 1 and 2, whatever numbers they have now; `stderr` follows.
fn take_streams(streams: [BorrowedFd<'_>; 3], stderr: &mut RawFd) -> Result<(), Errno> {
    type Replace = fn(BorrowedFd<'_>) -> Result<(), Errno>;
    const REPLACE: [Replace; 3] = [|fd| dup2_stdin(fd), |fd| dup2_stdout(fd), |fd| dup2_stderr(fd)];
    // One that lies in the range would be overwritten before its turn: first lift it out. The copy is closed when the
    // program is executed.
    let mut lifted = [const { None }; 3];
    for ((stream, lifted), target) in streams.iter().zip(&mut lifted).zip(0..) {
        if stream.as_raw_fd() <= 2 && stream.as_raw_fd() != target {
            *lifted = Some(ManuallyDrop::new(fcntl_dupfd_cloexec(stream, 3)?));
        }
    }
    let mut copies = lifted.iter().map(|copy| copy.as_ref().map(|copy| copy.as_fd()));
    let streams = streams.map(|stream| copies.next().flatten().unwrap_or(stream));
    *stderr = streams[2].as_raw_fd();
    for ((stream, replace), target) in streams.into_iter().zip(REPLACE).zip(0..) {
        if stream.as_raw_fd() == target {
            // It stays open in the program, as a copy made by dup2 does.
            fcntl_setfd(stream, FdFlags::empty())?;
        } else {
            replace(stream)?;
        }
    }
    *stderr = 2;
    Ok(())
}

fn mark_the_rest_cloexec(highest: Option<libc::c_int>) {
    if let Some(highest) = highest {
        for number in 3..=highest {
            // SAFETY: touches no memory; closed descriptors are refused, which is harmless.
            unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) };
        }
    } else {
        fd::mark_range_cloexec(3);
    }
}

/// Becomes the user. The error is the sentence upstream has for the step that failed.
fn change_user<'layout>(layout: &'layout Layout<'_>) -> Result<(), &'layout [u8]> {
    let credentials = match layout.user {
        ChildUser::Same => return Ok(()),
        ChildUser::Refused { why, .. } => return Err(why.as_bytes()),
        ChildUser::Switch(credentials) => credentials,
    };
    let (uid, gid) = (Uid::from_raw_unchecked(credentials.uid), Gid::from_raw_unchecked(credentials.gid));
    bare::set_groups(&layout.groups).map_err(|_| &b"Could not set groups of effective user"[..])?;
    bare::set_gid(gid).map_err(|_| &b"Could not set group id of effective user"[..])?;
    bare::set_uid(uid).map_err(|_| &b"Could not set user id of effective user"[..])
}

/// The system calls themselves: the C library's functions of these names would change the daemon's other
/// threads too.
#[cfg(target_os = "linux")]
mod bare {
    pub(super) use rustix::thread::{
        set_thread_gid as set_gid, set_thread_groups as set_groups, set_thread_uid as set_uid,
    };
}

/// Elsewhere credentials belong to the process, and the functions are the system calls.
#[cfg(not(target_os = "linux"))]
mod bare {
    use super::{Errno, Gid, Uid, errno};

    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "no group list is that long"
    )]
    pub(super) fn set_groups(groups: &[Gid]) -> Result<(), Errno> {
        // SAFETY: the count is the length of the array, and a `Gid` is laid out as the number it holds.
        checked(unsafe { libc::setgroups(groups.len() as libc::c_int, groups.as_ptr().cast()) })
    }

    pub(super) fn set_gid(gid: Gid) -> Result<(), Errno> {
        // SAFETY: touches no memory.
        checked(unsafe { libc::setgid(gid.as_raw()) })
    }

    pub(super) fn set_uid(uid: Uid) -> Result<(), Errno> {
        // SAFETY: touches no memory.
        checked(unsafe { libc::setuid(uid.as_raw()) })
    }

    fn checked(outcome: libc::c_int) -> Result<(), Errno> {
        if outcome == 0 { Ok(()) } else { Err(errno::last()) }
    }
}

fn empty_signal_mask() {
    let mut none = std::mem::MaybeUninit::<libc::sigset_t>::uninit();
    // SAFETY: sigemptyset initialises the set; sigprocmask reads it and acts on this process only.
    unsafe {
        libc::sigemptyset(none.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, none.as_ptr(), ptr::null_mut());
    }
}

/// Writes the failure to the child's stderr, in one piece.
fn report(layout: &Layout<'_>, failure: &Failure<'_>, stderr: RawFd) {
    let mut digits = [0; 12];
    let (begins, why) = match *failure {
        Failure::User { why } => (&*layout.setuid_message, why),
        Failure::Call { begins, errno } => {
            let number = errno.raw_os_error();
            (begins, errno_name(number).map_or_else(|| decimal(number, &mut digits), str::as_bytes))
        }
    };
    let pieces = [IoSlice::new(begins), IoSlice::new(why), IoSlice::new(LAST_LINE)];
    // SIGPIPE is ignored: without a reader the message is lost, but the exit status is the same.
    // SAFETY: an ignored signal has no handler, and the number is that of a stream, which the child never closes.
    let stderr = unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        BorrowedFd::borrow_raw(stderr)
    };
    let _ = rustix::io::writev(stderr, &pieces);
}

/// `number` in decimal, for an error without a name.
fn decimal(number: i32, digits: &mut [u8; 12]) -> &[u8] {
    let mut rest = number.unsigned_abs();
    let mut used = 0;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        used += 1;
        if rest == 0 {
            break;
        }
    }
    digits.get(digits.len().saturating_sub(used)..).unwrap_or_default()
}
