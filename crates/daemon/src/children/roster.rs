//! The children that live, and how each is to be stopped, in a table of its own that stays whole whatever happens to the state
//! of supervision: should that be lost to a panic, no child is left behind ([`crate::panics`]).
//!
//! The thread that spawned a child enters it, before it posts its message; it leaves together with its zombie, under one lock. So
//! a pid in the table is that of a child which has not been reaped, and can be signalled.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use supervisor_core::{ExitStatus, Pid, Policy, Signal};
use supervisor_sys::process_group::living_members;
use supervisor_sys::{reap, signal};

/// How often a child that was asked to stop is looked for. Only the emergency polls.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// How a child is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StopPlan {
    signal: Signal,
    asks_group: bool,
    kills_group: bool,
}

impl StopPlan {
    /// The stop that the options of a program ask for.
    pub(crate) fn of(policy: &Policy) -> Self {
        Self { signal: policy.stopsignal, asks_group: policy.stopasgroup, kills_group: policy.killasgroup }
    }

    /// Best effort: a child that cannot be signalled has ended; any other error is ignored.
    fn ask(self, pid: Pid) {
        let _gone = send(pid, self.signal, self.asks_group);
    }

    fn kill(self, pid: Pid) {
        let _gone = send(pid, Signal::KILL, self.kills_group);
    }
}

fn send(pid: Pid, signal: Signal, to_group: bool) -> io::Result<()> {
    if to_group { signal::signal_group(pid, signal) } else { signal::signal_process(pid, signal) }
}

/// The children that live.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    table: Mutex<Table>,
}

#[derive(Debug, Default)]
struct Table {
    plans: BTreeMap<Pid, StopPlan>,
    /// Everything is being stopped: what is entered now is stopped at once.
    is_closed: bool,
}

impl Roster {
    /// Whether nothing may be started any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// Enters a child.
    pub(crate) fn enter(&self, pid: Pid, plan: StopPlan) {
        let mut table = self.lock();
        table.plans.insert(pid, plan);
        if table.is_closed {
            plan.ask(pid);
        }
    }

    /// Reaps a child that has ended, and takes it out of the table; `None` while it lives.
    pub(crate) fn reap(&self, pid: Pid, pidfd: Option<BorrowedFd<'_>>) -> io::Result<Option<ExitStatus>> {
        let mut table = self.lock();
        let reaped = reap::reap_child(pid, pidfd);
        if !matches!(reaped, Ok(None)) {
            table.plans.remove(&pid);
        }
        reaped
    }

    /// Stops every child without the help of anything else, and starts no others: each gets its stop signal, and SIGKILL after
    /// `patience`, and once more `patience` to die of it. Returns those that live even then.
    pub(crate) fn stop_all(&self, patience: Duration) -> Vec<Pid> {
        let mut table = self.lock();
        table.is_closed = true;
        for (pid, plan) in &table.plans {
            plan.ask(*pid);
        }
        drop(table);
        if self.all_end_within(patience) {
            return Vec::new();
        }
        for (pid, plan) in &self.lock().plans {
            plan.kill(*pid);
        }
        self.all_end_within(patience);
        self.lock().plans.keys().copied().collect()
    }

    fn all_end_within(&self, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        loop {
            self.reap_all();
            if self.lock().plans.is_empty() {
                return true;
            }
            if Instant::now() >= until {
                return false;
            }
            thread::sleep(POLL_INTERVAL);
        }
    }

    /// Reaps what has ended. A leader whose group gets SIGKILL stays a zombie while a member lives, so that its pid still names
    /// the group.
    fn reap_all(&self) {
        let plans: Vec<(Pid, StopPlan)> = self.lock().plans.iter().map(|(pid, plan)| (*pid, *plan)).collect();
        let groups: BTreeSet<Pid> =
            plans.iter().filter(|(_, plan)| plan.kills_group).map(|(pid, _)| *pid).collect();
        let living = if groups.is_empty() { Ok(BTreeMap::new()) } else { living_members(&groups) };
        let living = living.unwrap_or_default();
        for (pid, _) in plans.iter().filter(|(pid, _)| !living.contains_key(pid)) {
            // An error means that it is no child any more, which takes it out of the table as well.
            let _reaped = self.reap(*pid, None);
        }
    }

    /// The table is whole after every operation.
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
