//! What is accepted with a word of ours in the log. None of it changes what is loaded.

use super::{host, load_on, loaded, messages, program, with_program};
use supervisor_config::Severity;

fn warnings(text: &str) -> Vec<String> {
    messages(&loaded(text), Severity::Warning).iter().map(ToString::to_string).collect()
}

#[test]
fn an_unknown_option_is_named_with_its_likely_meaning() {
    assert_eq!(
        warnings(&with_program("auto_start=true\nzzz=1")),
        [
            "Unknown option 'auto_start' in section 'program:x' (file: 's.conf', line 4) is ignored; did you mean \
             autostart?",
            "Unknown option 'zzz' in section 'program:x' (file: 's.conf', line 5) is ignored",
        ]
    );
}

#[test]
fn an_unknown_section_is_named() {
    assert_eq!(
        warnings("[supervisord]\n[programs:x]\n[Program:y]\n[program]\n[zzz]\n"),
        [
            "Unknown section 'programs:x' (file: 's.conf', line 2) is ignored; did you mean [program:x]?",
            "Unknown section 'Program:y' (file: 's.conf', line 3) is ignored; did you mean [program:x]?",
            "Unknown section 'program' (file: 's.conf', line 4) is ignored; did you mean [program:x]?",
            "Unknown section 'zzz' (file: 's.conf', line 5) is ignored",
        ]
    );
}

#[test]
fn sections_for_others_and_defaults_are_no_mistakes() {
    let text =
        "[DEFAULT]\nhome=/x\n[supervisord]\n[supervisorctl]\nserverurl=x\nprompt=y\n[ctlplugin:x]\na=b\n";
    assert_eq!(warnings(text), Vec::<String>::new());
}

#[test]
fn numbers_out_of_range_are_brought_into_it() {
    let process = program(
        "startretries=-1\nstdout_logfile_maxbytes=-5KB\nstdout_logfile_backups=-1\npriority=99999999999999999999",
    );
    assert_eq!((process.policy.startretries, process.policy.priority), (0, i64::MAX));
    assert_eq!((process.stdout.maxbytes, process.stdout.backups), (0, 0));
    assert_eq!(
        warnings(&with_program("startretries=-1\nstdout_logfile=NONE\nstdout_logfile_maxbytes=-5KB")),
        [
            "startretries in section 'program:x' (file: 's.conf', line 4): -1 is negative; 0 is used",
            "stdout_logfile_maxbytes in section 'program:x' (file: 's.conf', line 6): -5KB is negative; 0 is used",
        ]
    );
}

#[test]
fn text_lost_in_environment_is_shown() {
    assert_eq!(
        warnings(&with_program("environment=A=~/x")),
        [
            "environment in section 'program:x' (file: 's.conf', line 4): /x after the value of A is not read; put the \
          whole value in double quotes"
        ]
    );
}

#[test]
fn our_warnings_are_said_once_for_all_processes() {
    let options = "environment=A=a b\nnumprocs=3\nprocess_name=%(process_num)d";
    assert_eq!(warnings(&with_program(options)).len(), 1);
}

#[test]
fn a_password_in_a_world_readable_file_is_noted_once() {
    let text =
        "[supervisord]\n[inet_http_server]\nport=1\nusername=u\npassword=p\n[supervisorctl]\npassword=p\n";
    let noted = |mode: u32| {
        let host = host().with_file_of_mode("/srv/s.conf", text, mode);
        let config = load_on(host, &["-c", "s.conf"]).unwrap();
        assert_eq!(messages(&config, Severity::Warning), Vec::<&str>::new());
        messages(&config, Severity::Info).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(noted(0o640), Vec::<String>::new());
    assert_eq!(
        noted(0o644),
        ["s.conf holds a password and can be read by every user; chmod o-r s.conf closes it"]
    );
}

/// Event listeners read options of their own from the file that started them.
#[test]
fn options_of_other_programs_share_one_line() {
    let programs = "[supervisord]\n[program:a]\ncommand=x\nwait_for=b\n[program:b]\ncommand=x\nwait_for=c\nquorum=2\nlogfile=NONE\n";
    let line = "3 options are ignored, as supervisord does not know them, such as 'wait_for' in section 'program:a' (file: \
                's.conf', line 4); the debug level lists all";
    let hint = "Unknown option 'logfile' in section 'program:b' (file: 's.conf', line 9) is ignored; did you mean \
                stdout_logfile?";
    assert_eq!(warnings(programs), [hint, line]);
    let config = loaded(&format!("{programs}[eventlistener:e]\ncommand=x\nevents=EVENT\n"));
    assert_eq!(messages(&config, Severity::Warning), [hint]);
    assert_eq!(
        messages(&config, Severity::Info),
        [format!("{line}; an event listener may read what supervisord does not")]
    );
    assert_eq!(
        messages(&config, Severity::Debug),
        [
            "Unknown option 'wait_for' in section 'program:a' (file: 's.conf', line 4) is ignored, and in another section",
            "Unknown option 'quorum' in section 'program:b' (file: 's.conf', line 8) is ignored",
        ]
    );
}

#[test]
fn an_option_in_the_wrong_section_is_sent_to_its_own() {
    assert_eq!(
        warnings(
            "[supervisord]\nstdout_logfile=/x\nautostart=true\n[program:a]\ncommand=x\nloglevel=debug\ngroup=www\n"
        ),
        [
            "Unknown option 'stdout_logfile' in section 'supervisord' (file: 's.conf', line 2) is ignored; did you mean logfile?",
            "Unknown option 'autostart' in section 'supervisord' (file: 's.conf', line 3) is ignored; it belongs in [program:x]",
            "Unknown option 'loglevel' in section 'program:a' (file: 's.conf', line 6) is ignored; it belongs in [supervisord]",
            "Unknown option 'group' in section 'program:a' (file: 's.conf', line 7) is ignored; a process has the groups of its \
             user; programs= of [group:x] puts programs together",
        ]
    );
}

#[test]
fn a_program_without_a_name_and_one_written_twice_are_pointed_out() {
    assert_eq!(
        warnings("[supervisord]\n[program:]\ncommand=x\n"),
        ["Section 'program:' (file: 's.conf', line 2) has no name; write [program:NAME]"]
    );
    let host = host()
        .with_file("/srv/s.conf", "[supervisord]\n[include]\nfiles=a.ini b.ini [c].ini\n")
        .with_file("/srv/a.ini", "[program:web]\ncommand=x\n")
        .with_file("/srv/b.ini", "[supervisord]\n[program:web]\ncommand=y\n")
        .with_file("/srv/c.ini", "[program:web]\ncommand=x\n");
    let config = load_on(host, &["-c", "s.conf"]).unwrap();
    assert_eq!(
        messages(&config, Severity::Warning),
        [
            "Section 'program:web' (file: '/srv/a.ini', line 1) is continued by a second one of that name (file: '/srv/b.ini', \
          line 2); of an option that stands in both, the later counts"
        ]
    );
}

#[test]
fn a_file_that_includes_itself_is_no_nested_include() {
    let host = host()
        .with_file("/srv/s.conf", "[supervisord]\n[include]\nfiles=*.conf\n[program:a]\ncommand=x\n")
        .with_file("/srv/other.conf", "[program:b]\ncommand=x\n");
    let config = load_on(host, &["-c", "s.conf"]).unwrap();
    assert_eq!(messages(&config, Severity::Warning), Vec::<&str>::new());
    assert!(
        messages(&config, Severity::Info)
            .contains(&"include \"/srv/*.conf\" matches the file it stands in, which is read a second time")
    );
}

#[test]
fn a_file_for_include_is_recognised_as_one() {
    let failure = super::try_load("[program:web]\ncommand=x\n").unwrap_err();
    assert_eq!(failure.first().message(), ".ini file does not include supervisord section");
    assert_eq!(
        failure.first().why(),
        Some("supervisord needs a [supervisord] section; this looks like a file for [include]")
    );
    assert!(failure.first().hint().unwrap().starts_with("name the file whose [include] reads s.conf"));
}

#[test]
fn warnings_come_before_what_is_only_to_be_known() {
    let host = host()
        .with_file("/srv/s.conf", "[supervisord]\nzzz=1\n[include]\nfiles=a nosuch\n")
        .with_file("/srv/a", "");
    let config = load_on(host, &["-c", "s.conf"]).unwrap();
    let severities: Vec<_> = config.messages.iter().map(|message| message.severity).collect();
    assert_eq!(severities, [Severity::Warning, Severity::Warning, Severity::Info]);
    assert_eq!(config.messages[0].text, "No file matches via include \"/srv/nosuch\"");
}

/// Upstream takes an indented line for more of the value above it, whatever it says.
#[test]
fn an_indented_option_or_section_is_part_of_the_value_above_and_pointed_out() {
    let part = |what: &str, line: usize, key: &str, first: &str| {
        format!(
            "{what} (file: 's.conf', line {line}) is part of the value of {key} in section 'program:x', as it is \
             indented; begin the line where {first} begins"
        )
    };
    let text =
        "[supervisord]\n[program:x]\ncommand=/bin/cat\n  autostart = false\n  user: root\n\t[program:y]\n";
    assert_eq!(
        warnings(text),
        [
            part("Option 'autostart'", 4, "command", "command"),
            part("Option 'user'", 5, "command", "command"),
            part("Section 'program:y'", 6, "command", "[program:x]"),
        ]
    );
    let text = "[supervisord]\n[program:x]\ncommand=/bin/cat\n  --user=root\n  x y user=1\n  [x]\n  if [program:y]\n\
                environment=A=\"1\",\n  user=\"2\"\n";
    assert_eq!(warnings(text), Vec::<String>::new());
    let text = "[supervisord]\n[program:x]\n  command=/bin/cat\n  autostart=false\n";
    assert_eq!(warnings(text), Vec::<String>::new());
}
