//! `start`, `stop`, `restart`, `signal` and `clear`.

use crate::fake::{Fake, outcome};
use supervisor_rpc::{Fault, FaultCode, Status, Value};

const START_HELP: &str = "start <name>\t\tStart a process\n\
    start <gname>:*\t\tStart all processes in a group\n\
    start <name> <name>\tStart multiple processes or groups\n\
    start all\t\tStart all processes\n";

const STOP_HELP: &str = "stop <name>\t\tStop a process\n\
    stop <gname>:*\t\tStop all processes in a group\n\
    stop <name> <name>\tStop multiple processes or groups\n\
    stop all\t\tStop all processes\n";

const RESTART_HELP: &str = "restart <name>\t\tRestart a process\n\
    restart <gname>:*\tRestart all processes in a group\n\
    restart <name> <name>\tRestart multiple processes or groups\n\
    restart all\t\tRestart all processes\n\
    Note: restart does not reread config files. For that, see reread and update.\n";

const SIGNAL_HELP: &str = "signal <signal name> <name>\t\tSignal a process\n\
    signal <signal name> <gname>:*\t\tSignal all processes in a group\n\
    signal <signal name> <name> <name>\tSignal multiple processes or groups\n\
    signal <signal name> all\t\tSignal all processes\n";

const CLEAR_HELP: &str = "clear <name>\t\tClear a process' log files.\n\
    clear <name> <name>\tClear multiple process' log files\n\
    clear all\t\tClear all process' log files\n";

/// CTL-12
#[test]
fn a_missing_name_is_told_with_the_help() {
    let server = Fake::new();
    server.ctl("start").is(2, &format!("Error: start requires a process name\n{START_HELP}"));
    server.ctl("stop").is(1, &format!("Error: stop requires a process name\n{STOP_HELP}"));
    server.ctl("restart").is(1, &format!("Error: restart requires a process name\n{RESTART_HELP}"));
    let needs = "Error: signal requires a signal name and a process name\n";
    server.ctl("signal").is(1, &format!("{needs}{SIGNAL_HELP}"));
    server.ctl("signal HUP").is(1, &format!("{needs}{SIGNAL_HELP}"));
    server.ctl("clear").is(1, &format!("Error: clear requires a process name\n{CLEAR_HELP}"));
}

fn starting() -> Fake {
    let faults = [
        ("running", FaultCode::AlreadyStarted),
        ("missing", FaultCode::NoFile),
        ("data", FaultCode::NotExecutable),
        ("dies", FaultCode::SpawnError),
        ("quick", FaultCode::AbnormalTermination),
        ("nope", FaultCode::BadName),
        ("late", FaultCode::ShutdownState),
    ];
    Fake::new()
        .per_name("supervisor.startProcess", &faults)
        .per_name(
            "supervisor.stopProcess",
            &[("stopped", FaultCode::NotRunning), ("nope", FaultCode::BadName)],
        )
        .faults("supervisor.startProcessGroup", FaultCode::BadName, "nope")
        .faults("supervisor.stopProcessGroup", FaultCode::BadName, "nope")
}

/// CTL-13
#[test]
fn each_way_a_start_can_go_has_its_line_and_status() {
    let server = starting();
    server.ctl("start web").is(0, "web: started\n");
    server.ctl("start g:web").is(0, "g:web: started\n");
    server.ctl("start running").is(0, "running: ERROR (already started)\n");
    server.ctl("start missing").is(1, "missing: ERROR (no such file)\n");
    server.ctl("start data").is(1, "data: ERROR (file is not executable)\n");
    server.ctl("start dies").is(7, "dies: ERROR (spawn error)\n");
    server.ctl("start quick").is(7, "quick: ERROR (abnormal termination)\n");
    assert_eq!(server.last_params("supervisor.startProcess"), [Value::from("quick"), Value::Bool(true)]);
}

/// CTL-14
#[test]
fn an_unknown_group_is_another_failure_than_an_unknown_process() {
    let server = starting();
    server.ctl("start nope").is(1, "nope: ERROR (no such process)\n");
    server.ctl("start nope:*").is(2, "nope: ERROR (no such group)\n");
}

/// CTL-15
#[test]
fn a_group_in_which_everything_runs_gives_no_line() {
    let server = Fake::new().answers("supervisor.startProcessGroup", &Vec::<Status<'_>>::new());
    server.ctl("start grp:*").is(0, "");
    assert_eq!(server.last_params("supervisor.startProcessGroup")[0], Value::from("grp"));
}

/// CTL-16
#[test]
fn of_several_failures_the_last_one_counts() {
    let server = starting();
    server.ctl("start dies web").is(7, "dies: ERROR (spawn error)\nweb: started\n");
    server.ctl("start dies nope").is(1, "dies: ERROR (spawn error)\nnope: ERROR (no such process)\n");
}

#[test]
fn an_unexpected_result_ends_the_command() {
    starting().ctl("start late web").is(1, "error: <class 'ValueError'>, Unknown result code 6 for late\n");
}

/// CTL-17
#[test]
fn stopping_what_is_stopped_is_no_failure() {
    let server = starting();
    server.ctl("stop web").is(0, "web: stopped\n");
    server.ctl("stop stopped").is(0, "stopped: ERROR (not running)\n");
    server.ctl("stop nope").is(1, "nope: ERROR (no such process)\n");
    server.ctl("stop nope:*").is(1, "nope: ERROR (no such group)\n");
}

#[test]
fn a_failed_stop_shows_the_servers_words() {
    let server = Fake::new().faults("supervisor.stopProcess", FaultCode::Failed, "no permission");
    server.ctl("stop web").is(1, "FAILED: no permission\n");
}

/// CTL-18
#[test]
fn restart_shows_both_halves() {
    let server = starting();
    server.ctl("restart stopped").is(0, "stopped: ERROR (not running)\nstopped: started\n");
    server.ctl("restart nope").is(1, "nope: ERROR (no such process)\nnope: ERROR (no such process)\n");
    server.ctl("restart a b").is(0, "a: stopped\nb: stopped\na: started\nb: started\n");
}

/// CTL-19
#[test]
fn restart_all_starts_also_what_did_not_run() {
    let server =
        Fake::new().answers("supervisor.stopAllProcesses", &[outcome("a", FaultCode::Success)][..]).answers(
            "supervisor.startAllProcesses",
            &[outcome("a", FaultCode::Success), outcome("g:stopped", FaultCode::Success)][..],
        );
    server.ctl("restart all").is(0, "a: stopped\na: started\ng:stopped: started\n");
}

/// CTL-20
#[test]
fn each_way_a_signal_can_go_has_its_line_and_status() {
    let group = [outcome("grp:b", FaultCode::Success), outcome("grp:a", FaultCode::Success)];
    let server = Fake::new()
        .replies("supervisor.signalProcess", |params| match (params[0].as_str(), params[1].as_str()) {
            (_, Some("NOPE")) => Err(Fault::with_detail(FaultCode::BadSignal, "NOPE")),
            (Some("dead"), _) => Err(Fault::with_detail(FaultCode::NotRunning, "dead")),
            _ => Ok(supervisor_rpc::Encoded::new(&true)),
        })
        .answers("supervisor.signalProcessGroup", &group[..]);
    server.ctl("signal HUP web").is(0, "web: signalled\n");
    server.ctl("signal NOPE web").is(1, "web: ERROR (bad signal name)\n");
    server.ctl("signal HUP dead").is(7, "dead: ERROR (not running)\n");
    server.ctl("signal HUP grp:*").is(0, "grp:b: signalled\ngrp:a: signalled\n");
    assert_eq!(server.last_params("supervisor.signalProcessGroup"), [Value::from("grp"), Value::from("HUP")]);
}

#[test]
fn signalling_everything_shows_every_result() {
    let results = [outcome("a", FaultCode::Success), outcome("b", FaultCode::BadSignal)];
    let server = Fake::new().answers("supervisor.signalAllProcesses", &results[..]);
    server.ctl("signal X all").is(1, "a: signalled\nb: ERROR (bad signal name)\n");
}

/// CTL-48
#[test]
fn clear_is_for_processes_and_for_everything() {
    let server = Fake::new()
        .per_name(
            "supervisor.clearProcessLogs",
            &[("grp:*", FaultCode::BadName), ("nope", FaultCode::BadName), ("ro", FaultCode::Failed)],
        )
        .answers("supervisor.clearAllProcessLogs", &[outcome("a", FaultCode::Success)][..]);
    server.ctl("clear web").is(0, "web: cleared\n");
    server.ctl("clear grp:*").is(1, "grp:*: ERROR (no such process)\n");
    server.ctl("clear ro").is(1, "ro: ERROR (failed)\n");
    server.ctl("clear nope web").is(1, "nope: ERROR (no such process)\nweb: cleared\n");
    server.ctl("clear all").is(0, "a: cleared\n");
}
