//! What was meant by an option that nothing reads: the mistakes that turn up in real files, then options of other sections,
//! then the nearest spelling.

use super::program;
use super::supervisord;
use super::table::{OptionDoc, SECTIONS, SectionKind};
use crate::confusable;
use crate::spelling::nearest;

/// Options that programs do not have, and what they have.
const ABSENT_IN_PROGRAMS: [(&str, &str); 5] = [
    ("group", "a process has the groups of its user; programs= of [group:x] puts programs together"),
    ("depend", DEPENDENCIES),
    ("depends", DEPENDENCIES),
    ("depends_on", DEPENDENCIES),
    ("log_stdout", "standard output is logged unless stdout_logfile=NONE"),
];

const DEPENDENCIES: &str = "programs do not wait for each other; priority gives the order of their starts";

/// The same of `[supervisord]`.
const ABSENT_IN_SUPERVISORD: [(&str, &str); 3] =
    [("stderr_logfile", ONE_LOG), ("stderr_logfile_maxbytes", ONE_LOG), ("stderr_logfile_backups", ONE_LOG)];

const ONE_LOG: &str = "supervisord has one log, which logfile names";

/// What to do about a key in a section that has no such option.
pub(super) fn hint(key: &str, kind: &SectionKind) -> Option<String> {
    if let Some((_, letter, looks)) = confusable::first(key) {
        return Some(confusable::hint(letter, looks));
    }
    let is_mistaken = |option: &&OptionDoc| option.mistaken_for_it.contains(&key);
    if let Some(meant) = kind.all_options().find(is_mistaken) {
        return Some(format!("did you mean {}?", meant.key));
    }
    let absent: &[(&str, &str)] = match kind.name {
        name if name == supervisord::SECTION.name => &ABSENT_IN_SUPERVISORD,
        _ if kind.has(program::process::COMMAND.key) => &ABSENT_IN_PROGRAMS,
        _ => &[],
    };
    if let Some((_, text)) = absent.iter().find(|(known, _)| *known == key) {
        return Some((*text).to_string());
    }
    if let Some(other) = SECTIONS.iter().find(|other| other.name != kind.name && other.has(key)) {
        return Some(format!("it belongs in {}", other.title()));
    }
    nearest(key, kind.all_options().map(|option| option.key)).map(|meant| format!("did you mean {meant}?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::section::table::kind_of;

    #[test]
    fn mistakes_of_real_files_are_recognised() {
        let cases = [
            ("logfile", "program:x", "did you mean stdout_logfile?"),
            ("stdout_logfile", "supervisord", "did you mean logfile?"),
            ("stderr_logfile", "supervisord", ONE_LOG),
            ("stdout_logfile_syslog", "program:x", "did you mean stdout_syslog?"),
            ("command", "supervisord", "it belongs in [program:x]"),
            ("autostart", "group:x", "it belongs in [program:x]"),
            ("nodaemon", "program:x", "it belongs in [supervisord]"),
            ("events", "program:x", "it belongs in [eventlistener:x]"),
            ("port", "unix_http_server", "it belongs in [inet_http_server]"),
            ("chmod", "inet_http_server", "it belongs in [unix_http_server]"),
            ("unmask", "supervisord", "did you mean umask?"),
            ("auto_start", "program:x", "did you mean autostart?"),
            ("depend", "program:x", DEPENDENCIES),
        ];
        for (key, section, expected) in cases {
            assert_eq!(hint(key, kind_of(section).unwrap()).as_deref(), Some(expected), "{key} in {section}");
        }
        for key in ["dependent_startup", "dependent_startup_wait_for", "zzz"] {
            assert_eq!(hint(key, &program::SECTION), None, "{key}");
        }
    }
}
