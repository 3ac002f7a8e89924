//! How each type of the machine is written out.

use super::DecodeError;
use super::plain::{Plain, Reader, plain_enum, plain_struct};
use crate::bus::Bus;
use crate::deadline::Timer;
use crate::event::Event;
use crate::job::{Job, PendingStart, Subject, Until, Watcher};
use crate::listener::{Listener, Reception, Stage};
use crate::pool::{Pool, Queued};
use crate::process::{Process, Record, Restarts, Wanted};
use crate::shutdown::Shutdown;
use crate::state::State;
use crate::tick::{Period, Ticks};
use crate::{
    Autorestart, EventKind, EventLength, EventSet, ExitStatus, Fault, GroupId, Moment, Pid, Policy,
    PoolCounters, ProcessId, ProcessOutcome, Signal, SupervisorState, Ticket, Wait, Wall,
};

impl Plain for Pid {
    fn write(&self, out: &mut Vec<u8>) {
        self.raw().write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::new(i32::read(input)?).ok_or_else(|| input.damage("no such pid"))
    }
}

impl Plain for EventKind {
    fn write(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let index = u8::read(input)?;
        Self::all().nth(index.into()).ok_or_else(|| input.damage("no such event kind"))
    }
}

impl Plain for EventSet {
    fn write(&self, out: &mut Vec<u8>) {
        self.bits().write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Self::from_bits(u32::read(input)?).ok_or_else(|| input.damage("no such event kind"))
    }
}

impl Plain for Result<(), Fault> {
    fn write(&self, out: &mut Vec<u8>) {
        self.as_ref().err().cloned().write(out);
    }

    fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Option::<Fault>::read(input)?.map_or(Ok(()), Err))
    }
}

macro_rules! plain_newtype {
    ($($type:ident),*) => {
        $(impl Plain for $type {
            fn write(&self, out: &mut Vec<u8>) {
                self.0.write(out);
            }

            fn read(input: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Plain::read(input).map(Self)
            }
        })*
    };
}

plain_newtype!(ProcessId, GroupId, Ticket, Signal);

plain_struct!(Wall { micros });
plain_struct!(Moment { monotonic, wall });
plain_struct!(Policy {
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
plain_struct!(Process { id, group, name, policy, state, wanted, record, restarts, watchers, listener }
    derived { group_name });
plain_struct!(Record { started, ended, spawn_error, exit_status, last_exit, restarts });
plain_struct!(Restarts { since, count });
plain_struct!(Watcher { ticket, until });
plain_struct!(PendingStart { spelled, wait, is_cancelled });
plain_struct!(Job { asked, subject, awaited, is_complete });
plain_struct!(ProcessOutcome { name, group, result });
plain_struct!(Listener { stage, is_writing, is_deaf });
plain_struct!(Event { serial, kind, payload });
plain_struct!(Queued { event, pool_serial, failures });
plain_struct!(PoolCounters { waiting, sent, resent, overflowed, abandoned });
plain_struct!(Pool { group, events, buffer_size, length, next_serial, waiting, resting_until, counters }
    derived { name, free });
plain_struct!(Ticks { last });
plain_struct!(Bus { pools, next_serial, ticks } derived { covered });
plain_struct!(Shutdown { remaining, current, farewell, patience, is_over });

plain_enum!(SupervisorState { 0 => Shutdown, 1 => Restarting, 2 => Running });
plain_enum!(Autorestart { 0 => Never, 1 => Unexpected, 2 => Always });
plain_enum!(EventLength { 0 => Characters, 1 => Bytes });
plain_enum!(Wait { 0 => No, 1 => Yes });
plain_enum!(Wanted { 0 => Up, 1 => Down });
plain_enum!(Period { 0 => Seconds5, 1 => Minute, 2 => Hour });
plain_enum!(ExitStatus { 0 => Code(code), 1 => Signal { signal, core_dumped }, 2 => Unknown(status) });
plain_enum!(State {
    0 => Stopped,
    1 => Launching { failures, since },
    2 => Starting { pid, failures, since, running_at },
    3 => Running { pid },
    4 => Backoff { failures, retry_at },
    5 => Stopping { pid, kill_at },
    6 => Exited { restart_at },
    7 => Fatal,
    8 => Unknown { pid, given_up },
});
plain_enum!(Until {
    0 => Spawned,
    1 => Running,
    2 => StopOrdered,
    3 => Stopped,
    4 => Signallable(signal),
});
plain_enum!(Subject { 0 => One { spelled, result }, 1 => Many { outcomes, places } });
plain_enum!(Stage {
    0 => Acknowledged { said },
    1 => Ready,
    2 => Busy { event, result },
    3 => Unknown,
});
plain_enum!(Reception { 0 => Line(line), 1 => Body { seen, left, is_ok } });
plain_enum!(Timer {
    0 => Process(process),
    1 => StopReport(process),
    2 => ShutdownReport,
    3 => Redelivery(group),
    4 => Tick(period),
    5 => Farewell,
});
plain_enum!(Fault {
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
