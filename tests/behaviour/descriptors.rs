//! The table of descriptors that `loglevel=blather` writes with every log reopen. Ours alone: upstream keeps none.

use std::collections::BTreeSet;
use support::{Daemon, processes};

#[test]
fn every_descriptor_of_the_daemon_stands_in_one_table() {
    let daemon = Daemon::start(
        "[supervisord]\nloglevel=blather\n\
         [program:x]\ncommand=sleep 1000\nstartsecs=0\n\
         [program:y]\ncommand=sleep 1000\nstartsecs=0\nredirect_stderr=true\nstdout_logfile=%(here)s/y.log\n",
    );
    daemon.wait_for_state("x", "RUNNING");
    daemon.wait_for_state("y", "RUNNING");
    daemon.signal("USR2");
    daemon.wait_for_message("supervisord logreopen");
    // A second round: the table of the first stands in the log for sure once the second is announced.
    daemon.signal("USR2");
    daemon.wait_for_messages("supervisord logreopen", 2);
    let lines = daemon.messages_with("descriptor ");
    let listed: BTreeSet<u32> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("BLAT descriptor ")?.split(':').next()?.parse().ok())
        .collect();
    for purpose in ["signals", "socket of [unix_http_server]", "pidfd of 'x'", "stdin of 'y'", "stderr pipe of 'x'"] {
        assert!(lines.iter().any(|line| line.ends_with(purpose)), "no {purpose} in {lines:?}");
    }
    let held = processes::descriptors(daemon.pid());
    for (number, target) in held {
        let target = target.to_string_lossy();
        // Pollers and wakers hold no state, nor does the descriptor that HTTP keeps for when there are no more.
        let is_machinery = ["[eventpoll]", "[eventfd]", "/dev/null"].iter().any(|known| target.contains(known));
        assert!(number <= 2 || is_machinery || listed.contains(&number), "{number} ({target}) is not in {lines:?}");
    }
}
