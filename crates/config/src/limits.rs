//! How large a configuration may be. Each limit is far above any real one and ends in a clear message.

/// Bytes of one file.
pub const FILE_BYTES: u64 = 16 << 20;

/// Included files.
pub const INCLUDED_FILES: usize = 10_000;

/// Processes in all groups together.
pub const PROCESSES: usize = 100_000;

/// Bytes of one expanded value.
pub const VALUE_BYTES: usize = 1 << 20;
