//! Waiting for the end of process groups: a stop that concerns a group completes when the group is empty.
//!
//! # Theory
//!
//! The child of `sh wrap.sh`, the leader of its group, dies of the stop signal at once, and the server behind it runs on for as
//! long as it needs to free its port. While the core awaits the end of the group, the exit of the leader is withheld from it:
//!
//! - The leader stays a zombie, so that its pid cannot be reused and SIGKILL, which the core orders in time,
//!   hits its group and no other. Where orphans are re-parented to us, it would hide them
//!   ([`supervisor_sys::reap`]); there it is reaped as soon as a member is watched, which keeps the pid in use as well.
//! - Its pipes stay with the pump: what the group still writes is logged, and no member gets SIGPIPE while it cleans up. Its
//!   standard input is closed.
//! - A job searches for one living member, whose pidfd is watched; when it ends, the next search follows
//!   ([`supervisor_sys::process_group`]). A search takes milliseconds with thousands of processes, so one job serves all groups
//!   that need it.
//!
//! What has outlived SIGKILL for [`PATIENCE`] is stuck in the kernel or belongs to another user; the stop is over
//! then, and the log says so. A member that leaves the group is noticed when it ends, or when SIGKILL is sent. Where
//! the kernel has no pidfds, or nothing can be found out, the stop is over when the leader has ended, as in upstream.

use super::Children;
use crate::main_loop::message::Message;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::Duration;
use supervisor_core::{ExitStatus, KillCause, KillOrder, KillTarget, Level, Pid, Signal, Supervisor};
use supervisor_sys::clock;
use supervisor_sys::process_group::{Member, living_members};

/// How long the processes of a group may take to die of SIGKILL.
const PATIENCE: Duration = Duration::from_secs(10);

/// The groups whose leader has ended and whose end is awaited.
#[derive(Default)]
pub(super) struct Groups {
    /// By process.
    waiting: BTreeMap<u64, Waiting>,
    /// A job searches for members.
    is_searching: bool,
}

/// A group whose leader has ended.
struct Waiting {
    /// Its number, that of its leader.
    group: Pid,
    /// The member whose end is watched for; none while one is looked for.
    member: Option<Member>,
    /// How the leader ended, if it had to be reaped.
    status: Option<ExitStatus>,
    /// From SIGKILL on: until when it is waited for.
    give_up_at: Option<Duration>,
}

/// The members that a search found of some groups.
pub(crate) struct SearchResult {
    groups: BTreeSet<Pid>,
    members: io::Result<BTreeMap<Pid, Member>>,
}

impl Groups {
    /// When the next group is given up on.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        self.waiting.values().filter_map(|waiting| waiting.give_up_at).min()
    }

    /// Whether the number of this process' group may be another's by now.
    pub(super) fn may_have_ended(&self, raw: u64) -> bool {
        self.waiting.get(&raw).is_some_and(|waiting| {
            let lives = |member: &Member| matches!(member.has_ended(), Ok(false));
            waiting.status.is_some() && !waiting.member.as_ref().is_some_and(lives)
        })
    }

    /// The watched descriptors, by process.
    pub(super) fn descriptors(&self) -> impl Iterator<Item = (u64, RawFd)> + '_ {
        let watched = |waiting: &Waiting| waiting.member.as_ref().map(|member| member.pidfd.as_raw_fd());
        self.waiting.iter().filter_map(move |(raw, waiting)| Some((*raw, watched(waiting)?)))
    }
}

impl Children {
    /// Whether the exit of this process' child must be withheld from the core until its group is empty. If so, begins to wait
    /// for the group.
    pub(super) fn awaits_group_end(&mut self, raw: u64, core: &Supervisor) -> bool {
        let Some(process) = self.processes.get_raw(raw) else { return false };
        let id = process.id;
        let Some(child) = process.child.as_mut() else { return false };
        // Without a pidfd it has been reaped by now, and there are none for the others.
        if child.group_has_ended || child.pidfd.is_none() || !core.awaits_group_end(id) {
            return false;
        }
        if self.groups.waiting.contains_key(&raw) {
            return true;
        }
        let group = child.pid;
        let give_up_at = child.group_is_killed.then(|| clock::now().monotonic + PATIENCE);
        let is_watched = std::mem::take(&mut child.stdin_is_watched);
        if let Some(stdin) = child.stdin.take().filter(|_| is_watched) {
            self.unwatch(stdin.pipe().as_raw_fd());
        }
        self.groups.waiting.insert(raw, Waiting { group, member: None, status: None, give_up_at });
        self.search_members();
        true
    }

    /// A watched process has ended; `false` if it was no mere member of a group.
    pub(super) fn member_ended(&mut self, raw: u64) -> bool {
        if !self.groups.waiting.contains_key(&raw) {
            return false;
        }
        self.forget_member(raw);
        self.search_members();
        true
    }

    /// A signal was sent. From SIGKILL on a group has [`PATIENCE`], and its members are searched again, as the watched one may
    /// have left it.
    pub(super) fn note_kill(&mut self, order: &KillOrder) {
        if (order.signal, order.target, order.cause) != (Signal::KILL, KillTarget::Group, KillCause::Stop) {
            return;
        }
        let child = self.processes.get_mut(order.process).and_then(|process| process.child.as_mut());
        let Some(child) = child.filter(|child| child.pid == order.pid) else { return };
        child.group_is_killed = true;
        let raw = order.process.raw();
        if let Some(waiting) = self.groups.waiting.get_mut(&raw) {
            waiting.give_up_at.get_or_insert(clock::now().monotonic + PATIENCE);
            self.forget_member(raw);
            self.search_members();
        }
    }

    /// Searches for members of the groups that need one, unless a search is under way.
    fn search_members(&mut self) {
        let without = self.groups.waiting.values().filter(|waiting| waiting.member.is_none());
        let groups: BTreeSet<Pid> = without.map(|waiting| waiting.group).collect();
        if groups.is_empty() || self.groups.is_searching {
            return;
        }
        self.groups.is_searching = true;
        let wanted = groups.clone();
        self.workers.submit(
            move || {
                let members = living_members(&wanted);
                Message::MembersFound(SearchResult { groups: wanted, members })
            },
            move |why| Message::MembersFound(SearchResult { groups, members: Err(io::Error::other(why)) }),
        );
    }

    /// A search has ended.
    pub(crate) fn members_found(&mut self, found: SearchResult) {
        self.groups.is_searching = false;
        let SearchResult { groups, members } = found;
        let (mut members, failure) = match members {
            Ok(members) => (members, None),
            Err(error) => (BTreeMap::new(), Some(error)),
        };
        let concerned =
            self.groups.waiting.iter().filter(|(_, it)| it.member.is_none() && groups.contains(&it.group));
        let concerned: Vec<(u64, Pid)> = concerned.map(|(raw, waiting)| (*raw, waiting.group)).collect();
        for (raw, group) in concerned {
            match (members.remove(&group), &failure) {
                (Some(member), _) => self.watch_member(raw, member),
                (None, Some(error)) => self.cannot_wait_for_group(raw, error),
                (None, None) => self.group_ended(raw),
            }
        }
        self.search_members();
    }

    /// Wakes the loop when this member has ended. It has the token of its leader, whose end is known.
    fn watch_member(&mut self, raw: u64, member: Member) {
        match self.watch_end(raw, member.pidfd.as_raw_fd()) {
            Ok(()) => {
                if let Some(waiting) = self.groups.waiting.get_mut(&raw) {
                    waiting.member = Some(member);
                }
                if self.may_adopt {
                    self.reap_leader(raw);
                }
            }
            Err(error) => self.cannot_wait_for_group(raw, &error),
        }
    }

    /// Reaps a leader whose group is waited for, so that it hides no orphan.
    fn reap_leader(&mut self, raw: u64) {
        let Some(waiting) = self.groups.waiting.get_mut(&raw).filter(|waiting| waiting.status.is_none())
        else {
            return;
        };
        let pidfd = self.processes.get_raw(raw).and_then(|process| process.child.as_ref()?.pidfd.as_ref());
        if let Ok(Some(status)) = self.roster.reap(waiting.group, pidfd.map(AsFd::as_fd)) {
            waiting.status = Some(status);
        }
    }

    fn forget_member(&mut self, raw: u64) {
        let waiting = self.groups.waiting.get_mut(&raw);
        if let Some(member) = waiting.and_then(|waiting| waiting.member.take()) {
            self.unwatch(member.pidfd.as_raw_fd());
        }
    }

    /// Gives up on the groups that have outlived SIGKILL for too long.
    pub(super) fn give_up_on_groups(&mut self, now: Duration) {
        let overdue = self.groups.waiting.iter().filter(|(_, it)| it.give_up_at.is_some_and(|at| at <= now));
        let overdue: Vec<u64> = overdue.map(|(raw, _)| *raw).collect();
        for raw in overdue {
            let Some(waiting) = self.groups.waiting.get(&raw) else { continue };
            let group = waiting.group;
            let who = waiting
                .member
                .as_ref()
                .map_or("a process".to_owned(), |member| format!("pid {}", member.pid));
            let name = self.processes.name_of(raw);
            self.log.log(
                Level::Critical,
                format!(
                    "{who} of the process group of {name} ({group}) has survived SIGKILL for {} seconds and is left running",
                    PATIENCE.as_secs()
                ),
            );
            self.group_ended(raw);
        }
    }

    /// The end of a group cannot be waited for: its stop is over now.
    fn cannot_wait_for_group(&mut self, raw: u64, error: &io::Error) {
        let name = self.processes.name_of(raw);
        self.log.log(Level::Info, format!("cannot wait for the process group of {name} to end: {error}"));
        self.group_ended(raw);
    }

    /// Nothing is left to wait for but the leader.
    fn group_ended(&mut self, raw: u64) {
        self.forget_member(raw);
        let status = self.groups.waiting.remove(&raw).and_then(|waiting| waiting.status);
        let Some(child) = self.processes.get_raw(raw).and_then(|process| process.child.as_mut()) else {
            return;
        };
        child.group_has_ended = true;
        match &mut child.draining {
            // Its output is drained already.
            Some(draining) => {
                draining.status = status;
                self.reapable.push_back(raw);
            }
            None => self.begin_draining(raw, status),
        }
    }
}
