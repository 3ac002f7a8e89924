//! Real configuration files: what each daemon makes of them.
//!
//! The files are not part of this repository. `SUPERVISOR_CORPUS` names their folder (`files/` below it holds them) or it
//! lies beside the checkout; `../tools/corpus_sanitise.py` seen from there rewrites a file so that it can be loaded
//! anywhere, the same way for both.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, thread};

use support::{Address, Failure, Fault, Flavour, Port, RpcClient, Sandbox, Value, wait_for, workspace};

use super::normalize::normalize;
use super::report::Report;

/// How many files are compared at a time: a start is mostly waiting.
const WORKERS: usize = 4;

pub(super) fn compare(report: &mut Report) -> Result<(), Failure> {
    let Some(corpus) = find() else {
        println!(
            "NO CORPUS: neither SUPERVISOR_CORPUS nor ../shared/corpus is there; no real file was compared"
        );
        return Ok(());
    };
    let mut files: Vec<PathBuf> =
        fs::read_dir(corpus.join("files"))?.map(|entry| Ok(entry?.path())).collect::<Result<_, Failure>>()?;
    files.sort();
    let tools = corpus.parent().ok_or("the corpus has a parent folder")?.join("tools");
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let both = [Flavour::Upstream, Flavour::Ours].map(|flavour| load(flavour, file, &tools));
                    results.lock().expect("no worker panicked").push((file.clone(), both));
                }
            });
        }
    });
    let mut results = results.into_inner()?;
    results.sort();
    for (file, [upstream, ours]) in results {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        report.compare(format!("corpus {name}"), &upstream, &ours);
    }
    Ok(())
}

fn find() -> Option<PathBuf> {
    let named = env::var_os("SUPERVISOR_CORPUS").map(PathBuf::from);
    let beside = workspace::root().join("../shared/corpus");
    named.or(Some(beside)).filter(|folder| folder.join("files").is_dir())
}

/// Has a daemon load a file and returns its `getAllConfigInfo`, or how it refused.
fn load(flavour: Flavour, file: &Path, tools: &Path) -> String {
    let sandbox = Sandbox::new();
    let port = Port::reserve();
    let environment = rewrite(&sandbox, file, tools, port.number());
    let output = File::create(sandbox.path("output")).expect("the sandbox is writable");
    let errors = File::create(sandbox.path("errors")).expect("the sandbox is writable");
    let mut command = sandbox.command(flavour.program("supervisord"));
    command.args(["-n", "-c", "supervisord.conf"]).envs(environment).stdout(output).stderr(errors);
    let mut daemon = command.spawn().expect("supervisord is there");
    let client = RpcClient::new(Address::Unix(sandbox.path("s.sock")));
    let text = wait_for(&format!("{flavour:?} to load or refuse {}", file.display()), || {
        if let Some(status) = daemon.try_wait().expect("it is our child") {
            let errors = sandbox.text("errors");
            return Some(format!("{status}: {}", errors.lines().next().unwrap_or_default()));
        }
        client.answers().then(|| show(&client.call("supervisor.getAllConfigInfo", &[])))
    });
    daemon.kill().expect("it is our child");
    daemon.wait().expect("it is our child");
    normalize(&text, sandbox.root()).replace(&format!("127.0.0.1:{}", port.number()), "127.0.0.1:PORT")
}

/// Writes the file into the sandbox as it can be loaded there, and returns the environment it needs.
fn rewrite(sandbox: &Sandbox, file: &Path, tools: &Path, port: u16) -> Vec<(String, String)> {
    let mut python = sandbox.command(Flavour::Upstream.program("python"));
    python.args(["-c", REWRITE]).arg(tools).arg(file).arg(sandbox.root()).arg(port.to_string());
    let output = python.output().expect("upstream's python runs");
    assert!(output.status.success(), "{}: {}", file.display(), String::from_utf8_lossy(&output.stderr));
    let environment = String::from_utf8_lossy(&output.stdout).into_owned();
    environment
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// Calls the folder's own sanitiser: arguments are its folder, the file, the sandbox and a port.
const REWRITE: &str = "\
import os, sys
tools, path, place, port = sys.argv[1:]
sys.path.insert(0, tools)
sys.dont_write_bytecode = True
from corpus_sanitise import sanitise
with open(path, encoding='utf-8', errors='surrogateescape', newline='') as source:
    text, environment, directories = sanitise(source.read(), place, int(port))
for directory in directories:
    os.makedirs(directory, exist_ok=True)
with open(os.path.join(place, 'supervisord.conf'), 'w', encoding='utf-8', errors='surrogateescape', newline='') as target:
    target.write(text)
for name, value in environment.items():
    print(f'{name}={value}')
";

/// One line per member of each process; the member that upstream lacks before 4.4 is left out.
fn show(answer: &Result<Value, Fault>) -> String {
    let processes = match answer {
        Ok(processes) => processes.items(),
        Err(fault) => return fault.to_string(),
    };
    let members = processes.iter().flat_map(|process| match process {
        Value::Struct(members) => members.as_slice(),
        other => panic!("not a struct: {other:?}"),
    });
    let lines: Vec<_> = members
        .filter(|(name, _)| name != "autorestart")
        .map(|(name, value)| match value {
            // Text as it is, so that paths and names of a run can be found in it.
            Value::Text(text) => format!("{name} {text}"),
            other => format!("{name} {other:?}"),
        })
        .collect();
    lines.join("\n")
}
