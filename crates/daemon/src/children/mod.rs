//! The children: every process of the active groups, and its child from its spawn until the core gets its exit.
//!
//! # Theory
//!
//! ```text
//! SpawnResult ─begin─▶ watched ─pidfd or SIGCHLD─▶ draining ─pump: drained─▶ to be reaped ─reap_next─▶ Input::Reaped
//!                         │                           └──── DRAIN_PATIENCE ────▲
//!                         └─ the stop concerns its process group ─▶ group_end ─┘
//! ```
//!
//! A child that has ended stays a zombie while the pump drains its output. So its log is complete before the exit is reported,
//! and no other process can get its pid meanwhile. A log target that is stuck delays the exit by [`DRAIN_PATIENCE`] at
//! most; what is drained after that still counts as the child's (`undrained`). A stop that concerns a process group waits
//! for that before ([`group_end`]).
//!
//! [`Children`] does not feed the core: its methods return the inputs, and children that can be reaped wait until the loop
//! [takes them](Children::reap_next).

mod end;
mod group_end;
mod orphans;
mod output;
mod process;
pub(crate) mod roster;
mod signal;
mod start;
mod stdin;
mod token;
mod write;

pub(crate) use group_end::SearchResult;
pub(crate) use process::Process;
pub(crate) use stdin::LIMIT as STDIN_LIMIT;

pub(crate) use token::ChildToken;
pub(crate) use write::StdinError;

use crate::configuration::prepare::PreparedProcess;
use crate::main_loop::descriptors::Descriptor;
use crate::workers::Workers;
use crate::workers::spawn::StartOrder;
use group_end::Groups;
use mio::Registry;
use process::Processes;
use roster::Roster;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::ffi::OsString;
use std::os::fd::AsRawFd;
use std::sync::Arc;
use std::time::Duration;
use supervisor_core::{Pid, ProcessId};
use supervisor_log::{Generation, MainLog, Pump};
use supervisor_sys::adopt;

/// How long a log target that is stuck may delay an exit.
pub(crate) const DRAIN_PATIENCE: Duration = Duration::from_millis(250);

/// Every process of every active group, with its child.
pub(crate) struct Children {
    processes: Processes,
    /// Children that have ended and are not reaped, by the moment their output is given up on.
    draining: BTreeSet<(Duration, u64)>,
    /// Children that can be reaped.
    reapable: VecDeque<u64>,
    /// Children that were reaped before all their output was drained, by process and generation: their pid, and how many of
    /// their outputs are undrained. Later output is attributed to that pid.
    undrained: HashMap<(u64, Generation), (Pid, usize)>,
    /// Process groups whose end is awaited.
    groups: Groups,
    /// Children whose end only SIGCHLD tells: those without a pidfd, or whose pidfd cannot be watched.
    unwatched: BTreeSet<u64>,
    /// Whether processes can become our children that we did not spawn.
    may_adopt: bool,
    /// How often logs were reopened.
    reopens: u64,
    roster: Arc<Roster>,
    registry: Registry,
    workers: Workers,
    pump: Pump,
    log: MainLog,
}

impl Children {
    /// No processes yet. Their descriptors are watched through `registry`.
    pub(crate) fn new(registry: Registry, workers: Workers, pump: Pump, log: MainLog) -> Self {
        Self {
            processes: Processes::default(),
            draining: BTreeSet::new(),
            reapable: VecDeque::new(),
            undrained: HashMap::new(),
            groups: Groups::default(),
            unwatched: BTreeSet::new(),
            may_adopt: adopt::may_adopt(),
            reopens: 0,
            roster: Arc::default(),
            registry,
            workers,
            pump,
            log,
        }
    }

    /// The children that live, in a table that outlives this one.
    pub(crate) fn roster(&self) -> &Arc<Roster> {
        &self.roster
    }

    /// Adds a process that was prepared, under the number the core gave it.
    pub(crate) fn insert(&mut self, id: ProcessId, prepared: PreparedProcess) {
        self.processes.insert(id, prepared);
    }

    /// Forgets a process.
    pub(crate) fn remove(&mut self, id: ProcessId) {
        self.processes.remove(id);
    }

    /// A process by its number.
    pub(crate) fn get(&self, id: ProcessId) -> Option<&Process> {
        self.processes.get(id)
    }

    /// How many processes there are.
    pub(crate) fn len(&self) -> usize {
        self.processes.len()
    }

    /// The order to start the next generation of a process.
    pub(crate) fn start_order(&mut self, id: ProcessId, server_url: Option<&OsString>) -> Option<StartOrder> {
        let (reopens, roster) = (self.reopens, &self.roster);
        self.processes.get_mut(id).map(|process| process.start_order(server_url, reopens, roster))
    }

    /// Closes and opens again the main log and the logs of every child.
    pub(crate) fn reopen_logs(&mut self) {
        self.reopens += 1;
        self.pump.reopen_all();
    }

    /// The next timeout, of a child that is draining or of a group that lives.
    pub(crate) fn next_deadline(&self) -> Option<Duration> {
        let drained = self.draining.first().map(|(at, _)| *at);
        [drained, self.groups.next_deadline()].into_iter().flatten().min()
    }

    /// Whether a child is known to have ended that the core has not heard of.
    pub(crate) fn any_draining(&self) -> bool {
        !self.draining.is_empty()
    }

    /// Every descriptor the children take here, with its purpose.
    pub(crate) fn descriptors(&self) -> Vec<Descriptor> {
        let mut table = Vec::new();
        for process in self.processes.iter() {
            let Some(child) = &process.child else { continue };
            let name = &process.config().name;
            let pidfd = child.pidfd.as_ref().map(|fd| (fd.as_raw_fd(), "pidfd"));
            let stdin = child.stdin.as_ref().map(|stdin| (stdin.pipe().as_raw_fd(), "stdin"));
            let socket = child.socket.as_ref().map(|lease| (lease.as_raw_fd(), "socket"));
            table.extend(
                [pidfd, stdin, socket]
                    .into_iter()
                    .flatten()
                    .map(|(fd, what)| Descriptor { fd, purpose: format!("{what} of '{name}'") }),
            );
        }
        for (raw, fd) in self.groups.descriptors() {
            let name = self.processes.name_of(raw);
            table.push(Descriptor { fd, purpose: format!("pidfd of a process of the group of '{name}'") });
        }
        table
    }
}
