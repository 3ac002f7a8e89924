//! What the configuration wants of one process, as far as decisions depend on it.

use crate::Signal;

/// When an exit leads to a new start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Autorestart {
    /// Never.
    Never,
    /// After an exit whose code is not among `exitcodes`.
    Unexpected,
    /// After every exit.
    Always,
}

/// The options of a `[program:x]` that the state machine needs. Numbers keep the sign and range the file
/// gave them; each rule says what a negative one means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// Order within a group for requests and shutdown; low starts first.
    pub priority: i64,
    /// Start when the group is added and at daemon start.
    pub autostart: bool,
    /// Whether an exit leads to a restart.
    pub autorestart: Autorestart,
    /// Seconds a start must survive; zero or less: running at once.
    pub startsecs: i64,
    /// Further attempts after a failed first one; zero or less: none.
    pub startretries: i64,
    /// The signal that asks the process to stop.
    pub stopsignal: Signal,
    /// Seconds between the stop signal and SIGKILL; zero or less: at once.
    pub stopwaitsecs: i64,
    /// The stop signal goes to the whole process group.
    pub stopasgroup: bool,
    /// SIGKILL goes to the whole process group.
    pub killasgroup: bool,
    /// Exit codes that count as expected; empty: none is.
    pub exitcodes: Vec<u8>,
}

impl Default for Policy {
    /// The defaults of the manual's `[program:x]` section.
    fn default() -> Self {
        Self {
            priority: 999,
            autostart: true,
            autorestart: Autorestart::Unexpected,
            startsecs: 1,
            startretries: 3,
            stopsignal: Signal::TERM,
            stopwaitsecs: 10,
            stopasgroup: false,
            killasgroup: false,
            exitcodes: vec![0],
        }
    }
}
