//! What processes and groups are called: by number inside the daemon, by `group:process` outside.

use std::fmt;

/// Names one process for as long as the daemon lives. Never used again after the process is removed, so a
/// late fact about it is recognised as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProcessId(pub(crate) u64);

/// Names one group for as long as the daemon lives; never used again after the group is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupId(pub(crate) u64);

impl ProcessId {
    /// The bare number, to index a table by or to show in a trace.
    pub const fn raw(self) -> u64 {
        self.0
    }
}

impl GroupId {
    /// The bare number, to index a table by or to show in a trace.
    pub const fn raw(self) -> u64 {
        self.0
    }
}

impl fmt::Display for ProcessId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The processes a request speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Selection {
    /// One process.
    Process(ProcessId),
    /// Every process of one group.
    Group(GroupId),
    /// Every process there is.
    All,
}

/// A name as clients write it, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Namespec<'a> {
    /// The group.
    pub group: &'a str,
    /// The process; `None` means the whole group (`group:*`, `group:`).
    pub process: Option<&'a str>,
}

impl<'a> Namespec<'a> {
    /// Takes `name`, `group:name`, `group:*` or `group:` apart at the first colon; a bare `name` is the
    /// process of that name in the group of that name.
    pub fn parse(text: &'a str) -> Self {
        match text.split_once(':') {
            None => Self { group: text, process: Some(text) },
            Some((group, "" | "*")) => Self { group, process: None },
            Some((group, process)) => Self { group, process: Some(process) },
        }
    }

    /// What the shortest spelling that `parse` understands consists of: `name` where group and process share it.
    pub fn parts(&self) -> [&'a str; 3] {
        match self.process {
            None => [self.group, ":", "*"],
            Some(process) if process == self.group => [process, "", ""],
            Some(process) => [self.group, ":", process],
        }
    }
}

impl fmt::Display for Namespec<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts().into_iter().try_for_each(|part| f.write_str(part))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_the_first_colon() {
        let spec = |group, process| Namespec { group, process };
        assert_eq!(Namespec::parse("cat"), spec("cat", Some("cat")));
        assert_eq!(Namespec::parse("grp:x"), spec("grp", Some("x")));
        assert_eq!(Namespec::parse("grp:x:y"), spec("grp", Some("x:y")));
        assert_eq!(Namespec::parse("grp:*"), spec("grp", None));
        assert_eq!(Namespec::parse("grp:"), spec("grp", None));
        assert_eq!(Namespec::parse(""), spec("", Some("")));
    }

    #[test]
    fn a_name_shared_by_group_and_process_is_written_once() {
        assert_eq!(Namespec { group: "a", process: Some("a") }.to_string(), "a");
        assert_eq!(Namespec { group: "a", process: Some("b") }.to_string(), "a:b");
        assert_eq!(Namespec { group: "a", process: None }.to_string(), "a:*");
    }
}
