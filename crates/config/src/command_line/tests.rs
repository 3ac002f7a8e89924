//! Command lines against what upstream makes of them.

use super::*;
use crate::host::MemoryHost;

fn try_parse(words: &[&str]) -> Result<CommandLine, String> {
    let words: Vec<OsString> = ["/usr/bin/supervisord"].iter().chain(words).map(OsString::from).collect();
    let host = MemoryHost::new().with_variable("HOME", "/srv");
    parse(&words, &host).map_err(|failure| failure.first().message())
}

fn refused(words: &[&str]) -> String {
    try_parse(words).unwrap_err()
}

/// CFG-51.
#[test]
fn mistakes_have_upstreams_texts() {
    assert_eq!(refused(&["-n", "-n"]), "conflicting command line option '-n'");
    assert_eq!(refused(&["-c", "a", "--conf=a"]), "conflicting command line option '--configuration'");
    assert_eq!(refused(&["--log", "x"]), "option --log not a unique prefix");
    assert_eq!(refused(&["extra", "two"]), "positional arguments are not supported: ['extra', 'two']");
    assert_eq!(refused(&["--bogus"]), "option --bogus not recognized");
    assert_eq!(refused(&["-c"]), "option -c requires argument");
    assert_eq!(refused(&["--nodaemon=1"]), "option --nodaemon must not have an argument");
}

/// CFG-52.
#[test]
fn values_are_checked_as_in_a_file() {
    assert_eq!(refused(&["-m", "9"]), "invalid value for -m '9': 9 can not be converted to an octal type");
    assert_eq!(refused(&["-e", "bogus"]), "invalid value for -e 'bogus': bad logging level name 'bogus'");
    assert_eq!(
        refused(&["-y", "1x"]),
        "invalid value for -y '1x': invalid literal for int() with base 10: '1x'"
    );
    assert_eq!(
        refused(&["--logfile=/nonexist/x"]),
        "invalid value for --logfile '/nonexist/x': The directory named as part of the path /nonexist/x does not exist"
    );
}

#[test]
fn mistakes_are_found_in_upstreams_order() {
    assert_eq!(refused(&["-h", "extra"]), "positional arguments are not supported: ['extra']");
    assert_eq!(refused(&["-m", "9", "--bogus"]), "option --bogus not recognized");
    assert_eq!(
        refused(&["-m", "9", "-h"]),
        "invalid value for -m '9': 9 can not be converted to an octal type"
    );
    assert_eq!(try_parse(&["-h", "-m", "9"]).unwrap().action, Action::Help);
    assert_eq!(try_parse(&["-v", "-h"]).unwrap().action, Action::Version);
}

#[test]
fn every_option_arrives() {
    let line = try_parse(&[
        "-nskt",
        "-cfile",
        "-u",
        "nobody",
        "-m",
        "077",
        "-d",
        "/tmp",
        "-l",
        "~/log",
        "--logfile_m=1KB",
        "-z",
        "3",
        "-e",
        "DEBUG",
        "-j",
        "pid",
        "-i",
        "me",
        "-q",
        "/tmp",
        "-a",
        "5",
        "--minprocs",
        "6",
        "--profile_options",
        "calls",
    ])
    .unwrap();
    let expected = CommandLine {
        configuration: Some("file".into()),
        nodaemon: true,
        silent: true,
        nocleanup: true,
        strip_ansi: true,
        user: Some("nobody".into()),
        umask: Some(0o77),
        directory: Some("/tmp".into()),
        logfile: Some(LogTarget::Path("/srv/log".into())),
        logfile_maxbytes: Some(1024),
        logfile_backups: Some(3),
        loglevel: Some(Level::Debug),
        pidfile: Some("/srv/pid".into()),
        identifier: Some("me".into()),
        childlogdir: Some("/tmp".into()),
        minfds: Some(5),
        minprocs: Some(6),
        ..CommandLine::new("/usr/bin/supervisord")
    };
    assert_eq!(line, expected);
    assert_eq!(try_parse(&["-l", "syslog"]).unwrap().logfile, Some(LogTarget::Syslog));
    assert_eq!(try_parse(&["-?"]).unwrap().action, Action::Help);
    assert_eq!(try_parse(&["-l", ""]).unwrap().logfile, None);
}

#[test]
fn a_failure_ends_with_the_way_to_help() {
    let words = ["supervisord", "--nodeamon"].map(OsString::from);
    let report = parse(&words, &MemoryHost::new()).unwrap_err().to_string();
    assert_eq!(
        report,
        "Error: option --nodeamon not recognized\n    help: did you mean --nodaemon?\nFor help, use supervisord -h"
    );
}

/// CFG-59.
#[test]
fn help_lists_every_option_once() {
    let text = String::from_utf8(help(OsStr::new("/bin/supervisord"))).unwrap();
    assert!(text.starts_with(
        "supervisord -- run a set of applications as daemons.\n\nUsage: /bin/supervisord [options]\n\nOptions:\n\
         -c/--configuration FILENAME -- "
    ));
    assert!(text.ends_with("\n\n"));
    let order: Vec<char> =
        text.lines().filter(|line| line.starts_with('-')).filter_map(|line| line.chars().nth(1)).collect();
    assert_eq!(order.iter().collect::<String>(), "cnshvumdlyzejiqkat--");
    for line in text.lines().filter(|line| line.starts_with(' ')) {
        let indent = line.len() - line.trim_start().len();
        assert!(indent == 19 || indent == 29, "{line}");
    }
}
