//! supervisorctl's command line and section against what upstream makes of them.

use super::*;
use crate::host::MemoryHost;

fn host(text: &str) -> MemoryHost {
    MemoryHost::new()
        .with_variable("HOME", "/home/ann")
        .with_variable("FOO", "foo")
        .with_file("/etc/sv/c.conf", text)
}

fn try_options(text: &str, words: &[&str]) -> Result<ClientOptions, Failure> {
    let all =
        ["supervisorctl", "-c", "/etc/sv/c.conf"].iter().chain(words).map(OsString::from).collect::<Vec<_>>();
    let host = host(text);
    load(&parse(&all, &host)?, &host)
}

fn options(text: &str, words: &[&str]) -> ClientOptions {
    try_options(text, words).unwrap_or_else(|failure| panic!("{failure}"))
}

fn refused(text: &str, words: &[&str]) -> String {
    try_options(text, words).unwrap_err().first().message()
}

#[test]
fn an_empty_section_gives_the_defaults_and_so_does_no_file() {
    let expected = ClientOptions {
        serverurl: b"http://localhost:9001".to_vec(),
        username: None,
        password: None,
        prompt: b"supervisor".to_vec(),
        history_file: None,
        style: Style::Rich,
        interactive: true,
        args: Vec::new(),
    };
    assert_eq!(options("[supervisorctl]\n", &[]), expected);
    let host = MemoryHost::new();
    let line = parse(&["/usr/bin/supervisorctl".into()], &host).unwrap();
    assert_eq!(load(&line, &host).unwrap(), expected);
}

#[test]
fn the_section_is_read_without_includes() {
    let text = "[supervisorctl]\nserverurl=unix://~/x/../y\nusername=%(ENV_FOO)s\npassword=a%%b\nprompt=p\nhistory_file=%(here)s/../h\n[include]\nfiles=%(nope)s\n";
    let read = options(text, &["tail", "-f", "x"]);
    assert_eq!(read.serverurl, b"unix:///home/ann/y");
    assert_eq!((read.username.as_deref(), read.password.as_deref()), (Some(&b"foo"[..]), Some(&b"a%b"[..])));
    assert_eq!((&read.prompt[..], read.history_file.as_deref()), (&b"p"[..], Some("/etc/h".as_ref())));
    assert_eq!((read.args, read.interactive), (["tail", "-f", "x"].map(OsString::from).to_vec(), false));
    let empty = options("[supervisorctl]\nserverurl=\nprompt=\nusername=\nhistory_file=\n", &[]);
    assert_eq!(
        (&empty.serverurl[..], empty.username.as_deref(), &empty.history_file),
        (&b""[..], Some(&b""[..]), &None)
    );
}

#[test]
fn the_command_line_outranks_the_section() {
    let text = "[supervisorctl]\nserverurl=http://a\nusername=a\npassword=a\nhistory_file=/a\n";
    let words = ["-s", "unix://~/x", "-u", "", "-p", "b", "-i", "-r", "~/h", "status"];
    let read = options(text, &words);
    assert_eq!(read.serverurl, b"unix://~/x");
    assert_eq!((read.username.as_deref(), read.password.as_deref()), (Some(&b""[..]), Some(&b"b"[..])));
    assert_eq!((read.history_file.as_deref(), read.interactive), (Some("/home/ann/h".as_ref()), true));
}

/// Upstream documents one spelling and accepts the other.
#[test]
fn history_file_has_two_spellings() {
    for spelling in ["--history-file=/h", "--history_file=/h", "--hist=/h"] {
        assert_eq!(options("[supervisorctl]\n", &[spelling]).history_file.as_deref(), Some("/h".as_ref()));
    }
    assert_eq!(
        refused("[supervisorctl]\n", &["--history-file=a", "-r", "b"]),
        "conflicting command line option '-r'"
    );
}

#[test]
fn mistakes_have_upstreams_texts() {
    let good = "[supervisorctl]\n";
    assert_eq!(refused(good, &["-s", "foo"]), "invalid value for -s 'foo': value 'foo' is not a URL");
    assert_eq!(refused(good, &["-z"]), "option -z not recognized");
    assert_eq!(refused(good, &["-i", "-i"]), "conflicting command line option '-i'");
    assert_eq!(refused("[x]\n", &["-s", "http://x"]), ".ini file does not include supervisorctl section");
    assert_eq!(
        refused("[supervisorctl]\nprompt=%(here)s\n", &[]),
        "Format string '%(here)s' for 'supervisorctl.prompt' contains names ('here') which cannot be expanded. \
         Available names: ENV_FOO, ENV_HOME"
    );
    assert_eq!(
        refused("[supervisorctl]\n[ctlplugin:x]\n", &[]),
        "section [ctlplugin:x] does not specify a supervisor.ctl_factory"
    );
    let plugin = "[supervisorctl]\n[ctlplugin:x]\nsupervisor.ctl_factory=";
    assert_eq!(refused(&format!("{plugin}a:b\n"), &[]), "a:b cannot be resolved within [ctlplugin:x]");
    options(&format!("{plugin}supervisor.supervisorctl:DefaultControllerPlugin\n"), &[]);
}

/// Upstream prints a traceback for the second one.
#[test]
fn a_file_that_cannot_be_read_is_a_fault_when_it_was_named() {
    let words = ["supervisorctl", "-c", "/nosuch"].map(OsString::from);
    let host = MemoryHost::new();
    let failure = load(&parse(&words, &host).unwrap(), &host).unwrap_err();
    assert_eq!(failure.first().message(), "could not find config file /nosuch");
    assert_eq!(
        refused("[supervisorctl]\nfoo\n", &[]),
        "Source contains parsing errors: '/etc/sv/c.conf'\n\t[line  2]: 'foo\\n'"
    );
}

#[test]
fn commands_are_plain_and_the_shell_is_rich_unless_something_says_otherwise() {
    let style = |text: &str, variable: Option<&str>, words: &[&str]| {
        let all = ["supervisorctl", "-c", "/etc/sv/c.conf"].iter().chain(words).map(OsString::from);
        let host = variable
            .into_iter()
            .fold(host(text), |host, value| host.with_variable("SUPERVISORCTL_STYLE", value));
        load(&parse(&all.collect::<Vec<_>>(), &host).unwrap(), &host).unwrap().style
    };
    let (none, plain, rich) =
        ("[supervisorctl]\n", "[supervisorctl]\nstyle=plain\n", "[supervisorctl]\nstyle = Rich ; x\n");
    assert_eq!(style(none, None, &["status"]), Style::Plain);
    assert_eq!(style(none, None, &["-i", "status"]), Style::Plain);
    assert_eq!(style(none, None, &[]), Style::Rich);
    assert_eq!(style(plain, None, &[]), Style::Plain);
    assert_eq!(style(rich, None, &["status"]), Style::Rich);
    // The command line outranks the environment, and that the file.
    assert_eq!(style(rich, Some("plain"), &["status"]), Style::Plain);
    assert_eq!(style(rich, Some(""), &["status"]), Style::Rich);
    assert_eq!(style(plain, Some("plain"), &["--style=rich", "status"]), Style::Rich);
}

#[test]
fn a_style_that_does_not_exist_is_refused() {
    assert_eq!(
        refused("[supervisorctl]\n", &["--style", "gaudy"]),
        "invalid value for --style 'gaudy': bad style name 'gaudy'"
    );
    assert!(refused("[supervisorctl]\nstyle=gaudy\n", &[]).contains("bad style name 'gaudy'"));
    let host = host("[supervisorctl]\n").with_variable("SUPERVISORCTL_STYLE", "gaudy");
    let line = parse(&["supervisorctl".into(), "status".into()], &host).unwrap();
    assert_eq!(
        load(&line, &host).unwrap_err().first().message(),
        "invalid value for SUPERVISORCTL_STYLE 'gaudy': bad style name 'gaudy'"
    );
}

/// `--s` is `--serverurl` upstream.
#[test]
fn upstreams_abbreviations_keep_their_meaning() {
    assert_eq!(options("[supervisorctl]\n", &["--s", "http://a"]).serverurl, b"http://a");
}

#[test]
fn help_has_upstreams_frame() {
    let text = String::from_utf8(help(OsStr::new("/bin/supervisorctl"))).unwrap();
    assert!(text.starts_with(
        "supervisorctl -- control applications run by supervisord from the cmd line.\n\n\
         Usage: /bin/supervisorctl [options] [action [arguments]]\n\nOptions:\n-c/--configuration FILENAME -- "
    ));
    assert!(text.contains("\n-r/--history-file "));
    assert_eq!(parse(&["x".into(), "-?".into()], &MemoryHost::new()).unwrap().action, Action::Help);
}

#[test]
fn a_password_does_not_show_in_debug_output() {
    let read = options("[supervisorctl]\npassword=secret\n", &[]);
    assert!(!format!("{read:?}").contains("secret"));
}

#[test]
fn a_missing_variable_is_looked_for_where_supervisorctl_starts() {
    let failure = try_options("[supervisorctl]\npassword=%(ENV_CTL_PW)s\n", &[]).unwrap_err();
    assert_eq!(failure.first().hint(), Some("set CTL_PW in the environment supervisorctl starts with"));
    let failure = try_options("[supervisorctl]\npassword=%(ENV_BOO)s\n", &[]).unwrap_err();
    assert_eq!(failure.first().hint(), Some("did you mean %(ENV_FOO)s?"));
    let failure = try_options("[supervisorctl]\npassword=%(HOME)s\n", &[]).unwrap_err();
    assert_eq!(failure.first().hint(), Some("did you mean %(ENV_HOME)s?"));
    let failure = try_options("[supervisorctl]\npassword=%(ENV_NOPE)s\n", &[]).unwrap_err();
    assert_eq!(failure.first().hint(), Some("set NOPE in the environment supervisorctl starts with"));
    let failure = try_options("[supervisorctl]\nserverurl=http://%(ENV_FOO):9001\n", &[]).unwrap_err();
    assert_eq!(failure.first().hint(), Some("write %(ENV_FOO)s, with an s"));
}
