//! The two outputs of a process.

/// One of a process's two outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// Descriptor 1, and 2 as well with `redirect_stderr`.
    Stdout,
    /// Descriptor 2.
    Stderr,
}

impl Channel {
    /// The name in log lines, event payloads, file names and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
        }
    }
}
