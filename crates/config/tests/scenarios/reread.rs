//! What a changed file changes.

use super::{loaded, try_load, with_program};
use supervisor_config::{Diff, diff};

const MAIN: &str = "[supervisord]\n";

fn changes(running: &str, new: &str) -> Diff {
    diff(&loaded(running).groups, &loaded(new).groups)
}

fn is_changed(running: &str, new: &str) -> bool {
    changes(&with_program(running), &with_program(new))
        == Diff { changed: vec!["x".into()], ..Diff::default() }
}

/// CFG-54.
#[test]
fn an_unchanged_file_changes_nothing() {
    let text = "[supervisord]\n[program:a]\ncommand=a\nenvironment=A=\"1\",B=\"2\"\n[program:b]\ncommand=b\nstdout_logfile=/tmp/x\n[eventlistener:e]\ncommand=e\nevents=TICK_5,TICK_60\n[fcgi-program:f]\ncommand=f\nsocket=tcp://h:1\n[group:g]\nprograms=a\n";
    assert_eq!(changes(text, text), Diff::default());
    assert_eq!(changes(text, &text.replace("TICK_5,TICK_60", "TICK_60,TICK_5")), Diff::default());
    assert_eq!(changes(text, &text.replace("A=\"1\",B=\"2\"", "B=\"2\",A=\"1\"")), Diff::default());
}

/// CFG-55.
#[test]
fn a_change_to_an_automatic_log_goes_unnoticed_and_one_from_it_does_not() {
    assert!(is_changed("", "stdout_logfile=/tmp/x"));
    assert!(is_changed("", "stdout_logfile=NONE"));
    assert!(!is_changed("stdout_logfile=/tmp/x", ""));
    assert!(!is_changed("stdout_logfile=NONE", ""));
    assert!(is_changed("stdout_logfile=/tmp/x", "stdout_logfile=/tmp/y"));
}

#[test]
fn every_option_of_a_process_counts() {
    let options = [
        "command=b",
        "process_name=y",
        "numprocs=2\nprocess_name=%(process_num)d",
        "numprocs=0",
        "priority=1",
        "autostart=false",
        "autorestart=true",
        "startsecs=2",
        "startretries=2",
        "stopsignal=INT",
        "stopwaitsecs=2",
        "stopasgroup=true",
        "killasgroup=true",
        "exitcodes=1",
        "redirect_stderr=true\nstderr_logfile=NONE",
        "environment=A=\"1\"",
        "serverurl=http://x",
        "user=nobody",
        "umask=077",
        "directory=/tmp",
        "stdout_logfile_maxbytes=1",
        "stdout_logfile_backups=1",
        "stdout_syslog=true",
        "stdout_capture_maxbytes=1",
        "stdout_events_enabled=true",
        "stderr_logfile_maxbytes=1",
        "stderr_logfile_backups=1",
        "stderr_syslog=true",
        "stderr_capture_maxbytes=1",
        "stderr_events_enabled=true",
    ];
    for option in options {
        assert!(is_changed("", option), "{option}");
        assert!(is_changed(option, ""), "{option}");
        assert!(!is_changed(option, option), "{option}");
    }
}

/// CFG-57.
#[test]
fn the_sections_environment_changes_every_group() {
    let programs = "[program:a]\ncommand=a\n[program:b]\ncommand=b\n";
    let new = format!("[supervisord]\nenvironment=A=\"1\"\n{programs}");
    assert_eq!(changes(&format!("{MAIN}{programs}"), &new).changed, ["a", "b"]);
}

#[test]
fn groups_are_added_and_removed_in_their_orders() {
    let running =
        format!("{MAIN}[program:b]\ncommand=b\n[program:a]\ncommand=a\n[program:keep]\ncommand=k\n");
    let new = format!(
        "{MAIN}[program:keep]\ncommand=k\n[program:d]\ncommand=d\npriority=1\n[program:c]\ncommand=c\n"
    );
    let expected = Diff {
        added: vec!["d".into(), "c".into()],
        changed: Vec::new(),
        removed: vec!["a".into(), "b".into()],
    };
    assert_eq!(changes(&running, &new), expected);
}

#[test]
fn a_program_that_moves_into_a_group_is_removed_under_its_own_name() {
    let running = format!("{MAIN}[program:a]\ncommand=a\n[program:b]\ncommand=b\n[group:g]\nprograms=a\n");
    let new = running.replace("programs=a", "programs=a,b");
    let expected = Diff { added: Vec::new(), changed: vec!["g".into()], removed: vec!["b".into()] };
    assert_eq!(changes(&running, &new), expected);
}

#[test]
fn what_a_group_shares_counts() {
    let listener = format!("{MAIN}[eventlistener:x]\ncommand=a\nevents=TICK_5\nbuffer_size=10\n");
    for (old, new) in
        [("TICK_5", "TICK_60"), ("buffer_size=10", "buffer_size=11"), ("eventlistener", "program")]
    {
        assert_eq!(changes(&listener, &listener.replace(old, new)).changed, ["x"], "{new}");
    }
    let fcgi =
        format!("{MAIN}[fcgi-program:x]\ncommand=a\nsocket=unix:///s\nsocket_mode=0700\nsocket_backlog=5\n");
    // Upstream looks at the URL alone.
    for (old, new) in [("///s", "///t"), ("0700", "0777"), ("=5", "=6")] {
        assert_eq!(changes(&fcgi, &fcgi.replace(old, new)).changed, ["x"], "{new}");
    }
}

/// CFG-56: the fault's text is the same, without the names of environment variables.
#[test]
fn a_broken_file_has_a_text_for_the_fault() {
    let failure = try_load("[supervisord]\n[program:bad]\ncommand=a\npriority=%(x)s\n").unwrap_err();
    assert_eq!(
        failure.first().remote_message(),
        "Format string '%(x)s' for 'program:bad.priority' contains names ('x') which cannot be expanded."
    );
    let failure = try_load("[supervisord]\n[program:bad]\ncommand=%(x)s\n").unwrap_err();
    assert_eq!(
        failure.first().remote_message(),
        "Format string '%(x)s' for 'program:bad.command' contains names ('x') which cannot be expanded. in section \
         'program:bad' (file: 's.conf')"
    );
}
