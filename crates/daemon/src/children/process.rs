//! What the daemon keeps of each process beside the core: its configuration, its logs and its live child.

use super::roster::{Roster, StopPlan};
use super::stdin::Stdin;
use crate::configuration::prepare::PreparedProcess;
use crate::fastcgi::{Lease, SharedSocket};
use crate::workers::spawn::{Launched, Output, StartOrder, StdinSource};
use std::collections::HashMap;
use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Duration;
use supervisor_config::Process as Config;
use supervisor_core::{Channel, ExitStatus, Pid, ProcessId};
use supervisor_log::{Delivery, Generation, LogFileSpec, StreamSpec};
use supervisor_sys::spawn::ChildUser;

/// Every process of every active group.
#[derive(Default)]
pub(super) struct Processes {
    /// Each in its own place in memory: a table of large records reserves twice the room it needs.
    table: HashMap<u64, Box<Process>>,
}

/// One process.
pub(crate) struct Process {
    /// Its number in the core.
    pub(super) id: ProcessId,
    config: Arc<Config>,
    user: ChildUser,
    stdout: Arc<StreamSpec>,
    /// `None` with `redirect_stderr`.
    stderr: Option<Arc<StreamSpec>>,
    /// What descriptor 0 is for a FastCGI program.
    socket: Option<Arc<SharedSocket>>,
    /// The number of the newest generation; 0 before the first.
    generations: u64,
    /// The live child, from its spawn until the core gets its exit.
    pub(super) child: Option<Child>,
}

/// A live child.
pub(super) struct Child {
    /// Its pid.
    pub(super) pid: Pid,
    /// Which generation of the process it is.
    pub(super) generation: Generation,
    /// Readable once it has ended; `None` where the kernel has no pidfds, or this one cannot be watched.
    pub(super) pidfd: Option<OwnedFd>,
    /// Its standard input, until it closes it; `None` for a FastCGI program.
    pub(super) stdin: Option<Stdin>,
    /// Its share of the socket it has instead.
    pub(super) socket: Option<Lease>,
    /// Whether the poll watches `stdin` for room.
    pub(super) stdin_is_watched: bool,
    /// A listener is being sent an event.
    pub(super) event_is_under_way: bool,
    /// SIGKILL was sent to its process group.
    pub(super) group_is_killed: bool,
    /// Its process group has ended, or is not waited for any longer.
    pub(super) group_has_ended: bool,
    /// Present once it has ended, while the pump drains its output. Boxed, as few of thousands have.
    pub(super) draining: Option<Box<Draining>>,
}

/// A child that has ended, while the pump drains its output.
pub(super) struct Draining {
    /// Outputs that are not drained.
    pub(super) undrained: usize,
    /// When it is reaped even if its output is not drained; also its key in the list of draining children.
    pub(super) give_up_at: Duration,
    /// How it ended, if it had to be reaped to learn of its end.
    pub(super) status: Option<ExitStatus>,
}

impl Processes {
    /// Adds a process that was prepared, under the number the core gave it.
    pub(super) fn insert(&mut self, id: ProcessId, prepared: PreparedProcess) {
        let PreparedProcess { config, user, stdout, stderr, socket } = prepared;
        let process = Process { id, config, user, stdout, stderr, socket, generations: 0, child: None };
        self.table.insert(id.raw(), Box::new(process));
    }

    /// Forgets a process.
    pub(super) fn remove(&mut self, id: ProcessId) {
        self.table.remove(&id.raw());
    }

    /// A process by its number.
    pub(super) fn get(&self, id: ProcessId) -> Option<&Process> {
        self.table.get(&id.raw()).map(Box::as_ref)
    }

    /// A process by its number.
    pub(super) fn get_mut(&mut self, id: ProcessId) -> Option<&mut Process> {
        self.table.get_mut(&id.raw()).map(Box::as_mut)
    }

    /// A process by the bare form of its number, as tokens and streams carry it.
    pub(super) fn get_raw(&mut self, raw: u64) -> Option<&mut Process> {
        self.table.get_mut(&raw).map(Box::as_mut)
    }

    /// The name of a process; empty if there is none of this number.
    pub(super) fn name_of(&self, raw: u64) -> &str {
        self.table.get(&raw).map_or("", |process| &process.config.name)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// Every process, in no particular order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Process> {
        self.table.values().map(Box::as_ref)
    }

    /// The child of this number, if it is of this generation.
    pub(super) fn child_of(&mut self, raw: u64, generation: Generation) -> Option<&mut Child> {
        self.get_raw(raw)?.child.as_mut().filter(|child| child.generation == generation)
    }
}

impl Process {
    /// Its number in the core.
    pub(crate) fn id(&self) -> ProcessId {
        self.id
    }

    /// Its configuration.
    pub(crate) fn config(&self) -> &Arc<Config> {
        &self.config
    }

    /// The order to start its next generation.
    pub(super) fn start_order(
        &mut self,
        server_url: Option<&OsString>,
        reopens: u64,
        roster: &Arc<Roster>,
    ) -> StartOrder {
        self.generations += 1;
        StartOrder {
            process: self.id,
            generation: Generation(self.generations),
            reopens,
            config: Arc::clone(&self.config),
            user: self.user.clone(),
            stdout: self.stdout.clone(),
            stderr: self.stderr.clone(),
            socket: self.socket.clone(),
            server_url: server_url.cloned(),
            roster: Arc::clone(roster),
            stop: StopPlan::of(&self.config.policy),
        }
    }

    /// Takes in a child that was launched; returns its outputs, which are the pump's.
    pub(super) fn begin(&mut self, generation: Generation, launched: Launched) -> Vec<Output> {
        let Launched { pid, pidfd, stdin, outputs } = launched;
        let (stdin, socket) = match stdin {
            StdinSource::Pipe(pipe) => (Some(Stdin::new(pipe)), None),
            StdinSource::Socket(lease) => (None, Some(lease)),
        };
        self.child = Some(Child {
            pid,
            generation,
            pidfd,
            stdin,
            socket,
            stdin_is_watched: false,
            event_is_under_way: false,
            group_is_killed: false,
            group_has_ended: false,
            draining: None,
        });
        outputs
    }

    /// Where an output is written; `None` if to no file.
    pub(crate) fn log_file(&self, channel: Channel) -> Option<&LogFileSpec> {
        self.spec(channel)?.file.as_ref()
    }

    /// Whether an output carries an event listener's results.
    pub(super) fn is_protocol(&self, channel: Channel) -> bool {
        self.spec(channel).is_some_and(|spec| spec.delivery == Delivery::Protocol)
    }

    /// The outputs it has.
    pub(crate) fn channels(&self) -> impl Iterator<Item = Channel> + use<> {
        let stderr = self.stderr.is_some().then_some(Channel::Stderr);
        std::iter::once(Channel::Stdout).chain(stderr)
    }

    fn spec(&self, channel: Channel) -> Option<&StreamSpec> {
        match channel {
            Channel::Stdout => Some(&self.stdout),
            Channel::Stderr => self.stderr.as_deref(),
        }
    }
}

#[cfg(all(test, target_pointer_width = "64"))]
mod tests {
    use super::*;

    /// A daemon has thousands: 16 bytes more here are 16 KB with a thousand programs.
    #[test]
    fn a_process_is_small() {
        assert!(size_of::<Process>() <= 176);
    }
}
