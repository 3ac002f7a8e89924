//! The bytes of XML-RPC answers.

use support::{Daemon, Flavour, Launch, Sandbox, Value};

use super::normalize::normalize;
use super::report::{Report, run_scenario};

const CONFIG: &str = "\
[program:a]
command=sleep 1000
startsecs=0
priority=5
[program:b]
command=sleep 1000
autostart=false
stdout_logfile=NONE
environment=A=\"1\"
[program:c]
command=/bin/sh -c \"exit 3\"
startsecs=0
autorestart=false
redirect_stderr=true
[program:d]
command=/nonexistent
startretries=0
[program:m]
command=sleep 1000
numprocs=2
process_name=%(program_name)s%(process_num)d
startsecs=0
stopsignal=USR1
exitcodes=0,2
[group:g]
programs=m
";

/// The calls, in an order in which none disturbs the next.
fn calls() -> Vec<(&'static str, Vec<Value>)> {
    let named = |method, name: &str| (method, vec![Value::from(name)]);
    vec![
        ("supervisor.getAPIVersion", vec![]),
        ("supervisor.getVersion", vec![]),
        ("supervisor.getSupervisorVersion", vec![]),
        ("supervisor.getIdentification", vec![]),
        ("supervisor.getState", vec![]),
        ("supervisor.getAllProcessInfo", vec![]),
        ("supervisor.getAllConfigInfo", vec![]),
        named("supervisor.getProcessInfo", "a"),
        named("supervisor.getProcessInfo", "c"),
        named("supervisor.getProcessInfo", "d"),
        named("supervisor.getProcessInfo", "g:m0"),
        named("supervisor.getProcessInfo", "g:*"),
        named("supervisor.getProcessInfo", "m0"),
        named("supervisor.getProcessInfo", ""),
        named("supervisor.startProcess", "a"),
        named("supervisor.startProcess", "d"),
        named("supervisor.startProcess", "nope"),
        named("supervisor.startProcess", "b"),
        named("supervisor.stopProcess", "b"),
        named("supervisor.stopProcess", "b"),
        named("supervisor.stopProcess", "g:m0"),
        named("supervisor.stopProcess", "g:m1"),
        named("supervisor.startProcess", "g:*"),
        named("supervisor.startProcessGroup", "g"),
        named("supervisor.stopProcessGroup", "nope"),
        ("supervisor.signalProcess", vec!["a".into(), "CONT".into()]),
        ("supervisor.signalProcess", vec!["a".into(), "FOO".into()]),
        ("supervisor.signalProcess", vec!["b".into(), "CONT".into()]),
        ("supervisor.signalAllProcesses", vec!["CONT".into()]),
        ("supervisor.readProcessStdoutLog", vec!["a".into(), 0.into(), 0.into()]),
        ("supervisor.readProcessStdoutLog", vec!["a".into(), (-1).into(), 1.into()]),
        ("supervisor.readProcessStdoutLog", vec!["b".into(), 0.into(), 0.into()]),
        ("supervisor.tailProcessStdoutLog", vec!["b".into(), 0.into(), 0.into()]),
        ("supervisor.readProcessStderrLog", vec!["c".into(), 0.into(), 0.into()]),
        named("supervisor.clearProcessLogs", "a"),
        named("supervisor.clearProcessLogs", "nope"),
        ("supervisor.reloadConfig", vec![]),
        named("supervisor.addProcessGroup", "a"),
        named("supervisor.addProcessGroup", "nope"),
        named("supervisor.removeProcessGroup", "a"),
        named("supervisor.removeProcessGroup", "nope"),
        named("supervisor.removeProcessGroup", "b"),
        ("supervisor.nope", vec![]),
        ("nope", vec![]),
        ("supervisor.getState", vec![1.into()]),
        ("supervisor.startProcess", vec![]),
        // Without waiting: in which order several processes finish is a matter of chance.
        ("supervisor.stopProcessGroup", vec!["g".into(), false.into()]),
        ("supervisor.stopAllProcesses", vec![false.into()]),
    ]
}

pub(super) fn compare(report: &mut Report) {
    let [upstream, ours] =
        [Flavour::Upstream, Flavour::Ours].map(|flavour| run_scenario(|| answers(flavour)));
    report.compare_steps("rpc ", &upstream, &ours);
}

/// A name for each call, and the answer to it, head and body.
fn answers(flavour: Flavour) -> Vec<(String, String)> {
    let sandbox = Sandbox::new();
    let daemon = Launch::of(flavour).configure(&sandbox, CONFIG).start(sandbox);
    for (name, state) in
        [("a", "RUNNING"), ("c", "EXITED"), ("d", "FATAL"), ("g:m0", "RUNNING"), ("g:m1", "RUNNING")]
    {
        daemon.wait_for_state(name, state);
    }
    calls().into_iter().map(|(method, parameters)| answer(&daemon, method, &parameters)).collect()
}

fn answer(daemon: &Daemon, method: &str, parameters: &[Value]) -> (String, String) {
    let response = daemon.rpc().call_raw(method, parameters).expect("the daemon answers");
    let shown: Vec<_> = parameters.iter().map(|parameter| format!("{parameter:?}")).collect();
    let body = String::from_utf8_lossy(&response.body).into_owned();
    let lengthless = |line: &&str| !line.starts_with("Date: ") && !line.starts_with("Content-Length: ");
    let head: Vec<_> = response.head.split("\r\n").filter(lengthless).collect();
    let body = without_autorestart(&numbers_of_a_run(&normalize(&body, daemon.sandbox().root())));
    (format!("{method}({})", shown.join(", ")), format!("{}\n{body}", head.join("\n")))
}

/// Members whose number belongs to a run. 0 has a meaning and stays.
pub(super) fn numbers_of_a_run(body: &str) -> String {
    let mut lines: Vec<String> = body.split('\n').map(str::to_owned).collect();
    for index in 1..lines.len() {
        let names_such = ["start", "stop", "now", "pid"]
            .iter()
            .any(|name| lines[index - 1] == format!("<name>{name}</name>"));
        if names_such && !lines[index].contains("<int>0</int>") {
            "<value><int>#</int></value>".clone_into(&mut lines[index]);
        }
    }
    lines.join("\n")
}

/// Upstream has no member `autorestart` before 4.4.
pub(super) fn without_autorestart(body: &str) -> String {
    let lines: Vec<_> = body.split('\n').collect();
    let mut kept = Vec::new();
    let mut index = 0;
    while index < lines.len() {
        // A member is four lines: its tag, name, value and end.
        if lines.get(index + 1) == Some(&"<name>autorestart</name>") {
            index += 4;
        } else {
            kept.push(lines[index]);
            index += 1;
        }
    }
    kept.join("\n")
}
