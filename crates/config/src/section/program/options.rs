//! The options of a program.

use super::stream::{STDERR, STDOUT};
use crate::environment::Environment;
use crate::host::Account;
use crate::section::{Opt, OptionDoc, pairs};
use crate::value;
use supervisor_core::{Autorestart, Signal};

pub(in crate::section) const PRIORITY: Opt<i64> = Opt {
    key: "priority",
    default: Some("999"),
    parse: value::integer,
    takes: "a whole number",
    doc: "Order among programs: low starts first and stops last.",
};
pub(in crate::section) const AUTOSTART: Opt<bool> = Opt {
    key: "autostart",
    default: Some("true"),
    parse: value::boolean,
    takes: "true or false",
    doc: "Start with supervisord, or when the program is added.",
};
pub(in crate::section) const AUTORESTART: Opt<Autorestart> = Opt {
    key: "autorestart",
    default: Some("unexpected"),
    parse: value::autorestart,
    takes: "true, false or unexpected",
    doc: "Start again after an exit: always, never, or unless the exit code is one of exitcodes.",
};
pub(in crate::section) const STARTSECS: Opt<i64> = Opt {
    key: "startsecs",
    default: Some("1"),
    parse: value::integer,
    takes: "a whole number of seconds",
    doc: "Seconds a process must stay up to count as started; 0: it counts at once.",
};
pub(in crate::section) const STARTRETRIES: Opt<i64> = Opt {
    key: "startretries",
    default: Some("3"),
    parse: value::retries,
    takes: "a whole number",
    doc: "Further attempts after a failed start before the process is FATAL.",
};
pub(in crate::section) const STOPSIGNAL: Opt<Signal> = Opt {
    key: "stopsignal",
    default: Some("TERM"),
    parse: value::signal,
    takes: "a signal name, with or without SIG, or a number",
    doc: "The signal that asks the process to stop.",
};
pub(in crate::section) const STOPWAITSECS: Opt<i64> = Opt {
    key: "stopwaitsecs",
    default: Some("10"),
    parse: value::integer,
    takes: "a whole number of seconds",
    doc: "Seconds between the stop signal and SIGKILL.",
};
pub(in crate::section) const STOPASGROUP: Opt<bool> = Opt {
    key: "stopasgroup",
    default: Some("false"),
    parse: value::boolean,
    takes: "true or false",
    doc: "Send the stop signal to the whole process group; implies killasgroup.",
};
pub(in crate::section) const KILLASGROUP: Opt<bool> = Opt {
    key: "killasgroup",
    default: None,
    parse: value::boolean,
    takes: "true or false",
    doc: "Send SIGKILL to the whole process group; by default as stopasgroup says.",
};
pub(in crate::section) const EXITCODES: Opt<Vec<u8>> = Opt {
    key: "exitcodes",
    default: Some("0"),
    parse: value::exit_codes,
    takes: "exit codes from 0 to 255, separated by commas",
    doc: "Exit codes that are expected; used with autorestart=unexpected.",
};
pub(in crate::section) const REDIRECT_STDERR: Opt<bool> = Opt {
    key: "redirect_stderr",
    default: Some("false"),
    parse: value::boolean,
    takes: "true or false",
    doc: "Send standard error the way of standard output.",
};
pub(in crate::section) const NUMPROCS: Opt<i64> = Opt {
    key: "numprocs",
    default: Some("1"),
    parse: value::integer,
    takes: "a whole number",
    doc: "How many processes to run; more than one need %(process_num) in process_name.",
};
pub(in crate::section) const NUMPROCS_START: Opt<i64> = Opt {
    key: "numprocs_start",
    default: Some("0"),
    parse: value::integer,
    takes: "a whole number",
    doc: "The first %(process_num).",
};
pub(in crate::section) const ENVIRONMENT: Opt<Environment> = Opt {
    key: "environment",
    default: Some(""),
    parse: pairs::environment,
    takes: "pairs such as KEY=\"value\",OTHER=\"value\"",
    doc: "Variables for the process, over those of [supervisord]. A variable in a value arrives as it is.",
};
pub(in crate::section) const SERVERURL: Opt<Vec<u8>> = Opt {
    key: "serverurl",
    default: Some("AUTO"),
    parse: value::bytes,
    takes: "a URL or AUTO",
    doc: "What the process finds in SUPERVISOR_SERVER_URL; AUTO: the first unix server, else the last inet server.",
};
pub(in crate::section) const USER: Opt<Account> = Opt {
    key: "user",
    default: None,
    parse: value::user,
    takes: "the name or number of a user that exists",
    doc: "The user the process runs as. Only root can choose another one.",
};
pub(in crate::section) const UMASK: Opt<u32> = Opt {
    key: "umask",
    default: None,
    parse: value::octal,
    takes: "an octal number such as 022",
    doc: "The process's file creation mask; by default supervisord's.",
};
pub(in crate::section) const PROCESS_NAME: Opt<String> = Opt {
    key: "process_name",
    default: Some("%(program_name)s"),
    parse: value::name,
    takes: "a name without blanks, colons and slashes",
    doc: "The name of each process, usually with %(process_num)02d when there are several.",
};
pub(in crate::section) const DIRECTORY: Opt<Vec<u8>> = Opt {
    key: "directory",
    default: None,
    parse: value::bytes,
    takes: "a path",
    doc: "Where the process goes before it starts.",
};
pub(in crate::section) const COMMAND: Opt<Vec<u8>> = Opt {
    key: "command",
    default: None,
    parse: value::bytes,
    takes: "a command with its arguments",
    doc: "The command to run, absolute or found on PATH. Quotes work as in a shell; nothing else of a shell does.",
};

/// Every option, in the order they are read.
pub(crate) const OPTIONS: &[OptionDoc] = &[
    PRIORITY.described(),
    AUTOSTART.described(),
    AUTORESTART.described(),
    STARTSECS.described(),
    STARTRETRIES.described(),
    STOPSIGNAL.described(),
    STOPWAITSECS.described(),
    STOPASGROUP.described(),
    KILLASGROUP.described(),
    EXITCODES.described(),
    REDIRECT_STDERR.described(),
    NUMPROCS.described(),
    NUMPROCS_START.described(),
    ENVIRONMENT.described(),
    STDOUT.capture_maxbytes.described(),
    STDOUT.events_enabled.described(),
    STDERR.capture_maxbytes.described(),
    STDERR.events_enabled.described(),
    SERVERURL.described(),
    USER.described(),
    UMASK.described(),
    PROCESS_NAME.described(),
    DIRECTORY.described(),
    STDOUT.logfile.described(),
    STDOUT.backups.described(),
    STDOUT.maxbytes.described(),
    STDOUT.syslog.described(),
    STDERR.logfile.described(),
    STDERR.backups.described(),
    STDERR.maxbytes.described(),
    STDERR.syslog.described(),
    COMMAND.described(),
];
