//! The Linux way: a child that borrows our memory until it executes.

use super::Spawned;
use super::child::{self, Layout, Table};
use super::low_streams::{Lent, LowStreams};
use crate::call::check;
use crate::errno::{Errno, errno_of};
use crate::fd;
use crate::pidfd;
use crate::signal::MaskKept;
use rustix::process::DumpableBehavior;
use std::ffi::c_void;
use std::io;
use std::os::fd::{FromRawFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use supervisor_core::Pid;

/// Set when the kernel, or a sandbox around us, has refused this way once: it will not change its mind.
static REFUSED: AtomicBool = AtomicBool::new(false);

/// Starts a child; `None` where the kernel refuses this way.
pub(super) fn spawn(layout: &Layout<'_>) -> Option<io::Result<Spawned>> {
    if REFUSED.load(Ordering::Relaxed) {
        return None;
    }
    match clone(layout) {
        Err(error) if matches!(errno_of(&error), Some(Errno::NOSYS | Errno::PERM | Errno::INVAL)) => {
            REFUSED.store(true, Ordering::Relaxed);
            None
        }
        spawned => Some(spawned),
    }
}

fn clone(layout: &Layout<'_>) -> io::Result<Spawned> {
    const FLAGS: libc::c_int = libc::CLONE_VM | libc::CLONE_VFORK | libc::CLONE_PIDFD | libc::SIGCHLD;
    let stack = Stack::take()?;
    // Dropped, and the streams closed with it, when the child has executed or ended. Without it, be it for want of
    // descriptors or of the call, the child gets a copy of the whole table.
    let lent = fd::can_mark_range().then(|| LowStreams::lend(layout.streams()).ok()).flatten();
    let low = lent.as_ref().and_then(Lent::numbers);
    let table =
        low.map_or_else(|| layout.own_table(), |(streams, end)| Table { streams, shared_from: Some(end) });
    let flags = if table.shared_from.is_some() { FLAGS | libc::CLONE_FILES } else { FLAGS };
    let context = (layout, &table);
    let dumpable = layout.changes_user().then(DumpableKept::begin);
    let mut pidfd: libc::c_int = -1;
    let argument = std::ptr::from_ref(&context).cast_mut().cast::<c_void>();
    let blocked = MaskKept::all_blocked();
    // SAFETY: the stack is exclusively ours for as long as the child can use it: CLONE_VFORK suspends this
    // thread until the child has executed or ended. `child_entry` gets a pointer to `context`, which outlives that
    // and which the child only reads. `pidfd` is where CLONE_PIDFD stores an int. With CLONE_FILES the child
    // leaves our table before it changes anything in it.
    let pid = check(unsafe { libc::clone(child_entry, stack.top(), flags, argument, &raw mut pidfd) });
    drop(blocked);
    drop(dumpable);
    drop(lent);
    stack.put_back();
    let Some(pid) = Pid::new(pid?) else { return Err(Errno::INVAL.into()) };
    // SAFETY: unless it kept its -1 (Linux before 5.2), the kernel stored a new descriptor, close-on-exec,
    // which is ours alone.
    let pidfd = (pidfd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(pidfd) });
    Ok(Spawned { pid, pidfd: pidfd.or_else(|| pidfd::open(pid).ok()) })
}

extern "C" fn child_entry(argument: *mut c_void) -> libc::c_int {
    // SAFETY: the pointer is to the pair that `clone` passed, alive while the parent is suspended.
    let (layout, table): &(&Layout<'_>, &Table) = unsafe { &*argument.cast_const().cast() };
    child::run(layout, table)
}

/// Memory for the child's calls. Kept for the next spawn; each spawn under way has its own.
struct Stack {
    base: *mut c_void,
}

// SAFETY: a mapping belongs to the process, not to a thread, and `Stack` is its only owner.
unsafe impl Send for Stack {}

/// Unused stacks: as many as were ever in use at once, up to `SPARE`.
static SPARES: Mutex<Vec<Stack>> = Mutex::new(Vec::new());

impl Stack {
    /// The child needs about two kilobytes; the rest is for the C library.
    const SIZE: usize = 64 * 1024;
    /// A page below that must not be touched, so that an overflow is a fault and not a changed neighbour. 64
    /// K is the largest page of any Linux we run on.
    const GUARD: usize = 64 * 1024;
    const SPARE: usize = 8;

    fn take() -> io::Result<Self> {
        let spare = SPARES.lock().unwrap_or_else(PoisonError::into_inner).pop();
        spare.map_or_else(Self::map, Ok)
    }

    fn put_back(self) {
        let mut spares = SPARES.lock().unwrap_or_else(PoisonError::into_inner);
        if spares.len() < Self::SPARE {
            spares.push(self);
        }
    }

    fn map() -> io::Result<Self> {
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_STACK;
        // SAFETY: a new anonymous mapping at an address of the kernel's choice touches nothing of ours.
        let base =
            unsafe { libc::mmap(std::ptr::null_mut(), Self::GUARD + Self::SIZE, protection, flags, -1, 0) };
        if base == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let stack = Self { base };
        // SAFETY: the range is the low end of the mapping just made, which is not in use yet.
        check(unsafe { libc::mprotect(base, Self::GUARD, libc::PROT_NONE) })?;
        Ok(stack)
    }

    /// Where a stack that grows downwards begins; aligned, as the mapping is.
    fn top(&self) -> *mut c_void {
        // SAFETY: one past the end of the mapping.
        unsafe { self.base.byte_add(Self::GUARD + Self::SIZE) }
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and no child uses it: `clone` has returned, or never ran.
        unsafe { libc::munmap(self.base, Self::GUARD + Self::SIZE) };
    }
}

/// Spawns under way that change the user, and the daemon's flag before the first of them.
static DUMPABLE: Mutex<(usize, Option<DumpableBehavior>)> = Mutex::new((0, None));

/// Puts the daemon's *dumpable* flag back. The flag belongs to the memory, which a child that changes its
/// user shares: the kernel clears it there for good, and with it core dumps and `/proc/self` of the daemon.
/// While the child lives on our memory the cleared flag is right: it keeps the new user from reading the
/// daemon.
struct DumpableKept(());

impl DumpableKept {
    fn begin() -> Self {
        let mut state = DUMPABLE.lock().unwrap_or_else(PoisonError::into_inner);
        if state.0 == 0 {
            state.1 = rustix::process::dumpable_behavior().ok();
        }
        state.0 += 1;
        Self(())
    }
}

impl Drop for DumpableKept {
    fn drop(&mut self) {
        let mut state = DUMPABLE.lock().unwrap_or_else(PoisonError::into_inner);
        state.0 -= 1;
        // The last of several spawns at once has the last word. 0 and 2 (root only) need no help, and 2
        // cannot be set.
        if state.0 == 0 && state.1 == Some(DumpableBehavior::Dumpable) {
            // It fails for no value but those outside 0 and 1.
            let _ = rustix::process::set_dumpable_behavior(DumpableBehavior::Dumpable);
        }
    }
}
