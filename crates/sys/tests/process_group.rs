//! Finding who lives in a process group.
#![allow(clippy::unwrap_used)]
#![cfg(target_os = "linux")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use supervisor_core::Pid;
use supervisor_sys::process_group::{Member, living_members};
use support::{DEADLINE, becomes_readable};

/// A process of a group, which ends with the test.
struct Sleeper(Child);

impl Sleeper {
    /// In the group of this leader; in one of its own if there is none.
    fn start(leader: Option<&Self>) -> Self {
        let group = leader.map_or(0, |leader| leader.pid().raw());
        Self(Command::new("sleep").arg("1000").process_group(group).spawn().unwrap())
    }

    fn pid(&self) -> Pid {
        Pid::new(i32::try_from(self.0.id()).unwrap()).unwrap()
    }

    /// Ends it and leaves it a zombie.
    fn kill(&mut self) {
        self.0.kill().unwrap();
        let number = self.0.id();
        support::wait_until("it is a zombie", || {
            let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap();
            stat.contains(") Z ").then_some(())
        });
    }
}

impl Drop for Sleeper {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn members(groups: &[&Sleeper]) -> BTreeMap<Pid, Member> {
    let groups: BTreeSet<Pid> = groups.iter().map(|leader| leader.pid()).collect();
    living_members(&groups).unwrap()
}

/// Which process is found for the group of `leader`.
fn found(leader: &Sleeper) -> Option<Pid> {
    members(&[leader]).remove(&leader.pid()).map(|member| member.pid)
}

#[test]
fn one_member_after_the_other_is_found_until_only_zombies_are_left() {
    let mut leader = Sleeper::start(None);
    let others = [(); 3].map(|()| Sleeper::start(Some(&leader)));
    assert_eq!(found(&leader), Some(leader.pid()));
    leader.kill();
    let mut dead = Vec::new();
    // In the order of their numbers, which may have begun again at the lowest.
    let mut left: BTreeMap<Pid, Sleeper> = others.map(|sleeper| (sleeper.pid(), sleeper)).into();
    while let Some(mut lowest) = left.first_entry() {
        assert_eq!(found(&leader), Some(*lowest.key()));
        lowest.get_mut().kill();
        dead.push(lowest.remove());
    }
    assert_eq!(found(&leader), None, "{} zombies", dead.len());
}

#[test]
fn the_descriptor_of_a_member_tells_its_end_to_who_is_not_its_parent() {
    // The member is the shell's child, and its parent is gone when it ends.
    let mut shell = Command::new("sh");
    shell.args(["-c", "sleep 1000 >/dev/null & echo $!"]).process_group(0).stdout(Stdio::piped());
    let shell = shell.spawn().unwrap();
    let group = Pid::new(i32::try_from(shell.id()).unwrap()).unwrap();
    let output = shell.wait_with_output().unwrap();
    let number: i32 = String::from_utf8(output.stdout).unwrap().trim().parse().unwrap();
    let member = living_members(&BTreeSet::from([group])).unwrap().remove(&group).unwrap();
    assert_eq!(member.pid.raw(), number);
    assert!(!becomes_readable(member.pidfd.as_fd(), Duration::ZERO));
    supervisor_sys::signal::signal_group(group, supervisor_core::Signal::KILL).unwrap();
    assert!(becomes_readable(member.pidfd.as_fd(), DEADLINE));
    assert!(living_members(&BTreeSet::from([group])).unwrap().is_empty());
}

#[test]
fn many_groups_are_looked_for_at_once() {
    let leaders = [(); 4].map(|()| Sleeper::start(None));
    let mut empty = Sleeper::start(None);
    empty.kill();
    let mut groups: Vec<&Sleeper> = leaders.iter().collect();
    groups.push(&empty);
    let found = members(&groups);
    assert_eq!(found.len(), leaders.len());
    assert!(leaders.iter().all(|leader| found[&leader.pid()].pid == leader.pid()));
    assert!(members(&[]).is_empty());
}
