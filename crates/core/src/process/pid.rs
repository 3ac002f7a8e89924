//! Process ids as plain values.

use std::fmt;
use std::num::NonZeroU32;

/// The id of a live or just-ended process; never 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pid(NonZeroU32);

impl Pid {
    /// A pid from the number the kernel uses; `None` for 0 and negative numbers.
    pub fn new(raw: i32) -> Option<Self> {
        u32::try_from(raw).ok().and_then(NonZeroU32::new).map(Self)
    }

    /// The number the kernel uses.
    pub fn raw(self) -> i32 {
        // `new` only takes what fits an i32.
        i32::try_from(self.0.get()).unwrap_or(i32::MAX)
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
