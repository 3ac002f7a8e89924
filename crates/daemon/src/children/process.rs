//! What the daemon keeps of each process beside the core: its configuration, its logs and its live child.

use crate::children::stdin::Stdin;
use crate::configuration::prepare::PreparedProcess;
use crate::fastcgi::{Lease, SharedSocket};
use crate::workers::spawn::{Launched, Order, Output, StdinSource};
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
pub(crate) struct Processes {
    /// Each in its own place in memory: a table of large records reserves twice the room it needs.
    table: HashMap<u64, Box<Process>>,
}

/// One process.
pub(crate) struct Process {
    /// Its number in the core.
    pub(crate) id: ProcessId,
    /// Its configuration.
    pub(crate) config: Arc<Config>,
    user: ChildUser,
    stdout: Arc<StreamSpec>,
    /// `None` with `redirect_stderr`.
    stderr: Option<Arc<StreamSpec>>,
    /// What descriptor 0 is for a FastCGI program.
    socket: Option<Arc<SharedSocket>>,
    /// How many lives were ordered so far; the number of the newest.
    lives: u64,
    /// The live child, from its spawn until the core is told of its end.
    pub(crate) child: Option<Child>,
}

/// A live child.
pub(crate) struct Child {
    /// Its pid.
    pub(crate) pid: Pid,
    /// Which life of the process it is.
    pub(crate) run: Generation,
    /// Readable once it has ended; none where the kernel has no such thing.
    pub(crate) pidfd: Option<OwnedFd>,
    /// Its standard input, until it closes it; none for a FastCGI program.
    pub(crate) stdin: Option<Stdin>,
    /// Its share of the socket it has instead.
    pub(crate) socket: Option<Lease>,
    /// Whether the poll watches `stdin` for room.
    pub(crate) stdin_is_watched: bool,
    /// What a listener is being sent, if anything.
    pub(crate) event_is_under_way: bool,
    /// SIGKILL was sent to its process group.
    pub(crate) group_is_killed: bool,
    /// Its process group has ended, or is not waited for any longer.
    pub(crate) group_has_ended: bool,
    /// Present once it has ended: what is left to do before it is reaped. Boxed, as few of thousands are so far.
    pub(crate) ended: Option<Box<Ended>>,
}

/// A child that has ended, while the pump moves what is left of its output.
pub(crate) struct Ended {
    /// Outputs the pump has not reported as drained.
    pub(crate) undrained: usize,
    /// When it is reaped even if the pump has not reported; also its key in the loop's list of the dying.
    pub(crate) give_up_at: Duration,
    /// How it ended, if it had to be reaped to learn of its end.
    pub(crate) status: Option<ExitStatus>,
}

impl Processes {
    /// Adds a process that was prepared, under the number the core gave it.
    pub(crate) fn insert(&mut self, id: ProcessId, prepared: PreparedProcess) {
        let PreparedProcess { config, user, stdout, stderr, socket } = prepared;
        let process = Process { id, config, user, stdout, stderr, socket, lives: 0, child: None };
        self.table.insert(id.raw(), Box::new(process));
    }

    /// Forgets a process.
    pub(crate) fn remove(&mut self, id: ProcessId) -> Option<Box<Process>> {
        self.table.remove(&id.raw())
    }

    /// A process by its number.
    pub(crate) fn get(&self, id: ProcessId) -> Option<&Process> {
        self.table.get(&id.raw()).map(Box::as_ref)
    }

    /// A process by its number.
    pub(crate) fn get_mut(&mut self, id: ProcessId) -> Option<&mut Process> {
        self.table.get_mut(&id.raw()).map(Box::as_mut)
    }

    /// A process by the bare form of its number, as tokens and streams carry it.
    pub(crate) fn get_raw(&mut self, raw: u64) -> Option<&mut Process> {
        self.table.get_mut(&raw).map(Box::as_mut)
    }

    /// The name of a process; empty if there is none of this number.
    pub(crate) fn name_of(&self, raw: u64) -> &str {
        self.table.get(&raw).map_or("", |process| &process.config.name)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    /// Every process, in no particular order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Process> {
        self.table.values().map(Box::as_ref)
    }
}

impl Process {
    /// The order for its next life.
    pub(crate) fn order(&mut self, server_url: Option<&OsString>, reopens: u64) -> Order {
        self.lives += 1;
        Order {
            process: self.id,
            run: Generation(self.lives),
            reopens,
            config: Arc::clone(&self.config),
            user: self.user.clone(),
            stdout: self.stdout.clone(),
            stderr: self.stderr.clone(),
            socket: self.socket.clone(),
            server_url: server_url.cloned(),
        }
    }

    /// Takes note of a child; gives back its outputs, which are the pump's.
    pub(crate) fn begin(&mut self, run: Generation, launched: Launched) -> Vec<Output> {
        let Launched { pid, pidfd, stdin, outputs } = launched;
        let (stdin, socket) = match stdin {
            StdinSource::Pipe(pipe) => (Some(Stdin::new(pipe)), None),
            StdinSource::Socket(lease) => (None, Some(lease)),
        };
        self.child = Some(Child {
            pid,
            run,
            pidfd,
            stdin,
            socket,
            stdin_is_watched: false,
            event_is_under_way: false,
            group_is_killed: false,
            group_has_ended: false,
            ended: None,
        });
        outputs
    }

    /// Where an output is written; `None` if to no file.
    pub(crate) fn log_file(&self, channel: Channel) -> Option<&LogFileSpec> {
        self.sink(channel)?.file.as_ref()
    }

    /// Whether an output carries an event listener's results.
    pub(crate) fn is_protocol(&self, channel: Channel) -> bool {
        self.sink(channel).is_some_and(|sink| sink.delivery == Delivery::Protocol)
    }

    /// The outputs it has.
    pub(crate) fn channels(&self) -> impl Iterator<Item = Channel> + use<> {
        let stderr = self.stderr.is_some().then_some(Channel::Stderr);
        std::iter::once(Channel::Stdout).chain(stderr)
    }

    fn sink(&self, channel: Channel) -> Option<&StreamSpec> {
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
        assert_eq!(size_of::<Process>(), 176);
    }
}
