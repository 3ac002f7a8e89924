//! From a spawn to the last word about a child: watching for its end, draining its output, reaping it, adopting strangers.
//!
//! A child that has ended stays a zombie until the pump has moved the rest of its output. So its log is complete before
//! anybody hears of the exit, and no other process can get its pid meanwhile. A log target that is stuck delays the news by
//! [`DRAIN_PATIENCE`] at most. A stop that concerns a process group waits for that before ([`crate::children::group_end`]).

pub(crate) mod group_end;
pub(crate) mod process;
pub(crate) mod stdin;

use crate::children::process::{Child, Ended};
use crate::children::stdin::Progress;
use crate::main_loop::Loop;
use crate::workers::spawn::{Output, SpawnFailure, SpawnResult, stream_id, stream_owner};
use mio::unix::SourceFd;
use mio::{Interest, Token};
use std::collections::hash_map::Entry;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;
use supervisor_core::{Channel, ExitStatus, Input, Level, Pid, ProcessId};
use supervisor_log::{Generation, Notice, StreamId};
use supervisor_sys::errno::words;
use supervisor_sys::{clock, reap};

/// How long a log target that is stuck may delay the news of an exit.
pub(crate) const DRAIN_PATIENCE: Duration = Duration::from_millis(250);

/// What a token of a process stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Watched {
    /// Its pidfd: it has ended. Later that of a member of its process group.
    End,
    /// Its standard input: there is room.
    Stdin,
}

/// The token of a process' descriptor; 0 and 1 are the loop's own.
fn token(raw: u64, watched: Watched) -> Token {
    let number = (raw + 1) * 2 + u64::from(watched == Watched::Stdin);
    Token(usize::try_from(number).expect("a daemon does not see 2^31 processes"))
}

/// The process a token belongs to, and what it stands for.
pub(crate) fn owner(token: Token) -> Option<(u64, Watched)> {
    let raw = (token.0 as u64 / 2).checked_sub(1)?;
    Some((raw, if token.0.is_multiple_of(2) { Watched::End } else { Watched::Stdin }))
}

impl Loop {
    /// A spawn was carried out, or not.
    pub(crate) fn spawned(&mut self, result: SpawnResult) {
        let SpawnResult { process: id, run, reopens, outcome } = result;
        let launched = match outcome {
            Ok(launched) => launched,
            Err(SpawnFailure { message, detail }) => {
                if let Some(detail) = detail {
                    self.log.log(Level::Error, detail);
                }
                return self.tell(Input::SpawnFailed { process: id, message });
            }
        };
        let pid = launched.pid;
        let pidfd = launched.pidfd.as_ref().map(AsRawFd::as_raw_fd);
        let Some(process) = self.processes.get_mut(id) else {
            // The core keeps a process for as long as a spawn is under way, so this cannot be; yet no child may be
            // left behind, and the core orders one it does not know to be killed.
            return self.tell(Input::Spawned { process: id, pid });
        };
        let outputs = process.begin(run, launched);
        self.tell(Input::Spawned { process: id, pid });
        // Only now: nothing the child writes is heard of before its spawn.
        for Output { channel, pipe, sink } in outputs {
            if let Err(error) = self.pump.attach(stream_id(id, channel), run, pipe, sink) {
                let text = format!("cannot read the {} of process {id}: {}", channel.name(), words(&error));
                self.log.log(Level::Critical, text);
            }
            if reopens != self.reopens {
                // It may have been opened before they were.
                self.pump.reopen(stream_id(id, channel));
            }
        }
        match pidfd {
            Some(pidfd) => {
                if let Err(error) = self.watch_end(id.raw(), pidfd) {
                    self.cannot_watch(id, &error);
                }
            }
            None => self.watch_by_signal(id.raw()),
        }
        // A spawn that had not returned may have hidden a stranger.
        self.reap_strangers();
    }

    /// Wakes the loop when the process of this pidfd has ended.
    pub(crate) fn watch_end(&self, raw: u64, pidfd: RawFd) -> io::Result<()> {
        self.registry.register(&mut SourceFd(&pidfd), token(raw, Watched::End), Interest::READABLE)
    }

    /// Without a watch on its pidfd a child is one of a kernel without pidfds.
    fn cannot_watch(&mut self, id: ProcessId, error: &io::Error) {
        if let Some(child) = self.processes.get_mut(id).and_then(|process| process.child.as_mut()) {
            child.pidfd = None;
        }
        self.log.log(Level::Critical, format!("cannot watch for the end of process {id}: {}", words(error)));
        self.watch_by_signal(id.raw());
    }

    /// The child, or a member of its group, has ended.
    pub(crate) fn child_ended(&mut self, raw: u64) {
        if !self.member_ended(raw) && !self.awaits_group_end(raw) {
            self.begin_end(raw, None);
        }
    }

    /// SIGCHLD is the news of the end of children without a pidfd.
    pub(crate) fn reap_without_pidfd(&mut self) {
        let candidates: Vec<u64> = self.unwatched.iter().copied().collect();
        for raw in candidates {
            self.end_if_it_has(raw);
        }
    }

    /// Only SIGCHLD will tell of the end of this child, and may have done so already.
    fn watch_by_signal(&mut self, raw: u64) {
        self.unwatched.insert(raw);
        self.end_if_it_has(raw);
    }

    /// Looks whether a child without a pidfd has ended. Here looking is reaping, so the status is kept.
    fn end_if_it_has(&mut self, raw: u64) {
        let Some(process) = self.processes.get_raw(raw) else { return };
        let Some(child) = process.child.as_ref().filter(|child| child.ended.is_none()) else { return };
        if let Ok(Some(status)) = reap::reap_child(child.pid, None) {
            self.begin_end(raw, Some(status));
        }
    }

    /// A child has ended: it is reaped once its output is drained.
    pub(crate) fn begin_end(&mut self, raw: u64, status: Option<ExitStatus>) {
        let give_up_at = clock::now().monotonic + DRAIN_PATIENCE;
        let Some(process) = self.processes.get_raw(raw) else { return };
        let streams: Vec<StreamId> =
            process.channels().map(|channel| stream_id(process.id, channel)).collect();
        let Some(child) = process.child.as_mut().filter(|child| child.ended.is_none()) else { return };
        child.ended = Some(Box::new(Ended { undrained: streams.len(), give_up_at, status }));
        let run = child.run;
        if let Some(pidfd) = child.pidfd.as_ref().map(AsRawFd::as_raw_fd) {
            self.unwatch(pidfd);
        }
        self.unwatched.remove(&raw);
        self.dying.insert((give_up_at, raw));
        for stream in streams {
            self.pump.finish(stream, run);
        }
    }

    /// Reaps the children whose output could not be drained in time.
    pub(crate) fn reap_overdue(&mut self, now: Duration) {
        while let Some((_, raw)) = self.dying.first().copied().filter(|(at, _)| *at <= now) {
            self.reap(raw);
        }
    }

    /// Collects a child that has ended, and tells the core.
    pub(crate) fn reap(&mut self, raw: u64) {
        if self.awaits_group_end(raw) {
            // The stop was ordered while its output was being drained.
            let child = self.processes.get_raw(raw).and_then(|process| process.child.as_ref());
            if let Some(ended) = child.and_then(|child| child.ended.as_ref()) {
                self.dying.remove(&(ended.give_up_at, raw));
            }
            return;
        }
        let Some(child) = self.processes.get_raw(raw).and_then(|process| process.child.take()) else {
            return;
        };
        if let Some(stdin) = child.stdin.as_ref().filter(|_| child.stdin_is_watched) {
            self.unwatch(stdin.pipe().as_raw_fd());
        }
        if let Some(ended) = &child.ended {
            self.dying.remove(&(ended.give_up_at, raw));
            if ended.undrained > 0 {
                self.departed.insert((raw, child.run), (child.pid, ended.undrained));
            }
        }
        let known = child.ended.as_ref().and_then(|ended| ended.status);
        let status = known.unwrap_or_else(|| self.collect(&child));
        self.tell(Input::Reaped { pid: child.pid, status });
        // With its share of a FastCGI socket, which closes now at the latest.
        drop(child);
        // A zombie of ours may have hidden a stranger.
        self.reap_strangers();
    }

    fn collect(&self, child: &Child) -> ExitStatus {
        let lost = match reap::reap_child(child.pid, child.pidfd.as_ref().map(AsFd::as_fd)) {
            Ok(Some(status)) => return status,
            Ok(None) => "it is not known to have ended".to_owned(),
            Err(error) => words(&error),
        };
        self.log.log(Level::Critical, format!("the exit status of pid {} is lost: {lost}", child.pid));
        ExitStatus::Unknown(0)
    }

    /// Collects ended processes that became our children without our doing.
    pub(crate) fn reap_strangers(&mut self) {
        while self.may_adopt {
            match reap::next_stranger(|_| false) {
                Ok(Some((pid, status))) => self.tell(Input::Reaped { pid, status }),
                Ok(None) => break,
                Err(error) => {
                    // The number alone, as upstream has it.
                    let code = error.raw_os_error().unwrap_or_default();
                    let text = format!("waitpid error {code}; a process may not be cleaned up properly");
                    self.log.log(Level::Critical, text);
                    break;
                }
            }
        }
    }

    /// The pump has something to tell.
    pub(crate) fn notice(&mut self, notice: Notice) {
        let (stream, run, cost) = (notice.stream(), notice.generation(), notice.cost());
        let (raw, channel) = stream_owner(stream);
        match notice {
            Notice::Drained { .. } => self.drained(raw, run),
            Notice::Output { data, .. } => self.output(raw, run, channel, data),
            Notice::Captured { data, .. } => self.captured(raw, run, channel, data),
        }
        if cost > 0 {
            self.pump.acknowledge(stream, cost);
        }
    }

    fn drained(&mut self, raw: u64, run: Generation) {
        if let Entry::Occupied(mut departed) = self.departed.entry((raw, run)) {
            departed.get_mut().1 -= 1;
            if departed.get().1 == 0 {
                departed.remove();
            }
            return;
        }
        let Some(ended) = self.child_of(raw, run).and_then(|child| child.ended.as_mut()) else { return };
        ended.undrained = ended.undrained.saturating_sub(1);
        if ended.undrained == 0 {
            self.reap(raw);
        }
    }

    fn output(&mut self, raw: u64, run: Generation, channel: Channel, bytes: Vec<u8>) {
        let Some(process) = self.processes.get_raw(raw) else { return };
        let (process_id, is_protocol) = (process.id, process.is_protocol(channel));
        let Some(pid) = self.pid_of(raw, run) else { return };
        self.tell(if is_protocol {
            Input::ListenerOutput { process: process_id, pid, bytes }
        } else {
            Input::Output { process: process_id, pid, channel, bytes }
        });
    }

    fn captured(&mut self, raw: u64, run: Generation, channel: Channel, bytes: Vec<u8>) {
        let Some(process) = self.processes.get_raw(raw) else { return };
        let id = process.id;
        let Some(pid) = self.pid_of(raw, run) else { return };
        self.tell(Input::Communication { process: id, pid, channel, bytes });
    }

    /// The pid a life of a process has, or had if there is output of it to come.
    fn pid_of(&mut self, raw: u64, run: Generation) -> Option<Pid> {
        let live = self.child_of(raw, run).map(|child| child.pid);
        live.or_else(|| self.departed.get(&(raw, run)).map(|(pid, _)| *pid))
    }

    fn child_of(&mut self, raw: u64, run: Generation) -> Option<&mut Child> {
        self.processes.get_raw(raw)?.child.as_mut().filter(|child| child.run == run)
    }

    /// A child has read from its standard input.
    pub(crate) fn stdin_has_room(&mut self, raw: u64) {
        let Some(process) = self.processes.get_raw(raw) else { return };
        let id = process.id;
        let Some(stdin) = process.child.as_mut().and_then(|child| child.stdin.as_mut()) else { return };
        let progress = stdin.flush();
        self.stdin_progressed(id, progress);
    }

    /// Watches a child's standard input as long as something waits for room in it, and tells the core what became of an
    /// event.
    pub(crate) fn stdin_progressed(&mut self, id: ProcessId, progress: Progress) {
        let registry = &self.registry;
        let Some(child) = self.processes.get_mut(id).and_then(|process| process.child.as_mut()) else {
            return;
        };
        let Some(stdin) = child.stdin.as_ref() else { return };
        let descriptor = stdin.pipe().as_raw_fd();
        let wants_watch = progress == Progress::Waiting;
        if wants_watch != child.stdin_is_watched {
            let outcome = if wants_watch {
                registry.register(
                    &mut SourceFd(&descriptor),
                    token(id.raw(), Watched::Stdin),
                    Interest::WRITABLE,
                )
            } else {
                registry.deregister(&mut SourceFd(&descriptor))
            };
            match outcome {
                Ok(()) => child.stdin_is_watched = wants_watch,
                Err(error) => {
                    self.log.log(
                        Level::Critical,
                        format!("cannot watch the standard input of process {id}: {}", words(&error)),
                    );
                }
            }
        }
        let pid = child.pid;
        let was_event = child.event_is_under_way && !wants_watch;
        child.event_is_under_way &= wants_watch;
        if progress == Progress::Closed {
            child.stdin = None;
        }
        if was_event {
            self.inputs.push_back(match progress {
                Progress::Closed => Input::ListenerWriteFailed { process: id, pid },
                Progress::Written | Progress::Waiting => Input::ListenerWritten { process: id, pid },
            });
            self.settle();
        }
    }

    pub(crate) fn unwatch(&self, descriptor: RawFd) {
        if let Err(error) = self.registry.deregister(&mut SourceFd(&descriptor)) {
            self.log.log(
                Level::Error,
                format!("cannot stop watching descriptor {descriptor}: {}", words(&error)),
            );
        }
    }
}
