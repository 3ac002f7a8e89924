//! Values of variables, whatever they hold, and reports about those that are no good.

use super::{host, load_on, messages, with_program};
use supervisor_config::{Config, Failure, Severity};

/// Loads a program with these options on a machine where `X` is this.
fn try_program(options: &str, variable: &str) -> Result<Config, Failure> {
    let host = host().with_variable("X", variable).with_file("/srv/s.conf", with_program(options));
    load_on(host, &["-c", "s.conf"])
}

fn loaded(options: &str, variable: &str) -> Config {
    try_program(options, variable).unwrap_or_else(|failure| panic!("{failure}"))
}

fn variables(options: &str, variable: &str) -> Vec<(String, String)> {
    let config = loaded(options, variable);
    let environment = &config.groups[0].processes[0].environment;
    let text = |text: &std::ffi::OsStr| text.to_str().unwrap().to_string();
    environment.iter().map(|(name, value)| (text(name), text(value))).collect()
}

fn command(text: &str, variable: &str) -> String {
    let config = loaded(&format!("command={text}"), variable);
    String::from_utf8(config.groups[0].processes[0].command.clone()).unwrap()
}

/// What stands under the first line of the report about the first fault.
fn details(options: &str, variable: &str) -> Vec<String> {
    let report = try_program(options, variable).expect_err("it should have been refused").to_string();
    let lines = report.lines().skip_while(|line| !line.starts_with("    why"));
    lines.take_while(|line| line.starts_with("    ")).map(|line| line.trim().to_string()).collect()
}

fn warnings(options: &str, variable: &str) -> Vec<String> {
    let config = loaded(options, variable);
    let prefix = "in section 'program:x' (file: 's.conf', line 4): ";
    messages(&config, Severity::Warning).iter().map(|text| text.replace(prefix, "")).collect()
}

#[test]
fn no_value_of_a_variable_is_parsed_as_environment() {
    for value in ["end\\", r"C:\\dir", "say \"hi\"", "x\",EVIL=\"1", "a;b # c", "", "it's", "密 码"] {
        for option in
            ["environment=PW=\"%(ENV_X)s\"", "environment=PW='%(ENV_X)s'", "environment=PW=%(ENV_X)s"]
        {
            assert_eq!(variables(option, value), [("PW".to_string(), value.to_string())], "{option} {value}");
        }
    }
    let section = "[supervisord]\nenvironment=PW=\"%(ENV_X)s\"\n";
    let host = host().with_variable("X", "a\",B=\"1").with_file("/srv/s.conf", section);
    let config = load_on(host, &["-c", "s.conf"]).unwrap();
    assert_eq!(config.supervisord.environment.value("PW".as_ref()), Some("a\",B=\"1".as_ref()));
    assert_eq!(config.supervisord.environment.len(), 1);
}

#[test]
fn a_variable_of_pairs_is_still_read_as_pairs() {
    let expected = [("A".to_string(), "1".to_string()), ("B".to_string(), "2 3".to_string())];
    assert_eq!(variables("environment=%(ENV_X)s", "A=1,B=\"2 3\""), expected);
    assert_eq!(variables("environment=A=1,%(ENV_X)s", "B=\"2 3\""), expected);
}

#[test]
fn a_variable_may_hold_a_command_but_not_end_the_quotes_around_it() {
    assert_eq!(command("%(ENV_X)s --flag", "sh -c \"a b\""), "sh -c \"a b\" --flag");
    assert_eq!(command("x --name \"%(ENV_X)s\"", "a b"), "x --name \"a b\"");
    assert_eq!(command("x --name \"%(ENV_X)s\"", "say \"hi\""), r#"x --name "say \"hi\"""#);
    assert_eq!(command("x --name \"%(ENV_X)s\"", r"end\"), r#"x --name "end\\""#);
    assert_eq!(
        warnings("command=x --name=%(ENV_X)s", "it's"),
        ["command the value of ENV_X opens quotes and does not close them, and is taken as one word; write \
          \"%(ENV_X)s\" in double quotes"]
    );
}

#[test]
fn a_directory_with_a_blank_in_its_name_is_one_directory() {
    let host = host()
        .with_file("/my dir/s.conf", "[supervisord]\n[include]\nfiles=%(here)s/a.ini %(ENV_FOO)s\n")
        .with_file("/my dir/a.ini", "[program:a]\ncommand=x\n")
        .with_file("/my dir/foo", "[program:b]\ncommand=x\n");
    assert_eq!(load_on(host, &["-c", "/my dir/s.conf"]).unwrap().groups.len(), 2);
}

#[test]
fn a_forgotten_s_is_pointed_out() {
    let cases = [
        ("%(ENV_X):6379", "help: write %(ENV_X)s, with an s"),
        ("%(ENV_X)", "help: write %(ENV_X)s, with an s"),
        ("%(ENV_X)/bin", "help: write %(ENV_X)s, with an s"),
        ("%(ENV_X)-x", "help: write %(ENV_X)s, with an s"),
        ("%(ENV_X)d", "help: write %(ENV_X)s, with an s"),
        ("%(ENV_X", "help: write %(ENV_X)s, with an s"),
        ("%(process_num)_y", "help: write %(process_num)d, with a d"),
        ("+%Y", "help: write %% for a percent sign"),
    ];
    for (text, hint) in cases {
        assert_eq!(details(&format!("command=redis {text}"), "h")[1], hint, "{text}");
    }
}

#[test]
fn a_variable_that_is_empty_or_odd_is_named() {
    assert_eq!(
        details("numprocs=%(ENV_X)s", ""),
        [
            "why: numprocs takes a whole number; X is empty in the environment",
            "help: set X in the environment supervisord starts with"
        ]
    );
    assert_eq!(
        details("autostart=%(ENV_X)s", "yess"),
        ["why: autostart takes true or false; X is 'yess' in the environment", "help: did you mean yes?"]
    );
    assert_eq!(
        details("stopsignal=%(ENV_X)s", &"long".repeat(20)),
        [
            "why: stopsignal takes a signal name, with or without SIG, or a number; X is set in the environment",
            "help: change X in the environment supervisord starts with"
        ]
    );
    let group = "autostart=false\n[group:g]\nprograms=%(ENV_X)s";
    assert_eq!(
        details(group, "y")[0],
        "why: programs takes names of programs separated by commas; X is 'y' in the environment"
    );
    let listener = "[eventlistener:e]\ncommand=x\nevents=%(ENV_X)s";
    assert_eq!(
        details(listener, ""),
        [
            "why: [eventlistener:e] cannot do without events; X is empty in the environment",
            "help: give events a value: event types separated by commas"
        ]
    );
    assert_eq!(
        details("[supervisord]\nuser=%(ENV_X)s", "nosuch")[0],
        "why: user takes the name or number of a user that exists; X is 'nosuch' in the environment"
    );
    assert_eq!(
        warnings("command=%(ENV_X)s", ""),
        ["command it is empty, and the program cannot start; X is empty in the environment"]
    );
}

#[test]
fn a_secret_is_not_shown_and_clients_learn_of_no_variable() {
    let text = "[supervisord]\n[inet_http_server]\nport=%(ENV_TOKEN)s\n[program:x]\ncommand=x\nenvironment=A\"%(ENV_X)s\"\n\
                [program:y]\ncommand=x\nenvironment=SIZE=\"small\"\nstdout_logfile_maxbytes=%(ENV_SIZE)s\n";
    let host =
        host().with_variable("TOKEN", "hush").with_variable("X", "hush").with_file("/srv/s.conf", text);
    let failure = load_on(host, &["-c", "s.conf"]).unwrap_err();
    let report = failure.to_string();
    assert!(report.contains("; TOKEN is set in the environment\n"), "{report}");
    assert!(report.contains("; SIZE is set by an environment option\n"), "{report}");
    assert!(report.contains("; X is set in the environment\n"), "{report}");
    assert!(!failure.remote_report().contains("in the environment"), "{}", failure.remote_report());
}

#[test]
fn a_variable_of_a_shell_is_told_from_a_value() {
    let hint = |name| vec![format!("help: no shell reads this; write %(ENV_{name})s for ${{{name}}}")];
    assert_eq!(details("numprocs=${PROCESS_NUMBER}", "")[1..], hint("PROCESS_NUMBER"));
    assert_eq!(details("stdout_logfile=${SRC}/logs/x.log", "")[1..], hint("SRC"));
    assert_eq!(details("user=${USER}", "")[1..], hint("USER"));
    assert_eq!(
        warnings("command=$HOME/bin/x", ""),
        ["command no shell reads this; write %(ENV_HOME)s for $HOME"]
    );
    assert_eq!(
        warnings("directory=${HOME}/x", ""),
        ["directory no shell reads this; write %(ENV_HOME)s for ${HOME}"]
    );
    assert_eq!(warnings("command=sh -c 'echo $HOME'", ""), Vec::<String>::new());
}

#[test]
fn a_command_that_a_comment_cuts_off_is_pointed_out() {
    let cut = "command it is cut off: a ; behind a blank begins a comment, even between quotes; leave out the blank, or put the \
               text into a script";
    assert_eq!(warnings("command=sh -c \"a ; b\"", ""), [cut]);
    assert_eq!(warnings("command=x\n  -c \"a ; b\"", ""), [cut]);
    assert_eq!(warnings("command=cat ; \"the program", ""), Vec::<String>::new());
    assert!(
        details("environment=A=\"a # b\"", "")[1].starts_with("help: a # behind a blank begins a comment")
    );
}
