//! Who runs the tests, and whom they can run programs as.

use std::fs;

/// True when the test runs with effective uid 0.
pub fn is_root() -> bool {
    effective_uid() == 0
}

fn effective_uid() -> u32 {
    let status = fs::read_to_string("/proc/self/status").expect("/proc is mounted");
    let line = status.lines().find(|line| line.starts_with("Uid:")).expect("the kernel lists uids");
    line.split_whitespace()
        .nth(2)
        .and_then(|uid| uid.parse().ok())
        .expect("the second uid is the effective one")
}

/// An entry of the password file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub name: String,
    /// User id.
    pub uid: u32,
    /// Primary group id.
    pub gid: u32,
}

impl Account {
    /// The account with this login name, if the machine has it.
    pub fn named(name: &str) -> Option<Self> {
        Self::find(|account| account.name == name)
    }

    /// An account without rights: `nobody`, which every Linux has.
    pub fn unprivileged() -> Self {
        Self::named("nobody").expect("the machine has a user `nobody`")
    }

    /// The account the test runs as.
    pub fn own() -> Self {
        let uid = effective_uid();
        Self::find(|account| account.uid == uid).expect("the user who runs the tests is in /etc/passwd")
    }

    fn find(wanted: impl Fn(&Self) -> bool) -> Option<Self> {
        let entries = fs::read_to_string("/etc/passwd").expect("/etc/passwd is readable");
        entries.lines().filter_map(Self::parse).find(wanted)
    }

    fn parse(entry: &str) -> Option<Self> {
        let mut fields = entry.split(':');
        let name = fields.next()?.to_owned();
        let uid = fields.nth(1)?.parse().ok()?;
        let gid = fields.next()?.parse().ok()?;
        Some(Self { name, uid, gid })
    }
}
