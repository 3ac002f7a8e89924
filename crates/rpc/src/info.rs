//! The records that methods return, with their members in the order of the wire.

use crate::decode::Malformed;
use crate::encode::{Encode, Writer, opening};
use crate::members::MembersOf;
use crate::{Fault, FaultCode, Value};
use std::borrow::Cow;

/// The answer of `getProcessInfo`.
///
/// The server borrows the texts from its own records; the client owns them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProcessInfo<'a> {
    /// The process.
    pub name: Cow<'a, str>,
    /// Its group.
    pub group: Cow<'a, str>,
    /// Last start, seconds since the epoch; 0 if never.
    pub start: i64,
    /// Last exit, seconds since the epoch; 0 if never.
    pub stop: i64,
    /// The server's time, seconds since the epoch.
    pub now: i64,
    /// The state's number.
    pub state: i64,
    /// The state's name, such as `RUNNING`.
    pub statename: Cow<'a, str>,
    /// Why the last start failed; empty if it did not.
    pub spawnerr: Cow<'a, str>,
    /// The last exit status; -1 after a signal.
    pub exitstatus: i64,
    /// The path of the stdout log; empty if there is none. Sent twice, also as `logfile`.
    pub stdout_logfile: Cow<'a, str>,
    /// The path of the stderr log; empty if there is none.
    pub stderr_logfile: Cow<'a, str>,
    /// The process id; 0 when not alive.
    pub pid: i64,
    /// What `supervisorctl status` shows in its last column.
    pub description: Cow<'a, str>,
}

/// What `supervisorctl` shows of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProcessSummary<'a> {
    /// The process.
    pub name: &'a str,
    /// Its group.
    pub group: &'a str,
    /// The state's number.
    pub state: i64,
    /// The state's name, such as `RUNNING`.
    pub statename: &'a str,
    /// The process id; 0 when not alive.
    pub pid: i64,
    /// What `supervisorctl status` shows in its last column.
    pub description: &'a str,
}

impl Encode for ProcessInfo<'_> {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.structure(|members| {
            members.opened_text(opening!("name", string), &self.name);
            members.opened_text(opening!("group", string), &self.group);
            members.opened_int(opening!("start", int), self.start);
            members.opened_int(opening!("stop", int), self.stop);
            members.opened_int(opening!("now", int), self.now);
            members.opened_int(opening!("state", int), self.state);
            members.opened_text(opening!("statename", string), &self.statename);
            members.opened_text(opening!("spawnerr", string), &self.spawnerr);
            members.opened_int(opening!("exitstatus", int), self.exitstatus);
            members.opened_text(opening!("logfile", string), &self.stdout_logfile);
            members.opened_text(opening!("stdout_logfile", string), &self.stdout_logfile);
            members.opened_text(opening!("stderr_logfile", string), &self.stderr_logfile);
            members.opened_int(opening!("pid", int), self.pid);
            members.opened_text(opening!("description", string), &self.description);
        });
    }
}

impl ProcessInfo<'_> {
    /// The part of it that `supervisorctl` shows.
    pub fn summary(&self) -> ProcessSummary<'_> {
        ProcessSummary {
            name: &self.name,
            group: &self.group,
            state: self.state,
            statename: &self.statename,
            pid: self.pid,
            description: &self.description,
        }
    }

    /// The same with texts of its own.
    pub fn into_owned(self) -> ProcessInfo<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        ProcessInfo {
            name: own(self.name),
            group: own(self.group),
            statename: own(self.statename),
            spawnerr: own(self.spawnerr),
            stdout_logfile: own(self.stdout_logfile),
            stderr_logfile: own(self.stderr_logfile),
            description: own(self.description),
            ..self
        }
    }
}

impl ProcessInfo<'static> {
    /// Reads the record from an answer. Members that supervisorctl does without may be missing, so that other
    /// versions of the server can be asked.
    pub fn from_value(value: Value) -> Result<Self, Malformed> {
        let mut members = MembersOf::new(value, "process info")?;
        Ok(Self {
            name: members.text("name")?.into(),
            group: members.text("group")?.into(),
            start: members.int_or_zero("start"),
            stop: members.int_or_zero("stop"),
            now: members.int_or_zero("now"),
            state: members.int("state")?,
            statename: members.text("statename")?.into(),
            spawnerr: members.text_or_empty("spawnerr").into(),
            exitstatus: members.int_or_zero("exitstatus"),
            stdout_logfile: members.text_or_empty("stdout_logfile").into(),
            stderr_logfile: members.text_or_empty("stderr_logfile").into(),
            pid: members.int("pid")?,
            description: members.text_or_empty("description").into(),
        })
    }
}

/// How one process fared in a request for many: `status` is [`FaultCode::Success`] or a fault's number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status<'a> {
    /// The process.
    pub name: Cow<'a, str>,
    /// Its group.
    pub group: Cow<'a, str>,
    /// 80, or the fault's number.
    pub status: i64,
    /// `OK`, or the fault's text.
    pub description: Cow<'a, str>,
}

impl<'a> Status<'a> {
    /// The record of a process that did as asked.
    pub fn success(group: impl Into<Cow<'a, str>>, name: impl Into<Cow<'a, str>>) -> Self {
        let (group, name) = (group.into(), name.into());
        Self { name, group, status: FaultCode::Success.number(), description: "OK".into() }
    }

    /// The record of a process that did not.
    pub fn failure(group: impl Into<Cow<'a, str>>, name: impl Into<Cow<'a, str>>, fault: Fault) -> Self {
        let (group, name) = (group.into(), name.into());
        Self { name, group, status: fault.code, description: fault.text.into() }
    }
}

impl Encode for Status<'_> {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.structure(|members| {
            members.text("name", &self.name);
            members.text("group", &self.group);
            members.int("status", self.status);
            members.text("description", &self.description);
        });
    }
}

impl Status<'static> {
    /// Reads the record from an answer.
    pub fn from_value(value: Value) -> Result<Self, Malformed> {
        let mut members = MembersOf::new(value, "process status")?;
        Ok(Self {
            name: members.text("name")?.into(),
            group: members.text("group")?.into(),
            status: members.int("status")?,
            description: members.text("description")?.into(),
        })
    }
}

/// The answer of `getState`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupervisorState<'a> {
    /// 2 FATAL, 1 RUNNING, 0 RESTARTING, -1 SHUTDOWN.
    pub statecode: i64,
    /// Its name.
    pub statename: Cow<'a, str>,
}

impl Encode for SupervisorState<'_> {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.structure(|members| {
            members.int("statecode", self.statecode);
            members.text("statename", &self.statename);
        });
    }
}

impl SupervisorState<'static> {
    /// Reads the record from an answer.
    pub fn from_value(value: Value) -> Result<Self, Malformed> {
        let mut members = MembersOf::new(value, "state")?;
        Ok(Self { statecode: members.int("statecode")?, statename: members.text("statename")?.into() })
    }
}

/// The answer of `getImplementation`: which program answers. An extension; upstream answers with fault 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Implementation<'a> {
    /// The program, such as `supervisor-rs`.
    pub name: Cow<'a, str>,
    /// Its own version, which is not the Supervisor version it stands in for.
    pub version: Cow<'a, str>,
}

impl Encode for Implementation<'_> {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.structure(|members| {
            members.text("name", &self.name);
            members.text("version", &self.version);
        });
    }
}

impl Implementation<'static> {
    /// Reads the record from an answer.
    pub fn from_value(value: Value) -> Result<Self, Malformed> {
        let mut members = MembersOf::new(value, "implementation")?;
        Ok(Self { name: members.text("name")?.into(), version: members.text("version")?.into() })
    }
}

/// The answer of `reloadConfig`: names of groups, sent as an array that holds one array of three arrays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReloadedGroups {
    /// In the file, not active.
    pub added: Vec<String>,
    /// In both, and different.
    pub changed: Vec<String>,
    /// Active, not in the file.
    pub removed: Vec<String>,
}

impl Encode for ReloadedGroups {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.array(|outer| {
            outer.array(|inner| {
                self.added.encode(inner);
                self.changed.encode(inner);
                self.removed.encode(inner);
            });
        });
    }
}

impl ReloadedGroups {
    /// Reads the record from an answer.
    pub fn from_value(value: &Value) -> Result<Self, Malformed> {
        let lists = value.as_array().and_then(|outer| outer.first()).and_then(Value::as_array);
        let Some([added, changed, removed]) = lists else {
            return Err(Malformed::new("reloaded groups are not three lists"));
        };
        Ok(Self { added: names(added)?, changed: names(changed)?, removed: names(removed)? })
    }
}

fn names(value: &Value) -> Result<Vec<String>, Malformed> {
    let items = value.as_array().ok_or_else(|| Malformed::new("a list of names is no array"))?;
    let text = |item: &Value| item.as_str().map(str::to_owned);
    items.iter().map(text).collect::<Option<_>>().ok_or_else(|| Malformed::new("a name is no string"))
}

/// What the `tailProcess…Log` methods say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogTail<'a> {
    /// The bytes of the window, as they are in the file.
    pub data: Cow<'a, [u8]>,
    /// The size of the log: where the next window begins.
    pub offset: i64,
    /// Bytes were skipped.
    pub overflow: bool,
}

impl Encode for LogTail<'_> {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.array(|items| {
            items.text_lossy(&self.data);
            items.int(self.offset);
            items.boolean(self.overflow);
        });
    }
}

impl LogTail<'static> {
    /// Reads the record from an answer.
    pub fn from_value(value: &Value) -> Result<Self, Malformed> {
        match value.as_array() {
            Some([Value::String(data), Value::Int(offset), Value::Bool(overflow)]) => {
                Ok(Self { data: data.clone().into_bytes().into(), offset: *offset, overflow: *overflow })
            }
            Some(_) | None => Err(Malformed::new("a log tail is not text, offset and overflow")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Encoded, decode, encode};

    fn through_the_wire(record: &(impl Encode + ?Sized)) -> Value {
        decode::response(&encode::response(record)).unwrap().unwrap()
    }

    /// RPC-16: all members in their order, the log twice, the times and numbers as integers.
    #[test]
    fn a_process_that_never_ran_is_described_with_fourteen_members() {
        let info = ProcessInfo {
            name: "cat".into(),
            group: "cat".into(),
            now: 1_700_000_000,
            statename: "STOPPED".into(),
            stdout_logfile: "/tmp/o".into(),
            description: "Not started".into(),
            ..ProcessInfo::default()
        };
        let Value::Struct(members) = through_the_wire(&info) else { panic!("no struct") };
        let text = |text: &str| Value::from(text);
        let expected = [
            ("name", text("cat")),
            ("group", text("cat")),
            ("start", Value::Int(0)),
            ("stop", Value::Int(0)),
            ("now", Value::Int(1_700_000_000)),
            ("state", Value::Int(0)),
            ("statename", text("STOPPED")),
            ("spawnerr", text("")),
            ("exitstatus", Value::Int(0)),
            ("logfile", text("/tmp/o")),
            ("stdout_logfile", text("/tmp/o")),
            ("stderr_logfile", text("")),
            ("pid", Value::Int(0)),
            ("description", text("Not started")),
        ];
        assert_eq!(members, expected.map(|(name, value)| (name.to_owned(), value)));
    }

    /// RPC-36: the answer for a log that is not there.
    #[test]
    fn a_log_tail_is_an_array_of_three() {
        let expected = Value::Array(vec![Value::from(""), Value::Int(0), Value::Bool(false)]);
        assert_eq!(through_the_wire(&LogTail::default()), expected);
        let tail = LogTail { data: b"text".as_slice().into(), offset: 9, overflow: true };
        assert_eq!(LogTail::from_value(&through_the_wire(&tail)).unwrap(), tail);
    }

    /// RPC-39
    #[test]
    fn reloaded_groups_are_an_array_in_an_array() {
        let empty = Value::Array(vec![]);
        let expected = Value::Array(vec![Value::Array(vec![empty.clone(), empty.clone(), empty])]);
        assert_eq!(through_the_wire(&ReloadedGroups::default()), expected);
        let groups = ReloadedGroups { added: vec!["a".into()], changed: vec![], removed: vec!["r".into()] };
        assert_eq!(ReloadedGroups::from_value(&through_the_wire(&groups)).unwrap(), groups);
    }

    /// RPC-45: bare values and structs that stand for faults, side by side.
    #[test]
    fn results_of_a_multicall_are_bare_values_and_fault_structs() {
        let fault = Fault::bare(FaultCode::UnknownMethod);
        let results = [Encoded::new("3.0"), Encoded::new(&fault)];
        let answer = through_the_wire(&results[..]);
        let items = answer.as_array().unwrap();
        assert_eq!(items[0], Value::from("3.0"));
        assert_eq!(items[1].member("faultCode"), Some(&Value::Int(1)));
        assert_eq!(items[1].member("faultString"), Some(&Value::from("UNKNOWN_METHOD")));
    }

    /// RPC-29: statuses of many processes, failures among them.
    #[test]
    fn the_outcome_of_each_process_has_a_code_and_a_text() {
        let success = Status::success("g", "a");
        assert_eq!((success.status, &*success.description), (80, "OK"));
        let failure = Status::failure("g", "b", Fault::with_detail(FaultCode::SpawnError, "b"));
        assert_eq!((failure.status, &*failure.description), (50, "SPAWN_ERROR: b"));
        assert_eq!(Status::from_value(through_the_wire(&failure)).unwrap(), failure);
    }

    #[test]
    fn records_with_missing_members_are_refused_by_name() {
        let error = ProcessInfo::from_value(Value::Struct(vec![])).unwrap_err();
        assert_eq!(error.to_string(), "process info has no string member 'name'");
        assert!(Status::from_value(Value::Int(1)).is_err());
        assert!(ReloadedGroups::from_value(&Value::Nil).is_err());
        assert!(LogTail::from_value(&Value::Array(vec![])).is_err());
    }
}
