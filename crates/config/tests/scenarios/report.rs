//! The report about a configuration that is refused.

use super::{try_load, with_program};

fn report(text: &str) -> String {
    try_load(text).expect_err("the text should have been refused").to_string()
}

/// CFG-4, CFG-5.
#[test]
fn every_fault_is_shown_the_first_one_in_upstreams_words() {
    let text = "[supervisord]\nloglevel = warning\nfoo\n\n[program:web]\ncommand = date +%Y\nstopsignal = TREM\nautostart =\n[group:g]\nprograms = web, wbe\n";
    let expected = "\
Error: Source contains parsing errors: 's.conf'
	[line  3]: 'foo\\n'
  at s.conf:3:1
     3 | foo
       | ^^^
    why: a line of a section is [section], option = value, a comment or a further line of a value
    help: write it as option = value, indent it deeper than the option it belongs to, or begin it with ;
also: bad logging level name 'warning'
  at s.conf:2:12
     2 | loglevel = warning
       |            ^^^^^^^
    why: loglevel takes one of critical, error, warn, info, debug, trace and blather
    help: did you mean warn?
also: not a valid boolean value: '' in section 'program:web' (file: 's.conf')
  at s.conf:8:1
     8 | autostart =
       | ^^^^^^^^^
    why: autostart takes true or false
also: value 'TREM' is not a valid signal name in section 'program:web' (file: 's.conf')
  at s.conf:7:14
     7 | stopsignal = TREM
       |              ^^^^
    why: stopsignal takes a signal name, with or without SIG, or a number
    help: did you mean TERM?
also: Format string 'date +%Y' for 'program:web.command' is badly formatted: unsupported format character 'Y' (0x59) at index 7 in section 'program:web' (file: 's.conf')
  at s.conf:6:17
     6 | command = date +%Y
       |                 ^^
    why: % begins a name to fill in, such as %(program_name)s
    help: write %% for a percent sign
also: [group:g] names unknown program or fcgi-program wbe
  at s.conf:10:17
    10 | programs = web, wbe
       |                 ^^^
    why: programs takes names of programs separated by commas
    help: did you mean web?
For help, use /usr/bin/supervisord -h";
    assert_eq!(report(text), expected);
}

#[test]
fn one_mistake_is_reported_once() {
    let ends = |text: &str| {
        report(text).lines().filter(|line| line.starts_with("Error:") || line.starts_with("also:")).count()
    };
    assert_eq!(ends("x=1\ny=2\n"), 1, "not that the section is missing as well");
    assert_eq!(
        ends("[supervisord]\n[program:x]\ncommand /bin/cat\n"),
        1,
        "not that command is missing as well"
    );
    assert_eq!(
        ends("[supervisord]\nenvironment=A=\"1\n[program:x]\ncommand=%(ENV_A)s\n"),
        1,
        "not that A is unknown as well"
    );
    assert_eq!(ends(&with_program("environment=A=\"1\ncommand=%(ENV_A)s")), 1, "likewise");
    assert_eq!(ends(&with_program("priority=x")), 1, "though it is read for the group and for the process");
    assert_eq!(
        ends(&with_program("autostart=x\n[group:g]\nprograms=x\n[group:h]\nprograms=x")),
        1,
        "though read twice"
    );
    assert_eq!(
        ends(&with_program("command=%Y\nnumprocs=5\nprocess_name=%(process_num)d")),
        1,
        "though read five times"
    );
    assert_eq!(
        ends(&with_program("stopasgroup=x\nkillasgroup=false")),
        1,
        "not that the two contradict each other"
    );
}

#[test]
fn a_misspelled_option_explains_the_one_that_is_missing() {
    let failure = try_load("[supervisord]\n[program:x]\ncomand=/bin/cat\n").unwrap_err();
    assert_eq!(failure.first().hint(), Some("there is an option comand; did you mean command?"));
}

#[test]
fn a_continued_value_is_cited_where_the_fault_is() {
    let failure = try_load(&with_program("command=a\n   ; note\n   b %(nope)s")).unwrap_err();
    let place = failure.first().place().unwrap();
    assert_eq!((place.line, place.column, place.length), (6, 6, 8));
}

#[test]
fn every_mistake_of_one_value_is_reported() {
    let report = report(&with_program("command=%(a)s %(b)s %Y"));
    assert!(report.contains("\n  at s.conf:4:9\n") && report.contains("\n  at s.conf:4:15\n"), "{report}");
    assert!(report.contains("\n  at s.conf:4:21\n"), "{report}");
}

/// The list of names is long and holds the environment's; once is enough.
#[test]
fn only_the_first_fault_lists_the_names_that_may_be_used() {
    let text = report(&with_program("command=%(a)s\n[program:y]\ncommand=%(b)s"));
    assert_eq!(text.matches("Available names:").count(), 1);
}

#[test]
fn control_characters_of_a_file_do_not_reach_the_terminal() {
    let text = report("[supervisord]\nloglevel=\u{1b}[31mred\n");
    assert!(!text.contains('\u{1b}'), "{text}");
}
