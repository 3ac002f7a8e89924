//! The options of one output stream: `stdout_*` and `stderr_*`.

use crate::config::{LogFile, StreamLog};
use crate::diagnostic::Fault;
use crate::expand::{self, ExpandError};
use crate::section::{Invalid, Opt, Pass};
use crate::value::{self, LogFileName, Reading};

/// The options of one stream.
pub(super) struct StreamOptions {
    pub(super) logfile: Opt<LogFileName>,
    pub(super) maxbytes: Opt<u64>,
    pub(super) backups: Opt<u32>,
    pub(super) syslog: Opt<bool>,
    pub(super) capture_maxbytes: Opt<u64>,
    pub(super) events_enabled: Opt<bool>,
}

/// The keys of one stream's options, in the order of [`StreamOptions`].
type Keys = [&'static str; 6];

pub(super) const STDOUT: StreamOptions = stream_options([
    "stdout_logfile",
    "stdout_logfile_maxbytes",
    "stdout_logfile_backups",
    "stdout_syslog",
    "stdout_capture_maxbytes",
    "stdout_events_enabled",
]);

pub(super) const STDERR: StreamOptions = stream_options([
    "stderr_logfile",
    "stderr_logfile_maxbytes",
    "stderr_logfile_backups",
    "stderr_syslog",
    "stderr_capture_maxbytes",
    "stderr_events_enabled",
]);

const fn stream_options(keys: Keys) -> StreamOptions {
    StreamOptions {
        logfile: Opt {
            key: keys[0],
            default: Some("AUTO"),
            parse: value::logfile_name,
            takes: "a path in a directory that exists, AUTO or NONE",
            doc: "Where this stream is written; AUTO: a file in childlogdir that goes away with the next start.",
        },
        maxbytes: Opt {
            key: keys[1],
            default: Some("50MB"),
            parse: value::byte_size,
            takes: "a number of bytes, with KB, MB or GB if you like",
            doc: "Size at which the file is rotated; 0 never rotates.",
        },
        backups: Opt {
            key: keys[2],
            default: Some("10"),
            parse: value::small_count,
            takes: "a whole number",
            doc: "Rotated files to keep; 0 keeps none and empties the file instead.",
        },
        syslog: Opt {
            key: keys[3],
            default: Some("false"),
            parse: value::boolean,
            takes: "true or false",
            doc: "Send each line to syslog as well.",
        },
        capture_maxbytes: Opt {
            key: keys[4],
            default: Some("0"),
            parse: value::byte_size,
            takes: "a number of bytes, with KB, MB or GB if you like",
            doc: "Longest message between capture tags; 0 does not look for tags.",
        },
        events_enabled: Opt {
            key: keys[5],
            default: Some("false"),
            parse: value::boolean,
            takes: "true or false",
            doc: "Make a PROCESS_LOG event of whatever is written.",
        },
    }
}

/// Reads what is the same for every process. The rest holds defaults until [`read_own`].
pub(super) fn read_shared(pass: &mut Pass<'_>, options: &StreamOptions) -> StreamLog {
    StreamLog {
        capture_maxbytes: pass.value(&options.capture_maxbytes),
        events_enabled: pass.value(&options.events_enabled),
        logfile: LogFile::Auto,
        maxbytes: 0,
        backups: 0,
        syslog: false,
    }
}

/// Reads what each process has for itself, and says what the log file option held; the deprecated `syslog` counts as
/// none.
pub(super) fn read_own(pass: &mut Pass<'_>, options: &StreamOptions, stream: &mut StreamLog) -> LogFileName {
    let name = read_logfile(pass, options);
    stream.backups = pass.value(&options.backups);
    stream.maxbytes = pass.value(&options.maxbytes);
    stream.syslog = pass.value(&options.syslog);
    stream.logfile = match &name {
        LogFileName::File(file) => file.clone(),
        LogFileName::Empty | LogFileName::Syslog => LogFile::None,
    };
    let section = &pass.section.name;
    let key = options.logfile.key;
    if name == LogFileName::Syslog {
        stream.syslog = true;
        pass.report.warn(format!(
            "For [{section}], {key}=syslog but this is deprecated and will be removed.  Use {}=true to enable \
             syslog instead.",
            options.syslog.key
        ));
    }
    if stream.logfile == LogFile::Auto && stream.maxbytes == 0 {
        pass.report.warn(format!(
            "For [{section}], AUTO logging used for {key} without rollover, set maxbytes > 0 to avoid filling up \
             filesystem unintentionally"
        ));
    }
    name
}

/// Upstream fills names into this option twice, so that a percent sign had to be written four times. What it accepts
/// that way still means the same; what only its second pass would refuse is taken as the first one left it.
fn read_logfile(pass: &mut Pass<'_>, options: &StreamOptions) -> LogFileName {
    let option = &options.logfile;
    let automatic = LogFileName::File(LogFile::Auto);
    let Ok(Some(once)) = pass.text(option.key) else { return automatic };
    let has_more = once.text.contains(&b'%');
    let Some(text) = std::str::from_utf8(&once.text).ok().filter(|_| has_more) else {
        return pass.parsed(option, &once, pass.tail).unwrap_or(automatic);
    };
    match expand::expand(text, pass.names, None) {
        Ok(twice) => pass.parsed(option, &twice, pass.tail).unwrap_or(automatic),
        Err(errors) => parsed_once(pass, option, text, &errors[0]).unwrap_or(automatic),
    }
}

/// Reads a text that can be filled in only once. If it is no good then, the fault is the one upstream stops at, and
/// its reason is ours.
fn parsed_once(
    pass: &mut Pass<'_>,
    option: &Opt<LogFileName>,
    text: &str,
    error: &ExpandError,
) -> Result<LogFileName, Invalid> {
    let parsed = (option.parse)(text.as_bytes(), &mut Reading::new(pass.host));
    parsed.map_err(|rejection| {
        let (head, names) = error.text(text, None, option.key);
        let fault = Fault::new(head)
            .with_names(names)
            .with_tail(pass.tail)
            .at(pass.place_of(option.key))
            .because(rejection.message)
            .with_hint(rejection.hint);
        pass.report.fault(fault);
        Invalid
    })
}
