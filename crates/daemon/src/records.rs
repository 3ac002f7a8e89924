//! The records clients are shown of processes and of their configuration.

use crate::api::Charged;
use crate::children::process::Process;
use crate::main_loop::Loop;
use std::borrow::Cow;
use std::ffi::OsStr;
use supervisor_config::{Group, LogFile, Process as Config, StreamLog};
use supervisor_core::{Channel, Moment, ProcessId, ProcessInfo as CoreInfo};
use supervisor_rpc::config_info::StreamInfo;
use supervisor_rpc::{ConfigInfo, Encoded, Fault, ProcessInfo, ProcessSummary, compact};
use supervisor_sys::clock;

/// About how many bytes a record takes in an answer: in that to `getAllProcessInfo`, in the compact form of it, and in that to
/// `getAllConfigInfo`.
const PROCESS_INFO: usize = 1300;
const PROCESS_SUMMARY: usize = 100;
const CONFIG_INFO: usize = 2200;

impl Loop {
    /// The record of one process.
    pub(crate) fn process_record(&self, id: ProcessId) -> Option<ProcessInfo<'static>> {
        let now = clock::now();
        Some(record(&self.core.process_info(id, now)?, self.processes.get(id), now).into_owned())
    }

    /// The records of all processes by group name, then process name, as an answer has them. They are encoded here, as that
    /// takes less time than copies of them would.
    pub(crate) fn process_records(&self) -> Result<Charged<Encoded>, Fault> {
        let count = self.processes.len();
        let make = || Encoded::list(count, self.all_records());
        Charged::make(&self.answers, count * PROCESS_INFO, make, Encoded::len)
    }

    /// What `supervisorctl` shows of them, in the compact form.
    pub(crate) fn process_summaries(&self) -> Result<Charged<Vec<u8>>, Fault> {
        let expected = self.processes.len() * PROCESS_SUMMARY;
        Charged::make(&self.answers, expected, || self.summaries(), Vec::len)
    }

    fn summaries(&self) -> Vec<u8> {
        let mut encoder = compact::Encoder::new(self.processes.len());
        for info in self.core.all_process_info(clock::now()) {
            encoder.push(&ProcessSummary {
                name: info.name,
                group: info.group,
                state: info.state.code().into(),
                statename: info.state.name(),
                pid: shown_pid(&info),
                description: &info.description.render(clock::stop_time),
            });
        }
        encoder.finish()
    }

    fn all_records(&self) -> impl Iterator<Item = ProcessInfo<'_>> {
        let now = clock::now();
        self.core.all_process_info(now).map(move |info| record(&info, self.processes.get(info.id), now))
    }

    /// The configuration last read, by process name.
    pub(crate) fn config_records(&self) -> Result<Charged<Encoded>, Fault> {
        let mut all: Vec<_> = self
            .config
            .groups
            .iter()
            .flat_map(|group| group.processes.iter().map(move |process| (group, process)))
            .collect();
        all.sort_by(|(_, one), (_, two)| one.name.cmp(&two.name));
        let count = all.len();
        let records = all.into_iter().map(|(group, process)| self.config_record(group, process));
        Charged::make(&self.answers, count * CONFIG_INFO, || Encoded::list(count, records), Encoded::len)
    }

    fn config_record(&self, group: &Group, process: &Config) -> ConfigInfo<'static> {
        let policy = &process.policy;
        let active = self.active_process(&group.name, &process.name);
        // An AUTO log has a name once the group was added as it stands in this configuration.
        let materialised = active.filter(|_| self.materialised.contains(&group.name));
        ConfigInfo {
            autostart: policy.autostart,
            autorestart: policy.autorestart,
            directory: process.directory.as_ref().map(|path| shown(path.as_os_str())),
            uid: process.uid.map(i64::from),
            command: String::from_utf8_lossy(&process.command).into_owned().into(),
            exitcodes: policy.exitcodes.iter().copied().map(i64::from).collect(),
            group: group.name.to_string().into(),
            group_prio: group.priority,
            inuse: self.core.group_named(&group.name).is_ok(),
            killasgroup: policy.killasgroup,
            name: process.name.to_string().into(),
            process_prio: policy.priority,
            redirect_stderr: process.redirect_stderr,
            startretries: policy.startretries,
            startsecs: policy.startsecs,
            stdout: stream(&process.stdout, materialised, Channel::Stdout),
            stopsignal: i64::from(policy.stopsignal.0),
            stopwaitsecs: policy.stopwaitsecs,
            stderr: stream(&process.stderr, materialised, Channel::Stderr),
            serverurl: process.serverurl.as_ref().map(|url| shown(url)),
        }
    }

    fn active_process(&self, group: &str, process: &str) -> Option<&Process> {
        let name = supervisor_core::Namespec { group, process: Some(process) }.to_string();
        match self.core.resolve(&name).ok()? {
            supervisor_core::Selection::Process(id) => self.processes.get(id),
            supervisor_core::Selection::Group(_) | supervisor_core::Selection::All => None,
        }
    }
}

fn shown_pid(info: &CoreInfo<'_>) -> i64 {
    info.pid.map_or(0, |pid| pid.raw().into())
}

/// What XML-RPC shows of a process.
pub(crate) fn record<'a>(info: &CoreInfo<'a>, process: Option<&'a Process>, now: Moment) -> ProcessInfo<'a> {
    let log = |channel| process.map_or(Cow::Borrowed(""), |process| process.log_path(channel));
    ProcessInfo {
        name: info.name.into(),
        group: info.group.into(),
        start: CoreInfo::clamped_seconds(info.start).into(),
        stop: CoreInfo::clamped_seconds(info.stop).into(),
        now: CoreInfo::clamped_seconds(Some(now.wall)).into(),
        state: info.state.code().into(),
        statename: info.state.name().into(),
        spawnerr: info.spawn_error.into(),
        exitstatus: info.exit_status.into(),
        stdout_logfile: log(Channel::Stdout),
        stderr_logfile: log(Channel::Stderr),
        pid: shown_pid(info),
        description: info.description.render(clock::stop_time).into(),
    }
}

fn stream(log: &StreamLog, materialised: Option<&Process>, channel: Channel) -> StreamInfo<'static> {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let logfile = match &log.logfile {
        LogFile::None => supervisor_rpc::LogFile::None,
        LogFile::Path(path) => supervisor_rpc::LogFile::Path(shown(path.as_os_str())),
        LogFile::Auto => materialised
            .and_then(|process| process.log_file(channel))
            .map_or(supervisor_rpc::LogFile::Auto, |file| {
                supervisor_rpc::LogFile::Path(shown(file.path.as_os_str()))
            }),
    };
    StreamInfo {
        capture_maxbytes: number(log.capture_maxbytes),
        events_enabled: log.events_enabled,
        logfile,
        logfile_backups: log.backups.into(),
        logfile_maxbytes: number(log.maxbytes),
        syslog: log.syslog,
    }
}

fn shown(text: &OsStr) -> Cow<'static, str> {
    text.to_string_lossy().into_owned().into()
}
