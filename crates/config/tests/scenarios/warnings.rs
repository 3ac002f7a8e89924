//! What is accepted with a word of ours in the log. None of it changes what is loaded.

use super::{host, load_on, loaded, messages, program, with_program};
use supervisor_config::Severity;

fn warnings(text: &str) -> Vec<String> {
    messages(&loaded(text), Severity::Warning).iter().map(ToString::to_string).collect()
}

#[test]
fn an_option_nobody_reads_is_named_with_its_likely_meaning() {
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
fn a_section_nobody_reads_is_named() {
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
fn a_password_in_a_file_for_everybody_is_pointed_out() {
    let text = "[supervisord]\n[inet_http_server]\nport=1\nusername=u\npassword=p\n";
    let shown = |mode: u32| {
        let host = host().with_file_of_mode("/srv/s.conf", text, mode);
        let config = load_on(host, &["-c", "s.conf"]).unwrap();
        messages(&config, Severity::Warning).iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(shown(0o640), Vec::<String>::new());
    assert_eq!(
        shown(0o644),
        ["s.conf holds a password and can be read by every user; chmod o-r s.conf closes it"]
    );
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
