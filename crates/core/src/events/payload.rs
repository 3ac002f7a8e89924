//! The text of events, to the byte.

use crate::process::Process;
use crate::process::state::State;
use crate::{Channel, EventKind, Pid, ProcessState, repr};

/// The kind of the event for a process that has entered this state.
pub(crate) const fn kind_of(state: ProcessState) -> EventKind {
    match state {
        ProcessState::Stopped => EventKind::ProcessStateStopped,
        ProcessState::Starting => EventKind::ProcessStateStarting,
        ProcessState::Running => EventKind::ProcessStateRunning,
        ProcessState::Backoff => EventKind::ProcessStateBackoff,
        ProcessState::Stopping => EventKind::ProcessStateStopping,
        ProcessState::Exited => EventKind::ProcessStateExited,
        ProcessState::Fatal => EventKind::ProcessStateFatal,
        ProcessState::Unknown => EventKind::ProcessStateUnknown,
    }
}

/// The payload of the event for a process that has just left `previous`; how it ended, if it did, is on
/// record already.
pub(crate) fn of_change(process: &Process, previous: &State) -> String {
    let extra = match &process.state {
        State::Spawning { failures, .. }
        | State::Starting { failures, .. }
        | State::Backoff { failures, .. } => {
            format!(" tries:{failures}")
        }
        State::Running { pid } | State::Stopping { pid, .. } => format!(" pid:{pid}"),
        State::Stopped => format!(" pid:{}", last_pid(previous)),
        State::Exited { .. } => {
            let expected = process.record.exit_status.is_some_and(|status| process.policy.expects(status));
            format!(" expected:{} pid:{}", u8::from(expected), last_pid(previous))
        }
        State::Fatal | State::Unknown { .. } => String::new(),
    };
    format!("{} from_state:{}{extra}", names(process), previous.shown())
}

/// The pid of the child that was there before, or 0.
fn last_pid(previous: &State) -> i32 {
    previous.pid().map_or(0, Pid::raw)
}

/// The payload of a `PROCESS_LOG` event.
pub(crate) fn of_output(process: &Process, pid: Pid, channel: Channel, bytes: &[u8]) -> String {
    format!("{} pid:{pid} channel:{}\n{}", names(process), channel.name(), repr::decoded(bytes))
}

/// The payload of a `PROCESS_COMMUNICATION` event.
pub(crate) fn of_communication(process: &Process, pid: Pid, bytes: &[u8]) -> String {
    format!("{} pid:{pid}\n{}", names(process), repr::decoded(bytes))
}

/// The payload of a `REMOTE_COMMUNICATION` event.
pub(crate) fn of_remote(kind: &str, data: &str) -> String {
    format!("type:{kind}\n{data}")
}

/// The payload of a `PROCESS_GROUP` event.
pub(crate) fn of_group(name: &str) -> String {
    format!("groupname:{name}\n")
}

/// The payload of a `TICK` event.
pub(crate) fn of_tick(when: i64) -> String {
    format!("when:{when}")
}

fn names(process: &Process) -> String {
    format!("processname:{} groupname:{}", process.name, process.group_name)
}
