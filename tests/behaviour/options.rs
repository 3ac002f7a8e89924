//! Types of options and their refusals.

use super::assert_refused;
use support::{Daemon, Launch, Sandbox};

/// Refused in the section of a program, with the section named after the sentence.
#[track_caller]
fn assert_program_refused(option: &str, sentence: &str) {
    assert_refused(
        &format!("[program:x]\ncommand=x\n{option}\n"),
        &format!("{sentence} in section 'program:x' (file: 'DIR/supervisord.conf')"),
    );
}

/// CFG-38
#[test]
fn letter_y_is_no_boolean() {
    assert_refused("[supervisord]\nnocleanup=y\n", "not a valid boolean value: 'y'");
    assert_program_refused("autostart=y", "not a valid boolean value: 'y'");
}

/// CFG-39
#[test]
fn sizes_have_two_letter_suffixes() {
    let daemon = Daemon::start(
        "[program:a]\ncommand=x\nautostart=false\nstdout_logfile_maxbytes=1KB\n\
         [program:b]\ncommand=x\nautostart=false\nstdout_logfile_maxbytes=1 kb\n\
         [program:c]\ncommand=x\nautostart=false\nstdout_logfile_maxbytes=1gb\n",
    );
    let sizes = ["a", "b", "c"].map(|name| daemon.configured(name)["stdout_logfile_maxbytes"].int());
    assert_eq!(sizes, [1024, 1024, 1024 * 1024 * 1024]);
    assert_program_refused("stdout_logfile_maxbytes=1K", "invalid literal for int() with base 10: '1k'");
    assert_program_refused("stdout_logfile_maxbytes=1.5MB", "invalid literal for int() with base 10: '1.5'");
}

/// CFG-40
#[test]
fn signals_go_by_name_or_number() {
    let sections = ["sigusr1", "USR1", "10"]
        .map(|signal| format!("[program:p{signal}]\ncommand=x\nautostart=false\nstopsignal={signal}\n"));
    let daemon = Daemon::start(&sections.concat());
    let signals = ["psigusr1", "pUSR1", "p10"].map(|name| daemon.configured(name)["stopsignal"].int());
    assert_eq!(signals, [10, 10, 10]);
    assert_program_refused("stopsignal=FOO", "value 'FOO' is not a valid signal name");
    assert_program_refused("stopsignal=99", "value '99' is not a valid signal number");
}

/// CFG-41
#[test]
fn exit_codes_fit_a_byte() {
    assert_program_refused("exitcodes=0,256", "not a valid list of exit codes: '0,256'");
    let daemon = Daemon::start("[program:x]\ncommand=x\nautostart=false\nexitcodes=\n");
    assert_eq!(daemon.configured("x")["exitcodes"].items().len(), 0);
}

/// CFG-42
#[test]
fn stopasgroup_implies_killasgroup() {
    let daemon = Daemon::start("[program:x]\ncommand=x\nautostart=false\nstopasgroup=true\n");
    assert_eq!(daemon.configured("x")["killasgroup"], true.into());
    assert_program_refused(
        "stopasgroup=true\nkillasgroup=false",
        "Cannot set stopasgroup=true and killasgroup=false",
    );
}

/// CFG-43
#[test]
fn directory_of_a_log_has_to_exist() {
    assert_program_refused(
        "stdout_logfile=/nonexist/x",
        "The directory named as part of the path /nonexist/x does not exist",
    );
}

/// CFG-44
#[test]
fn doubtful_log_options_are_warned_of() {
    let daemon = Daemon::start(
        "[program:a]\ncommand=x\nautostart=false\nstdout_logfile=syslog\n\
         [program:b]\ncommand=x\nautostart=false\nstdout_logfile_maxbytes=0\n\
         [program:c]\ncommand=x\nautostart=false\nredirect_stderr=true\nstderr_logfile=%(here)s/c.err\n",
    );
    daemon.assert_messages("WARN For [program:", &[
            "WARN For [program:a], stdout_logfile=syslog but this is deprecated and will be removed.  Use \
             stdout_syslog=true to enable syslog instead.",
            "WARN For [program:b], AUTO logging used for stdout_logfile without rollover, set maxbytes > 0 to avoid \
             filling up filesystem unintentionally",
            "WARN For [program:c], redirect_stderr=true but stderr_logfile has also been set to a filename, the \
             filename has been ignored",
        ]);
}

/// CFG-45
#[test]
fn program_names_have_no_blank_slash_or_colon() {
    for (name, character) in [("a b", " "), ("a/b", "/"), ("a:b", ":")] {
        assert_refused(
            &format!("[program:{name}]\ncommand=x\n"),
            &format!("Invalid name: '{name}' because of character: '{character}'"),
        );
    }
}

/// CFG-48
#[test]
fn event_listeners_need_known_events() {
    assert_refused("[eventlistener:e]\ncommand=x\n", "[eventlistener:e] section requires an \"events\" line");
    assert_refused(
        "[eventlistener:e]\ncommand=x\nevents=FOO\n",
        "Unknown event type FOO in [eventlistener:e] events",
    );
    assert_refused(
        "[eventlistener:e]\ncommand=x\nevents=TICK_5\nbuffer_size=0\n",
        "[eventlistener:e] section sets invalid buffer_size (0)",
    );
    assert_refused(
        "[eventlistener:e]\ncommand=x\nevents=TICK_5\nredirect_stderr=true\n",
        "[eventlistener:e] section sets redirect_stderr=true but this is not allowed because it will interfere with \
         the eventlistener protocol",
    );
}

/// CFG-49: upstream prints two of these as it found them, a text and its argument.
#[test]
fn fcgi_sockets_are_checked_unlike_upstream() {
    assert_refused("[fcgi-program:f]\ncommand=x\n", "[fcgi-program:f] section requires a \"socket\" line");
    assert_refused(
        "[fcgi-program:f]\ncommand=x\nsocket=unix://foo\n",
        "Unix socket path foo is not an absolute path in [fcgi-program:f] socket",
    );
    assert_refused(
        "[fcgi-program:f]\ncommand=x\nsocket=foo\n",
        "Bad socket format foo in [fcgi-program:f] socket",
    );
    assert_refused(
        "[fcgi-program:f]\ncommand=x\nsocket=tcp://localhost:9000\nsocket_mode=0700\n",
        "socket_owner and socket_mode params should only be used with a Unix domain socket in [fcgi-program:f] socket",
    );
}

/// CFG-50
#[test]
fn rpc_interface_without_a_factory_is_refused() {
    assert_refused(
        "[rpcinterface:x]\n",
        "section [rpcinterface:x] does not specify a supervisor.rpcinterface_factory",
    );
}

/// CFG-50: the reason after the name is that of 4.4.
#[test]
fn rpc_interface_of_an_unknown_module_is_refused() {
    let sandbox = Sandbox::new();
    let config = "[rpcinterface:x]\nsupervisor.rpcinterface_factory=foo:bar\n";
    let said = Launch::new().configure(&sandbox, config).refusal(&sandbox);
    assert!(said.starts_with("Error: foo:bar cannot be resolved within [rpcinterface:x]"), "{said}");
}
