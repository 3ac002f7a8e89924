//! Every method with every kind of argument, and every way to write a call ([`spelling`]): the bytes of the answers.
//!
//! Each parameter of a method is replaced in turn by values of every type the wire knows, the others staying as they should be.
//! Names get a list of their own. Calls that change something are made in an order in which both daemons go through the same
//! states.

use support::{Daemon, Flavour, Launch, Sandbox, Value, wait_until};

use super::normalize::normalize;
use super::report::{Report, run_scenario};
use super::rpc::{numbers_of_a_run, without_autorestart};
use super::spelling;

/// `a` ignores what it may be sent, so that a signal changes nothing; `c` does not end while it is being started.
const CONFIG: &str = "\
[program:a]
command=/bin/sh -c \"trap '' 1 2 3 5 15; echo hello from a; exec sleep 1000\"
stdout_logfile=%(here)s/a.log
stderr_logfile=%(here)s/a.err
stopsignal=KILL
startsecs=0
[program:b]
command=sleep 1000
autostart=false
startsecs=0
stdout_logfile=NONE
[program:c]
command=/bin/sh -c \"sleep 0.2; exit 3\"
startsecs=0
autorestart=false
redirect_stderr=true
[program:d]
command=/nonexistent
startretries=0
[program:m]
command=/bin/sh -c \"trap '' 1 2 3 5 15; echo ready; exec sleep 1000\"
stdout_logfile=%(here)s/m.log
stopsignal=KILL
startsecs=0
[group:g]
programs=m
[group:empty]
programs=
";

/// What stands for a parameter: one value of each type, and those near the edges.
const VALUES: [&str; 24] = [
    "",
    "5",
    "<string></string>",
    "<string>1</string>",
    "<string> 2 </string>",
    "<string>1_000</string>",
    "<string>é&lt;&amp;&gt;</string>",
    "<int>0</int>",
    "<int>5</int>",
    "<int>-1</int>",
    "<int>2147483648</int>",
    "<int>-99999999999</int>",
    "<i8>3</i8>",
    "<double>1.5</double>",
    "<double>-0.0</double>",
    "<boolean>1</boolean>",
    "<boolean>0</boolean>",
    "<nil/>",
    "<array><data></data></array>",
    "<array><data><value>a</value></data></array>",
    "<struct></struct>",
    "<struct><member><name>a</name><value>b</value></member></struct>",
    "<base64>YQ==</base64>",
    "<dateTime.iso8601>20200102T03:04:05</dateTime.iso8601>",
];

const NAMES: [&str; 16] =
    ["a", "b", "c", "d", "m", "g", "g:", "g:*", "g:m", "g:nope", "a:a", "a:", ":", "*", "empty:*", "nope"];

const A: &str = "<string>a</string>";
const G: &str = "<string>g</string>";
const NO: &str = "<boolean>0</boolean>";
const ZERO: &str = "<int>0</int>";
const BEYOND: &str = "<int>1000000000</int>";

/// The methods in the order of their turn, with arguments that are as they should be. First come those that change nothing.
const METHODS: &[(&str, &[&str])] = &[
    ("supervisor.getAPIVersion", &[]),
    ("supervisor.getVersion", &[]),
    ("supervisor.getSupervisorVersion", &[]),
    ("supervisor.getIdentification", &[]),
    ("supervisor.getState", &[]),
    ("supervisor.getPID", &[]),
    ("supervisor.getAllProcessInfo", &[]),
    ("supervisor.getAllConfigInfo", &[]),
    ("supervisor.getProcessInfo", &[A]),
    ("supervisor.signalProcess", &[A, "<string>CONT</string>"]),
    ("supervisor.signalProcessGroup", &[G, "<string>CONT</string>"]),
    ("supervisor.signalAllProcesses", &["<string>CONT</string>"]),
    ("supervisor.readLog", &[BEYOND, ZERO]),
    ("supervisor.readMainLog", &[BEYOND, ZERO]),
    ("supervisor.readProcessLog", &[A, ZERO, ZERO]),
    ("supervisor.readProcessStdoutLog", &[A, ZERO, ZERO]),
    ("supervisor.readProcessStderrLog", &[A, ZERO, ZERO]),
    ("supervisor.tailProcessLog", &[A, ZERO, "<int>7</int>"]),
    ("supervisor.tailProcessStdoutLog", &[A, ZERO, "<int>7</int>"]),
    ("supervisor.tailProcessStderrLog", &[A, ZERO, "<int>7</int>"]),
    ("supervisor.sendProcessStdin", &[A, "<string>x</string>"]),
    ("supervisor.sendRemoteCommEvent", &["<string>kind</string>", "<string>data</string>"]),
    ("supervisor.reloadConfig", &[]),
    ("supervisor.addProcessGroup", &[A]),
    ("supervisor.startProcess", &[A, NO]),
    ("supervisor.startProcessGroup", &[G, NO]),
    ("supervisor.startAllProcesses", &[NO]),
    ("supervisor.stopProcess", &[A, NO]),
    ("supervisor.stopProcessGroup", &[G, NO]),
    ("supervisor.stopAllProcesses", &[NO]),
    ("supervisor.clearProcessLog", &[A]),
    ("supervisor.clearProcessLogs", &[A]),
    ("supervisor.clearAllProcessLogs", &[]),
    ("supervisor.clearLog", &[]),
    ("supervisor.removeProcessGroup", &[A]),
    ("system.listMethods", &[]),
    ("system.methodHelp", &["<string>nope</string>"]),
    ("system.methodSignature", &["<string>supervisor.startProcess</string>"]),
    ("system.multicall", &["<array><data></data></array>"]),
];

/// What may be called with too many arguments only, as it ends the daemon.
const ENDINGS: [&str; 2] = ["supervisor.shutdown", "supervisor.restart"];

pub(super) fn compare(report: &mut Report) {
    let [upstream, ours] = both(answers_by_argument);
    report.compare_steps("method ", &upstream, &ours);
    let [upstream, ours] = both(answers_by_spelling);
    report.compare_steps("call written as ", &upstream, &ours);
    let [upstream, ours] = both(answers_while_stopping);
    report.compare_steps("while stopping ", &upstream, &ours);
}

fn both(scenario: fn(Flavour) -> Vec<(String, String)>) -> [super::report::Steps; 2] {
    // Upstream waits most of the time.
    std::thread::scope(|scope| {
        let upstream = scope.spawn(|| run_scenario(|| scenario(Flavour::Upstream)));
        let ours = run_scenario(|| scenario(Flavour::Ours));
        [upstream.join().expect("a failure is carried through"), ours]
    })
}

fn start(flavour: Flavour) -> Daemon {
    let sandbox = Sandbox::new();
    let daemon = Launch::of(flavour).configure(&sandbox, CONFIG).start(sandbox);
    for (name, state) in [("a", "RUNNING"), ("c", "EXITED"), ("d", "FATAL"), ("g:m", "RUNNING")] {
        daemon.wait_for_state(name, state);
    }
    daemon.wait_for_file("a.log", "hello from a\n");
    daemon.wait_for_file("m.log", "ready\n");
    daemon
}

fn answers_by_argument(flavour: Flavour) -> Vec<(String, String)> {
    let daemon = start(flavour);
    let mut answers = Vec::new();
    for (method, proper) in METHODS {
        let mut ask = |arguments: &[&str]| {
            rest(&daemon, method);
            answers.push(answer(&daemon, method, arguments));
        };
        ask(proper);
        ask(&proper[..proper.len().saturating_sub(1)]);
        ask(&[*proper, &["<string>one too many</string>"]].concat());
        for position in 0..proper.len() {
            let named = if [A, G].contains(&proper[position]) { &NAMES[..] } else { &[] };
            for value in VALUES.iter().chain(named) {
                let mut arguments = proper.to_vec();
                arguments[position] = value;
                ask(&arguments);
            }
        }
    }
    for method in ENDINGS {
        answers.push(answer(&daemon, method, &["<int>1</int>"]));
    }
    for (method, _) in METHODS {
        answers.push(answer(&daemon, "system.methodSignature", &[&format!("<string>{method}</string>")]));
    }
    answers
}

/// Waits until nothing is under way that the next call would find by chance, and brings back what the one before has stopped.
fn rest(daemon: &Daemon, method: &str) {
    let changes = ["start", "stop", "signal", "add", "remove"];
    if !changes.iter().any(|change| method.starts_with(&format!("supervisor.{change}"))) {
        return;
    }
    wait_until("all processes to be at rest", || {
        let all = daemon.ask("getAllProcessInfo", &[]);
        // `c` ends by itself; upstream may see that a turn later.
        let is_at_rest = |info: &Value| match info["name"].text() {
            "c" => info["state"].int() == 100,
            _ => ![10, 30, 40].contains(&info["state"].int()),
        };
        all.items().iter().all(is_at_rest)
    });
}

fn answer(daemon: &Daemon, method: &str, arguments: &[&str]) -> (String, String) {
    let parameters: Vec<_> =
        arguments.iter().map(|value| format!("<param><value>{value}</value></param>")).collect();
    let parameters = parameters.concat();
    let body =
        format!("<methodCall><methodName>{method}</methodName><params>{parameters}</params></methodCall>");
    (format!("{method}({})", arguments.join(", ")), shown(daemon, method, &body))
}

/// The answer without what differs from run to run.
fn shown(daemon: &Daemon, method: &str, request: &str) -> String {
    let response = daemon.rpc().post(request).expect("the daemon answers");
    let lengthless = |line: &&str| !line.starts_with("Date: ") && !line.starts_with("Content-Length: ");
    let head: Vec<_> = response.head.split("\r\n").filter(lengthless).collect();
    let body = response.text();
    let body = without_autorestart(&numbers_of_a_run(&normalize(&body, daemon.sandbox().root())));
    let body = match method {
        "supervisor.getPID" => body.replace(&format!("<int>{}</int>", daemon.pid()), "<int>#</int>"),
        "supervisor.readLog" | "supervisor.readMainLog"
            if response.status == 200 && !body.contains("faultCode") =>
        {
            String::from("the log")
        }
        "supervisor.stopAllProcesses" => sorted(&body),
        _ => body,
    };
    format!("{}\n{body}", head.join("\n"))
}

/// Several processes are listed as they finish, which is a matter of chance.
fn sorted(body: &str) -> String {
    let mut lines: Vec<_> = body.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

fn answers_by_spelling(flavour: Flavour) -> Vec<(String, String)> {
    let daemon = start(flavour);
    spelling::calls().map(|text| (text.escape_default().to_string(), shown(&daemon, "", &text))).collect()
}

/// A process that does not go holds the daemon in its shutdown.
fn answers_while_stopping(flavour: Flavour) -> Vec<(String, String)> {
    let sandbox = Sandbox::new();
    sandbox.write("x.sh", "trap '' TERM\necho ready\nwhile :; do sleep 0.1; done\n");
    let config = "[program:a]\ncommand=/bin/sh %(here)s/x.sh\nstdout_logfile=%(here)s/a.log\nstopwaitsecs=1000\nstartsecs=0\n";
    let daemon = Launch::of(flavour).configure(&sandbox, config).start(sandbox);
    daemon.wait_for_file("a.log", "ready");
    daemon.ask("shutdown", &[]);
    let endings = ENDINGS.map(|method| (method, &[][..]));
    METHODS.iter().chain(&endings).map(|(method, proper)| answer(&daemon, method, proper)).collect()
}
