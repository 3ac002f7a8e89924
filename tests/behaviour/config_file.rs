//! Finding and reading the configuration file.

use super::{assert_file_refused, assert_refused};
use support::{Daemon, Flavour, Launch, Sandbox, is_root};

/// CFG-1
#[test]
fn missing_file_is_named() {
    let sandbox = Sandbox::new();
    let said = Launch::new().without_config().arguments(["-c", "/nonexistent"]).refusal(&sandbox);
    assert!(said.starts_with("Error: could not find config file /nonexistent\n"), "{said}");
}

/// CFG-1: what cannot be read, as a directory cannot.
#[test]
fn unreadable_file_is_named() {
    let sandbox = Sandbox::new();
    sandbox.directory("dir");
    let said = Launch::new().without_config().arguments(["-c", "dir"]).refusal(&sandbox);
    assert!(said.starts_with("Error: could not read config file dir\n"), "{said}");
    if Flavour::under_test() == Flavour::Ours {
        let lines = "\n    why: Is a directory\n    help: name a file in it\nFor help";
        assert!(said.contains(lines), "{said}");
    }
}

/// CFG-2: root also gets a warning that searching is unwise.
#[test]
fn default_places_are_named_when_none_has_a_file() {
    let sandbox = Sandbox::new();
    for machine_wide in ["/etc/supervisord.conf", "/etc/supervisor/supervisord.conf"] {
        assert!(!std::path::Path::new(machine_wide).exists(), "{machine_wide} would be found");
    }
    let outcome = Launch::new().without_config().run(&sandbox);
    let program = Flavour::under_test().program("supervisord");
    let above = program.parent().unwrap().parent().unwrap().display();
    let sentence = format!(
        "Error: No config file found at default paths ({above}/etc/supervisord.conf, {above}/supervisord.conf, \
         supervisord.conf, etc/supervisord.conf, /etc/supervisord.conf, /etc/supervisor/supervisord.conf); use the -c \
         option to specify a config file at a different path\n"
    );
    assert_eq!(outcome.code, 2);
    assert!(outcome.stderr.contains(&sentence), "{}", outcome.stderr);
    let warned =
        outcome.stderr.contains("Supervisord is running as root and it is searching for its configuration");
    assert_eq!(warned, is_root(), "{}", outcome.stderr);
}

/// CFG-2
#[test]
fn file_in_the_working_directory_is_found() {
    let sandbox = Sandbox::new();
    let daemon = Launch::new().without_config().configure(&sandbox, "").start(sandbox);
    assert!(daemon.rpc().answers());
}

/// CFG-3
#[test]
fn empty_file_is_refused() {
    assert_file_refused("", ".ini file does not include supervisord section");
}

/// CFG-4
#[test]
fn option_before_any_section_is_refused_with_its_line() {
    assert_file_refused(
        "; a comment\nx=1\n",
        "File contains no section headers.\nfile: 'DIR/supervisord.conf', line: 2\n'x=1\\n'",
    );
}

/// CFG-5
#[test]
fn every_line_that_is_no_option_is_listed() {
    assert_file_refused(
        "[supervisord]\nfoo\nnodaemon=true\nbar baz\n",
        "Source contains parsing errors: 'DIR/supervisord.conf'\n\t[line  2]: 'foo\\n'\n\t[line  4]: 'bar baz\\n'",
    );
}

/// The command that `getAllConfigInfo` shows for `command=...`.
fn command(text: &str) -> String {
    let daemon = Daemon::start(&format!("[program:x]\nautostart=false\ncommand={text}\n"));
    daemon.configured("x")["command"].text().to_owned()
}

/// CFG-6
#[test]
fn inline_comment_needs_a_blank_before_it() {
    let daemon = Daemon::start(
        "[program:a]\nautostart=false\ncommand=x 1;2\n[program:b]\nautostart=false\ncommand=x 1 ;2\n\
         [program:c]\nautostart=false\ncommand=x 1 #2\n[program:d]\nautostart=false\ncommand=x 1#2\n",
    );
    let commands = ["a", "b", "c", "d"].map(|name| daemon.configured(name)["command"].text().to_owned());
    assert_eq!(commands, ["x 1;2", "x 1", "x 1", "x 1#2"]);
}

/// CFG-7
#[test]
fn comment_characters_are_examined_in_lock_step() {
    assert_eq!(command("a#b #c ;d"), "a#b #c");
}

/// CFG-8
#[test]
fn continuation_lines_join_without_their_comments() {
    assert_eq!(command("one\n  two\n  ; a comment\n\n  three"), "one\ntwo\n\nthree");
}

/// CFG-9
#[test]
fn indented_section_header_continues_the_value() {
    let daemon = Daemon::start("[program:a]\nautostart=false\ncommand=one\n [program:b]\n");
    assert_eq!(daemon.configured("a")["command"].text(), "one\n[program:b]");
    assert_eq!(daemon.ask("getAllConfigInfo", &[]).items().len(), 1);
}

/// CFG-10
#[test]
fn sections_of_one_name_merge_and_the_later_option_wins() {
    let daemon = Daemon::start(
        "[program:x]\ncommand=first\nautostart=false\npriority=5\n[program:x]\ncommand=second\nautostart=false\n",
    );
    let config = daemon.configured("x");
    assert_eq!((config["command"].text(), config["process_prio"].int()), ("second", 5));
}

/// CFG-11. Without an RPC interface, to which options of `[DEFAULT]` are unknown arguments.
#[test]
fn default_section_applies_to_every_program() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "supervisord.conf",
        "[supervisord]\nnodaemon=true\nlogfile=%(here)s/main.log\npidfile=%(here)s/supervisord.pid\n\
         [program:x]\ncommand=/nonexistent\n[program:y]\ncommand=/nonexistent\nstartretries=1\n\
         [DEFAULT]\nstartretries=0\nstdout_logfile=NONE\nstderr_logfile=NONE\n",
    );
    let daemon = Launch::new().start(sandbox);
    daemon.wait_for_message("gave up: x");
    daemon.wait_for_message("gave up: y");
    assert_eq!(daemon.wait_for_messages("spawnerr", 3).len(), 3, "one attempt for x, two for y");
}

/// CFG-12
#[test]
fn case_matters_in_section_names_but_not_in_options() {
    let daemon = Daemon::start("[program:x]\nCOMMAND=x\nAutoStart=false\n[PROGRAM:y]\ncommand=y\n");
    assert_eq!(daemon.configured("x")["command"].text(), "x");
    assert_eq!(daemon.ask("getAllConfigInfo", &[]).items().len(), 1);
}

/// CFG-13
#[test]
fn byte_order_mark_is_not_skipped() {
    assert_file_refused(
        b"\xef\xbb\xbf[supervisord]\n",
        "File contains no section headers.\nfile: 'DIR/supervisord.conf', line: 1\n'\\ufeff[supervisord]\\n'",
    );
}

/// CFG-13
#[test]
fn file_that_is_not_utf8_is_refused() {
    assert_file_refused(
        b"[supervisord]\n; caf\xe9\n",
        "'utf-8' codec can't decode byte 0xe9 in position 19: invalid continuation byte",
    );
}

/// CFG-14
#[test]
fn windows_line_ends_make_no_difference() {
    let sandbox = Sandbox::new();
    let launch = Launch::new().configure(&sandbox, "[program:x]\ncommand=one\n  two\nautostart=false\n");
    let text = sandbox.text("supervisord.conf").replace('\n', "\r\n");
    sandbox.write("supervisord.conf", text);
    let daemon = launch.start(sandbox);
    assert_eq!(daemon.configured("x")["command"].text(), "one\ntwo");
}

/// The whole file is examined, and the first fault is reported first.
#[test]
fn first_fault_reported_is_the_one_upstream_reports() {
    assert_refused(
        "[program:a]\ncommand=x\nstartsecs=soon\n[program:b]\n[supervisord]\nloglevel=loud\n",
        "bad logging level name 'loud'",
    );
}

/// The advice is for the encoding the file has.
#[test]
fn file_in_a_chinese_encoding_gets_a_hint_how_to_convert_it_unlike_upstream() {
    let section =
        b"[supervisord]\n; \xc6\xf4\xb6\xaf\xcd\xf8\xd5\xbe\n[program:x]\ncommand=cat \xc8\xd5\xd6\xbe\n";
    let advised = |content: &[u8]| {
        let sandbox = Sandbox::new();
        sandbox.write("supervisord.conf", content);
        let said = Launch::new().refusal(&sandbox);
        let hint = said.lines().find_map(|line| line.strip_prefix("    help: "));
        hint.unwrap_or_else(|| panic!("{said}")).to_owned()
    };
    let convert = |name| {
        format!(
            "convert the file, for example: iconv -f {name} -t utf-8 DIR/supervisord.conf > DIR/supervisord.conf.new"
        )
    };
    assert_eq!(advised(section), convert("gb18030"));
    assert_eq!(advised(b"\xff\xfe[\0s\0u\0"), convert("utf-16"));
    assert_eq!(advised(b"[supervisord]\n; caf\xe9\n"), convert("latin1"));
}
