//! The answer of `getAllConfigInfo`: a record per configured process.

use crate::Value;
use crate::decode::Malformed;
use crate::encode::{Encode, Members, Writer};
use crate::members::MembersOf;
use std::borrow::Cow;
use supervisor_core::Autorestart;

/// Where a process's output goes, as `getAllConfigInfo` shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogFile<'a> {
    /// Nowhere; `none` on the wire.
    #[default]
    None,
    /// To a file supervisord names at the first start; `auto` on the wire.
    Auto,
    /// To this file.
    Path(Cow<'a, str>),
}

impl LogFile<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::None => "none",
            Self::Auto => "auto",
            Self::Path(path) => path,
        }
    }
}

impl LogFile<'static> {
    fn from_text(text: String) -> Self {
        match text.as_str() {
            "none" => Self::None,
            "auto" => Self::Auto,
            _ => Self::Path(text.into()),
        }
    }
}

/// What is configured for one of a process's two output streams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StreamInfo<'a> {
    /// Bytes of a tagged message kept at most.
    pub capture_maxbytes: i64,
    /// Output is also sent to event listeners.
    pub events_enabled: bool,
    /// The log.
    pub logfile: LogFile<'a>,
    /// Rotated files kept.
    pub logfile_backups: i64,
    /// Size at which the log is rotated; 0: never.
    pub logfile_maxbytes: i64,
    /// Output is also sent to syslog.
    pub syslog: bool,
}

/// The configuration of one process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigInfo<'a> {
    /// Started with the daemon or when its group is added.
    pub autostart: bool,
    /// When an exit leads to a new start. 4.3.0 does not say; there the client reads `Unexpected`.
    pub autorestart: Autorestart,
    /// Its working directory; `none` on the wire if unset.
    pub directory: Option<Cow<'a, str>>,
    /// The user it runs as; `none` on the wire if unset.
    pub uid: Option<i64>,
    /// The command after expansion.
    pub command: Cow<'a, str>,
    /// Exit codes that count as expected.
    pub exitcodes: Vec<i64>,
    /// Its group.
    pub group: Cow<'a, str>,
    /// The group's priority.
    pub group_prio: i64,
    /// A group of this name is active.
    pub inuse: bool,
    /// SIGKILL goes to the whole process group.
    pub killasgroup: bool,
    /// The process.
    pub name: Cow<'a, str>,
    /// Its priority within the group.
    pub process_prio: i64,
    /// Its stderr goes where its stdout goes.
    pub redirect_stderr: bool,
    /// Further attempts after a failed first one.
    pub startretries: i64,
    /// Seconds a start must survive.
    pub startsecs: i64,
    /// Its standard output.
    pub stdout: StreamInfo<'a>,
    /// The number of the signal that asks it to stop.
    pub stopsignal: i64,
    /// Seconds between that signal and SIGKILL.
    pub stopwaitsecs: i64,
    /// Its standard error.
    pub stderr: StreamInfo<'a>,
    /// The server URL it finds in its environment; `none` on the wire if unset or automatic.
    pub serverurl: Option<Cow<'a, str>>,
}

impl Encode for ConfigInfo<'_> {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.structure(|members| {
            members.boolean("autostart", self.autostart);
            encode_autorestart(self.autorestart, members);
            members.text("directory", or_none(self.directory.as_deref()));
            match self.uid {
                Some(uid) => members.int("uid", uid),
                None => members.text("uid", "none"),
            }
            members.text("command", &self.command);
            members.member("exitcodes", &self.exitcodes);
            members.text("group", &self.group);
            members.int("group_prio", self.group_prio);
            members.boolean("inuse", self.inuse);
            members.boolean("killasgroup", self.killasgroup);
            members.text("name", &self.name);
            members.int("process_prio", self.process_prio);
            members.boolean("redirect_stderr", self.redirect_stderr);
            members.int("startretries", self.startretries);
            members.int("startsecs", self.startsecs);
            members.int("stdout_capture_maxbytes", self.stdout.capture_maxbytes);
            members.boolean("stdout_events_enabled", self.stdout.events_enabled);
            members.text("stdout_logfile", self.stdout.logfile.as_str());
            members.int("stdout_logfile_backups", self.stdout.logfile_backups);
            members.int("stdout_logfile_maxbytes", self.stdout.logfile_maxbytes);
            members.boolean("stdout_syslog", self.stdout.syslog);
            members.int("stopsignal", self.stopsignal);
            members.int("stopwaitsecs", self.stopwaitsecs);
            members.int("stderr_capture_maxbytes", self.stderr.capture_maxbytes);
            members.boolean("stderr_events_enabled", self.stderr.events_enabled);
            members.text("stderr_logfile", self.stderr.logfile.as_str());
            members.int("stderr_logfile_backups", self.stderr.logfile_backups);
            members.int("stderr_logfile_maxbytes", self.stderr.logfile_maxbytes);
            members.boolean("stderr_syslog", self.stderr.syslog);
            members.text("serverurl", or_none(self.serverurl.as_deref()));
        });
    }
}

fn or_none(text: Option<&str>) -> &str {
    text.unwrap_or("none")
}

/// Booleans for the two plain cases and a word for the third, as 4.4.0 intends.
fn encode_autorestart(autorestart: Autorestart, members: &mut Members<'_, '_>) {
    match autorestart {
        Autorestart::Never => members.boolean("autorestart", false),
        Autorestart::Always => members.boolean("autorestart", true),
        Autorestart::Unexpected => members.text("autorestart", "unexpected"),
    }
}

impl ConfigInfo<'static> {
    /// Reads the record from an answer.
    pub fn from_value(value: Value) -> Result<Self, Malformed> {
        let mut members = MembersOf::new(value, "config info")?;
        Ok(Self {
            autostart: members.boolean("autostart")?,
            autorestart: match members.take("autorestart") {
                Some(Value::Bool(true)) => Autorestart::Always,
                Some(Value::Bool(false)) => Autorestart::Never,
                Some(_) | None => Autorestart::Unexpected,
            },
            directory: unless_none(members.text("directory")?),
            uid: members.int("uid").ok(),
            command: members.text("command")?.into(),
            exitcodes: exit_codes(members.take("exitcodes").as_ref())?,
            group: members.text("group")?.into(),
            group_prio: members.int("group_prio")?,
            inuse: members.boolean("inuse")?,
            killasgroup: members.boolean("killasgroup")?,
            name: members.text("name")?.into(),
            process_prio: members.int("process_prio")?,
            redirect_stderr: members.boolean("redirect_stderr")?,
            startretries: members.int("startretries")?,
            startsecs: members.int("startsecs")?,
            stdout: stream(&mut members, "stdout")?,
            stopsignal: members.int("stopsignal")?,
            stopwaitsecs: members.int("stopwaitsecs")?,
            stderr: stream(&mut members, "stderr")?,
            serverurl: unless_none(members.text("serverurl")?),
        })
    }
}

fn unless_none(text: String) -> Option<Cow<'static, str>> {
    (text != "none").then_some(text.into())
}

fn exit_codes(value: Option<&Value>) -> Result<Vec<i64>, Malformed> {
    let items = value.and_then(Value::as_array);
    items
        .and_then(|items| items.iter().map(Value::to_int).collect())
        .ok_or_else(|| Malformed::new("config info has no list of numbers 'exitcodes'"))
}

fn stream(members: &mut MembersOf, prefix: &str) -> Result<StreamInfo<'static>, Malformed> {
    let name = |member: &str| format!("{prefix}_{member}");
    Ok(StreamInfo {
        capture_maxbytes: members.int(&name("capture_maxbytes"))?,
        events_enabled: members.boolean(&name("events_enabled"))?,
        logfile: LogFile::from_text(members.text(&name("logfile"))?),
        logfile_backups: members.int(&name("logfile_backups"))?,
        logfile_maxbytes: members.int(&name("logfile_maxbytes"))?,
        syslog: members.boolean(&name("syslog"))?,
    })
}

#[cfg(test)]
mod tests;
