//! The XML-RPC methods on a real daemon with real children: what each answers, and what it brings about.
//!
//! The bytes of answers are compared with upstream's by `cargo xtask compliance`; the order of checks inside a method has its
//! tests in the crates. Here is what only shows when all parts work together.

use std::os::unix::fs::PermissionsExt;
use std::thread;
use std::time::{Duration, Instant};
use support::{Daemon, Fault, Launch, RpcClient, Sandbox, Value, processes, wait_until};

/// The fault as one line.
#[track_caller]
fn fault(result: Result<Value, Fault>) -> String {
    result.expect_err("it is refused").to_string()
}

/// An array of results as one line: `group:name status description`, separated by `, `.
#[track_caller]
fn results(answer: &Value) -> String {
    let one = |result: &Value| {
        let text = |member: &str| result[member].text().to_owned();
        format!("{}:{} {} {}", text("group"), text("name"), result["status"].int(), text("description"))
    };
    answer.items().iter().map(one).collect::<Vec<_>>().join(", ")
}

fn sleeper(name: &str, options: &str) -> String {
    format!("[program:{name}]\ncommand=sleep 1000\nstartsecs=0\n{options}")
}

/// A script in the sandbox under the name `x`.
fn script(text: &str, options: &str) -> (Sandbox, String) {
    let sandbox = Sandbox::new();
    sandbox.write("x.sh", text);
    (sandbox, format!("[program:x]\ncommand=/bin/sh %(here)s/x.sh\nautostart=false\n{options}"))
}

const PROBE: &str = "trap '' TERM\necho ready\nwhile :; do sleep 0.1; done\n";

/// A call as `system.multicall` takes it.
pub(super) fn call(method: &str, parameters: &[Value]) -> Value {
    Value::Struct(vec![
        ("methodName".into(), method.into()),
        ("params".into(), Value::Array(parameters.to_vec())),
    ])
}

/// RPC-13, RPC-14
#[test]
fn what_is_no_method_or_has_other_parameters_is_refused() {
    let daemon = Daemon::start(&sleeper("x", ""));
    for name in ["nope", "supervisor.nope", "supervisor._update", "a.b.c", "nope.getState", "supervisor.", ""]
    {
        if name.is_empty() {
            continue;
        }
        assert_eq!(fault(daemon.rpc().call(name, &[])), "1 UNKNOWN_METHOD", "{name}");
    }
    for parameters in [&[][..], &["x".into(), "y".into()]] {
        assert_eq!(fault(daemon.call("getProcessInfo", parameters)), "2 INCORRECT_PARAMETERS");
    }
}

/// RPC-15
#[test]
fn without_its_section_the_interface_is_not_there() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "supervisord.conf",
        "[supervisord]\nnodaemon=true\nlogfile=%(here)s/main.log\npidfile=%(here)s/supervisord.pid\n\
         [unix_http_server]\nfile=%(here)s/s\n",
    );
    let daemon = Launch::new().start(sandbox);
    assert_eq!(fault(daemon.call("getPID", &[])), "1 UNKNOWN_METHOD");
    let methods = daemon.rpc().call("system.listMethods", &[]).unwrap();
    let names: Vec<_> = methods.items().iter().map(Value::text).collect();
    assert_eq!(
        names,
        ["system.listMethods", "system.methodHelp", "system.methodSignature", "system.multicall"]
    );
}

/// RPC-16
#[test]
fn a_process_that_never_ran_has_a_complete_record() {
    let daemon =
        Daemon::start(&sleeper("x", "autostart=false\nstderr_logfile=NONE\nstdout_logfile=%(here)s/x.log\n"));
    let Value::Struct(members) = daemon.info("x") else { panic!("not a struct") };
    let log = Value::from(daemon.sandbox().path("x.log").to_str().unwrap());
    let (now, members): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, _)| name == "now");
    assert!(now[0].1.int() > 1_600_000_000);
    let expected = [
        ("name", "x".into()),
        ("group", "x".into()),
        ("start", 0.into()),
        ("stop", 0.into()),
        ("state", 0.into()),
        ("statename", "STOPPED".into()),
        ("spawnerr", "".into()),
        ("exitstatus", 0.into()),
        ("logfile", log.clone()),
        ("stdout_logfile", log),
        ("stderr_logfile", "".into()),
        ("pid", 0.into()),
        ("description", "Not started".into()),
    ];
    assert_eq!(members, expected.map(|(name, value)| (name.to_owned(), value)));
}

/// RPC-17
#[test]
fn names_mean_one_process_and_are_echoed_as_sent() {
    let daemon = Daemon::start(&format!("{}{}[group:g]\nprograms=b\n", sleeper("a", ""), sleeper("b", "")));
    assert_eq!(daemon.info("a")["name"], daemon.info("a:a")["name"]);
    assert_eq!(daemon.info("g:b")["group"].text(), "g");
    for name in ["b", "g", "g:", "g:*", "", ":", "g:nope", "g:b:c", "é<&>"] {
        assert_eq!(fault(daemon.call("getProcessInfo", &[name.into()])), format!("10 BAD_NAME: {name}"));
    }
}

/// RPC-18: upstream counts characters, which cuts off as many bytes as there are beyond them.
#[test]
fn lengths_are_counted_in_bytes_unlike_upstream() {
    let config = format!("{}[group:größe]\nprograms=x\n", sleeper("x", "autostart=false\n"));
    let daemon = Daemon::start(&config);
    let mut connection = daemon.connect();
    let body = "<methodCall><methodName>supervisor.startProcessGroup</methodName><params><param><value><string>\
                größe</string></value></param></params></methodCall>";
    let head = format!("POST /RPC2 HTTP/1.1\r\nContent-Length: {}\r\n\r\n", body.len());
    connection.send(head + body).unwrap();
    let response = connection.response().expect("an answer");
    assert_eq!(response.header("Content-Length"), Some(response.body.len().to_string().as_str()));
    assert!(response.text().contains("<string>größe</string>"));
    assert!(response.text().ends_with("</methodResponse>\n"), "{}", response.text());
}

/// RPC-19, RPC-20
#[test]
fn unusable_commands_have_different_faults() {
    let sandbox = Sandbox::new();
    sandbox.write("plain", "");
    let locked = sandbox.write("locked", "#!/bin/sh\n");
    std::fs::set_permissions(&locked, PermissionsExt::from_mode(0o644)).unwrap();
    let program = |name: &str, command: &str| {
        format!("[program:{name}]\ncommand={command}\nautostart=false\nstartsecs=0\n")
    };
    let config = [
        sleeper("runs", ""),
        program("missing", "/nonexistent/x -y"),
        program("unfound", "no-such-program"),
        program("directory", "/etc"),
        program("passwd", "/etc/passwd"),
        program("quote", "\"/bin/true -x"),
    ]
    .concat();
    let daemon = Daemon::start_in(sandbox, &config);
    daemon.wait_for_state("runs", "RUNNING");
    let start = |name: &str| fault(daemon.call("startProcess", &[name.into()]));
    assert_eq!(start("runs"), "60 ALREADY_STARTED: runs");
    assert_eq!(start("missing"), "20 NO_FILE: can't find command '/nonexistent/x'");
    assert_eq!(start("unfound"), "20 NO_FILE: can't find command 'no-such-program'");
    assert_eq!(start("directory"), "21 NOT_EXECUTABLE: command at '/etc' is a directory");
    assert_eq!(start("passwd"), "21 NOT_EXECUTABLE: command at '/etc/passwd' is not executable");
    assert_eq!(
        start("quote"),
        "21 NOT_EXECUTABLE: can't parse command '\"/bin/true -x': No closing quotation"
    );
}

/// RPC-21
#[test]
fn without_startsecs_a_start_is_answered_at_once() {
    let daemon = Daemon::start(&sleeper("x", "autostart=false\n"));
    assert_eq!(daemon.ask("startProcess", &["x".into()]), true.into());
    daemon.wait_for_state("x", "RUNNING");
}

/// RPC-22
#[test]
fn a_program_that_ends_at_once_is_a_spawn_error() {
    let daemon = Daemon::start("[program:x]\ncommand=/bin/false\nautostart=false\nstartretries=0\n");
    assert_eq!(fault(daemon.call("startProcess", &["x".into()])), "50 SPAWN_ERROR: x");
    let info = daemon.wait_for_state("x", "FATAL");
    assert_eq!(info["spawnerr"].text(), "Exited too quickly (process log may have details)");
}

/// RPC-23, RPC-25
#[test]
fn a_stopping_process_can_be_neither_started_nor_stopped() {
    let (sandbox, config) = script(PROBE, "startsecs=0\nstopwaitsecs=1000\nstdout_logfile=%(here)s/x.log\n");
    let daemon = Daemon::start_in(sandbox, &config);
    daemon.ask("startProcess", &["x".into()]);
    daemon.wait_for_file("x.log", "ready");
    assert_eq!(daemon.ask("stopProcess", &["x".into(), false.into()]), true.into());
    assert_eq!(daemon.state("x"), "STOPPING");
    assert_eq!(fault(daemon.call("startProcess", &["x".into()])), "40 ABNORMAL_TERMINATION: x");
    assert_eq!(fault(daemon.call("stopProcess", &["x".into()])), "70 NOT_RUNNING: x");
    processes::signal(daemon.pid_of("x"), "KILL");
    daemon.wait_for_state("x", "STOPPED");
}

/// RPC-24
#[test]
fn a_process_in_backoff_counts_as_started_and_can_be_stopped() {
    let daemon = Daemon::start("[program:x]\ncommand=/bin/false\nstartretries=1000\nstartsecs=1000\n");
    daemon.wait_for_state("x", "BACKOFF");
    wait_until("a start to be refused while it waits", || {
        // Between two waits it is STARTING for a moment, which counts alike.
        daemon.call("startProcess", &["x".into()]).is_err_and(|fault| fault.code == 60)
    });
    wait_until("it to be stopped", || daemon.call("stopProcess", &["x".into()]) == Ok(true.into()));
    assert_eq!(daemon.state("x"), "STOPPED");
}

/// RPC-25
#[test]
fn a_second_stop_finds_nothing_to_stop() {
    let daemon = Daemon::start(&sleeper("x", ""));
    daemon.wait_for_state("x", "RUNNING");
    assert_eq!(daemon.ask("stopProcess", &["x".into()]), true.into());
    assert_eq!(fault(daemon.call("stopProcess", &["x".into()])), "70 NOT_RUNNING: x");
}

/// RPC-26
#[test]
fn a_stop_lasts_until_the_process_is_killed() {
    let (sandbox, config) = script(PROBE, "startsecs=0\nstopwaitsecs=3\nstdout_logfile=%(here)s/x.log\n");
    let daemon = Daemon::start_in(sandbox, &config);
    daemon.ask("startProcess", &["x".into()]);
    daemon.wait_for_file("x.log", "ready");
    let begin = Instant::now();
    assert_eq!(daemon.ask("stopProcess", &["x".into()]), true.into());
    assert!(begin.elapsed() >= Duration::from_secs(2), "{:?}", begin.elapsed());
    let info = daemon.info("x");
    assert_eq!((info["statename"].text(), info["exitstatus"].int()), ("STOPPED", -1));
}

/// RPC-27, RPC-28
#[test]
fn groups_are_started_and_stopped_in_order_of_priority() {
    let config = [
        sleeper("late", "priority=20\n"),
        sleeper("early", "priority=10\n"),
        "[group:g]\nprograms=late,early\n".to_owned(),
    ]
    .concat();
    let daemon = Daemon::start(&config);
    daemon.wait_for_state("g:late", "RUNNING");
    daemon.wait_for_state("g:early", "RUNNING");
    assert_eq!(results(&daemon.ask("startProcess", &["g:*".into()])), "");
    // Which of two ends first is theirs to decide; without waiting the order is that of the priorities.
    let stopped = daemon.ask("stopProcessGroup", &["g".into(), false.into()]);
    assert_eq!(results(&stopped), "g:early 80 OK, g:late 80 OK");
    daemon.wait_for_state("g:late", "STOPPED");
    daemon.wait_for_state("g:early", "STOPPED");
    assert_eq!(results(&daemon.ask("startProcess", &["g:*".into()])), "g:early 80 OK, g:late 80 OK");
    assert_eq!(fault(daemon.call("startProcessGroup", &["g:*".into()])), "10 BAD_NAME: g:*");
    assert_eq!(fault(daemon.call("stopProcessGroup", &["nope".into()])), "10 BAD_NAME: nope");
}

/// RPC-29
#[test]
fn starting_all_reports_each_the_refused_first() {
    let config = [
        sleeper("runs", "priority=1\n"),
        "[program:slow]\ncommand=sleep 1000\nstartsecs=1\nautostart=false\npriority=2\n".to_owned(),
        sleeper("quick", "autostart=false\npriority=3\n"),
        "[program:missing]\ncommand=/nonexistent\nautostart=false\npriority=4\n".to_owned(),
    ]
    .concat();
    let daemon = Daemon::start(&config);
    daemon.wait_for_state("runs", "RUNNING");
    assert_eq!(
        results(&daemon.ask("startAllProcesses", &[])),
        "quick:quick 80 OK, missing:missing 20 NO_FILE: can't find command '/nonexistent', slow:slow 80 OK"
    );
}

/// RPC-30, RPC-31, RPC-32
#[test]
fn signals_reach_processes_by_any_of_their_names() {
    let (sandbox, config) = script(
        "trap 'echo hup' HUP\ntrap 'echo cont' CONT\necho ready\nwhile :; do sleep 0.1; done\n",
        "startsecs=0\nstdout_logfile=%(here)s/x.log\n",
    );
    let config = config + &sleeper("stopped", "autostart=false\n") + "[group:g]\nprograms=stopped\n";
    let daemon = Daemon::start_in(sandbox, &config);
    daemon.ask("startProcess", &["x".into()]);
    daemon.wait_for_file("x.log", "ready");
    let signal = |name: &str, signal: Value| daemon.call("signalProcess", &[name.into(), signal]);
    assert_eq!(signal("x", "hup".into()), Ok(true.into()));
    daemon.wait_for_file("x.log", "hup\n");
    for (count, spelling) in
        [(1, Value::from(" SIGCONT ")), (2, 18.into()), (3, "18".into()), (4, "Cont".into())]
    {
        assert_eq!(signal("x", spelling), Ok(true.into()));
        wait_until("the signal to arrive", || {
            daemon.sandbox().text("x.log").matches("cont").count() == count
        });
    }
    for spelling in ["NOPE", "999", "RTMIN+1", "-1", ""] {
        assert_eq!(fault(signal("x", spelling.into())), format!("11 BAD_SIGNAL: {spelling}"));
    }
    assert_eq!(fault(signal("nope", "NOPE".into())), "10 BAD_NAME: nope");
    assert_eq!(fault(signal("g:stopped", "HUP".into())), "70 NOT_RUNNING: g:stopped");
    assert_eq!(results(&daemon.ask("signalProcessGroup", &["g".into(), "HUP".into()])), "");
    assert_eq!(results(&daemon.ask("signalAllProcesses", &["NOPE".into()])), "x:x 11 BAD_SIGNAL: NOPE");
    assert_eq!(results(&daemon.ask("signalAllProcesses", &["CONT".into()])), "x:x 80 OK");
}

/// RPC-30: upstream takes names of its language's module for signals, and sends HUP for `SIG_IGN`.
#[test]
fn what_only_looks_like_a_signal_is_refused_unlike_upstream() {
    let daemon = Daemon::start(&sleeper("x", ""));
    daemon.wait_for_state("x", "RUNNING");
    for name in ["SIG_IGN", "SIG_DFL", "_BLOCK"] {
        let answer = daemon.call("signalProcess", &["x".into(), name.into()]);
        assert_eq!(fault(answer), format!("11 BAD_SIGNAL: {name}"));
    }
}

/// RPC-37: the answer is upstream's; that the file is emptied is PROC-77.
#[test]
fn logs_of_a_stopped_process_are_cleared_without_complaint() {
    let daemon = Daemon::start(&sleeper("x", "autostart=false\n"));
    assert_eq!(daemon.ask("clearProcessLogs", &["x".into()]), true.into());
    assert_eq!(results(&daemon.ask("clearAllProcessLogs", &[])), "x:x 80 OK");
    assert_eq!(fault(daemon.call("clearProcessLogs", &["nope".into()])), "10 BAD_NAME: nope");
}

/// RPC-38
#[test]
fn standard_input_gets_the_bytes_of_the_text() {
    let daemon = Daemon::start(&format!(
        "[program:x]\ncommand=cat\nstartsecs=0\nstdout_logfile=%(here)s/x.log\n{}",
        sleeper("stopped", "autostart=false\n")
    ));
    daemon.wait_for_state("x", "RUNNING");
    let send = |name: &str, chars: Value| daemon.call("sendProcessStdin", &[name.into(), chars]);
    assert_eq!(fault(send("nope", 5.into())), "2 INCORRECT_PARAMETERS: 5");
    assert_eq!(fault(send("nope", true.into())), "2 INCORRECT_PARAMETERS: True");
    assert_eq!(fault(send("nope", "".into())), "10 BAD_NAME: nope");
    assert_eq!(fault(send("stopped", "x".into())), "70 NOT_RUNNING: stopped");
    assert_eq!(send("x", "".into()), Ok(true.into()));
    assert_eq!(send("x", "é\n".into()), Ok(true.into()));
    daemon.wait_for_file("x.log", "\n");
    assert_eq!(daemon.sandbox().bytes("x.log"), b"\xc3\xa9\n");
}

/// RPC-39, RPC-41, RPC-42
#[test]
fn a_changed_configuration_is_reported_and_applied() {
    let daemon = Daemon::start(&format!("{}{}", sleeper("a", ""), sleeper("b", "")));
    daemon.wait_for_state("a", "RUNNING");
    daemon.wait_for_state("b", "RUNNING");
    let lists = |names: [&[&str]; 3]| {
        let list = |names: &[&str]| Value::Array(names.iter().map(|name| Value::from(*name)).collect());
        Value::Array(vec![Value::Array(names.into_iter().map(list).collect())])
    };
    assert_eq!(daemon.ask("reloadConfig", &[]), lists([&[], &[], &[]]));
    daemon.reconfigure(&format!("{}{}", sleeper("b", "priority=7\n"), sleeper("c", "")));
    for _ in 0..2 {
        assert_eq!(daemon.ask("reloadConfig", &[]), lists([&["c"], &["b"], &["a"]]));
    }
    let on_group = |method: &str, name: &str| daemon.call(method, &[name.into()]);
    assert_eq!(on_group("addProcessGroup", "c"), Ok(true.into()));
    daemon.wait_for_state("c", "RUNNING");
    assert_eq!(fault(on_group("addProcessGroup", "c")), "90 ALREADY_ADDED: c");
    assert_eq!(fault(on_group("addProcessGroup", "nope")), "10 BAD_NAME: nope");
    assert_eq!(fault(on_group("addProcessGroup", "c:c")), "10 BAD_NAME: c:c");
    assert_eq!(fault(on_group("removeProcessGroup", "a")), "91 STILL_RUNNING: a");
    assert_eq!(fault(on_group("removeProcessGroup", "nope")), "10 BAD_NAME: nope");
    daemon.ask("stopProcess", &["a".into()]);
    assert_eq!(on_group("removeProcessGroup", "a"), Ok(true.into()));
    let names: Vec<_> = daemon
        .ask("getAllProcessInfo", &[])
        .items()
        .iter()
        .map(|info| info["name"].text().to_owned())
        .collect();
    assert_eq!(names, ["b", "c"]);
}

/// RPC-40
#[test]
fn a_broken_configuration_leaves_the_old_one_in_force() {
    let daemon = Daemon::start(&sleeper("a", ""));
    let before = daemon.wait_for_state("a", "RUNNING");
    daemon.reconfigure("[program:a]\ncommand=sleep 1000\nstartretries=often\n");
    let text = fault(daemon.call("reloadConfig", &[]));
    assert!(text.starts_with("92 CANT_REREAD: "), "{text}");
    assert!(text.contains("in section 'program:a' (file: '"), "{text}");
    assert!(text.contains("supervisord.conf"), "{text}");
    assert_eq!(daemon.info("a")["pid"], before["pid"]);
    assert_eq!(daemon.configured("a")["startretries"].int(), 3);
}

/// RPC-40: what could be expanded is the daemon's own business, its environment above all.
#[test]
fn a_broken_expansion_does_not_disclose_the_environment_unlike_upstream() {
    let sandbox = Sandbox::new();
    let launch = Launch::new().configure(&sandbox, &sleeper("a", "")).environment("PRECIOUS_NAME", "secret");
    let daemon = launch.start(sandbox);
    daemon.reconfigure(&sleeper("a", "directory=%(nope)s\n"));
    let text = fault(daemon.call("reloadConfig", &[]));
    assert!(text.starts_with("92 CANT_REREAD: ") && text.contains("nope"), "{text}");
    assert!(!text.contains("PRECIOUS_NAME"), "{text}");
}

/// RPC-43: a member of 4.4.
#[test]
fn autorestart_is_reported_as_configured_unlike_upstream() {
    let config =
        ["true", "false", "unexpected"].map(|value| sleeper(value, &format!("autorestart={value}\n")));
    let daemon = Daemon::start(&config.concat());
    assert_eq!(daemon.configured("true")["autorestart"], true.into());
    assert_eq!(daemon.configured("false")["autorestart"], false.into());
    assert_eq!(daemon.configured("unexpected")["autorestart"], "unexpected".into());
}

/// RPC-44
#[test]
fn unset_values_are_reported_in_words() {
    let daemon = Daemon::start(&sleeper("x", "exitcodes=0,2\n"));
    daemon.wait_for_state("x", "RUNNING");
    daemon.ask("reloadConfig", &[]);
    let config = daemon.configured("x");
    for (member, expected) in
        [("stdout_logfile", "auto"), ("stderr_logfile", "auto"), ("directory", "none"), ("uid", "none")]
    {
        assert_eq!(config[member], expected.into(), "{member}");
    }
    assert_eq!(config["exitcodes"], Value::Array(vec![0.into(), 2.into()]));
    assert_eq!(config["inuse"], true.into());
}

/// RPC-45, RPC-46, RPC-47
#[test]
fn a_multicall_answers_all_its_calls_in_order() {
    let daemon = Daemon::start(&sleeper("x", ""));
    let before = daemon.wait_for_state("x", "RUNNING")["pid"].int();
    let multicall =
        |calls: Vec<Value>| daemon.rpc().call("system.multicall", &[Value::Array(calls)]).unwrap();
    let restarted = multicall(vec![
        call("supervisor.stopProcess", &["x".into()]),
        call("supervisor.startProcess", &["x".into()]),
    ]);
    assert_eq!(restarted, Value::Array(vec![true.into(), true.into()]));
    let after = daemon.info("x")["pid"].int();
    assert!(after != 0 && after != before);

    let answer = multicall(vec![
        call("supervisor.getAPIVersion", &[]),
        call("supervisor.nope", &[]),
        call("system.multicall", &[Value::Array(vec![])]),
        call("supervisor.getProcessInfo", &["nope".into()]),
        Value::Struct(vec![("methodName".into(), "supervisor.getAPIVersion".into())]),
        Value::Struct(vec![("params".into(), Value::Array(vec![]))]),
    ]);
    let shown: Vec<_> = answer
        .items()
        .iter()
        .map(|result| match result {
            Value::Struct(_) => format!("{} {}", result["faultCode"].int(), result["faultString"].text()),
            bare => bare.text().to_owned(),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "3.0",
            "1 UNKNOWN_METHOD",
            "2 INCORRECT_PARAMETERS: Recursive system.multicall forbidden",
            "10 BAD_NAME: nope",
            "3.0",
            "2 INCORRECT_PARAMETERS: No methodName"
        ]
    );
    assert_eq!(multicall(vec![]), Value::Array(vec![]));
}

/// RPC-48
#[test]
fn during_shutdown_only_system_methods_and_remote_events_are_served() {
    let (sandbox, config) = script(PROBE, "startsecs=0\nstopwaitsecs=1000\nstdout_logfile=%(here)s/x.log\n");
    let mut daemon = Daemon::start_in(sandbox, &config);
    daemon.ask("startProcess", &["x".into()]);
    daemon.wait_for_file("x.log", "ready");
    let pid = daemon.pid_of("x");
    assert_eq!(daemon.ask("shutdown", &[]), true.into());
    let calls: [(&str, &[Value]); 14] = [
        ("getState", &[]),
        ("getAPIVersion", &[]),
        ("getPID", &[]),
        ("getIdentification", &[]),
        ("getAllProcessInfo", &[]),
        ("getAllConfigInfo", &[]),
        ("getProcessInfo", &["nope".into()]),
        ("startProcess", &["nope".into()]),
        ("stopAllProcesses", &[]),
        ("readLog", &[0.into(), 0.into()]),
        ("tailProcessStdoutLog", &["nope".into(), 0.into(), 0.into()]),
        ("reloadConfig", &[]),
        ("shutdown", &[]),
        ("restart", &[]),
    ];
    for (method, parameters) in calls {
        assert_eq!(fault(daemon.call(method, parameters)), "6 SHUTDOWN_STATE", "{method}");
    }
    assert_eq!(daemon.ask("sendRemoteCommEvent", &["type".into(), "data".into()]), true.into());
    assert!(!daemon.rpc().call("system.listMethods", &[]).unwrap().items().is_empty());
    processes::signal(pid, "KILL");
    assert_eq!(daemon.wait_for_exit(), 0);
}

/// RPC-52
#[test]
fn clients_that_wait_do_not_wait_for_each_other() {
    let slow = "[program:slow]\ncommand=sleep 1000\nstartsecs=1000\nautostart=false\n";
    let quick = "[program:quick]\ncommand=sleep 1000\nstartsecs=1\nautostart=false\n";
    let daemon = Daemon::start(&format!("{slow}{quick}"));
    let client = |name: &'static str| {
        let rpc: RpcClient = daemon.rpc();
        thread::spawn(move || rpc.call("supervisor.startProcess", &[name.into()]))
    };
    let waiting = client("slow");
    daemon.wait_for_state("slow", "STARTING");
    assert_eq!(client("quick").join().unwrap(), Ok(true.into()));
    assert_eq!(daemon.state("slow"), "STARTING");
    assert!(!waiting.is_finished());
    daemon.ask("stopProcess", &["slow".into()]);
    assert_eq!(fault(waiting.join().unwrap()), "40 ABNORMAL_TERMINATION: slow");
}
