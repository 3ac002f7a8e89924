//! What clients see of processes and of their configuration, encoded from the [`View`].

use super::wire_fault;
use super::{Charged, EncodedResult};
use std::borrow::Cow;
use std::ffi::OsStr;
use std::path::Path;
use supervisor_config::{LogFile, StreamLog};
use supervisor_control::{ProgramView, View};
use supervisor_core::ProcessInfo as CoreInfo;
use supervisor_http::Budget;
use supervisor_rpc::config_info::StreamInfo;
use supervisor_rpc::{ConfigInfo, Encoded, Fault, ProcessInfo, ProcessSummary, compact};
use supervisor_sys::clock;

/// About how many bytes a record takes in an answer: in that to `getAllProcessInfo`, in the compact form of it, and in that to
/// `getAllConfigInfo`.
const PROCESS_INFO: usize = 1300;
const PROCESS_SUMMARY: usize = 100;
const CONFIG_INFO: usize = 2200;

/// One process.
pub(super) fn process(view: &dyn View, name: &str) -> EncodedResult {
    view.check_running().and_then(|()| view.process(name)).map_or_else(
        |fault| Err(wire_fault(&fault)),
        |info| Ok(Encoded::new(&process_info(view, &info)).into()),
    )
}

/// All processes by group name, then process name.
pub(super) fn all_processes(view: &dyn View, answers: &Budget) -> EncodedResult {
    view.check_running().map_err(|fault| wire_fault(&fault))?;
    let count = view.process_count();
    let make = || Encoded::list(count, view.processes().map(|info| process_info(view, &info)));
    Charged::make(answers, count * PROCESS_INFO, make, Encoded::len)
}

/// What `supervisorctl` shows of them, in the [compact form](compact).
pub(super) fn summaries(view: &dyn View, answers: &Budget) -> Result<Charged<Vec<u8>>, Fault> {
    view.check_running().map_err(|fault| wire_fault(&fault))?;
    Charged::make(answers, view.process_count() * PROCESS_SUMMARY, || encode_summaries(view), Vec::len)
}

fn encode_summaries(view: &dyn View) -> Vec<u8> {
    let mut encoder = compact::Encoder::new(view.process_count());
    for info in view.processes() {
        encoder.push(&ProcessSummary {
            name: info.name,
            group: info.group,
            state: info.state.code().into(),
            statename: info.state.name(),
            pid: wire_pid(&info),
            description: &info.description.render(clock::stop_time),
        });
    }
    encoder.finish()
}

/// The configuration last read, by process name.
pub(super) fn configuration(view: &dyn View, answers: &Budget) -> EncodedResult {
    view.check_running().map_err(|fault| wire_fault(&fault))?;
    let programs = view.programs();
    let count = programs.len();
    let make = || Encoded::list(count, programs.iter().map(config_info));
    Charged::make(answers, count * CONFIG_INFO, make, Encoded::len)
}

fn process_info<'a>(view: &'a dyn View, info: &CoreInfo<'a>) -> ProcessInfo<'a> {
    let logs = view.log_paths(info.id);
    let path = |log: Option<&'a Path>| log.map_or(Cow::Borrowed(""), path_text);
    ProcessInfo {
        name: info.name.into(),
        group: info.group.into(),
        start: CoreInfo::clamped_seconds(info.start).into(),
        stop: CoreInfo::clamped_seconds(info.stop).into(),
        now: CoreInfo::clamped_seconds(Some(view.now().wall)).into(),
        state: info.state.code().into(),
        statename: info.state.name().into(),
        spawnerr: info.spawn_error.into(),
        exitstatus: info.exit_status.into(),
        stdout_logfile: path(logs.stdout),
        stderr_logfile: path(logs.stderr),
        pid: wire_pid(info),
        description: info.description.render(clock::stop_time).into(),
    }
}

fn wire_pid(info: &CoreInfo<'_>) -> i64 {
    info.pid.map_or(0, |pid| pid.raw().into())
}

/// What is UTF-8 is seen to be so a word at a time; the other way looks at each character.
fn path_text(path: &Path) -> Cow<'_, str> {
    path.to_str().map_or_else(|| path.to_string_lossy(), Cow::Borrowed)
}

fn config_info<'a>(program: &ProgramView<'a>) -> ConfigInfo<'a> {
    let (group, process, policy) = (program.group, program.process, &program.process.policy);
    ConfigInfo {
        autostart: policy.autostart,
        autorestart: policy.autorestart,
        directory: process.directory.as_ref().map(|path| lossy(path.as_os_str())),
        uid: process.uid.map(i64::from),
        command: String::from_utf8_lossy(&process.command),
        exitcodes: policy.exitcodes.iter().copied().map(i64::from).collect(),
        group: Cow::Borrowed(&group.name),
        group_prio: group.priority,
        inuse: program.is_active,
        killasgroup: policy.killasgroup,
        name: Cow::Borrowed(&process.name),
        process_prio: policy.priority,
        redirect_stderr: process.redirect_stderr,
        startretries: policy.startretries,
        startsecs: policy.startsecs,
        stdout: stream_info(&process.stdout, program.auto_logs.stdout),
        stopsignal: i64::from(policy.stopsignal.0),
        stopwaitsecs: policy.stopwaitsecs,
        stderr: stream_info(&process.stderr, program.auto_logs.stderr),
        serverurl: process.serverurl.as_ref().map(|url| lossy(url)),
    }
}

fn stream_info<'a>(log: &'a StreamLog, auto_log: Option<&'a Path>) -> StreamInfo<'a> {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    let logfile = match &log.logfile {
        LogFile::None => supervisor_rpc::LogFile::None,
        LogFile::Path(path) => supervisor_rpc::LogFile::Path(lossy(path.as_os_str())),
        LogFile::Auto => auto_log.map_or(supervisor_rpc::LogFile::Auto, |path| {
            supervisor_rpc::LogFile::Path(lossy(path.as_os_str()))
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

fn lossy(text: &OsStr) -> Cow<'_, str> {
    text.to_string_lossy()
}
