//! The end of a child: its output is drained, then it is reaped.

use super::process::{Child, Draining};
use super::{Children, DRAIN_PATIENCE};
use crate::workers::spawn::stream_id;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;
use supervisor_core::{ExitStatus, Input, Level, Pid, Supervisor};
use supervisor_log::{Generation, StreamId};
use supervisor_sys::clock;
use supervisor_sys::errno::words;

/// A child that was reaped. Dropping it closes what it still had, such as its share of a FastCGI socket.
pub(crate) struct Reaped {
    child: Child,
    status: ExitStatus,
}

impl Reaped {
    /// For the core.
    pub(crate) fn input(&self) -> Input {
        Input::Reaped { pid: self.child.pid, status: self.status }
    }
}

impl Children {
    /// The child, or a member of its group, has ended.
    pub(crate) fn ended(&mut self, raw: u64, core: &Supervisor) {
        if !self.member_ended(raw) && !self.awaits_group_end(raw, core) {
            self.begin_draining(raw, None);
        }
    }

    /// SIGCHLD has come: looks after the children whose end nothing else tells.
    pub(crate) fn reap_unwatched(&mut self) {
        let candidates: Vec<u64> = self.unwatched.iter().copied().collect();
        for raw in candidates {
            self.reap_if_ended(raw);
        }
    }

    /// Looks whether a child without a pidfd has ended. Here looking is reaping, so the status is kept.
    pub(super) fn reap_if_ended(&mut self, raw: u64) {
        let Some(process) = self.processes.get_raw(raw) else { return };
        let Some(child) = process.child.as_ref().filter(|child| child.draining.is_none()) else { return };
        if let Ok(Some(status)) = self.roster.reap(child.pid, None) {
            self.begin_draining(raw, Some(status));
        }
    }

    /// A child has ended: has the pump drain its output.
    pub(super) fn begin_draining(&mut self, raw: u64, status: Option<ExitStatus>) {
        let give_up_at = clock::now().monotonic + DRAIN_PATIENCE;
        let Some(process) = self.processes.get_raw(raw) else { return };
        let streams: Vec<StreamId> =
            process.channels().map(|channel| stream_id(process.id, channel)).collect();
        let Some(child) = process.child.as_mut().filter(|child| child.draining.is_none()) else { return };
        child.draining = Some(Box::new(Draining { undrained: streams.len(), give_up_at, status }));
        let generation = child.generation;
        if let Some(pidfd) = child.pidfd.as_ref().map(AsRawFd::as_raw_fd) {
            self.unwatch(pidfd);
        }
        self.unwatched.remove(&raw);
        self.draining.insert((give_up_at, raw));
        for stream in streams {
            self.pump.finish(stream, generation);
        }
    }

    /// The pump has drained an output.
    pub(super) fn drained(&mut self, raw: u64, generation: Generation) {
        if let Some((_, undrained)) = self.undrained.get_mut(&(raw, generation)) {
            *undrained -= 1;
            if *undrained == 0 {
                self.undrained.remove(&(raw, generation));
            }
            return;
        }
        let child = self.processes.child_of(raw, generation);
        let Some(draining) = child.and_then(|child| child.draining.as_mut()) else { return };
        draining.undrained = draining.undrained.saturating_sub(1);
        if draining.undrained == 0 {
            self.reapable.push_back(raw);
        }
    }

    /// Gives up on what has taken too long: output that cannot be drained, and groups that outlive SIGKILL.
    pub(crate) fn give_up_overdue(&mut self, now: Duration) {
        let overdue = self.draining.iter().take_while(|(at, _)| *at <= now).map(|(_, raw)| *raw);
        self.reapable.extend(overdue);
        self.give_up_on_groups(now);
    }

    /// Reaps the next child that can be.
    pub(crate) fn reap_next(&mut self, core: &Supervisor) -> Option<Reaped> {
        while let Some(raw) = self.reapable.pop_front() {
            let reaped = self.reap(raw, core);
            if reaped.is_some() {
                return reaped;
            }
        }
        None
    }

    fn reap(&mut self, raw: u64, core: &Supervisor) -> Option<Reaped> {
        if self.awaits_group_end(raw, core) {
            // The stop was ordered while its output was being drained.
            let child = self.processes.get_raw(raw).and_then(|process| process.child.as_ref());
            if let Some(draining) = child.and_then(|child| child.draining.as_ref()) {
                self.draining.remove(&(draining.give_up_at, raw));
            }
            return None;
        }
        let process = self.processes.get_raw(raw)?;
        let child = process.child.take_if(|child| child.draining.is_some())?;
        if let Some(stdin) = child.stdin.as_ref().filter(|_| child.stdin_is_watched) {
            self.unwatch(stdin.pipe().as_raw_fd());
        }
        let mut known = None;
        if let Some(draining) = &child.draining {
            self.draining.remove(&(draining.give_up_at, raw));
            if draining.undrained > 0 {
                self.undrained.insert((raw, child.generation), (child.pid, draining.undrained));
            }
            known = draining.status;
        }
        let status = known.unwrap_or_else(|| self.collect(&child));
        Some(Reaped { child, status })
    }

    fn collect(&self, child: &Child) -> ExitStatus {
        let lost = match self.roster.reap(child.pid, child.pidfd.as_ref().map(AsFd::as_fd)) {
            Ok(Some(status)) => return status,
            Ok(None) => "it is not known to have ended".to_owned(),
            Err(error) => words(&error),
        };
        self.log.log(Level::Critical, format!("the exit status of pid {} is lost: {lost}", child.pid));
        ExitStatus::Unknown(0)
    }

    /// The pid a generation of a process has, or had if some of its output is undrained.
    pub(super) fn pid_of(&mut self, raw: u64, generation: Generation) -> Option<Pid> {
        let live = self.processes.child_of(raw, generation).map(|child| child.pid);
        live.or_else(|| self.undrained.get(&(raw, generation)).map(|(pid, _)| *pid))
    }
}
