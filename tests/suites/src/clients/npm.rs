//! Libraries for Node.js.

use std::path::Path;
use std::process::Command;

use super::{Subject, expect, output};
use support::{Failure, workspace};

/// Calls the methods through callbacks, one after the other, and prints a line for each.
const CALLBACKS: &str = "\
const client = require('supervisord').connect('unix://' + process.argv[1]);
const calls = [
  ['getAPIVersion'], ['getSupervisorVersion'], ['getState'],
  ['getProcessInfo', 'web'], ['getProcessInfo', 'nope'],
  ['startProcess', 'idle'], ['startProcess', 'idle'], ['stopProcess', 'idle', true], ['startProcess', 'broken'],
  ['readProcessStdoutLog', 'web', 0, 5], ['tailProcessStdoutLog', 'web', 0, 3], ['signalProcess', 'web', 'CONT'],
  ['sendProcessStdin', 'web', 'line\\n'], ['reloadConfig'], ['startAllProcesses'], ['stopAllProcesses'],
  ['getAllProcessInfo'],
];
const brief = (value) => {
  if (Array.isArray(value)) return value.map(brief);
  if (value && value.statename && value.name) return [value.name, value.statename, value.pid > 0];
  return value;
};
const next = () => {
  const call = calls.shift();
  if (!call) return;
  const [method, ...parameters] = call;
  client[method](...parameters, (error, value) => {
    const shown = error ? 'fault ' + error.code + ' ' + error.faultString : JSON.stringify(brief(value));
    console.log(method, parameters.join(' '), '->', shown);
    next();
  });
};
next();
";

const AFTER_CALLBACKS: &str = "\
getAPIVersion  -> \"3.0\"
getSupervisorVersion  -> \"4.3.0\"
getState  -> {\"statecode\":1,\"statename\":\"RUNNING\"}
getProcessInfo web -> [\"web\",\"RUNNING\",true]
getProcessInfo nope -> fault 10 BAD_NAME: nope
startProcess idle -> true
startProcess idle -> fault 60 ALREADY_STARTED: idle
stopProcess idle true -> true
startProcess broken -> fault 20 NO_FILE: can't find command '/nonexistent'
readProcessStdoutLog web 0 5 -> \"hello\"
tailProcessStdoutLog web 0 3 -> [\"lo\\n\",6,true]
signalProcess web CONT -> true
sendProcessStdin web line
 -> true
reloadConfig  -> [[[],[],[]]]
startAllProcesses  -> [{\"name\":\"broken\",\"group\":\"broken\",\"status\":20,\"description\":\"NO_FILE: can't find command '/nonexistent'\"},{\"name\":\"idle\",\"group\":\"idle\",\"status\":80,\"description\":\"OK\"}]
stopAllProcesses  -> STOPPED
getAllProcessInfo  -> [[\"broken\",\"STOPPED\",false],[\"idle\",\"STOPPED\",false],[\"web\",\"STOPPED\",false]]
";

pub(super) fn supervisord(place: &Path) -> Result<(), Failure> {
    install(place, "supervisord@0.1.0")?;
    let subject = Subject::start();
    let mut command = node(place, CALLBACKS);
    command.arg(subject.socket());
    let (printed, _) = output(command)?;
    // Which of two ends first is theirs to decide.
    let lines = printed.lines().map(|line| match line.split_once(" -> ") {
        Some(("stopAllProcesses ", results)) if results.matches("\"OK\"").count() == 2 => {
            "stopAllProcesses  -> STOPPED"
        }
        Some(_) | None => line,
    });
    let printed: String = lines.flat_map(|line| [line, "\n"]).collect();
    expect("seventeen calls through callbacks", &printed, AFTER_CALLBACKS)
}

/// Awaits promises.
const PROMISES: &str = "\
const { SupervisordClient } = require('node-supervisord');
const url = 'http://127.0.0.1:' + process.argv[1];
const client = new SupervisordClient(url, { username: 'user', password: 'secret' });
const stranger = new SupervisordClient(url, { username: 'user', password: 'wrong' });
(async () => {
  console.log((await client.getState()).statename, await client.getIdentification());
  console.log(await client.stopProcess('web'), (await client.getProcessInfo('web')).statename);
  console.log(await client.startProcess('web'), (await client.getProcessInfo('web')).statename);
  console.log((await client.getAllConfigInfo()).map((info) => info.name).join(' '));
  console.log((await client.listMethods()).includes('supervisor.startProcess'));
  await client.startProcess('nope').catch((fault) => console.log(fault.code, fault.faultString));
  await stranger.getState().catch((error) => console.log(error.message));
  console.log(await Promise.all([client.getAPIVersion(), client.getAPIVersion(), client.getAPIVersion()]));
})();
";

const AFTER_PROMISES: &str = "\
RUNNING supervisor
true STOPPED
true RUNNING
broken idle web
true
10 BAD_NAME: nope
Unknown XML-RPC tag 'TITLE'
[ '3.0', '3.0', '3.0' ]
";

pub(super) fn node_supervisord(place: &Path) -> Result<(), Failure> {
    install(place, "node-supervisord@1.0.6-rc.2")?;
    let subject = Subject::start();
    let mut command = node(place, PROMISES);
    command.arg(subject.port.number().to_string());
    expect("a dozen calls through promises", &output(command)?.0, AFTER_PROMISES)
}

fn install(place: &Path, package: &str) -> Result<(), Failure> {
    let name = package.split('@').next().unwrap_or_default();
    if place.join("node_modules").join(name).exists() {
        return Ok(());
    }
    println!("  installing {package}");
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]);
    workspace::download(npm.arg(place).arg(package))
}

fn node(place: &Path, script: &str) -> Command {
    let mut command = Command::new("node");
    command.args(["-e", script, "--"]).env("NODE_PATH", place.join("node_modules"));
    command
}
