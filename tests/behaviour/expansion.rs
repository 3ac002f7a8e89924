//! `%(name)s` in values.

use super::assert_refused;
use support::{Daemon, Launch, Sandbox, processes, wait_for};

/// CFG-21
#[test]
fn unknown_expansion_is_rejected_with_the_known_names() {
    let sandbox = Sandbox::new();
    let launch = Launch::new().through_shell("exec env -i LC_ALL=C.UTF-8 PATH=\"$PATH\" \"$@\"");
    let said = launch.configure(&sandbox, "[program:x]\ncommand=/bin/%(foo)s\n").refusal(&sandbox);
    let sentence = "Error: Format string '/bin/%(foo)s' for 'program:x.command' contains names ('foo') which cannot be \
        expanded. Available names: ENV_LC_ALL, ENV_PATH, group_name, here, host_node_name, numprocs, process_num, program_name in \
        section 'program:x' (file: 'DIR/supervisord.conf')\n";
    assert!(said.starts_with(sentence), "{said}");
}

/// CFG-22
#[test]
fn bare_percent_sign_is_refused() {
    assert_refused(
        "[program:x]\ncommand=date +%Y\n",
        "Format string 'date +%Y' for 'program:x.command' is badly formatted: unsupported format character 'Y' (0x59) \
         at index 7 in section 'program:x' (file: 'DIR/supervisord.conf')",
    );
}

/// CFG-23
#[test]
fn doubled_percent_sign_reaches_the_program_as_one() {
    let daemon = Daemon::start("[program:x]\ncommand=/bin/sh -c \"exec sleep 1000\" +%%Y\nstartsecs=0\n");
    assert_eq!(daemon.configured("x")["command"].text(), "/bin/sh -c \"exec sleep 1000\" +%Y");
    let daemon = Daemon::start(
        "[program:x]\ncommand=/bin/sh -c \"echo $0; sleep 9\" +%%Y\nstdout_logfile=%(here)s/x.log\n",
    );
    assert_eq!(daemon.wait_for_file("x.log", "\n"), "+%Y\n");
}

/// The names of all processes, in the order of `getAllProcessInfo` or of their start.
fn names(daemon: &Daemon) -> Vec<String> {
    let all = daemon.ask("getAllProcessInfo", &[]);
    all.items().iter().map(|info| info["name"].text().to_owned()).collect()
}

/// CFG-24
#[test]
fn process_numbers_can_be_padded() {
    let daemon = Daemon::start(
        "[program:x]\ncommand=x\nautostart=false\nnumprocs=3\nprocess_name=%(program_name)s_%(process_num)02d\n",
    );
    assert_eq!(names(&daemon), ["x_00", "x_01", "x_02"]);
}

/// CFG-25
#[test]
fn several_processes_need_a_number_in_their_name() {
    assert_refused(
        "[program:x]\ncommand=x\nnumprocs=2\n",
        "%(process_num) must be present within process_name when numprocs > 1 in section 'program:x' (file: \
         'DIR/supervisord.conf')",
    );
}

/// CFG-25
#[test]
fn no_processes_make_an_empty_group() {
    let daemon =
        Daemon::start("[program:x]\ncommand=x\nnumprocs=0\n[program:y]\ncommand=y\nautostart=false\n");
    assert_eq!(names(&daemon), ["y"]);
    assert_eq!(daemon.ask("startProcessGroup", &["x".into()]).items().len(), 0);
}

/// CFG-26
#[test]
fn unpadded_numbers_sort_as_text() {
    let daemon =
        Daemon::start("[program:x]\ncommand=sleep 1000\nnumprocs=11\nprocess_name=%(process_num)d\n");
    let spawned = daemon.wait_for_messages("spawned: ", 11);
    let order: Vec<_> = spawned.iter().map(|message| message.split('\'').nth(1).unwrap()).collect();
    assert_eq!(order, ["0", "1", "10", "2", "3", "4", "5", "6", "7", "8", "9"]);
}

/// CFG-27
#[test]
fn environment_of_the_daemon_section_serves_programs_but_not_include() {
    let sandbox = Sandbox::new();
    let config =
        "[supervisord]\nenvironment=ADDED=\"1000\"\n[program:x]\ncommand=sleep %(ENV_ADDED)s\nstartsecs=0\n";
    let daemon = Launch::new().configure(&sandbox, config).start(sandbox);
    assert_eq!(daemon.configured("x")["command"].text(), "sleep 1000");

    let sandbox = Sandbox::new();
    let config = "[supervisord]\nenvironment=ADDED=\"1000\"\n[include]\nfiles=%(ENV_ADDED)s\n";
    let said = Launch::new().configure(&sandbox, config).refusal(&sandbox);
    assert!(
        said.starts_with(
            "Error: Format string '%(ENV_ADDED)s' for 'include.files' contains names ('ENV_ADDED') which cannot be \
             expanded. Available names: "
        ),
        "{said}"
    );
}

/// CFG-27
#[test]
fn environment_of_the_daemon_itself_serves_everything() {
    let sandbox = Sandbox::new();
    sandbox.write("x.ini", "[program:x]\ncommand=sleep %(ENV_SECONDS)s\nstartsecs=0\n");
    let launch = Launch::new().environment("SECONDS", "1000").environment("INCLUDED", "x.ini");
    let daemon = launch.configure(&sandbox, "[include]\nfiles=%(ENV_INCLUDED)s\n").start(sandbox);
    let pid = u32::try_from(daemon.wait_for_state("x", "RUNNING")["pid"].int()).unwrap();
    wait_for("the child's command line", || {
        let arguments = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        (arguments == b"sleep\x001000\0").then_some(())
    });
    assert!(processes::is_alive(pid));
}

/// Upstream parses `environment` after variables are filled in, and a quote in one of them ends its value.
#[test]
fn values_of_variables_reach_programs_as_they_are_unlike_upstream() {
    for value in ["end\\", r"C:\\dir", "say \"hi\"", "x\",EVIL=\"1", "it's", "密 码;# $X"] {
        let sandbox = Sandbox::new();
        let config = "[program:x]\ncommand=/bin/sh -c \"printf '%%s\\n' \\\"$PW\\\" \\\"$EVIL\\\" \\\"$1\\\"; exec sleep 1000\" sh \"%(ENV_PW)s\"\n\
                      environment=PW=\"%(ENV_PW)s\"\nstdout_logfile=%(here)s/x.log\n";
        let daemon = Launch::new().environment("PW", value).configure(&sandbox, config).start(sandbox);
        let expected = if value == r"C:\\dir" { r"C:\dir" } else { value };
        let log = format!("{value}\n\n{expected}\n");
        assert_eq!(daemon.wait_for_file("x.log", &log), log);
    }
}

/// A variable may hold the whole command, or several pairs.
#[test]
fn variables_that_hold_commands_and_pairs_are_read_as_such() {
    let sandbox = Sandbox::new();
    let launch = Launch::new()
        .environment("CMD", "sh -c \"echo $0 $A $B; exec sleep 1000\"")
        .environment("PAIRS", "A=\"1\",B=2");
    let config =
        "[program:x]\ncommand=%(ENV_CMD)s --flag\nenvironment=%(ENV_PAIRS)s\nstdout_logfile=%(here)s/x.log\n";
    let daemon = launch.configure(&sandbox, config).start(sandbox);
    assert_eq!(daemon.wait_for_file("x.log", "\n"), "--flag 1 2\n");
}
