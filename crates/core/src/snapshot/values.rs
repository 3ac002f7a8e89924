//! How each type of the machine is written out.

use super::DecodeError;
use super::codec::{Codec, Reader, codec_enum, codec_struct};
use crate::events::Event;
use crate::events::bus::Bus;
use crate::events::listener::{Listener, ListenerState, ResultProgress};
use crate::events::pool::{Pool, QueuedEvent};
use crate::events::tick::{Period, Ticks};
use crate::process::state::State;
use crate::process::{Process, Record, Restarts};
use crate::requests::pending::{PendingRequest, PendingStart, Subject};
use crate::requests::waiting::{WaitCondition, Waiter};
use crate::shutdown::Shutdown;
use crate::timers::Timer;
use crate::{
    Autorestart, EventKind, EventLength, EventSet, ExitStatus, Fault, GroupId, Moment, Pid, Policy,
    PoolCounters, ProcessId, ProcessOutcome, Signal, StartCause, SupervisorState, Ticket, Wait, Wall, Wanted,
};

impl Codec for Pid {
    fn write(&self, out: &mut Vec<u8>) {
        self.raw().write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::new(i32::read(input)?).ok_or_else(|| input.corrupt("no such pid"))
    }
}

impl Codec for EventKind {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let index = u8::read(input)?;
        Self::all().nth(index.into()).ok_or_else(|| input.corrupt("no such event kind"))
    }
}

impl Codec for EventSet {
    fn write(&self, out: &mut Vec<u8>) {
        self.bits().write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::from_bits(u32::read(input)?).ok_or_else(|| input.corrupt("no such event kind"))
    }
}

impl Codec for Result<(), Fault> {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_ref().err().cloned().write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Option::<Fault>::read(input)?.map_or(Ok(()), Err))
    }
}

macro_rules! codec_newtype {
    ($($type:ident),*) => {
        $(impl Codec for $type {
            fn write(&self, out: &mut Vec<u8>) {
                self.0.write(out);
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Codec::read(input).map(Self)
            }
        })*
    };
}

codec_newtype!(ProcessId, GroupId, Ticket, Signal);

codec_struct!(Wall { micros });
codec_struct!(Moment { monotonic, wall });
codec_struct!(Policy {
    priority,
    autostart,
    autorestart,
    startsecs,
    startretries,
    stopsignal,
    stopwaitsecs,
    stopasgroup,
    killasgroup,
    exitcodes,
});
codec_struct!(Process { id, group, name, policy, state, wanted, record, restarts, waiters, listener }
    derived { group_name });
codec_struct!(Record { started, ended, spawn_error, exit_status, last_exit, restarts });
codec_struct!(Restarts { since, count });
codec_struct!(Waiter { ticket, condition });
codec_struct!(PendingStart { spelled, wait, is_cancelled });
codec_struct!(PendingRequest { asked, subject, awaited, is_complete });
codec_struct!(ProcessOutcome { name, group, result });
codec_struct!(Listener { state, is_writing, has_closed_stdin });
codec_struct!(Event { serial, kind, payload });
codec_struct!(QueuedEvent { event, pool_serial, failures });
codec_struct!(PoolCounters { waiting, sent, resent, overflowed, abandoned });
codec_struct!(Pool { group, events, buffer_size, length, next_serial, waiting, retry_at, counters }
    derived { name, free });
codec_struct!(Ticks { last });
codec_struct!(Bus { pools, next_serial, ticks } derived { covered });
codec_struct!(Shutdown { remaining, current, drain, patience, is_over });

codec_enum!(SupervisorState { 0 => Shutdown, 1 => Restarting, 2 => Running });
codec_enum!(Autorestart { 0 => Never, 1 => Unexpected, 2 => Always });
codec_enum!(EventLength { 0 => Characters, 1 => Bytes });
codec_enum!(Wait { 0 => No, 1 => Yes });
codec_enum!(Wanted { 0 => Up(cause), 1 => Down });
codec_enum!(StartCause { 0 => Autostart, 1 => Command, 2 => Retry, 3 => Restart });
codec_enum!(Period { 0 => Seconds5, 1 => Minute, 2 => Hour });
codec_enum!(ExitStatus { 0 => Code(code), 1 => Signal { signal, core_dumped }, 2 => Unknown(status) });
codec_enum!(State {
    0 => Stopped,
    1 => Spawning { failures, since },
    2 => Starting { pid, failures, since, running_at },
    3 => Running { pid },
    4 => Backoff { failures, retry_at },
    5 => Stopping { pid, kill_at },
    6 => Exited { restart_at },
    7 => Fatal,
    8 => Unknown { pid, given_up },
});
codec_enum!(WaitCondition {
    0 => Spawned,
    1 => Running,
    2 => StopOrdered,
    3 => Stopped,
    4 => Signallable(signal),
});
codec_enum!(Subject { 0 => One { spelled, result }, 1 => Many { outcomes, places } });
codec_enum!(ListenerState {
    0 => Acknowledged { said },
    1 => Ready,
    2 => Busy { event, result },
    3 => Unknown,
});
codec_enum!(ResultProgress { 0 => Line(line), 1 => Body { seen, left, is_ok } });
codec_enum!(Timer {
    0 => Process(process),
    1 => StopReport(process),
    2 => ShutdownReport,
    3 => Redelivery(group),
    4 => Tick(period),
    5 => DrainLimit,
});
codec_enum!(Fault {
    2 => IncorrectParameters(detail),
    6 => ShutdownState,
    10 => BadName(detail),
    11 => BadSignal(detail),
    20 => NoFile(detail),
    21 => NotExecutable(detail),
    22 => NoLogFile,
    30 => Failed(detail),
    40 => AbnormalTermination(detail),
    50 => SpawnError(detail),
    60 => AlreadyStarted(detail),
    70 => NotRunning(detail),
    90 => AlreadyAdded(detail),
    91 => StillRunning(detail),
    92 => CantReread(detail),
});
