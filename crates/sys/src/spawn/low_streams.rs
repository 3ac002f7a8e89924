//! Low numbers for a child's streams.
//!
//! A child that got a copy of our table of descriptors would pay for every program that runs already: copying six
//! descriptors for each of a thousand, and closing them again when it executes, costs more than all the rest of a start.
//! So the child shares the table at first and takes its own by `close_range(2)` with `CLOSE_RANGE_UNSHARE`, which copies
//! only what lies below a number. Its streams must lie there, however many descriptors we have: three numbers taken
//! early are kept for that, and refer to `/dev/null` while no child is being started.

use crate::errno::Errno;
use rustix::io::{DupFlags, retry_on_intr};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::sync::{Mutex, PoisonError};

/// Three numbers for the streams of one child, reserved until it executes its program.
pub(super) struct LowStreams {
    numbers: [OwnedFd; 3],
    nothing: File,
}

/// Unused ones: as many as were ever in use at once, up to `SPARE`.
static SPARES: Mutex<Vec<LowStreams>> = Mutex::new(Vec::new());

const SPARE: usize = 8;

impl LowStreams {
    /// Makes three low numbers refer to what `streams` do. The error is that of an exhausted table (`EMFILE`).
    pub(super) fn lend(streams: [BorrowedFd<'_>; 3]) -> io::Result<Lent> {
        let spare = SPARES.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut lent = Lent(Some(spare.map_or_else(Self::new, Ok)?));
        if let Some(low) = &mut lent.0 {
            for (number, stream) in low.numbers.iter_mut().zip(streams) {
                refer(number, stream)?;
            }
        }
        Ok(lent)
    }

    fn new() -> io::Result<Self> {
        let nothing = File::open("/dev/null")?;
        // The copy has the lowest number that is free.
        let number = || rustix::io::fcntl_dupfd_cloexec(&nothing, 3);
        let numbers = [number()?, number()?, number()?];
        Ok(Self { numbers, nothing })
    }
}

/// Makes `number` refer to what `target` does, close-on-exec throughout.
#[doc(alias = "dup3")]
fn refer(number: &mut OwnedFd, target: BorrowedFd<'_>) -> Result<(), Errno> {
    retry_on_intr(|| rustix::io::dup3(target, number, DupFlags::CLOEXEC))
}

/// Low numbers in use. They refer to nothing again when it is dropped, so that no end of a pipe stays open.
pub(super) struct Lent(Option<LowStreams>);

impl Lent {
    /// The numbers, and one above all of them.
    pub(super) fn numbers(&self) -> Option<([BorrowedFd<'_>; 3], RawFd)> {
        let low = self.0.as_ref()?;
        let numbers = [0, 1, 2].map(|place: usize| low.numbers[place].as_fd());
        Some((numbers, numbers.iter().map(AsRawFd::as_raw_fd).max()? + 1))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(mut low) = self.0.take() else { return };
        // It cannot fail for valid numbers; should it, they are closed, which serves the purpose as well.
        if low.numbers.iter_mut().any(|number| refer(number, low.nothing.as_fd()).is_err()) {
            return;
        }
        let mut spares = SPARES.lock().unwrap_or_else(PoisonError::into_inner);
        if spares.len() < SPARE {
            spares.push(low);
        }
    }
}
