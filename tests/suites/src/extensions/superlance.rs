//! The listeners of superlance.

use std::time::Duration;

use support::{Daemon, Failure, PATIENCE, Port, Sandbox, wait_for, wait_until};

use super::PythonEnvironment;
use super::mail::MailServer;

/// Keeps letters in files, as `sendmail -t -i` would send them.
const SENDMAIL: &str = "#!/bin/sh\ncat >\"$(dirname \"$0\")/$1.mail\"\n";

/// Triggers what each listener watches for, and waits for its reaction.
pub(super) fn run(python: &PythonEnvironment) -> Result<(), Failure> {
    let server = MailServer::start()?;
    let closed_port = Port::reserve();
    let sandbox = Sandbox::new();
    sandbox.write("sendmail", SENDMAIL);
    let config = configuration(python, server.port, closed_port.number());
    let daemon = Daemon::start_in(sandbox, &config);
    let first =
        ["fat", "unreachable"].map(|name| (name, daemon.wait_for_state(name, "RUNNING")["pid"].int()));

    let letter = daemon.wait_for_file("crash.mail", "unexpectedly");
    assert!(letter.contains("Process crashing-café in group crashing-café exited unexpectedly"), "{letter}");
    println!("  crashmail has sent its letter");
    for (name, pid) in first {
        wait_until(&format!("another {name}"), || ![0, pid].contains(&daemon.info(name)["pid"].int()));
    }
    daemon.wait_for_file("memmon.mail", "fat");
    println!("  memmon has restarted a program that is too large");
    daemon.wait_for_file("httpok.mail", "unreachable");
    println!("  httpok has restarted a program whose page cannot be had");
    let letter = server.letters.recv_timeout(PATIENCE)?;
    assert!(letter.contains("Process failing:failing failed to start too many times"), "{letter}");
    println!("  fatalmailbatch has sent its letter by SMTP");

    // None of them has been caught breaking the protocol.
    assert_eq!(daemon.messages_with("UNKNOWN"), [""; 0]);
    let listeners = ["memmon", "httpok", "crashmail", "fatalmailbatch"];
    let running = wait_for("all listeners to run", || {
        let states = listeners.map(|name| daemon.state(name));
        states.iter().all(|state| state == "RUNNING").then_some(states)
    });
    assert_eq!(running.len(), listeners.len());
    support::stays_true_for(Duration::from_millis(100), "no rejection", || {
        daemon.messages_with("rejected").is_empty()
    });
    Ok(())
}

fn configuration(python: &PythonEnvironment, mail_port: u16, page_port: u16) -> String {
    let program = |name: &str| python.program(name);
    format!(
        "[supervisord]\nloglevel=debug\n\
         [program:fat]\ncommand=sleep 1000\nstartsecs=0\n\
         [program:unreachable]\ncommand=sleep 1000\nstartsecs=0\n\
         [program:crashing-café]\ncommand=/bin/false\nstartsecs=0\nautorestart=false\n\
         [program:failing]\ncommand=/bin/false\nstartretries=0\n\
         [eventlistener:memmon]\ncommand={} -p fat=1KB -m a@b -s '/bin/sh %(here)s/sendmail memmon'\n\
         events=TICK_5\n\
         [eventlistener:httpok]\n\
         command={} -p unreachable -t 1 -m a@b -s '/bin/sh %(here)s/sendmail httpok' http://127.0.0.1:{page_port}/\n\
         events=TICK_5\n\
         [eventlistener:crashmail]\ncommand={} -a -m a@b -s '/bin/sh %(here)s/sendmail crash'\n\
         events=PROCESS_STATE_EXITED\nbuffer_size=100\n\
         [eventlistener:fatalmailbatch]\n\
         command={} -t a@b -f c@d -i 0.01 -e TICK_5 -H 127.0.0.1:{mail_port}\n\
         events=PROCESS_STATE,TICK_5\nbuffer_size=100\n",
        program("memmon"),
        program("httpok"),
        program("crashmail"),
        program("fatalmailbatch"),
    )
}
