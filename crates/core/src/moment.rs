//! One reading of both clocks. The core never reads a clock; every input arrives with a `Moment`.

use crate::snapshot::codec::codec_struct;
use std::time::Duration;

/// A point in time on the monotonic clock and on the wall clock, read together.
///
/// Decisions compare `monotonic`; `wall` is only shown to people and clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Moment {
    /// Time since an arbitrary fixed point (`CLOCK_MONOTONIC`); never goes back.
    pub monotonic: Duration,
    /// The wall clock.
    pub wall: Wall,
}

codec_struct!(Moment { monotonic, wall });

/// Wall-clock time as microseconds since the epoch, UTC; may be before it, may jump.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Wall {
    /// Microseconds since 1970-01-01T00:00:00Z.
    pub micros: i64,
}

codec_struct!(Wall { micros });

impl Wall {
    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.micros.div_euclid(1_000_000)
    }

    /// The microseconds within the second, `0..1_000_000`.
    pub fn subsecond_micros(self) -> u32 {
        u32::try_from(self.micros.rem_euclid(1_000_000)).unwrap_or(0)
    }
}

impl Moment {
    /// A moment for tests and examples: both clocks show the same whole seconds.
    pub const fn at_seconds(seconds: u32) -> Self {
        Self {
            monotonic: Duration::from_secs(seconds as u64),
            wall: Wall { micros: seconds as i64 * 1_000_000 },
        }
    }
}
