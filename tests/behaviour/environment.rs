//! `environment=`.

use super::assert_refused;
use support::{Daemon, Launch, Sandbox, processes, wait_for};

/// The value of variable `A` in a program started with these options.
fn value_in_child(supervisord: &str, program: &str) -> String {
    let daemon = Daemon::start(&format!(
        "[supervisord]\n{supervisord}\n[program:x]\ncommand=sleep 1000\nstartsecs=0\n{program}\n"
    ));
    let pid = u32::try_from(daemon.wait_for_state("x", "RUNNING")["pid"].int()).unwrap();
    wait_for("A in the child's environment", || {
        let entries = processes::environment(pid);
        let value = entries.iter().find_map(|entry| entry.strip_prefix(b"A="))?;
        Some(String::from_utf8_lossy(value).into_owned())
    })
}

/// CFG-28: 4.3.0 expands this value twice and fails.
#[test]
fn percent_sign_in_the_daemons_environment_is_doubled_once_unlike_upstream() {
    assert_eq!(value_in_child("environment=A=\"100%%\"", ""), "100%");
}

/// CFG-30: 4.3.0 ends the value at the inner quote.
#[test]
fn escaped_quote_is_part_of_the_value_unlike_upstream() {
    assert_eq!(value_in_child("", "environment=A=\"x\\\"y\""), "x\"y");
}

/// CFG-31
#[test]
fn special_characters_have_to_be_quoted() {
    assert_refused(
        "[program:x]\ncommand=x\nenvironment=A=http://h/?q\n",
        "Unexpected end of key/value pairs in value 'A=http://h/?q' in section 'program:x' (file: \
         'DIR/supervisord.conf')",
    );
    assert_eq!(value_in_child("", "environment=A=\"http://h/?q\""), "http://h/?q");
}

/// CFG-32
#[test]
fn value_may_be_empty_but_not_missing() {
    for text in ["A", "A="] {
        assert_refused(
            &format!("[program:x]\ncommand=x\nenvironment={text}\n"),
            &format!(
                "Unexpected end of key/value pairs in value '{text}' in section 'program:x' (file: \
                 'DIR/supervisord.conf')"
            ),
        );
    }
    assert_eq!(value_in_child("", "environment=A=\"\""), "");
}

#[test]
fn pairs_may_stand_on_several_lines() {
    assert_eq!(value_in_child("", "environment=B=\"1\",\n  A=\"2\",\n  C=\"3\","), "2");
}

/// With an empty `serverurl=` a program gets no `SUPERVISOR_SERVER_URL`.
#[test]
fn an_empty_server_url_is_none() {
    let config = "[program:x]\nserverurl=\nstdout_logfile=%(here)s/x.log\n\
                  command=/bin/sh -c \"echo ${SUPERVISOR_SERVER_URL-none}; sleep 1000\"\n";
    assert_eq!(Daemon::start(config).wait_for_file("x.log", "\n"), "none\n");
}

/// Python adds `LC_CTYPE=C.UTF-8` to an environment that names no locale, and upstream's programs inherit it.
#[test]
fn no_locale_is_added_to_the_environment_of_programs_unlike_upstream() {
    let sandbox = Sandbox::new();
    let launch = Launch::new().through_shell("unset LANG LC_ALL LC_CTYPE; exec \"$@\"");
    let config = "[program:x]\ncommand=/bin/sh -c \"echo ${LC_CTYPE-none}; sleep 1000\"\nstdout_logfile=%(here)s/x.log\n";
    let daemon = launch.configure(&sandbox, config).start(sandbox);
    assert_eq!(daemon.wait_for_file("x.log", "\n"), "none\n");
}
