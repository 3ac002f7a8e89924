//! What the pump reports to the daemon.

/// One output channel of one process; the daemon chooses it, and it stays the same over restarts of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub u64);

/// One lifetime of a process, from its spawn to its end. The daemon counts them, so that a late notice names the generation it
/// belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Generation(pub u64);

/// How much [`Notice::cost`] of a stream may be unacknowledged before the pump stops reading its pipe.
///
/// The last chunk is delivered whole, so the true bound is this plus one read (128 KiB) plus the stream's capture limit.
pub const CREDIT: usize = 64 * 1024;

/// What a notice costs beside its data, so that a flood of empty captures is bounded as well.
const OVERHEAD: usize = 64;

/// Something that happened on a stream; passed to the daemon's callback on the pump's thread, in order per stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The generation was finished, all its output is in its log and its descriptors are closed. Always its last notice.
    Drained {
        /// The channel.
        stream: StreamId,
        /// The generation that ended.
        generation: Generation,
    },
    /// Bytes the child wrote, after `strip_ansi`; for [`Delivery::Protocol`](crate::Delivery::Protocol) as they came.
    Output {
        /// The channel.
        stream: StreamId,
        /// The generation that wrote them.
        generation: Generation,
        /// At most one read (128 KiB), never empty.
        data: Vec<u8>,
    },
    /// What was between a pair of capture tags (`PROCESS_COMMUNICATION`); may be empty.
    Captured {
        /// The channel.
        stream: StreamId,
        /// The generation that wrote it.
        generation: Generation,
        /// At most the stream's capture limit, the newest bytes.
        data: Vec<u8>,
    },
}

impl Notice {
    /// The channel it is about.
    pub fn stream(&self) -> StreamId {
        match self {
            Self::Drained { stream, .. } | Self::Output { stream, .. } | Self::Captured { stream, .. } => {
                *stream
            }
        }
    }

    /// The generation it is about.
    pub fn generation(&self) -> Generation {
        match self {
            Self::Drained { generation, .. }
            | Self::Output { generation, .. }
            | Self::Captured { generation, .. } => *generation,
        }
    }

    /// What to pass to [`Pump::acknowledge`](crate::Pump::acknowledge) once the notice is processed; 0 for `Drained`.
    pub fn cost(&self) -> usize {
        match self {
            Self::Drained { .. } => 0,
            Self::Output { data, .. } | Self::Captured { data, .. } => data.len() + OVERHEAD,
        }
    }
}
