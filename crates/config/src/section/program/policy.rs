//! The options of a program that the core decides by.

use crate::diagnostic::Fault;
use crate::section::table::{Opt, options};
use crate::section::{Invalid, SectionReader};
use crate::value::types;
use supervisor_core::{Autorestart, Policy, Signal};

options! {
    OPTIONS;

    pub(in crate::section) const PRIORITY: Opt<i64> = Opt::new("priority", types::INTEGER)
        .default("999")
        .help("Order among programs: low starts first and stops last.");
    const AUTOSTART: Opt<bool> = Opt::new("autostart", types::BOOLEAN)
        .default("true")
        .help("Start with supervisord, or when the program is added.");
    const AUTORESTART: Opt<Autorestart> = Opt::new("autorestart", types::AUTORESTART)
        .default("unexpected")
        .help("Start again after an exit: always, never, or unless the exit code is one of exitcodes.")
        .not_as(&["restart"]);
    const STARTSECS: Opt<i64> = Opt::new("startsecs", types::SECONDS)
        .default("1")
        .help("Seconds a process must stay up to count as started; 0: it counts at once.");
    const STARTRETRIES: Opt<i64> = Opt::new("startretries", types::RETRIES)
        .default("3")
        .help("Further attempts after a failed start before the process is FATAL.");
    const STOPSIGNAL: Opt<Signal> = Opt::new("stopsignal", types::SIGNAL)
        .default("TERM")
        .help("The signal that asks the process to stop.");
    const STOPWAITSECS: Opt<i64> = Opt::new("stopwaitsecs", types::SECONDS)
        .default("10")
        .help("Seconds between the stop signal and SIGKILL.");
    const STOPASGROUP: Opt<bool> = Opt::new("stopasgroup", types::BOOLEAN)
        .default("false")
        .help(
            "Send the stop signal to the whole process group; implies killasgroup. A stop then waits until the group is \
             empty.",
        );
    const KILLASGROUP: Opt<bool> = Opt::new("killasgroup", types::BOOLEAN)
        .help(
            "Send SIGKILL to the whole process group, and let a stop wait until it is empty; by default as stopasgroup \
             says.",
        );
    const EXITCODES: Opt<Vec<u8>> = Opt::new("exitcodes", types::EXIT_CODES)
        .default("0")
        .help("Exit codes that are expected; used with autorestart=unexpected.");
}

/// Reads them.
pub(super) fn read(reader: &mut SectionReader<'_>) -> Policy {
    let read = Policy {
        priority: reader.value(&PRIORITY),
        autostart: reader.value(&AUTOSTART),
        autorestart: reader.value(&AUTORESTART),
        startsecs: reader.value(&STARTSECS),
        startretries: reader.value(&STARTRETRIES),
        stopsignal: reader.value(&STOPSIGNAL),
        stopwaitsecs: reader.value(&STOPWAITSECS),
        stopasgroup: false,
        killasgroup: false,
        exitcodes: Vec::new(),
    };
    let stopasgroup = reader.checked_value(&STOPASGROUP);
    let killasgroup = reader.checked(&KILLASGROUP);
    let exitcodes = reader.value(&EXITCODES);
    // If either is invalid, they must not seem to contradict each other.
    let (stopasgroup, killasgroup) = match (stopasgroup, killasgroup) {
        (Ok(stop), Ok(kill)) => (stop, kill.unwrap_or(stop)),
        (Ok(_) | Err(Invalid), Ok(_) | Err(Invalid)) => (false, false),
    };
    Policy { stopasgroup, killasgroup, exitcodes, ..read }
}

/// Refuses a stop signal for the group whose SIGKILL would not reach the group.
pub(super) fn check_group_signals(reader: &mut SectionReader<'_>, policy: &Policy) {
    if policy.stopasgroup && !policy.killasgroup {
        let fault = Fault::new("Cannot set stopasgroup=true and killasgroup=false")
            .with_tail(reader.tail)
            .at(reader.place_of(KILLASGROUP.key))
            .because("a process that ignores the stop signal would be killed and its children left behind")
            .with_hint(Some("remove killasgroup, or set stopasgroup to false".to_string()));
        reader.report.fault(fault);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CommandLine, MemoryHost, load};

    /// The core's own defaults are those of the table.
    #[test]
    fn a_program_without_options_has_the_default_policy() {
        let host = MemoryHost::new().with_file("/s.conf", "[supervisord]\n[program:x]\ncommand=x\n");
        let line = CommandLine { configuration: Some("/s.conf".into()), ..CommandLine::new("supervisord") };
        let config = load(&line, &host).unwrap();
        assert_eq!(*config.groups[0].processes[0].policy, Policy::default());
    }
}
