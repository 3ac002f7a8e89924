//! Each supervisorctl on each daemon: what it prints and how it exits.

use support::{Daemon, Flavour, Launch, Sandbox};

use super::normalize::normalize;
use super::report::{Report, run_scenario};

const CONFIG: &str = "\
[program:a]
command=/bin/sh -c \"echo hello from a; exec sleep 1000\"
startsecs=0
[program:b]
command=sleep 1000
startsecs=0
autostart=false
[program:d]
command=/nonexistent
startretries=0
[program:e]
command=%(here)s/plain
autostart=false
[program:f]
command=/bin/sh -c \"exit 1\"
startsecs=1
startretries=0
autostart=false
[program:l]
command=sleep 1000
stdout_logfile=NONE
autostart=false
startsecs=0
[program:m]
command=sleep 1000
numprocs=2
process_name=%(program_name)s%(process_num)d
startsecs=0
[group:g]
programs=m
";

/// `b` is gone, `a` has changed, `n` is new.
fn edited_config() -> String {
    let without_b = CONFIG.replace("[program:b]\ncommand=sleep 1000\nstartsecs=0\nautostart=false\n", "");
    without_b.replace("hello from a", "hello again") + "[program:n]\ncommand=sleep 1000\nstartsecs=0\n"
}

/// Everything before the configuration is edited.
const BEFORE: &[&str] = &[
    "status",
    "status a",
    "status a d",
    "status nope",
    "status nope:*",
    "status nope b",
    "status g",
    "status g:",
    "status g:*",
    "status all",
    "pid",
    "pid a",
    "pid b",
    "pid all",
    "pid nope",
    "pid g:*",
    "avail",
    "avail x",
    "version",
    "version x",
    "start",
    "start a",
    "start nope",
    "start nope:*",
    "start d",
    "start e",
    "start f",
    "start f b",
    "start g:*",
    "stop b",
    "stop",
    "stop b",
    "stop nope",
    "stop nope:*",
    "stop g:*",
    "start g:*",
    "restart",
    "restart b",
    "restart nope",
    "restart g:*",
    "stop b",
    "signal",
    "signal CONT",
    "signal CONT a",
    "signal FOO a",
    "signal CONT b",
    "signal CONT nope",
    "signal CONT g:*",
    "signal CONT nope:*",
    "signal CONT all",
    "tail",
    "tail a",
    "tail -5 a",
    "tail a STDOUT",
    "tail a stderr",
    "tail a bogus",
    "tail -x a",
    "tail -5",
    "tail nope",
    "tail l",
    "tail a b c d",
    "tail g:*",
    "maintail x y",
    "maintail x",
    "clear",
    "clear nope",
    "clear a",
    "clear b",
    "tail a",
    "reread",
    "reread x",
    "update",
    "update zzz",
    "add",
    "add a",
    "add zzz",
    "remove",
    "remove a",
    "remove zzz",
    "bogus",
    "help",
    "help status",
    "help start",
    "help stop",
    "help restart",
    "help signal",
    "help pid",
    "help tail",
    "help maintail",
    "help clear",
    "help reread",
    "help update",
    "help add",
    "help remove",
    "help avail",
    "help reload",
    "help shutdown",
    "help version",
    "help help",
    "help exit",
    "help quit",
    "help bogus",
    "shutdown x",
    "reload x",
];

/// Everything after.
const AFTER: &[&str] = &[
    "reread",
    "update zzz",
    "update",
    "update",
    "reread",
    "status a",
    "avail",
    "stop all",
    "start all",
    "remove l",
    "add l",
    "status",
    "shutdown",
];

/// What works without a daemon, or fails.
const GONE: &[&str] = &["status", "version", "avail", "shutdown", "start a", "reread", "pid", "update"];

pub(super) fn compare(report: &mut Report) {
    let reference = run_scenario(|| session(Flavour::Upstream, Flavour::Upstream));
    for (ctl, daemon) in [
        (Flavour::Upstream, Flavour::Ours),
        (Flavour::Ours, Flavour::Upstream),
        (Flavour::Ours, Flavour::Ours),
    ] {
        let session = run_scenario(|| session(ctl, daemon));
        report.compare_steps(&format!("ctl {ctl:?} on {daemon:?}: "), &reference, &session);
    }
}

/// Runs every command and returns each with what came of it.
fn session(ctl: Flavour, flavour: Flavour) -> Vec<(String, String)> {
    let sandbox = Sandbox::new();
    sandbox.write("plain", "");
    let mut daemon = Launch::of(flavour).configure(&sandbox, CONFIG).start(sandbox);
    for (name, state) in [("a", "RUNNING"), ("d", "FATAL"), ("g:m0", "RUNNING"), ("g:m1", "RUNNING")] {
        daemon.wait_for_state(name, state);
    }
    let log = daemon.info("a")["stdout_logfile"].text().to_owned();
    support::wait_until("the output of a", || {
        std::fs::read_to_string(&log).is_ok_and(|text| text.ends_with('\n'))
    });
    let mut transcript = Vec::new();
    let mut run = |daemon: &Daemon, stage: &str, commands: &[&str]| {
        for command in commands {
            transcript.push((format!("{stage}{command}"), outcome(daemon, ctl, command)));
            if *command == "start f" {
                // The answer comes when it has failed; upstream gives it up at its next look, a second later at most.
                daemon.wait_for_state("f", "FATAL");
            }
        }
    };
    run(&daemon, "", BEFORE);
    daemon.reconfigure(&edited_config());
    run(&daemon, "after an edit: ", AFTER);
    assert_eq!(daemon.wait_for_exit(), 0, "shutdown ends the daemon");
    run(&daemon, "without a daemon: ", GONE);
    transcript
}

fn outcome(daemon: &Daemon, ctl: Flavour, command: &str) -> String {
    let words: Vec<_> = command.split(' ').collect();
    let outcome = daemon.ctl_of(ctl, &words);
    let mut lines: Vec<_> = outcome.stdout.lines().collect();
    if matches!(words[..], ["start" | "stop" | "restart", "all" | "g:*"]) {
        // Several processes are listed as they finish, which is a matter of chance.
        lines.sort_unstable();
    }
    let text = format!("exit {}\n{}\n{}", outcome.code, lines.join("\n"), outcome.stderr);
    normalize(&text, daemon.sandbox().root())
}
