//! Clients that know nothing of us: Python's own, upstream's transport, and curl, on either daemon.

use std::process::Command;

use support::{Daemon, Flavour, Launch, Port, Sandbox};

use super::normalize::normalize;
use super::report::{Report, run_scenario};

const CONFIG: &str = "\
[program:a]
command=/bin/sh -c \"echo hello; exec cat\"
stdout_logfile=%(here)s/a.log
startsecs=0
[program:b]
command=sleep 1000
autostart=false
startsecs=0
[program:größe]
command=sleep 1000
autostart=false
startsecs=0
";

/// Prints the value and the type of everything a client gets. Arguments: a URL for `xmlrpc.client`, one for the transport.
const SCRIPT: &str = r"
import re, sys, xmlrpc.client
from supervisor.xmlrpc import SupervisorTransport
from supervisor import childutils

def without_times(text):
    text = re.sub(r'pid \d+, uptime [\d:]+', 'RUNS', text)
    return re.sub(r'[A-Z][a-z]{2} \d\d \d\d:\d\d [AP]M', 'TIME', text)

def typed(value):
    if isinstance(value, str):
        return ('str', without_times(value))
    if isinstance(value, dict):
        hidden = ('pid', 'start', 'stop', 'now', 'autorestart')
        return {k: typed(v) for k, v in value.items() if k not in hidden}
    if isinstance(value, (list, tuple)):
        return [typed(v) for v in value]
    return (type(value).__name__, value)

def attempt(proxy, name, *arguments):
    method = proxy
    for part in name.split('.'):
        method = getattr(method, part)
    try:
        outcome = typed(method(*arguments))
    except xmlrpc.client.Fault as fault:
        outcome = ('fault', fault.faultCode, fault.faultString)
    except xmlrpc.client.ProtocolError as error:
        outcome = ('protocol', error.errcode, error.errmsg)
    print(name, arguments, '->', outcome)

http, unix = sys.argv[1:]
transport = SupervisorTransport('user', 'secret', unix)
proxies = [
    xmlrpc.client.ServerProxy(http),
    xmlrpc.client.ServerProxy(http, allow_none=True, use_builtin_types=True),
    xmlrpc.client.ServerProxy('http://127.0.0.1', transport),
    childutils.getRPCInterface({'SUPERVISOR_SERVER_URL': unix}),
]
for proxy in proxies:
    attempt(proxy, 'supervisor.getAPIVersion')
    attempt(proxy, 'supervisor.getState')
    attempt(proxy, 'supervisor.getAllProcessInfo')
    attempt(proxy, 'supervisor.getAllConfigInfo')
    attempt(proxy, 'supervisor.startProcess', 'b')
    attempt(proxy, 'supervisor.startProcess', 'b', True)
    attempt(proxy, 'supervisor.stopProcess', 'b', True)
    attempt(proxy, 'supervisor.startProcess', 'größe', False)
    attempt(proxy, 'supervisor.stopProcess', 'größe')
    attempt(proxy, 'supervisor.getProcessInfo', '<&>')
    attempt(proxy, 'supervisor.readProcessStdoutLog', 'a', 0, 6)
    attempt(proxy, 'supervisor.tailProcessStdoutLog', 'a', 0, 4)
    attempt(proxy, 'supervisor.sendProcessStdin', 'a', 'é\n')
    attempt(proxy, 'supervisor.sendRemoteCommEvent', 'kind', 'data')
    attempt(proxy, 'supervisor.signalProcess', 'a', 18)
    attempt(proxy, 'supervisor.reloadConfig')
    attempt(proxy, 'system.methodSignature', 'supervisor.startProcess')
    attempt(proxy, 'system.multicall', [{'methodName': 'supervisor.getAPIVersion', 'params': []}, {'methodName': 'nope'}])
    attempt(proxy, 'supervisor.nope')
    attempt(proxy, 'supervisor.getState', 1)
multicall = xmlrpc.client.MultiCall(proxies[0])
multicall.supervisor.getAPIVersion()
try:
    print('MultiCall', list(multicall()))
except Exception as error:
    print('MultiCall', type(error).__name__, error)
attempt(xmlrpc.client.ServerProxy(http.replace('secret', 'wrong')), 'supervisor.getState')
attempt(xmlrpc.client.ServerProxy(http.replace('RPC2', 'nope')), 'supervisor.getState')
";

/// The arguments of curl; `{HTTP}` is the address of the TCP listener, `{SOCKET}` the path of the other.
const CURL: &[&[&str]] = &[
    &["-sS", "-i", "-u", "user:secret", "-d", "{BODY}", "-H", "Content-Type: text/xml", "{HTTP}/RPC2"],
    &["-sS", "-i", "-0", "-u", "user:secret", "-d", "{BODY}", "{HTTP}/RPC2"],
    &["-sS", "-i", "--unix-socket", "{SOCKET}", "-d", "{BODY}", "http://localhost/RPC2"],
    &["-sS", "-i", "-d", "{BODY}", "{HTTP}/RPC2"],
    &["-sS", "-i", "-u", "user:secret", "{HTTP}/RPC2"],
    &["-sS", "-i", "-u", "user:secret", "{HTTP}/nope"],
    &["-sS", "-i", "-u", "user:secret", "-d", "{BODY}", "{HTTP}/RPC2", "-d", "{BODY}", "{HTTP}/RPC2"],
    &["-sS", "-i", "-u", "user:secret", "-H", "Expect: 100-continue", "-d", "{BODY}", "{HTTP}/RPC2"],
    &["-sS", "-i", "-u", "user:secret", "-H", "Transfer-Encoding: chunked", "-d", "{BODY}", "{HTTP}/RPC2"],
];

const BODY: &str = "<methodCall><methodName>supervisor.getState</methodName></methodCall>";

pub(super) fn compare(report: &mut Report) {
    let [upstream, ours] =
        [Flavour::Upstream, Flavour::Ours].map(|flavour| run_scenario(|| conversations(flavour)));
    report.compare_steps("client ", &upstream, &ours);
}

fn conversations(flavour: Flavour) -> Vec<(String, String)> {
    let port = Port::reserve();
    let listener =
        format!("[inet_http_server]\nport=127.0.0.1:{}\nusername=user\npassword=secret\n", port.number());
    let sandbox = Sandbox::new();
    let daemon = Launch::of(flavour).configure(&sandbox, &(listener + CONFIG)).start(sandbox);
    daemon.wait_for_state("a", "RUNNING");
    daemon.wait_for_file("a.log", "hello\n");
    let mut found = python(&daemon, &port);
    for arguments in CURL {
        let name = format!("curl {}", arguments.join(" "));
        found.push((name, curl(&daemon, &port, arguments)));
    }
    found
}

/// One step per line the script prints.
fn python(daemon: &Daemon, port: &Port) -> Vec<(String, String)> {
    let mut command = daemon.sandbox().command(Flavour::Upstream.program("python"));
    command.args(["-c", SCRIPT, &format!("http://user:secret@127.0.0.1:{}/RPC2", port.number())]);
    command.arg(format!("unix://{}", daemon.sandbox().path("s").display()));
    let printed = output(daemon, command);
    let named = |(index, line): (usize, &str)| {
        (format!("Python {index}: {}", line.split(" -> ").next().unwrap_or_default()), line.to_owned())
    };
    printed.lines().enumerate().map(named).collect()
}

fn curl(daemon: &Daemon, port: &Port, arguments: &[&str]) -> String {
    let socket = daemon.sandbox().path("s").display().to_string();
    let mut command = daemon.sandbox().command("curl");
    command.args(arguments.iter().map(|argument| {
        let argument = argument.replace("{HTTP}", &format!("http://127.0.0.1:{}", port.number()));
        argument.replace("{SOCKET}", &socket).replace("{BODY}", BODY)
    }));
    let printed = output(daemon, command);
    let undated = printed.lines().map(|line| if line.starts_with("Date: ") { "Date: NOW" } else { line });
    undated.collect::<Vec<_>>().join("\n")
}

fn output(daemon: &Daemon, mut command: Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let printed = format!("{}{}\n{}", text(&output.stdout), text(&output.stderr), output.status);
    normalize(&printed, daemon.sandbox().root())
}
