//! The options of one output stream: `stdout_*` and `stderr_*`.

use crate::diagnostic::Fault;
use crate::expand::{self, ExpandError};
use crate::section::table::{Opt, OptionDoc};
use crate::section::{Invalid, SectionReader};
use crate::value::types;
use crate::value::{LogFileName, ParseContext};
use std::path::Path;
use std::sync::Arc;

/// Where one output stream of a process goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamLog {
    /// Where it is written.
    pub logfile: LogFile,
    /// Bytes at which the file rotates; 0: never.
    pub maxbytes: u64,
    /// Rotated files to keep; 0: the file is emptied instead.
    pub backups: u32,
    /// Each line also goes to syslog.
    pub syslog: bool,
    /// Most bytes of one tagged message; 0: tags are not looked for.
    pub capture_maxbytes: u64,
    /// Each chunk becomes a `PROCESS_LOG` event.
    pub events_enabled: bool,
}

/// Where a child's output is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogFile {
    /// Nowhere.
    None,
    /// To a file in `childlogdir` that supervisord names and removes.
    Auto,
    /// To this file, as written; a relative one starts at supervisord's working directory.
    Path(Arc<Path>),
}

/// The options of one stream.
pub(crate) struct StreamOptions {
    pub(super) logfile: Opt<LogFileName>,
    maxbytes: Opt<u64>,
    backups: Opt<u32>,
    syslog: Opt<bool>,
    capture_maxbytes: Opt<u64>,
    events_enabled: Opt<bool>,
}

pub(crate) const STDOUT: StreamOptions = StreamOptions {
    logfile: logfile("stdout_logfile").not_as(&["logfile"]),
    maxbytes: maxbytes("stdout_logfile_maxbytes").not_as(&["logfile_maxbytes", "stdout_maxbytes"]),
    backups: backups("stdout_logfile_backups").not_as(&["logfile_backups", "stdout_backups"]),
    syslog: syslog("stdout_syslog").not_as(&["stdout_logfile_syslog"]),
    capture_maxbytes: capture_maxbytes("stdout_capture_maxbytes"),
    events_enabled: events_enabled("stdout_events_enabled"),
};

pub(crate) const STDERR: StreamOptions = StreamOptions {
    logfile: logfile("stderr_logfile"),
    maxbytes: maxbytes("stderr_logfile_maxbytes").not_as(&["stderr_maxbytes"]),
    backups: backups("stderr_logfile_backups").not_as(&["stderr_backups"]),
    syslog: syslog("stderr_syslog").not_as(&["stderr_logfile_syslog"]),
    capture_maxbytes: capture_maxbytes("stderr_capture_maxbytes"),
    events_enabled: events_enabled("stderr_events_enabled"),
};

impl StreamOptions {
    pub(crate) const fn described(&self) -> [OptionDoc; 6] {
        let Self { logfile, maxbytes, backups, syslog, capture_maxbytes, events_enabled } = self;
        [
            capture_maxbytes.described(),
            events_enabled.described(),
            logfile.described(),
            backups.described(),
            maxbytes.described(),
            syslog.described(),
        ]
    }
}

const fn logfile(key: &'static str) -> Opt<LogFileName> {
    Opt::new(key, types::LOGFILE_NAME)
        .default("AUTO")
        .help("File for this stream; AUTO: a file in childlogdir that the next start of supervisord removes.")
}

const fn maxbytes(key: &'static str) -> Opt<u64> {
    Opt::new(key, types::BYTE_SIZE)
        .default("50MB")
        .help("Size at which the file is rotated; 0 never rotates.")
}

const fn backups(key: &'static str) -> Opt<u32> {
    Opt::new(key, types::SMALL_COUNT)
        .default("10")
        .help("Rotated files to keep; 0 keeps none and empties the file instead.")
}

const fn syslog(key: &'static str) -> Opt<bool> {
    Opt::new(key, types::BOOLEAN).default("false").help("Send each line to syslog as well.")
}

const fn capture_maxbytes(key: &'static str) -> Opt<u64> {
    Opt::new(key, types::BYTE_SIZE)
        .default("0")
        .help("Longest message between capture tags; 0: tags are not looked for.")
}

const fn events_enabled(key: &'static str) -> Opt<bool> {
    Opt::new(key, types::BOOLEAN).default("false").help("Emit a PROCESS_LOG event for each chunk of output.")
}

/// Reads what is the same for every process. The rest holds defaults until [`read_own`].
pub(super) fn read_shared(reader: &mut SectionReader<'_>, options: &StreamOptions) -> StreamLog {
    StreamLog {
        capture_maxbytes: reader.value(&options.capture_maxbytes),
        events_enabled: reader.value(&options.events_enabled),
        logfile: LogFile::Auto,
        maxbytes: 0,
        backups: 0,
        syslog: false,
    }
}

/// Reads what each process has for itself, and says what the log file option held; the deprecated `syslog` counts as
/// none.
pub(super) fn read_own(
    reader: &mut SectionReader<'_>,
    options: &StreamOptions,
    stream: &mut StreamLog,
) -> LogFileName {
    let name = read_logfile(reader, options);
    stream.backups = reader.value(&options.backups);
    stream.maxbytes = reader.value(&options.maxbytes);
    stream.syslog = reader.value(&options.syslog);
    stream.logfile = match &name {
        LogFileName::File(file) => file.clone(),
        LogFileName::Empty | LogFileName::Syslog => LogFile::None,
    };
    let section = &reader.section.name;
    let key = options.logfile.key;
    if name == LogFileName::Syslog {
        stream.syslog = true;
        reader.report.warn(format!(
            "For [{section}], {key}=syslog but this is deprecated and will be removed.  Use {}=true to enable \
             syslog instead.",
            options.syslog.key
        ));
    }
    if stream.logfile == LogFile::Auto && stream.maxbytes == 0 {
        reader.report.warn(format!(
            "For [{section}], AUTO logging used for {key} without rollover, set maxbytes > 0 to avoid filling up \
             filesystem unintentionally"
        ));
    }
    name
}

/// Upstream expands this option twice, so that a percent sign had to be written four times. What it accepts
/// that way still means the same; what only its second pass would refuse is taken as the first one left it.
fn read_logfile(reader: &mut SectionReader<'_>, options: &StreamOptions) -> LogFileName {
    let option = &options.logfile;
    let automatic = LogFileName::File(LogFile::Auto);
    let Ok(Some(once)) = reader.text(option.key) else { return automatic };
    let has_more = once.text.contains(&b'%');
    let Some(text) = std::str::from_utf8(&once.text).ok().filter(|_| has_more) else {
        return reader.parsed(option, &once, reader.tail).unwrap_or(automatic);
    };
    match expand::expand(text, reader.names, None) {
        Ok(twice) => reader.parsed(option, &twice, reader.tail).unwrap_or(automatic),
        Err(errors) => parsed_once(reader, option, text, &errors[0]).unwrap_or(automatic),
    }
}

/// Reads a text that can be expanded only once. If it is no good then, the fault is the one upstream stops at, and
/// its reason is ours.
fn parsed_once(
    reader: &mut SectionReader<'_>,
    option: &Opt<LogFileName>,
    text: &str,
    error: &ExpandError,
) -> Result<LogFileName, Invalid> {
    let parsed = (option.of.parse)(text.as_bytes(), &mut ParseContext::new(reader.host));
    parsed.map_err(|rejection| {
        let (head, names) = error.text(text, None, option.key);
        let fault = Fault::new(head)
            .with_names(names)
            .with_tail(reader.tail)
            .at(reader.place_of(option.key))
            .because(rejection.message)
            .with_hint(rejection.hint);
        reader.report.fault(fault);
        Invalid
    })
}
