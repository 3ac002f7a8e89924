//! What was meant by an option that nothing reads: the mistakes that turn up in real files, then options of other sections,
//! then the nearest spelling.

use super::SECTIONS;
use crate::diagnostic::nearest;
use crate::unseen;

/// Options of a program that files have under other names.
const IN_PROGRAMS: [(&str, &str); 16] = [
    ("logfile", "stdout_logfile"),
    ("logfile_maxbytes", "stdout_logfile_maxbytes"),
    ("logfile_backups", "stdout_logfile_backups"),
    ("log_stderr", "redirect_stderr"),
    ("stdout_maxbytes", "stdout_logfile_maxbytes"),
    ("stdout_backups", "stdout_logfile_backups"),
    ("stderr_maxbytes", "stderr_logfile_maxbytes"),
    ("stderr_backups", "stderr_logfile_backups"),
    ("stdout_logfile_syslog", "stdout_syslog"),
    ("stderr_logfile_syslog", "stderr_syslog"),
    ("cwd", "directory"),
    ("chdir", "directory"),
    ("workdir", "directory"),
    ("working_directory", "directory"),
    ("env", "environment"),
    ("restart", "autorestart"),
];

/// The same in `[supervisord]`.
const IN_SUPERVISORD: [(&str, &str); 3] = [
    ("stdout_logfile", "logfile"),
    ("stdout_logfile_maxbytes", "logfile_maxbytes"),
    ("stdout_logfile_backups", "logfile_backups"),
];

/// Options of a program that there are not, and what there is.
const ABSENT_IN_PROGRAMS: [(&str, &str); 5] = [
    ("group", "a process has the groups of its user; programs= of [group:x] puts programs together"),
    ("depend", DEPENDENCIES),
    ("depends", DEPENDENCIES),
    ("depends_on", DEPENDENCIES),
    ("log_stdout", "standard output is logged unless stdout_logfile=NONE"),
];

const DEPENDENCIES: &str = "programs do not wait for each other; priority gives the order of their starts";

/// The same in `[supervisord]`.
const ABSENT_IN_SUPERVISORD: [(&str, &str); 3] =
    [("stderr_logfile", ONE_LOG), ("stderr_logfile_maxbytes", ONE_LOG), ("stderr_logfile_backups", ONE_LOG)];

const ONE_LOG: &str = "supervisord has one log, which logfile names";

/// Sections with the options of a program.
const PROGRAMS: [&str; 3] = ["[program:x]", "[fcgi-program:x]", "[eventlistener:x]"];

/// What to do about an option of a section with this title.
pub(super) fn hint(key: &str, title: &str) -> Option<String> {
    if let Some((_, letter, looks)) = unseen::first(key) {
        return Some(unseen::hint(letter, looks));
    }
    let (renamed, absent): (&[_], &[_]) = match title {
        "[supervisord]" => (&IN_SUPERVISORD, &ABSENT_IN_SUPERVISORD),
        _ if PROGRAMS.contains(&title) => (&IN_PROGRAMS, &ABSENT_IN_PROGRAMS),
        _ => (&[], &[]),
    };
    let find =
        |table: &[(&str, &'static str)]| table.iter().find(|(known, _)| *known == key).map(|&(_, text)| text);
    if let Some(meant) = find(renamed) {
        return Some(format!("did you mean {meant}?"));
    }
    if let Some(text) = find(absent) {
        return Some(text.to_string());
    }
    let belongs = SECTIONS.iter().find(|section| section.title != title && section.has(key));
    if let Some(section) = belongs {
        return Some(format!("it belongs in {}", section.title));
    }
    let own = SECTIONS.iter().find(|section| section.title == title)?;
    nearest(key, own.keys()).map(|meant| format!("did you mean {meant}?"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mistakes_of_real_files_are_recognised() {
        let cases = [
            ("logfile", "[program:x]", "did you mean stdout_logfile?"),
            ("stdout_logfile", "[supervisord]", "did you mean logfile?"),
            ("stderr_logfile", "[supervisord]", ONE_LOG),
            ("stdout_logfile_syslog", "[program:x]", "did you mean stdout_syslog?"),
            ("command", "[supervisord]", "it belongs in [program:x]"),
            ("autostart", "[group:x]", "it belongs in [program:x]"),
            ("nodaemon", "[program:x]", "it belongs in [supervisord]"),
            ("events", "[program:x]", "it belongs in [eventlistener:x]"),
            ("port", "[unix_http_server]", "it belongs in [inet_http_server]"),
            ("chmod", "[inet_http_server]", "it belongs in [unix_http_server]"),
            ("unmask", "[supervisord]", "did you mean umask?"),
            ("auto_start", "[program:x]", "did you mean autostart?"),
            ("depend", "[program:x]", DEPENDENCIES),
        ];
        for (key, title, expected) in cases {
            assert_eq!(hint(key, title).as_deref(), Some(expected), "{key} in {title}");
        }
        for key in ["dependent_startup", "dependent_startup_wait_for", "zzz"] {
            assert_eq!(hint(key, "[program:x]"), None, "{key}");
        }
    }
}
