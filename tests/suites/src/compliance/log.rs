//! The main log of one life of a daemon, from start to end.

use support::{Daemon, Flavour, Launch, Sandbox};

use super::report::{Report, run_scenario};

/// The programs that end take a moment: whether upstream sees an instant exit at once is a matter of chance.
const CONFIG: &str = "\
[program:good]
command=sleep 1000
startsecs=1
[program:quick]
command=/bin/sh -c \"sleep 0.2; exit 0\"
startsecs=0
autostart=false
[program:bad]
command=/bin/sh -c \"sleep 0.2; exit 3\"
startsecs=0
autorestart=false
autostart=false
[program:missing]
command=/nonexistent
startretries=0
autostart=false
[program:early]
command=/bin/sh -c \"sleep 0.2; exit 0\"
startsecs=5
startretries=0
autostart=false
[program:stubborn]
command=/bin/sh %(here)s/stubborn.sh
stdout_logfile=%(here)s/stubborn.log
startsecs=0
stopwaitsecs=1
autostart=false
";

pub(super) fn compare(report: &mut Report) {
    let [upstream, ours] = [Flavour::Upstream, Flavour::Ours].map(|flavour| run_scenario(|| life(flavour)));
    report.compare_steps("main log of ", &upstream, &ours);
}

/// One step after the other, each waited for, so that the order of the lines is decided.
fn life(flavour: Flavour) -> Vec<(String, String)> {
    let sandbox = Sandbox::new();
    sandbox.write("stubborn.sh", "trap '' TERM\necho ready\nwhile :; do sleep 0.1; done\n");
    let mut daemon = Launch::of(flavour).configure(&sandbox, CONFIG).start(sandbox);
    daemon.wait_for_state("good", "RUNNING");
    let start = |name: &str| daemon.call("startProcess", &[name.into(), false.into()]);
    for (name, state) in [("quick", "EXITED"), ("bad", "EXITED"), ("early", "FATAL")] {
        start(name).expect("it can be started");
        daemon.wait_for_state(name, state);
    }
    start("missing").expect_err("it cannot be started");
    start("stubborn").expect("it can be started");
    daemon.wait_for_file("stubborn.log", "ready");
    daemon.ask("stopProcess", &["stubborn".into()]);
    daemon.signal("USR2");
    daemon.wait_for_message("supervisord logreopen");
    daemon.signal("HUP");
    daemon.wait_for_messages("success: good", 2);
    assert_eq!(daemon.terminate(), 0, "the daemon ends well");
    vec![("one life".to_owned(), transcript(&daemon))]
}

fn transcript(daemon: &Daemon) -> String {
    let mut messages = daemon.messages();
    // Upstream takes a second for each idle group of a shutdown, and says every three what it waits for.
    messages.dedup();
    messages.join("\n").replace(&daemon.sandbox().root().display().to_string(), "DIR")
}
