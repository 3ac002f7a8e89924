//! How a process ended, and upstream's words for it.

use crate::Signal;
use crate::snapshot::codec::codec_enum;
use std::fmt;

/// The outcome of a process, decoded from a wait status (waitpid(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExitStatus {
    /// It called `exit` with this code, 0..=255.
    Code(u8),
    /// A signal ended it.
    Signal {
        /// The signal.
        signal: Signal,
        /// A core file was written.
        core_dumped: bool,
    },
    /// A wait status that is neither; upstream prints it in hexadecimal.
    Unknown(i32),
}

codec_enum!(ExitStatus { 0 => Code(code), 1 => Signal { signal, core_dumped }, 2 => Unknown(status) });

impl ExitStatus {
    /// What `exitstatus` shows on the wire: the code, or -1 for anything but a plain exit.
    pub fn wire_code(self) -> i32 {
        match self {
            Self::Code(code) => i32::from(code),
            Self::Signal { .. } | Self::Unknown(_) => -1,
        }
    }
}

impl fmt::Display for ExitStatus {
    /// `exit status 3`, `terminated by SIGTERM`, `terminated by SIGSEGV (core dumped)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit status {code}"),
            Self::Signal { signal, core_dumped } => {
                write!(f, "terminated by {signal}")?;
                if *core_dumped { f.write_str(" (core dumped)") } else { Ok(()) }
            }
            Self::Unknown(status) => write!(f, "unknown termination cause 0x{status:04x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PROC-38, PROC-39.
    #[test]
    fn outcomes_are_shown_in_upstreams_words() {
        let killed = |signal, core_dumped| ExitStatus::Signal { signal, core_dumped };
        assert_eq!(ExitStatus::Code(3).to_string(), "exit status 3");
        assert_eq!(killed(Signal::TERM, false).to_string(), "terminated by SIGTERM");
        assert_eq!(killed(Signal(11), true).to_string(), "terminated by SIGSEGV (core dumped)");
        assert_eq!(killed(Signal(35), false).to_string(), "terminated by signal 35");
        assert_eq!(ExitStatus::Unknown(0x7f).to_string(), "unknown termination cause 0x007f");
        assert_eq!(ExitStatus::Code(3).wire_code(), 3);
        assert_eq!(killed(Signal::TERM, false).wire_code(), -1);
    }
}
