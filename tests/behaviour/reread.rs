//! `reloadConfig`: what differs from the running set.

use support::{Daemon, Value};

/// The groups added, changed and removed, in one line.
fn differences(daemon: &Daemon) -> String {
    let answer = daemon.ask("reloadConfig", &[]);
    let names = |list: &Value| list.items().iter().map(Value::text).collect::<Vec<_>>().join(",");
    let lists = &answer[0];
    format!("+{} ~{} -{}", names(&lists[0]), names(&lists[1]), names(&lists[2]))
}

const TWO: &str =
    "[program:a]\ncommand=sleep 1000\nautostart=false\n[program:b]\ncommand=sleep 1000\nautostart=false\n";

/// CFG-54
#[test]
fn unchanged_file_has_no_differences() {
    let daemon = Daemon::start(TWO);
    assert!(daemon.info("a")["stdout_logfile"].text().contains("/a-stdout---"), "an automatic log is in use");
    assert_eq!(differences(&daemon), "+ ~ -");
}

#[test]
fn reread_distinguishes_added_changed_and_removed_groups() {
    let daemon = Daemon::start(TWO);
    daemon.reconfigure("[program:b]\ncommand=sleep 2000\nautostart=false\n[program:c]\ncommand=x\n");
    assert_eq!(differences(&daemon), "+c ~b -a");
    assert_eq!(differences(&daemon), "+c ~b -a", "reading changes nothing by itself");
}

/// CFG-55
#[test]
fn automatic_log_compares_equal_to_a_named_one_in_one_direction() {
    let automatic = "[program:a]\ncommand=x\nautostart=false\n";
    let named = "[program:a]\ncommand=x\nautostart=false\nstdout_logfile=%(here)s/a.log\n";
    let daemon = Daemon::start(automatic);
    daemon.reconfigure(named);
    assert_eq!(differences(&daemon), "+ ~a -");

    let daemon = Daemon::start(named);
    daemon.reconfigure(automatic);
    assert_eq!(differences(&daemon), "+ ~ -");
}

/// CFG-56
#[test]
fn broken_file_is_a_fault_and_changes_nothing() {
    let daemon = Daemon::start(&TWO.replace("autostart=false", "startsecs=0"));
    let pid = daemon.wait_for_state("a", "RUNNING")["pid"].int();
    daemon.wait_for_state("b", "RUNNING");
    daemon.reconfigure("[program:a]\ncommand=x\nstartsecs=soon\n");
    let fault = daemon.call("reloadConfig", &[]).unwrap_err();
    let file = daemon.sandbox().path("supervisord.conf");
    assert_eq!(
        fault.to_string(),
        format!(
            "92 CANT_REREAD: invalid literal for int() with base 10: 'soon' in section 'program:a' (file: '{}')",
            file.display()
        )
    );
    assert_eq!(daemon.wait_for_state("a", "RUNNING")["pid"].int(), pid);
    assert_eq!(daemon.state("b"), "RUNNING");
}

/// CFG-57
#[test]
fn change_of_the_common_environment_changes_every_group() {
    let daemon = Daemon::start(TWO);
    daemon.reconfigure(&format!("[supervisord]\nenvironment=A=\"1\"\n{TWO}"));
    assert_eq!(differences(&daemon), "+ ~a,b -");
}

#[test]
fn added_group_starts_and_stopped_group_can_be_removed() {
    let daemon = Daemon::start("[program:a]\ncommand=sleep 1000\nstartsecs=0\n");
    daemon.wait_for_state("a", "RUNNING");
    daemon.reconfigure("[program:b]\ncommand=sleep 1000\nstartsecs=0\n");
    assert_eq!(differences(&daemon), "+b ~ -a");
    daemon.ask("addProcessGroup", &["b".into()]);
    daemon.wait_for_state("b", "RUNNING");
    let fault = daemon.call("removeProcessGroup", &["a".into()]).unwrap_err();
    assert_eq!(fault.to_string(), "91 STILL_RUNNING: a");
    daemon.ask("stopProcess", &["a".into()]);
    daemon.ask("removeProcessGroup", &["a".into()]);
    assert_eq!(daemon.call("getProcessInfo", &["a".into()]).unwrap_err().to_string(), "10 BAD_NAME: a");
}
