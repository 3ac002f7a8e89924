//! The table of descriptors that `loglevel=blather` writes with every log reopen. Ours alone: upstream keeps none.

use std::collections::BTreeSet;
use support::{Daemon, processes, wait_until};

/// Descriptors that every table in the log lists.
fn listed(daemon: &Daemon) -> BTreeSet<u32> {
    let lines = daemon.messages_with("descriptor ");
    lines
        .iter()
        .filter_map(|line| line.strip_prefix("BLAT descriptor ")?.split(':').next()?.parse().ok())
        .collect()
}

/// Descriptors the daemon holds that carry state. Pollers and wakers do not, nor does the one that HTTP keeps for when there
/// are no more. Descriptors inherited from the test runner do not count.
fn held(daemon: &Daemon) -> BTreeSet<u32> {
    let machinery = ["[eventpoll]", "[eventfd]", "/dev/null"];
    let inherited: BTreeSet<_> = processes::descriptors(std::process::id()).into_values().collect();
    processes::descriptors(daemon.pid())
        .into_iter()
        .filter(|(number, target)| {
            *number > 2
                && !inherited.contains(target)
                && !machinery.iter().any(|known| target.to_string_lossy().contains(known))
        })
        .map(|(number, _)| number)
        .collect()
}

#[test]
fn the_descriptor_table_lists_every_open_descriptor_unlike_upstream() {
    let daemon = Daemon::start(
        "[supervisord]\nloglevel=blather\n\
         [program:x]\ncommand=sleep 1000\nstartsecs=0\n\
         [program:y]\ncommand=sleep 1000\nstartsecs=0\nredirect_stderr=true\nstdout_logfile=%(here)s/y.log\n",
    );
    daemon.wait_for_state("x", "RUNNING");
    daemon.wait_for_state("y", "RUNNING");
    assert_eq!(listed(&daemon), BTreeSet::new());
    daemon.signal("USR2");
    for purpose in
        ["signals", "socket of [unix_http_server]", "pidfd of 'x'", "stdin of 'y'", "stderr pipe of 'x'"]
    {
        daemon.wait_for_message(purpose);
    }
    // A connection of a request made just before may still be open for a moment.
    wait_until("a table with all that is held", || held(&daemon).is_subset(&listed(&daemon)));
    // Only while a log is followed, over a connection that the table does not list.
    if cfg!(target_os = "linux") {
        let mut stream = daemon.connect();
        stream.send("GET /logtail/y HTTP/1.1\r\n\r\n").unwrap();
        stream.until(b"\r\n\r\n").unwrap();
        daemon.assert_messages("watch over", &[""; 0]);
        daemon.signal("USR2");
        daemon.wait_for_message("watch over followed logs");
    }
}
