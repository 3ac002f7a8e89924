//! Signal numbers and the names upstream prints and accepts.

use std::fmt;

/// A signal number as the kernel knows it; 0 asks only whether a process exists (kill(2)).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(pub u8);

/// The numbers below 16 are the same everywhere, but for a few; Linux has its own for the rest.
const LINUX: bool = cfg!(any(target_os = "linux", target_os = "android"));

const PREFIX: &str = "SIG";

/// Name and number of every signal, Linux numbering, in the spelling Python's `signal` module shows for
/// a number: where two names share one, the one listed first is shown.
#[cfg(any(target_os = "linux", target_os = "android"))]
const NAMES: &[(&str, u8)] = &[
    ("SIGHUP", 1),
    ("SIGINT", 2),
    ("SIGQUIT", 3),
    ("SIGILL", 4),
    ("SIGTRAP", 5),
    ("SIGABRT", 6),
    ("SIGIOT", 6),
    ("SIGBUS", 7),
    ("SIGFPE", 8),
    ("SIGKILL", 9),
    ("SIGUSR1", 10),
    ("SIGSEGV", 11),
    ("SIGUSR2", 12),
    ("SIGPIPE", 13),
    ("SIGALRM", 14),
    ("SIGTERM", 15),
    ("SIGSTKFLT", 16),
    ("SIGCHLD", 17),
    ("SIGCLD", 17),
    ("SIGCONT", 18),
    ("SIGSTOP", 19),
    ("SIGTSTP", 20),
    ("SIGTTIN", 21),
    ("SIGTTOU", 22),
    ("SIGURG", 23),
    ("SIGXCPU", 24),
    ("SIGXFSZ", 25),
    ("SIGVTALRM", 26),
    ("SIGPROF", 27),
    ("SIGWINCH", 28),
    ("SIGPOLL", 29),
    ("SIGIO", 29),
    ("SIGPWR", 30),
    ("SIGSYS", 31),
    ("SIGRTMIN", 34),
    ("SIGRTMAX", 64),
];

/// The same for the BSD family and macOS, which share these numbers.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
const NAMES: &[(&str, u8)] = &[
    ("SIGHUP", 1),
    ("SIGINT", 2),
    ("SIGQUIT", 3),
    ("SIGILL", 4),
    ("SIGTRAP", 5),
    ("SIGABRT", 6),
    ("SIGIOT", 6),
    ("SIGEMT", 7),
    ("SIGFPE", 8),
    ("SIGKILL", 9),
    ("SIGBUS", 10),
    ("SIGSEGV", 11),
    ("SIGSYS", 12),
    ("SIGPIPE", 13),
    ("SIGALRM", 14),
    ("SIGTERM", 15),
    ("SIGURG", 16),
    ("SIGSTOP", 17),
    ("SIGTSTP", 18),
    ("SIGCONT", 19),
    ("SIGCHLD", 20),
    ("SIGTTIN", 21),
    ("SIGTTOU", 22),
    ("SIGIO", 23),
    ("SIGXCPU", 24),
    ("SIGXFSZ", 25),
    ("SIGVTALRM", 26),
    ("SIGPROF", 27),
    ("SIGWINCH", 28),
    ("SIGINFO", 29),
    ("SIGUSR1", 30),
    ("SIGUSR2", 31),
];

impl Signal {
    /// Terminate; the default `stopsignal`.
    pub const TERM: Self = Self(15);
    /// Kill; cannot be caught.
    pub const KILL: Self = Self(9);
    /// Hang up; asks supervisord to restart.
    pub const HUP: Self = Self(1);
    /// Interrupt.
    pub const INT: Self = Self(2);
    /// Quit.
    pub const QUIT: Self = Self(3);
    /// A child changed state.
    pub const CHLD: Self = Self(if LINUX { 17 } else { 20 });
    /// User signal 1.
    pub const USR1: Self = Self(if LINUX { 10 } else { 30 });
    /// User signal 2; asks supervisord to reopen logs.
    pub const USR2: Self = Self(if LINUX { 12 } else { 31 });

    /// The signal of this name, with or without `SIG`, in any case; no blanks are trimmed.
    pub fn from_name(name: &str) -> Option<Self> {
        let upper = name.to_ascii_uppercase();
        let bare = upper.strip_prefix(PREFIX).unwrap_or(&upper);
        NAMES
            .iter()
            .find(|(known, _)| known.strip_prefix(PREFIX) == Some(bare))
            .map(|&(_, number)| Self(number))
    }

    /// The signal of this number if upstream accepts it: 0, and every number that has a name. So, on Linux,
    /// 0 to 31, 34 and 64.
    pub fn from_number(number: i64) -> Option<Self> {
        let signal = Self(u8::try_from(number).ok()?);
        (signal.0 == 0 || signal.name().is_some()).then_some(signal)
    }

    /// The name with its prefix, such as `SIGTERM`, if there is one.
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(_, number)| *number == self.0).map(|&(name, _)| name)
    }
}

impl fmt::Display for Signal {
    /// `SIGTERM`, or `signal 35` where there is no name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "signal {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_constants_have_the_numbers_of_their_names() {
        let named = [
            (Signal::TERM, "SIGTERM"),
            (Signal::KILL, "SIGKILL"),
            (Signal::HUP, "SIGHUP"),
            (Signal::INT, "SIGINT"),
            (Signal::QUIT, "SIGQUIT"),
            (Signal::CHLD, "SIGCHLD"),
            (Signal::USR1, "SIGUSR1"),
            (Signal::USR2, "SIGUSR2"),
        ];
        for (signal, name) in named {
            assert_eq!(signal.name(), Some(name));
        }
    }

    /// RPC-30.
    #[test]
    fn names_are_accepted_in_any_case_with_or_without_prefix() {
        for name in ["hup", "HUP", "SIGHUP", "sighup"] {
            assert_eq!(Signal::from_name(name), Some(Signal::HUP));
        }
        for name in ["NOPE", "", "SIG", "SIGSIGHUP", "RTMIN+1", "SIG_IGN", " HUP"] {
            assert_eq!(Signal::from_name(name), None, "{name}");
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn numbers_are_accepted_and_shown_as_upstream_does_on_linux() {
        let accepted: Vec<i64> = (-1..=300).filter(|number| Signal::from_number(*number).is_some()).collect();
        let expected: Vec<i64> = (0..=31).chain([34, 64]).collect();
        assert_eq!(accepted, expected);
        let shown: Vec<String> =
            [0, 6, 16, 17, 29, 34, 35, 64].map(|number| Signal(number).to_string()).into();
        assert_eq!(
            shown,
            ["signal 0", "SIGABRT", "SIGSTKFLT", "SIGCHLD", "SIGPOLL", "SIGRTMIN", "signal 35", "SIGRTMAX"]
        );
        assert_eq!(Signal::from_name("cld"), Some(Signal::CHLD));
        assert_eq!(Signal::from_name("IOT"), Some(Signal(6)));
    }
}
