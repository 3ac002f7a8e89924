//! The command line of supervisord.

use std::fs;
use support::{Daemon, Flavour, Launch, Sandbox};

fn refusal(arguments: &[&str]) -> String {
    let sandbox = Sandbox::new();
    let said = Launch::new().configure(&sandbox, "").arguments(arguments.to_vec()).refusal(&sandbox);
    said.lines().next().unwrap().to_owned()
}

/// CFG-51
#[test]
fn misuse_of_options_is_refused() {
    assert_eq!(refusal(&["-n", "-n"]), "Error: conflicting command line option '-n'");
    assert_eq!(refusal(&["--log", "x"]), "Error: option --log not a unique prefix");
    assert_eq!(refusal(&["extra", "two"]), "Error: positional arguments are not supported: ['extra', 'two']");
    assert_eq!(refusal(&["--bogus"]), "Error: option --bogus not recognized");
    assert_eq!(refusal(&["-x"]), "Error: option -x not recognized");
    assert_eq!(refusal(&["--nodaemon=1"]), "Error: option --nodaemon must not have an argument");
    assert_eq!(refusal(&["-l"]), "Error: option -l requires argument");
}

/// CFG-52
#[test]
fn unusable_values_are_refused() {
    assert_eq!(
        refusal(&["-m", "9"]),
        "Error: invalid value for -m '9': 9 can not be converted to an octal type"
    );
    assert_eq!(
        refusal(&["-e", "bogus"]),
        "Error: invalid value for -e 'bogus': bad logging level name 'bogus'"
    );
    assert_eq!(
        refusal(&["-y", "1x"]),
        "Error: invalid value for -y '1x': invalid literal for int() with base 10: '1x'"
    );
}

/// CFG-53
#[test]
fn command_line_beats_the_file_also_after_a_restart() {
    let sandbox = Sandbox::new();
    let config =
        "[supervisord]\nloglevel=warn\nlogfile=%(here)s/unused.log\n[program:x]\ncommand=sleep 1000\n";
    let launch = Launch::new().arguments(["-e", "debug", "--logfile", "main.log"]);
    let daemon = launch.configure(&sandbox, config).start(sandbox);
    daemon.wait_for_messages("spawned: 'x'", 1);
    daemon.signal("HUP");
    daemon.wait_for_messages("spawned: 'x'", 2);
    assert_eq!(daemon.wait_for_messages("DEBG killing x", 1).len(), 1);
    daemon.ask("stopProcess", &["x".into()]);
    assert_eq!(daemon.wait_for_messages("DEBG killing x", 2).len(), 2);
    assert!(fs::metadata(daemon.sandbox().path("unused.log")).is_err());
}

/// CFG-59
#[test]
fn version_is_printed_alone() {
    let sandbox = Sandbox::new();
    for option in ["-v", "--version"] {
        let outcome =
            sandbox.command(Flavour::under_test().program("supervisord")).arg(option).output().unwrap();
        assert_eq!(outcome.status.code(), Some(0));
        assert_eq!(String::from_utf8_lossy(&outcome.stdout), "4.3.0\n");
        assert_eq!(String::from_utf8_lossy(&outcome.stderr), "");
    }
}

/// CFG-59
#[test]
fn help_lists_every_option() {
    let sandbox = Sandbox::new();
    let program = Flavour::under_test().program("supervisord");
    for option in ["-h", "--help", "-?"] {
        let outcome = sandbox.command(&program).arg(option).output().unwrap();
        assert_eq!(outcome.status.code(), Some(0));
        let help = String::from_utf8(outcome.stdout).unwrap();
        let head = format!(
            "supervisord -- run a set of applications as daemons.\n\nUsage: {} [options]\n\nOptions:\n",
            program.display()
        );
        assert!(help.starts_with(&head) && help.ends_with("\n\n"), "{help}");
        let options: Vec<_> = help
            .lines()
            .filter(|line| line.starts_with('-') && line.contains(" -- "))
            .map(|line| line.split_whitespace().next().unwrap())
            .collect();
        assert_eq!(
            options,
            [
                "-c/--configuration",
                "-n/--nodaemon",
                "-s/--silent",
                "-h/--help",
                "-v/--version",
                "-u/--user",
                "-m/--umask",
                "-d/--directory",
                "-l/--logfile",
                "-y/--logfile_maxbytes",
                "-z/--logfile_backups",
                "-e/--loglevel",
                "-j/--pidfile",
                "-i/--identifier",
                "-q/--childlogdir",
                "-k/--nocleanup",
                "-a/--minfds",
                "-t/--strip_ansi",
                "--minprocs",
                "--profile_options",
            ]
        );
        assert_eq!(String::from_utf8_lossy(&outcome.stderr), "");
    }
}

#[test]
fn nodaemon_on_the_command_line_keeps_it_in_the_foreground() {
    let sandbox = Sandbox::new();
    let launch = Launch::new().arguments(["-n"]).configure(&sandbox, "[supervisord]\nnodaemon=false\n");
    let mut daemon: Daemon = launch.start(sandbox);
    assert!(daemon.is_running());
    assert_eq!(daemon.terminate(), 0);
}
