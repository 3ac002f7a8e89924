//! Finding the file, the `[supervisord]` section, and the command line over it.

use super::{host, load_on, loaded, refused, try_load};
use std::path::Path;
use supervisor_config::{Fault, LogTarget, MemoryHost};
use supervisor_core::Level;

/// CFG-1.
#[test]
fn a_missing_file_is_named() {
    let failure = load_on(host(), &["-c", "/nonexistent"]).unwrap_err();
    assert_eq!(failure.first().message(), "could not find config file /nonexistent");
    let report = failure.to_string();
    assert!(report.starts_with("Error: could not find config file /nonexistent\n"), "{report}");
    assert!(report.ends_with("\nFor help, use /usr/bin/supervisord -h"), "{report}");
}

/// CFG-2.
#[test]
fn without_any_file_the_places_searched_are_listed() {
    assert_eq!(
        load_on(host(), &[]).unwrap_err().first().message(),
        "No config file found at default paths (/usr/etc/supervisord.conf, /usr/supervisord.conf, supervisord.conf, \
         etc/supervisord.conf, /etc/supervisord.conf, /etc/supervisor/supervisord.conf); use the -c option to specify \
         a config file at a different path"
    );
}

/// CFG-3.
#[test]
fn a_file_without_the_section_is_refused() {
    for text in ["", "[program:x]\ncommand=/bin/cat\n", "[Supervisord]\n"] {
        assert_eq!(refused(text), ".ini file does not include supervisord section");
    }
}

#[test]
fn an_empty_section_gives_the_defaults() {
    let config = loaded("[supervisord]\n");
    let main = &config.supervisord;
    assert_eq!((main.minfds, main.minprocs, main.umask), (1024, 200, 0o022));
    assert_eq!(main.logfile, LogTarget::Path("/srv/supervisord.log".into()));
    assert_eq!((main.logfile_maxbytes, main.logfile_backups), (50 << 20, 10));
    assert_eq!((main.loglevel, main.loglevel.number()), (Level::Info, 20));
    assert_eq!(main.pidfile, Path::new("/srv/supervisord.pid"));
    assert_eq!(main.identifier, "supervisor");
    assert_eq!(main.childlogdir, Path::new("/tmp"));
    assert_eq!((&main.directory, &main.user), (&None, &None));
    assert!(!main.nodaemon && !main.silent && !main.nocleanup && !main.strip_ansi);
    assert!(main.environment.is_empty());
    assert_eq!((config.path.as_path(), config.here.as_path()), (Path::new("s.conf"), Path::new("/srv")));
    assert_eq!(config.server_url, None);
    assert_eq!(config.messages, []);
}

#[test]
fn log_and_pid_file_become_absolute_where_the_program_was_started() {
    let config = loaded("[supervisord]\nlogfile=~/./log\npidfile=../srv/p\n");
    assert_eq!(config.supervisord.logfile, LogTarget::Path("/srv/log".into()));
    assert_eq!(config.supervisord.pidfile, Path::new("/srv/p"));
    assert_eq!(loaded("[supervisord]\nlogfile=syslog").supervisord.logfile, LogTarget::Syslog);
    assert_eq!(
        loaded("[supervisord]\nlogfile=SYSLOG").supervisord.logfile,
        LogTarget::Path("/srv/SYSLOG".into())
    );
}

/// CFG-53.
#[test]
fn the_command_line_outranks_the_file() {
    let text = "[supervisord]\nloglevel=error\nlogfile=a\nminfds=5\nidentifier=%(ENV_FOO)s\nuser=nobody\n";
    let host = host().with_file("/srv/s.conf", text);
    let options = ["-c", "s.conf", "-e", "debug", "-l", "F", "-a", "7", "-u", "0", "-n"];
    for _start_and_reread in 0..2 {
        let main = load_on(host.clone(), &options).unwrap().supervisord;
        assert_eq!((main.loglevel, main.minfds, main.nodaemon), (Level::Debug, 7, true));
        assert_eq!(main.logfile, LogTarget::Path("/srv/F".into()));
        assert_eq!(main.user.unwrap().uid, 0);
        assert_eq!(main.identifier, "foo");
    }
}

#[test]
fn an_option_the_command_line_overrides_is_checked_all_the_same() {
    let host = host().with_file("/srv/s.conf", "[supervisord]\nminfds=x\n");
    let failure = load_on(host, &["-c", "s.conf", "-a", "5"]).unwrap_err();
    assert_eq!(failure.first().message(), "invalid literal for int() with base 10: 'x'");
}

/// CFG-62.
#[test]
fn an_unknown_user_is_named_with_its_section_only_in_a_program() {
    assert_eq!(refused("[supervisord]\nuser=nosuch\n"), "Invalid user name nosuch");
    assert_eq!(refused("[supervisord]\nuser=99999\n"), "Invalid user id 99999");
    assert_eq!(
        refused("[supervisord]\n[program:x]\ncommand=a\nuser=nosuch\n"),
        "Invalid user name nosuch in section 'program:x' (file: 's.conf')"
    );
}

#[test]
fn an_unknown_user_of_the_command_line_is_not_sought_in_the_file() {
    let host = host().with_file("/srv/s.conf", "[supervisord]\nuser=root\n");
    let failure = load_on(host, &["-c", "s.conf", "-u", "nosuch"]).unwrap_err();
    assert_eq!(failure.first().message(), "Invalid user name nosuch");
    assert_eq!(failure.first().place(), None);
}

#[test]
fn the_user_is_looked_up_after_everything_else() {
    let failure = try_load("[supervisord]\nuser=nosuch\n[program:x]\n").unwrap_err();
    assert!(failure.first().message().starts_with("program section program:x does not specify a command"));
    assert_eq!(failure.others().last().unwrap().message(), "Invalid user name nosuch");
}

#[test]
fn options_are_checked_in_upstreams_order() {
    let text = "[supervisord]\nnodaemon=y\nloglevel=warning\numask=9\nminfds=x\ndirectory=/nosuch\nlogfile=/nosuch/x\n";
    let failure = try_load(text).unwrap_err();
    let faults: Vec<_> =
        std::iter::once(failure.first()).chain(failure.others()).map(Fault::message).collect();
    assert_eq!(
        faults,
        [
            "invalid literal for int() with base 10: 'x'",
            "/nosuch is not an existing directory",
            "9 can not be converted to an octal type",
            "The directory named as part of the path /nosuch/x does not exist",
            "bad logging level name 'warning'",
            "not a valid boolean value: 'y'",
        ]
    );
}

/// CFG-13.
#[test]
fn a_byte_that_is_not_utf8_is_refused() {
    let host = MemoryHost::new().with_file("/srv/s.conf", b"[supervisord]\nidentifier=\xe9t\n");
    let failure = load_on(host, &["-c", "s.conf"]).unwrap_err();
    let message = "'utf-8' codec can't decode byte 0xe9 in position 25: invalid continuation byte";
    assert_eq!(failure.first().message(), message);
    assert_eq!(failure.first().place().map(|place| (place.line, place.column)), Some((2, 12)));
}

#[test]
fn a_file_beyond_all_measure_is_refused() {
    let host = MemoryHost::new().with_file("/srv/s.conf", vec![b';'; (16 << 20) + 1]);
    let failure = load_on(host, &["-c", "s.conf"]).unwrap_err();
    assert_eq!(failure.first().message(), "config file s.conf is too large");
}

/// CFG-14.
#[test]
fn line_ends_make_no_difference() {
    let text = "[supervisord]\nidentifier = a\n[program:x]\ncommand = a\n  b\n\n  c\n";
    assert_eq!(loaded(text), loaded(&text.replace('\n', "\r\n")));
    assert_eq!(loaded(text), loaded(&text.replace('\n', "\r")));
}

/// CFG-10, CFG-11, CFG-12.
#[test]
fn sections_merge_defaults_spread_and_keys_have_no_case() {
    let config = loaded(
        "[DEFAULT]\nstartsecs=7\n[supervisord]\n[program:x]\nCommand=a\nPRIORITY=5\n[program:y]\ncommand=b\n[program:x]\npriority=6\n",
    );
    let x = &config.group("x").unwrap().processes[0];
    assert_eq!((x.policy.startsecs, x.policy.priority, &x.command[..]), (7, 6, &b"a"[..]));
    assert_eq!(config.group("y").unwrap().processes[0].policy.startsecs, 7);
}
