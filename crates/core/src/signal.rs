//! Signal numbers and the names upstream prints and accepts.

use std::fmt;

/// A signal number as the kernel knows it; 0 asks only whether a process exists (kill(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(pub u8);

/// Name and number of every signal, Linux numbering, in the spelling Python's `signal` module shows for
/// a number: where two names share one, the one listed first is shown.
#[cfg(any(target_os = "linux", target_os = "android"))]
const NAMES: &[(&str, u8)] = &[
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ILL", 4),
    ("TRAP", 5),
    ("ABRT", 6),
    ("IOT", 6),
    ("BUS", 7),
    ("FPE", 8),
    ("KILL", 9),
    ("USR1", 10),
    ("SEGV", 11),
    ("USR2", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
    ("STKFLT", 16),
    ("CHLD", 17),
    ("CLD", 17),
    ("CONT", 18),
    ("STOP", 19),
    ("TSTP", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("XCPU", 24),
    ("XFSZ", 25),
    ("VTALRM", 26),
    ("PROF", 27),
    ("WINCH", 28),
    ("POLL", 29),
    ("IO", 29),
    ("PWR", 30),
    ("SYS", 31),
    ("RTMIN", 34),
    ("RTMAX", 64),
];

/// The same for the BSD family and macOS, which share these numbers.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const NAMES: &[(&str, u8)] = &[
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ILL", 4),
    ("TRAP", 5),
    ("ABRT", 6),
    ("IOT", 6),
    ("EMT", 7),
    ("FPE", 8),
    ("KILL", 9),
    ("BUS", 10),
    ("SEGV", 11),
    ("SYS", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
    ("URG", 16),
    ("STOP", 17),
    ("TSTP", 18),
    ("CONT", 19),
    ("CHLD", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("IO", 23),
    ("XCPU", 24),
    ("XFSZ", 25),
    ("VTALRM", 26),
    ("PROF", 27),
    ("WINCH", 28),
    ("INFO", 29),
    ("USR1", 30),
    ("USR2", 31),
];

const fn number_of(name: &str) -> Signal {
    let wanted = name.as_bytes();
    let mut i = 0;
    while i < NAMES.len() {
        let have = NAMES[i].0.as_bytes();
        let mut same = have.len() == wanted.len();
        let mut k = 0;
        while same && k < have.len() {
            same = have[k] == wanted[k];
            k += 1;
        }
        if same {
            return Signal(NAMES[i].1);
        }
        i += 1;
    }
    panic!("a signal every Unix has")
}

impl Signal {
    /// Terminate; the default `stopsignal`.
    pub const TERM: Self = number_of("TERM");
    /// Kill; cannot be caught.
    pub const KILL: Self = number_of("KILL");
    /// Hang up; asks supervisord to restart.
    pub const HUP: Self = number_of("HUP");
    /// Interrupt.
    pub const INT: Self = number_of("INT");
    /// Quit.
    pub const QUIT: Self = number_of("QUIT");
    /// A child changed state.
    pub const CHLD: Self = number_of("CHLD");
    /// User signal 1.
    pub const USR1: Self = number_of("USR1");
    /// User signal 2; asks supervisord to reopen logs.
    pub const USR2: Self = number_of("USR2");

    /// The signal of this name, with or without `SIG`, in any case; no blanks are trimmed.
    pub fn from_name(name: &str) -> Option<Self> {
        let upper = name.to_ascii_uppercase();
        let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
        NAMES.iter().find(|(known, _)| *known == bare).map(|&(_, number)| Self(number))
    }

    /// The signal of this number if upstream accepts it: 0, and every number of Python's `signal` module
    /// (on Linux 1..=64 except 32 and 33, which the C library keeps for itself).
    pub fn from_number(number: i64) -> Option<Self> {
        let highest: u8 = if cfg!(target_os = "linux") { 64 } else { 31 };
        let number = u8::try_from(number).ok()?;
        (number <= highest && number != 32 && number != 33).then_some(Self(number))
    }

    /// The name with its prefix, such as `SIGTERM`, if there is one.
    pub fn name(self) -> Option<&'static str> {
        // The table holds bare names; `SIG` is prepended once, at compile time, by this match-free look-up.
        SIG_NAMES.iter().find(|(number, _)| *number == self.0).map(|&(_, name)| name)
    }
}

macro_rules! sig_names {
    ($($number:literal $name:literal),* $(,)?) => { &[$(($number, concat!("SIG", $name))),*] };
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const SIG_NAMES: &[(u8, &str)] = sig_names![
    1 "HUP", 2 "INT", 3 "QUIT", 4 "ILL", 5 "TRAP", 6 "ABRT", 7 "BUS", 8 "FPE", 9 "KILL", 10 "USR1",
    11 "SEGV", 12 "USR2", 13 "PIPE", 14 "ALRM", 15 "TERM", 16 "STKFLT", 17 "CHLD", 18 "CONT", 19 "STOP",
    20 "TSTP", 21 "TTIN", 22 "TTOU", 23 "URG", 24 "XCPU", 25 "XFSZ", 26 "VTALRM", 27 "PROF", 28 "WINCH",
    29 "POLL", 30 "PWR", 31 "SYS", 34 "RTMIN", 64 "RTMAX",
];

#[cfg(not(any(target_os = "linux", target_os = "android")))]
const SIG_NAMES: &[(u8, &str)] = sig_names![
    1 "HUP", 2 "INT", 3 "QUIT", 4 "ILL", 5 "TRAP", 6 "ABRT", 7 "EMT", 8 "FPE", 9 "KILL", 10 "BUS",
    11 "SEGV", 12 "SYS", 13 "PIPE", 14 "ALRM", 15 "TERM", 16 "URG", 17 "STOP", 18 "TSTP", 19 "CONT",
    20 "CHLD", 21 "TTIN", 22 "TTOU", 23 "IO", 24 "XCPU", 25 "XFSZ", 26 "VTALRM", 27 "PROF", 28 "WINCH",
    29 "INFO", 30 "USR1", 31 "USR2",
];

impl fmt::Display for Signal {
    /// `SIGTERM`, or `signal 35` where there is no name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "signal {}", self.0),
        }
    }
}
