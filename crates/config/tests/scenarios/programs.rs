//! `[program:x]`.

use super::{loaded, messages, process_names, program, program_refused, refused, try_load, with_program};
use std::path::Path;
use std::sync::Arc;
use supervisor_config::{LogFile, Severity};
use supervisor_core::{Autorestart, Policy, Signal};

#[test]
fn programs_with_the_same_policy_share_it() {
    let text =
        "[supervisord]\n[program:a]\ncommand=x\n[program:b]\ncommand=y\n[program:c]\ncommand=x\npriority=1\n";
    let config = loaded(text);
    let policy = |name| &config.group(name).unwrap().processes[0].policy;
    assert!(Arc::ptr_eq(policy("a"), policy("b")));
    assert_eq!((policy("b").priority, policy("c").priority), (999, 1));
}

#[test]
fn a_command_alone_gives_the_defaults() {
    let process = program("");
    assert_eq!((&*process.name, &*process.group), ("x", "x"));
    assert_eq!(*process.policy, Policy::default());
    assert_eq!(
        (process.uid, process.umask, &process.directory, &process.serverurl),
        (None, None, &None, &None)
    );
    for stream in [&process.stdout, &process.stderr] {
        assert_eq!(stream.logfile, LogFile::Auto);
        assert_eq!((stream.maxbytes, stream.backups, stream.capture_maxbytes), (50 << 20, 10, 0));
        assert!(!stream.syslog && !stream.events_enabled);
    }
    assert!(!process.redirect_stderr && process.environment.is_empty() && process.socket.is_none());
}

#[test]
fn every_option_is_read() {
    let process = program(
        "priority=5\nautostart=no\nautorestart=TRUE\nstartsecs=2\nstartretries=4\nstopsignal=usr1\nstopwaitsecs=6\n\
         exitcodes=1, 2\nredirect_stderr=on\nserverurl=http://x\nuser=nobody\numask=077\ndirectory=~/x\n\
         stdout_logfile=/tmp/o\nstdout_logfile_maxbytes=1KB\nstdout_logfile_backups=3\nstdout_syslog=1\n\
         stdout_capture_maxbytes=2KB\nstdout_events_enabled=true\nstderr_syslog=true",
    );
    let policy = &process.policy;
    assert_eq!((policy.priority, policy.autostart, policy.autorestart), (5, false, Autorestart::Always));
    assert_eq!((policy.startsecs, policy.startretries, policy.stopwaitsecs), (2, 4, 6));
    assert_eq!((policy.stopsignal, &policy.exitcodes[..]), (Signal::USR1, &[1, 2][..]));
    assert_eq!((process.uid, process.umask), (Some(65534), Some(0o77)));
    assert_eq!(process.serverurl.as_deref(), Some("http://x".as_ref()));
    assert_eq!(process.directory.as_deref(), Some(Path::new("~/x")));
    assert_eq!(process.stdout.logfile, LogFile::Path(Path::new("/tmp/o").into()));
    assert_eq!(
        (process.stdout.maxbytes, process.stdout.backups, process.stdout.capture_maxbytes),
        (1024, 3, 2048)
    );
    assert!(process.stdout.syslog && process.stdout.events_enabled && process.redirect_stderr);
    assert_eq!(process.stderr.logfile, LogFile::None);
    assert!(process.stderr.syslog);
}

#[test]
fn a_command_is_required_unless_there_is_no_process() {
    let text = "[supervisord]\n[program:x]\n";
    let message =
        "program section program:x does not specify a command in section 'program:x' (file: 's.conf')";
    assert_eq!(refused(text), message);
    assert_eq!(loaded(&format!("{text}numprocs=0\n")).groups[0].processes, []);
    assert_eq!(program("command=").command, b"");
}

/// CFG-25.
#[test]
fn several_processes_need_numbers_in_their_names() {
    let message = "%(process_num) must be present within process_name when numprocs > 1";
    assert_eq!(program_refused("numprocs=2"), message);
    assert_eq!(program_refused("numprocs=2\nprocess_name=y"), message);
    for none in ["0", "-5"] {
        let config = loaded(&with_program(&format!("numprocs={none}")));
        assert_eq!(config.groups[0].processes, []);
    }
}

/// CFG-26.
#[test]
fn processes_are_sorted_by_name() {
    let names = process_names(&loaded(&with_program("numprocs=11\nprocess_name=%(process_num)d")));
    assert_eq!(names, ["x:0", "x:1", "x:10", "x:2", "x:3", "x:4", "x:5", "x:6", "x:7", "x:8", "x:9"]);
    let names =
        process_names(&loaded(&with_program("numprocs=2\nnumprocs_start=9\nprocess_name=x_%(process_num)d")));
    assert_eq!(names, ["x:x_10", "x:x_9"]);
}

/// CFG-38.
#[test]
fn booleans_have_eight_spellings() {
    for spelling in ["yes", "TRUE", "On", "1"] {
        assert!(program(&format!("stopasgroup={spelling}")).policy.stopasgroup);
    }
    for spelling in ["no", "FALSE", "Off", "0"] {
        assert!(!program(&format!("autostart={spelling}")).policy.autostart);
    }
    assert_eq!(program_refused("autostart=y"), "not a valid boolean value: 'y'");
}

/// CFG-39.
#[test]
fn byte_sizes_take_two_letters_or_none() {
    for (text, bytes) in [("1KB", 1 << 10), ("1 kb", 1 << 10), ("2gb", 2 << 30), ("7", 7), ("0", 0)] {
        assert_eq!(program(&format!("stdout_logfile_maxbytes={text}")).stdout.maxbytes, bytes);
    }
    assert_eq!(program_refused("stdout_logfile_maxbytes=1K"), "invalid literal for int() with base 10: '1k'");
    assert_eq!(
        program_refused("stdout_logfile_maxbytes=1.5MB"),
        "invalid literal for int() with base 10: '1.5'"
    );
}

/// CFG-40.
#[test]
fn signals_have_names_and_numbers() {
    for spelling in ["sigusr1", "USR1", "10"] {
        assert_eq!(program(&format!("stopsignal={spelling}")).policy.stopsignal, Signal::USR1);
    }
    assert_eq!(program_refused("stopsignal=FOO"), "value 'FOO' is not a valid signal name");
    assert_eq!(program_refused("stopsignal=99"), "value '99' is not a valid signal number");
}

/// CFG-41.
#[test]
fn exit_codes_are_bytes() {
    assert_eq!(program_refused("exitcodes=0,256"), "not a valid list of exit codes: '0,256'");
    assert_eq!(program_refused("exitcodes=0,"), "not a valid list of exit codes: '0,'");
    assert!(program("exitcodes=").policy.exitcodes.is_empty());
}

/// CFG-42.
#[test]
fn stopasgroup_brings_killasgroup() {
    assert!(program("stopasgroup=true").policy.killasgroup);
    assert!(!program("").policy.killasgroup);
    assert_eq!(
        program_refused("stopasgroup=true\nkillasgroup=false"),
        "Cannot set stopasgroup=true and killasgroup=false"
    );
}

/// CFG-43.
#[test]
fn a_log_needs_a_directory() {
    assert_eq!(
        program_refused("stdout_logfile=/nonexist/x"),
        "The directory named as part of the path /nonexist/x does not exist"
    );
    assert_eq!(program("stdout_logfile=none").stdout.logfile, LogFile::None);
    assert_eq!(program("stdout_logfile=OFF").stdout.logfile, LogFile::None);
    assert_eq!(program("stdout_logfile=").stdout.logfile, LogFile::None);
    assert_eq!(program("stdout_logfile=auto").stdout.logfile, LogFile::Auto);
    assert_eq!(program("stdout_logfile=~/x").stdout.logfile, LogFile::Path(Path::new("/srv/x").into()));
}

/// CFG-44.
#[test]
fn upstreams_three_warnings_about_logs() {
    let warnings = |options: &str| {
        let config = loaded(&with_program(options));
        messages(&config, Severity::Warning).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        warnings("stdout_logfile=syslog"),
        ["For [program:x], stdout_logfile=syslog but this is deprecated and will be removed.  Use \
          stdout_syslog=true to enable syslog instead."]
    );
    let process = program("stdout_logfile=syslog");
    assert_eq!((process.stdout.logfile, process.stdout.syslog), (LogFile::None, true));
    assert_eq!(
        warnings("stderr_logfile_maxbytes=0"),
        [
            "For [program:x], AUTO logging used for stderr_logfile without rollover, set maxbytes > 0 to avoid filling \
          up filesystem unintentionally"
        ]
    );
    let ignored = "For [program:x], redirect_stderr=true but stderr_logfile has also been set to a filename, the \
                   filename has been ignored";
    assert_eq!(warnings("redirect_stderr=true\nstderr_logfile=/tmp/e"), [ignored]);
    assert_eq!(warnings("redirect_stderr=true\nstderr_logfile="), [ignored]);
    assert_eq!(warnings("redirect_stderr=true\nstderr_logfile=AUTO"), Vec::<String>::new());
    let twice =
        warnings("redirect_stderr=true\nstderr_logfile=/tmp/e\nnumprocs=2\nprocess_name=%(process_num)d");
    assert_eq!(twice, [ignored, ignored]);
}

/// CFG-45.
#[test]
fn names_have_no_blank_colon_or_slash() {
    for (name, bad) in [("a b", " "), ("a/b", "/"), ("a:b", ":")] {
        let message = format!("Invalid name: '{name}' because of character: '{bad}'");
        assert_eq!(refused(&format!("[supervisord]\n[program:{name}]\ncommand=a\n")), message);
    }
    assert_eq!(program_refused("process_name=a b"), "Invalid name: 'a b' because of character: ' '");
    assert_eq!(&*loaded("[supervisord]\n[program: x ]\ncommand=a\n").groups[0].name, "x");
}

/// Upstream checks only before names are filled in, and dies when it makes the log of such a process.
#[test]
fn a_name_is_checked_again_once_it_is_filled_in() {
    assert_eq!(program_refused("process_name=%(here)s"), "Invalid name: '/srv' because of character: '/'");
}

/// CFG-30, CFG-31, CFG-32.
#[test]
fn environment_is_read_as_a_shell_would() {
    let value = |text: &str| {
        program(&format!("environment={text}"))
            .environment
            .value("A".as_ref())
            .unwrap()
            .to_str()
            .unwrap()
            .to_string()
    };
    assert_eq!(value(r#"A="x\"y""#), "x\"y");
    assert_eq!(value("A=\"\""), "");
    assert_eq!(value("A=\"%(process_num)02d\""), "00");
    for text in ["A=http://h/?q", "A", "A="] {
        let message = format!("Unexpected end of key/value pairs in value '{text}'");
        assert_eq!(program_refused(&format!("environment={text}")), message);
    }
}

#[test]
fn serverurl_auto_is_the_default_in_any_case() {
    assert_eq!(program("serverurl= auto ").serverurl, None);
    assert_eq!(program("serverurl=").serverurl.as_deref(), Some("".as_ref()));
}

#[test]
fn numprocs_beyond_all_measure_is_refused_at_once() {
    for text in ["100001", "999999999999999999999999"] {
        let options = format!("numprocs={text}\nprocess_name=%(process_num)d");
        assert_eq!(program_refused(&options), "numprocs is too large");
    }
    // A second reading of the same program must not try them all either.
    let text = with_program("numprocs=1000000000\nprocess_name=%(process_num)d");
    assert!(try_load(&format!("{text}[group:g]\nprograms=x\n[group:h]\nprograms=x\n")).is_err());
}
