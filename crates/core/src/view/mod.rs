//! What is shown of processes and groups to clients and pages.

mod query;

use crate::snapshot::codec::codec_struct;
use crate::{ExitStatus, GroupId, Pid, ProcessId, ProcessState, Wall};
use std::fmt;
use std::time::Duration;

/// One process as `getProcessInfo` shows it, apart from its log files, which the daemon knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessInfo<'a> {
    /// Its number.
    pub id: ProcessId,
    /// Its name within the group.
    pub name: &'a str,
    /// Its group.
    pub group: &'a str,
    /// Its state.
    pub state: ProcessState,
    /// When it was last started; `None` if never. See [`ProcessInfo::clamped_seconds`].
    pub start: Option<Wall>,
    /// When it last ended; `None` if never. Kept over a restart.
    pub stop: Option<Wall>,
    /// Why the last start or run went wrong; empty if it did not.
    pub spawn_error: &'a str,
    /// `exitstatus`: 0 when unset, -1 when a signal ended it.
    pub exit_status: i32,
    /// The live child.
    pub pid: Option<Pid>,
    /// What stands in `description`.
    pub description: Description<'a>,
    /// Its history, for people.
    pub history: History,
}

/// The history of a process since its group was added. None of it goes over XML-RPC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// How many times it was started after an exit or a failed attempt.
    pub restarts: u32,
    /// How its last child ended, however soon after its start; `None` if none has.
    pub last_exit: Option<ExitStatus>,
    /// How many attempts in a row have failed while another one is in flight or due.
    pub failures: u32,
    /// When the next attempt is made, on the monotonic clock.
    pub next_attempt: Option<Duration>,
}

/// What stands in `description`, as parts: the daemon knows how to show a local time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Description<'a> {
    /// Nothing: STARTING, STOPPING, UNKNOWN.
    Empty,
    /// `Not started`.
    NotStarted,
    /// The local time at which it ended, as strftime's `%b %d %I:%M %p`.
    EndedAt(Wall),
    /// `pid 17, uptime 0:00:05`.
    Uptime {
        /// The child.
        pid: Pid,
        /// For how long it has run.
        uptime: Duration,
    },
    /// What went wrong.
    SpawnError(&'a str),
    /// An unknown error: `unknown error (try "tail NAME")`.
    UnknownError {
        /// The process' name without its group.
        name: &'a str,
    },
}

impl Description<'_> {
    /// The text on the wire; `local_time` shows a wall-clock time as strftime's `%b %d %I:%M %p` would.
    pub fn render(&self, local_time: impl FnOnce(Wall) -> String) -> String {
        match *self {
            Self::Empty => String::new(),
            Self::NotStarted => "Not started".to_owned(),
            Self::EndedAt(wall) => local_time(wall),
            Self::Uptime { pid, uptime } => render_pid_and_uptime(pid, uptime),
            Self::SpawnError(text) => text.to_owned(),
            Self::UnknownError { name } => format!("unknown error (try \"tail {name}\")"),
        }
    }
}

impl ProcessInfo<'_> {
    /// A time as the wire shows it: whole seconds, 0 for never, held within a signed 32-bit number.
    pub fn clamped_seconds(wall: Option<Wall>) -> i32 {
        let seconds = wall.map_or(0, Wall::seconds).clamp(i64::from(i32::MIN), i64::from(i32::MAX));
        i32::try_from(seconds).unwrap_or(i32::MAX)
    }
}

/// One group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GroupInfo<'a> {
    /// Its number.
    pub id: GroupId,
    /// Its name.
    pub name: &'a str,
    /// Order among groups.
    pub priority: i64,
    /// Its processes in the order of the configuration.
    pub processes: &'a [ProcessId],
}

/// Counters of the events for one pool since it was added.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolCounters {
    /// Events waiting now.
    pub waiting: usize,
    /// Sent to a listener; an event sent again counts again.
    pub sent: u64,
    /// Put back after a rejection, a protocol error or a listener's death.
    pub resent: u64,
    /// Dropped because the buffer was full.
    pub overflowed: u64,
    /// Dropped after too many attempts.
    pub abandoned: u64,
}

codec_struct!(PoolCounters { waiting, sent, resent, overflowed, abandoned });

impl PoolCounters {
    /// Whether a listener missed an event, or got one more than once.
    pub(crate) fn has_losses(&self) -> bool {
        self.resent > 0 || self.overflowed > 0 || self.abandoned > 0
    }
}

impl fmt::Display for PoolCounters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} events waiting, {} sent, {} put back to be sent again, {} discarded for want of room, {} given up",
            self.waiting, self.sent, self.resent, self.overflowed, self.abandoned
        )
    }
}

/// `pid 17, uptime H:MM:SS`, with days before the hours from the first day on. Written digit by digit: a list of all processes
/// has thousands of it, and the formatting machinery took a fifth of the time for the list.
fn render_pid_and_uptime(pid: Pid, uptime: Duration) -> String {
    let seconds = uptime.as_secs();
    let (days, clock) = (seconds / 86_400, seconds % 86_400);
    let mut text = String::with_capacity(48);
    text.push_str("pid ");
    push_number(&mut text, u64::from(pid.raw().unsigned_abs()));
    text.push_str(", uptime ");
    if days > 0 {
        push_number(&mut text, days);
        text.push_str(if days == 1 { " day, " } else { " days, " });
    }
    push_number(&mut text, clock / 3600);
    for sixtieths in [clock / 60 % 60, clock % 60] {
        text.push(':');
        text.push(digit(sixtieths / 10));
        text.push(digit(sixtieths));
    }
    text
}

fn push_number(text: &mut String, number: u64) {
    if number >= 10 {
        push_number(text, number / 10);
    }
    text.push(digit(number));
}

/// The last digit of a number.
fn digit(number: u64) -> char {
    char::from(b'0' + u8::try_from(number % 10).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// PROC-47.
    #[test]
    fn uptime_counts_days_from_the_first() {
        let pid = Pid::new(17).unwrap();
        let shown = |seconds| {
            let text = render_pid_and_uptime(pid, Duration::from_secs(seconds));
            text.strip_prefix("pid 17, uptime ").unwrap().to_owned()
        };
        assert_eq!(shown(0), "0:00:00");
        assert_eq!(shown(5), "0:00:05");
        assert_eq!(shown(86_399), "23:59:59");
        assert_eq!(shown(86_405), "1 day, 0:00:05");
        assert_eq!(shown(2 * 86_400 + 36_061), "2 days, 10:01:01");
    }

    #[test]
    fn times_are_held_within_what_the_wire_can_carry() {
        let seconds = |seconds: i64| ProcessInfo::clamped_seconds(Some(Wall { micros: seconds * 1_000_000 }));
        assert_eq!(ProcessInfo::clamped_seconds(None), 0);
        assert_eq!(seconds(1_795_233_950), 1_795_233_950);
        assert_eq!(seconds(1 << 33), i32::MAX);
        assert_eq!(seconds(-(1 << 33)), i32::MIN);
    }
}
