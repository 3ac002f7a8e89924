//! `status` and `pid`.

use crate::fake::{Fake, Outcome, process};
use supervisor_rpc::{Encoded, Fault, FaultCode, Value};

fn server(processes: &[(&str, i64, &str)]) -> Fake {
    let infos: Vec<_> = processes.iter().map(|(name, state, text)| process(name, *state, text)).collect();
    Fake::new().answers("supervisor.getAllProcessInfo", &infos)
}

/// CTL-1
#[test]
fn rows_are_padded_to_33_and_10_columns() {
    let server = server(&[("cat", 20, "pid 20093, uptime 0:01:13"), ("grp:é", 20, "pid 7, uptime 0:00:01")]);
    server.ctl("status").is(
        0,
        "cat                              RUNNING   pid 20093, uptime 0:01:13\n\
         grp:é                            RUNNING   pid 7, uptime 0:00:01\n",
    );
}

/// CTL-2
#[test]
fn a_process_that_does_not_run_makes_status_3() {
    let server =
        server(&[("bad", 200, "Exited too quickly (process log may have details)"), ("cat", 20, "up")]);
    assert_eq!(server.ctl("status").status, 3);
    assert_eq!(server.ctl("status cat").status, 0);
    assert_eq!(server.ctl("status bad").status, 3);
}

/// CTL-3
#[test]
fn the_name_column_grows_with_the_longest_name_shown() {
    let long = "p".repeat(40);
    let server = server(&[("cat", 20, "up"), (&long, 20, "up")]);
    let outcome = server.ctl("status");
    assert!(outcome.output.lines().all(|line| line.find("RUNNING") == Some(43)), "{}", outcome.output);
    assert_eq!(server.ctl("status cat").output.find("RUNNING"), Some(33));
}

/// CTL-4
#[test]
fn unknown_names_are_named() {
    let server = server(&[("cat", 20, "up")]);
    server.ctl("status nope").is(4, "nope: ERROR (no such process)\n");
    server.ctl("status nope:*").is(4, "nope: ERROR (no such group)\n");
}

/// CTL-5
#[test]
fn a_stopped_process_outranks_an_unknown_name() {
    let server = server(&[("stopped", 0, "Not started")]);
    server
        .ctl("status nope stopped")
        .is(3, "nope: ERROR (no such process)\nstopped                          STOPPED   Not started\n");
}

/// CTL-6
#[test]
fn a_group_is_named_with_a_colon() {
    let server = server(&[("grp:a", 20, "up"), ("grp:b", 20, "up")]);
    server.ctl("status grp").is(4, "grp: ERROR (no such process)\n");
    for line in ["status grp:", "status grp:*", "status"] {
        let Outcome { status, output, .. } = server.ctl(line);
        assert_eq!((status, output.lines().count()), (0, 2), "{line}");
    }
}

#[test]
fn names_are_shown_as_often_and_in_the_order_as_given() {
    let server = server(&[("a", 20, "up"), ("b", 20, "up")]);
    let shown = |line: &str| {
        let output = server.ctl(line).output;
        output.lines().map(|line| line.chars().next().unwrap()).collect::<String>()
    };
    assert_eq!(shown("status b a b"), "bab");
    assert_eq!(shown("status b all"), "ab");
}

/// CTL-21
#[test]
fn pid_shows_process_ids() {
    let server = server(&[("cat", 20, ""), ("dead", 100, "")]).answers("supervisor.getPID", &7_i64).replies(
        "supervisor.getProcessInfo",
        |params| match &params[0] {
            Value::String(name) if name == "cat" => Ok(Encoded::new(&process("cat", 20, ""))),
            Value::String(name) if name == "dead" => Ok(Encoded::new(&process("dead", 100, ""))),
            other => Err(Fault::with_detail(FaultCode::BadName, other.to_display_text())),
        },
    );
    server.ctl("pid").is(0, "7\n");
    server.ctl("pid cat").is(0, "4242\n");
    server.ctl("pid dead").is(7, "0\n");
    server.ctl("pid nope").is(1, "No such process nope\n");
    server.ctl("pid cat:*").is(1, "No such process cat:*\n");
    server.ctl("pid nope dead").is(7, "No such process nope\n0\n");
    server.ctl("pid all").is(0, "4242\n0\n");
}
