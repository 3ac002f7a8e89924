//! What the child does between its birth and its program.
//!
//! It may share its memory with the daemon, and the daemon's other threads may hold any lock. So nothing here
//! allocates, locks, panics or returns; each call is async-signal-safe (signal-safety(7)).

use super::{ChildUser, SpawnPlan};
use crate::errno::errno_name;
use crate::fd;
use std::ffi::{CStr, CString};
use std::io::{self, IoSlice};
use std::os::fd::AsRawFd;
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
    streams: [libc::c_int; 3],
    user: &'plan ChildUser,
    directory: Option<&'plan CStr>,
    umask: Option<libc::mode_t>,
    /// The limit of open files to go back to.
    open_files: Option<libc::rlimit>,
    /// The highest descriptor to mark, where the kernel cannot mark a range.
    highest_fd: Option<libc::c_int>,
    /// How messages begin.
    setuid_message: Vec<u8>,
    chdir_message: Vec<u8>,
    exec_message: Vec<u8>,
}

impl<'plan> Layout<'plan> {
    pub(super) fn new(plan: &'plan SpawnPlan<'_>) -> Self {
        let uid = match &plan.user {
            ChildUser::Same => String::new(),
            ChildUser::Switch(credentials) => credentials.uid.to_string(),
            ChildUser::Refused { uid, .. } => uid.to_string(),
        };
        let directory = plan.directory.as_deref();
        Self {
            path: &plan.path,
            argv: pointers(&plan.argv),
            envp: pointers(&plan.envp),
            streams: [plan.stdin.as_raw_fd(), plan.stdout.as_raw_fd(), plan.stderr.as_raw_fd()],
            user: &plan.user,
            directory,
            umask: plan.umask.map(|mask| (mask & 0o777) as libc::mode_t),
            open_files: crate::limits::of_children(),
            highest_fd: (!fd::can_mark_range()).then(fd::highest_open),
            setuid_message: message("couldn't setuid to ", uid.as_bytes()),
            chdir_message: message("couldn't chdir to ", directory.map_or(b"", CStr::to_bytes)),
            exec_message: message("couldn't exec ", plan.argv.first().map_or(b"", |name| name.to_bytes())),
        }
    }

    /// A table of descriptors that is the child's own from the beginning, with the streams where the plan has them.
    pub(super) fn own_table(&self) -> Table {
        Table { streams: self.streams, shared_from: None }
    }

    /// The streams of the plan.
    #[cfg(target_os = "linux")]
    pub(super) fn streams(&self) -> [libc::c_int; 3] {
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
    Errno { begins: &'layout [u8], number: i32 },
    /// The change of user failed, for this reason.
    User { why: &'layout [u8] },
}

/// The descriptors a child begins with.
pub(super) struct Table {
    /// What becomes descriptors 0, 1 and 2.
    pub(super) streams: [libc::c_int; 3],
    /// `Some` if the table is still the daemon's: the child is to have one of its own, with what lies below.
    pub(super) shared_from: Option<libc::c_int>,
}

/// Becomes the program, or says why not and ends.
pub(super) fn run(layout: &Layout<'_>, table: &Table) -> ! {
    let mut stderr = table.streams[2];
    let failure = execute(layout, table, &mut stderr);
    report(layout, &failure, stderr);
    // SAFETY: ends this process only, without handlers or buffers of the daemon.
    unsafe { libc::_exit(NOT_SPAWNED) }
}

/// Goes through the steps in upstream's order. Returns only on failure; `stderr` is where to tell it.
fn execute<'layout>(
    layout: &'layout Layout<'_>,
    table: &Table,
    stderr: &mut libc::c_int,
) -> Failure<'layout> {
    let failed_at = |begins| Failure::Errno { begins, number: errno() };
    default_dispositions();
    // First of all that has to do with descriptors: until then they are the daemon's.
    if !table.shared_from.is_none_or(take_own_table) {
        return failed_at(&layout.exec_message);
    }
    // SAFETY: touches no memory.
    if unsafe { libc::setpgid(0, 0) } == -1 || !take_streams(table.streams, stderr) {
        return failed_at(&layout.exec_message);
    }
    mark_the_rest_cloexec(layout.highest_fd);
    if let Some(limit) = &layout.open_files {
        // SAFETY: reads one rlimit; a system call and nothing else. Lowering a limit is never refused.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, limit) };
    }
    if let Err(why) = change_user(layout.user) {
        return Failure::User { why };
    }
    if let Some(directory) = layout.directory {
        // SAFETY: a NUL-terminated path.
        if unsafe { libc::chdir(directory.as_ptr()) } == -1 {
            return failed_at(&layout.chdir_message);
        }
    }
    if let Some(mask) = layout.umask {
        // SAFETY: cannot fail, touches no memory.
        unsafe { libc::umask(mask) };
    }
    empty_signal_mask();
    // SAFETY: a NUL-terminated path and two null-terminated arrays of such strings, all alive in the layout's
    // plan.
    unsafe { libc::execve(layout.path.as_ptr(), layout.argv.as_ptr(), layout.envp.as_ptr()) };
    failed_at(&layout.exec_message)
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
fn take_own_table(end: libc::c_int) -> bool {
    const CLOSE_RANGE_UNSHARE: libc::c_uint = 2;
    // SAFETY: touches no memory. Nothing is closed in the daemon: the closing happens in the new table.
    unsafe { libc::syscall(libc::SYS_close_range, end, libc::c_uint::MAX, CLOSE_RANGE_UNSHARE) == 0 }
}

/// No other system shares tables.
#[cfg(not(target_os = "linux"))]
fn take_own_table(_end: libc::c_int) -> bool {
    true
}

/// Makes `streams` the descriptors 0, 1 and 2, whatever numbers they have now. Answers whether it worked;
/// `stderr` follows.
fn take_streams(mut streams: [libc::c_int; 3], stderr: &mut libc::c_int) -> bool {
    // One that lies in the range would be overwritten before its turn: first lift it out.
    for (stream, target) in streams.iter_mut().zip(0..) {
        if *stream <= 2 && *stream != target {
            // SAFETY: touches no memory; the descriptor is open.
            *stream = unsafe { libc::fcntl(*stream, libc::F_DUPFD_CLOEXEC, 3) };
            if *stream == -1 {
                return false;
            }
        }
    }
    *stderr = streams[2];
    let taken = streams.iter().zip(0..).all(|(&stream, target)| {
        // SAFETY: touches no memory. dup2 leaves the copy open across exec; of one already in place the mark
        // is taken.
        unsafe {
            if stream == target {
                libc::fcntl(target, libc::F_SETFD, 0) != -1
            } else {
                libc::dup2(stream, target) != -1
            }
        }
    });
    if taken {
        *stderr = 2;
    }
    taken
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
fn change_user(user: &ChildUser) -> Result<(), &[u8]> {
    let credentials = match user {
        ChildUser::Same => return Ok(()),
        ChildUser::Refused { why, .. } => return Err(why.as_bytes()),
        ChildUser::Switch(credentials) => credentials,
    };
    if !bare::setgroups(&credentials.groups) {
        return Err(b"Could not set groups of effective user");
    }
    if !bare::setgid(credentials.gid) {
        return Err(b"Could not set group id of effective user");
    }
    if !bare::setuid(credentials.uid) {
        return Err(b"Could not set user id of effective user");
    }
    Ok(())
}

/// The system calls themselves: the C library's functions of the same names would change the daemon's other
/// threads too.
#[cfg(target_os = "linux")]
mod bare {
    // The plain numbers take 16-bit ids on these old architectures.
    #[cfg(not(any(target_arch = "x86", target_arch = "arm")))]
    use libc::{SYS_setgid as GID, SYS_setgroups as GROUPS, SYS_setuid as UID};
    #[cfg(any(target_arch = "x86", target_arch = "arm"))]
    use libc::{SYS_setgid32 as GID, SYS_setgroups32 as GROUPS, SYS_setuid32 as UID};

    pub(super) fn setgroups(groups: &[u32]) -> bool {
        // SAFETY: the count is the length of the array.
        unsafe { libc::syscall(GROUPS, groups.len(), groups.as_ptr()) == 0 }
    }

    pub(super) fn setgid(gid: u32) -> bool {
        // SAFETY: touches no memory.
        unsafe { libc::syscall(GID, gid) == 0 }
    }

    pub(super) fn setuid(uid: u32) -> bool {
        // SAFETY: touches no memory.
        unsafe { libc::syscall(UID, uid) == 0 }
    }
}

/// Elsewhere credentials belong to the process, and the functions are the system calls.
#[cfg(not(target_os = "linux"))]
mod bare {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_possible_wrap,
        reason = "no group list is that long"
    )]
    pub(super) fn setgroups(groups: &[u32]) -> bool {
        // SAFETY: the count is the length of the array.
        unsafe { libc::setgroups(groups.len() as libc::c_int, groups.as_ptr()) == 0 }
    }

    pub(super) fn setgid(gid: u32) -> bool {
        // SAFETY: touches no memory.
        unsafe { libc::setgid(gid) == 0 }
    }

    pub(super) fn setuid(uid: u32) -> bool {
        // SAFETY: touches no memory.
        unsafe { libc::setuid(uid) == 0 }
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
fn report(layout: &Layout<'_>, failure: &Failure<'_>, stderr: libc::c_int) {
    let mut digits = [0; 12];
    let (begins, why) = match *failure {
        Failure::User { why } => (&*layout.setuid_message, why),
        Failure::Errno { begins, number } => {
            (begins, errno_name(number).map_or_else(|| decimal(number, &mut digits), str::as_bytes))
        }
    };
    let pieces = [IoSlice::new(begins), IoSlice::new(why), IoSlice::new(LAST_LINE)];
    // SAFETY: IoSlice is laid out as iovec, by its documentation, and the three live until the call is over.
    // SIGPIPE is ignored for it: without a reader there is nobody to tell, but the exit status shall be the
    // same.
    unsafe {
        libc::signal(libc::SIGPIPE, libc::SIG_IGN);
        libc::writev(stderr, pieces.as_ptr().cast(), 3);
    }
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

fn errno() -> i32 {
    io::Error::last_os_error().raw_os_error().unwrap_or_default()
}
