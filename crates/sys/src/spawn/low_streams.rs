//! Low numbers for a child's streams.
//!
//! A child that got a copy of our table of descriptors would pay for every program that runs already: copying six
//! descriptors for each of a thousand, and closing them again when it executes, costs more than all the rest of a start.
//! So the child shares the table at first and takes its own by `close_range(2)` with `CLOSE_RANGE_UNSHARE`, which copies
//! only what lies below a number. Its streams must lie there, however many descriptors we have: three numbers taken
//! early are kept for that, and refer to `/dev/null` while no child is being started.

use crate::call::{check, raw, retry};
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::sync::{Mutex, PoisonError};

/// Three numbers for the streams of one child, ours for the duration of its birth.
pub(super) struct LowStreams {
    numbers: [OwnedFd; 3],
    nothing: File,
}

/// Those nobody uses now. As many as were ever in use at once, up to `SPARE`.
static SPARES: Mutex<Vec<LowStreams>> = Mutex::new(Vec::new());

const SPARE: usize = 8;

impl LowStreams {
    /// Makes three low numbers refer to what `streams` do. The error is that of an exhausted table (`EMFILE`).
    pub(super) fn lend(streams: [libc::c_int; 3]) -> io::Result<Lent> {
        let spare = SPARES.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let lent = Lent(Some(spare.map_or_else(Self::new, Ok)?));
        if let Some(low) = &lent.0 {
            for (number, stream) in low.numbers.iter().zip(streams) {
                refer(number, stream)?;
            }
        }
        Ok(lent)
    }

    fn new() -> io::Result<Self> {
        let nothing = File::open("/dev/null")?;
        let number = || {
            // SAFETY: touches no memory; the descriptor is open. The copy has the lowest number that is free.
            let number = check(unsafe { libc::fcntl(raw(&nothing), libc::F_DUPFD_CLOEXEC, 3) })?;
            // SAFETY: the copy just made is ours alone.
            Ok::<_, io::Error>(unsafe { OwnedFd::from_raw_fd(number) })
        };
        let numbers = [number()?, number()?, number()?];
        Ok(Self { numbers, nothing })
    }
}

/// Makes `number` refer to what `target` does, close-on-exec throughout.
fn refer(number: &OwnedFd, target: libc::c_int) -> io::Result<()> {
    // SAFETY: touches no memory; what `number` referred to before is the null device or a copy of a stream.
    retry(|| unsafe { libc::dup3(target, raw(number), libc::O_CLOEXEC) as isize })?;
    Ok(())
}

/// Low numbers in use. They refer to nothing again when it is dropped, so that no end of a pipe stays open.
pub(super) struct Lent(Option<LowStreams>);

impl Lent {
    /// The numbers, and one above all of them.
    pub(super) fn numbers(&self) -> Option<([libc::c_int; 3], libc::c_int)> {
        let low = self.0.as_ref()?;
        let numbers = [0, 1, 2].map(|place: usize| low.numbers[place].as_raw_fd());
        Some((numbers, numbers.into_iter().max()? + 1))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(low) = self.0.take() else { return };
        // It cannot fail for valid numbers; should it, they are closed, which serves the purpose as well.
        if low.numbers.iter().any(|number| refer(number, low.nothing.as_raw_fd()).is_err()) {
            return;
        }
        let mut spares = SPARES.lock().unwrap_or_else(PoisonError::into_inner);
        if spares.len() < SPARE {
            spares.push(low);
        }
    }
}
