//! Thin, safe, typed functions over the kernel.
//!
//! rustix makes most system calls. This crate gives them the names and types of the project, and makes those that rustix
//! does not offer or cannot express; it is the only one that says `unsafe`. The rules for it:
//!
//! 1. **A call becomes a function named by its meaning**, with the call's own name findable as a
//!    `doc(alias)`. Callers see `OwnedFd`, `BorrowedFd`, `Pid`, `Signal`, paths and byte slices; never a raw
//!    number that could be mixed up, never a pointer.
//! 2. **Each `unsafe` block carries the reason it is sound** (`// SAFETY:`), not a description of the call. A
//!    block holds one call, or a few that are sound for the same reason.
//! 3. **Every result is checked.** A failed call becomes `io::Error` with its errno ([`errno::errno_of`]), or a typed error
//!    where callers tell cases apart. `EINTR` is retried here and nowhere else.
//! 4. **Between fork and exec** only `spawn::child` runs: async-signal-safe calls, no allocation, no lock, no
//!    panic; all it needs is laid out before.
//! 5. **Every descriptor made here is close-on-exec**, atomically, and nothing here blocks on another process
//!    unless its documentation says so.
//! 6. **Linux first.** What other Unixes do differently stands in small `cfg` modules beside it.
#![cfg_attr(test, allow(clippy::unwrap_used))]

pub mod access;
pub mod adopt;
pub mod clock;
pub mod clock_set;
pub mod daemonize;
pub mod entry;
pub mod errno;
pub mod fd;
pub mod inotify;
pub mod limits;
pub mod memory;
pub mod pidproxy;
pub mod process_group;
pub mod random;
pub mod reap;
pub mod signal;
pub mod socket;
pub mod spawn;
pub mod syslog;
pub mod tempfile;
pub mod terminal;
pub mod user;

mod call;
mod children;
mod copy_buffer;
mod pidfd;

pub use copy_buffer::CopyBuffer;
